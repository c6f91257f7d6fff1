"""One verification of the evidence log at a time, in a thread beside whoever asked for it, with how far it has come."""

import threading
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.errors import SyncError
from workplace_sync.evidence.verify import VerifyReport
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.verify import verify_evidence
from workplace_sync.logs import get_logger

_log = get_logger(__name__)


@dataclass(slots=True)
class Verification:
    """A verification: who asked for it when, how many entries of how many were read, and how it ended.

    `report` is None while it runs, and where it could not be ended; `fault` then says why in a sentence.
    """

    by: str
    began_at: datetime
    size: int
    read: int = 0
    report: VerifyReport | None = None
    fault: str = ""
    ended_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None


class Verifier:
    """Begins verifications, one at a time; the last one stays to be looked at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last: Verification | None = None

    def begin(self, office: Office) -> Verification:
        """Begin a verification in the name of the office's actor, unless one is running, and return the one that runs.

        A good result is written into the log, as one from the command line is.
        """
        with self._lock:
            if self.last is not None and self.last.running:
                return self.last
            self.last = begun = Verification(office.actor, office.now(), office.log.size)
        threading.Thread(target=self._run, args=(office, begun), name="verification", daemon=True).start()
        return begun

    def _run(self, office: Office, begun: Verification) -> None:
        def watch(number: int) -> None:
            begun.read = number

        try:
            begun.report = verify_evidence(office.log, record_as=office.actor, watch=watch)
        except SyncError as error:
            begun.fault = f"{error.message} {error.hint}".strip()
        except Exception as error:  # noqa: BLE001 - nobody else is there to hear of it
            begun.fault = "It could not be ended; the console's own log says why."
            _log.exception("The evidence could not be verified.", kind=type(error).__name__)
        finally:
            begun.ended_at = office.now()

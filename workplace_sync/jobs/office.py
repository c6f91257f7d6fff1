"""What every job needs: the books it reads and writes, the clock, fresh ids, and who asks for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.store.database import Database
from workplace_sync.store.erasure_journal import JournalFile
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.suppression import Veil


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How often somebody must be missing before they count as gone.

    That is from `reads` complete readings in a row, `pause_seconds` apart.
    """

    reads: int = 2
    pause_seconds: float = 0.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Stakes:
    """When one approval is not enough: where `second_from` changes or more wait for it (0: however many, it is).

    With `for_guards` it is not enough either for any plan that a rule over the whole plan holds.
    """

    second_from: int = 500
    for_guards: bool = False


NORMAL_STAKES = Stakes()


@dataclass(frozen=True, slots=True)
class Office:
    """The books and the desk. `now` returns UTC-aware times, `new_id` an id never given before.

    `veil` hashes people who were erased, `erasures` is the journal of that outside the database; where they are None,
    nobody can be erased, and nothing can be read in if somebody was. `stakes` says which plans two people approve.
    `may_send` is asked right before a change goes out to the platform: false where a run no longer surely holds its
    group. `enqueue_approved` says whether a plan goes into the queue once it is approved.
    """

    database: Database
    log: EvidenceLog
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    actor: str
    confirmation: Confirmation = Confirmation()
    veil: Veil | None = None
    erasures: JournalFile | None = None
    stakes: Stakes = NORMAL_STAKES
    may_send: Callable[[], bool] = lambda: True
    enqueue_approved: bool = False

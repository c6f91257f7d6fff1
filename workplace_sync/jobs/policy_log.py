"""When which policies came into use, by whom, and what had changed: as the evidence log has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.office import Office
from workplace_sync.policy.changes import Difference, in_words
from workplace_sync.store import audit

_SHORT = 19  # characters of a hash that people compare


@dataclass(frozen=True, slots=True)
class LoggedActivation:
    """A revision coming into use. `seq` is its entry in the log; `former` is empty for the first one."""

    seq: int
    at: datetime
    by: str
    revision: str
    former: str
    policies: int
    changes: Difference

    @property
    def sentences(self) -> list[str]:
        """What had changed, in words."""
        if not self.former:
            return [f"{self.policies} policies came into use for the first time"]
        return list(in_words(self.changes)) or ["nothing but the order of things: no policy, rule or exception"]

    def head(self) -> str:
        """Return when, by whom and which revision, in a line."""
        after = f" after {self.former[:_SHORT]}" if self.former else ""
        return f"{self.at:%Y-%m-%d %H:%M:%S}  {self.revision[:_SHORT]}{after}, by {self.by} (entry {self.seq})"

    def data(self) -> dict[str, object]:
        """Return all of it for a program."""
        return {
            "entry": self.seq,
            "at": self.at,
            "by": self.by,
            "revision": self.revision,
            "former_revision": self.former or None,
            "changes": self.changes,
            "sentences": self.sentences,
        }


def activations_logged(office: Office, limit: int, before: int | None = None) -> list[LoggedActivation]:
    """Return the newest activations, newest first; with `before`, of those logged before that entry."""
    with office.database.connect() as connection:
        rows = audit.list_entries(connection, kind=Kind.POLICIES_ACTIVATED, before_seq=before, limit=limit)
    return [_logged(row) for row in rows if not row.erased]


def _logged(row: audit.AuditRow) -> LoggedActivation:
    policies = row.data["policies"]
    return LoggedActivation(
        seq=row.seq,
        at=row.at,
        by=row.actor,
        revision=str(row.data["revision"]),
        former=str(row.data["former_revision"] or ""),
        policies=len(policies) if isinstance(policies, list) else 0,
        changes=cast("Difference", row.data["changes"]) if isinstance(row.data["changes"], Mapping) else {},
    )

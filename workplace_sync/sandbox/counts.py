"""What was asked of the server, counted."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Counts since the start or the last reset.

    `requests` is by method and kind of path ("GET members", "POST batch"), batch operations counted as their own kind
    too. `added` counts the additions that took effect by group and person: above 1, somebody was put in twice.
    """

    http_requests: int = 0
    batch_operations: int = 0
    at_once: int = 0
    most_at_once: int = 0
    largest_batch: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    added: Counter[tuple[str, str]] = field(default_factory=Counter)
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    add_attempts: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def shown(self) -> dict[str, object]:
        """Return the counts as `GET /_control/counts` shows them."""
        return {
            "http_requests": self.http_requests,
            "batch_operations": self.batch_operations,
            "largest_batch": self.largest_batch,
            "most_requests_at_once": self.most_at_once,
            "requests": dict(sorted(self.requests.items())),
            "answers": dict(sorted(self.answers.items())),
            "added": self.added.total(),
            "removed": self.removed.total(),
            "added_per_member_max": max(self.added.values(), default=0),
            "removed_per_member_max": max(self.removed.values(), default=0),
            "add_attempts_per_member_max": max(self.add_attempts.values(), default=0),
        }

    def reset(self) -> None:
        """Begin anew; requests under way stay counted as such."""
        now = self.at_once
        self.__init__(at_once=now, most_at_once=now)  # type: ignore[misc]

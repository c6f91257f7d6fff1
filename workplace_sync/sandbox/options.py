"""How a sandbox is started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TENANTS = ("bt", "openreach")
MOST_PEOPLE = 1_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that a sandbox is started with.

    `people` is the number of accounts of each tenant; the tenants come in its order. `port` 0 picks a free one.
    `latency_ms` is added once to every HTTP request, however many operations a batch holds. `state_file` keeps the
    world over a restart; None keeps it in memory alone.
    """

    host: str = "127.0.0.1"
    port: int = 0
    people: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(TENANTS, 1000))
    seed: int = 1
    latency_ms: float = 0.0
    state_file: Path | None = None


def parse_people(text: str) -> dict[str, int]:
    """Return the accounts of each tenant, from `8000` (each of the two) or `bt=8000,openreach=3000`.

    Raises ValueError, with a sentence, for anything else.
    """
    if "=" not in text:
        return dict.fromkeys(TENANTS, _count(text))
    people: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        if not name.isalnum() or name in people:
            raise ValueError(f"people: {part.strip()!r} should be a new tenant's name and a number, like bt=8000")
        people[name.lower()] = _count(number)
    return people


def _count(text: str) -> int:
    try:
        number = int(text.strip().replace("_", ""))
    except ValueError:
        raise ValueError(f"people: {text.strip()!r} is not a number; write 8000, or bt=8000,openreach=3000") from None
    if not 1 <= number <= MOST_PEOPLE:
        raise ValueError(f"people: {number} is not between 1 and {MOST_PEOPLE}")
    return number

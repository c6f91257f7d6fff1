"""How fast a run goes, and how long it will still take, from two times at which it was looked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from workplace_sync.store.runs import RunRecord

_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a run was in one of its stages, and when."""

    run: str
    stage: str
    done: int
    at: datetime

    @classmethod
    def of(cls, run: RunRecord) -> Self:
        """Return how far a run is."""
        return cls(run.id, run.stage, run.done, run.updated_at)

    def goes_on(self, run: RunRecord) -> bool:
        """Whether that run is still in the same stage, and no less far."""
        return (self.run, self.stage) == (run.id, run.stage) and self.done <= run.done


@dataclass(frozen=True, slots=True)
class Speed:
    """`a_minute` is how many are done in a minute; `left` how long the rest takes, None where nobody knows how many there are."""

    a_minute: int
    left: timedelta | None


def speed_of(run: RunRecord, since: Mark | None) -> Speed | None:
    """Return how fast a run goes since it was seen at `since`, or since it began; None where that cannot be told yet."""
    begin = since if since is not None and since.goes_on(run) else Mark(run.id, run.stage, 0, run.began_at)
    span, done = run.updated_at - begin.at, run.done - begin.done
    if span < _LEAST or done <= 0:
        return None
    left = None if run.total is None else max(run.total - run.done, 0) * span / done
    return Speed(round(done * timedelta(minutes=1) / span), left)

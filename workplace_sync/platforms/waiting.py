"""Time and chance for the network side, passed in so that tests never sleep, and waits that can be broken off."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from workplace_sync.platforms.base import StoppedError

_SLICE = 0.5  # seconds: how soon a wait notices that the run is over


def never() -> bool:
    """Say that nobody wants to stop."""
    return False


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Where seconds come from: `monotonic` measures, `now` is UTC-aware, `sleep` waits, `chance` is in [0, 1)."""

    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now
    chance: Callable[[], float] = random.random

    def pause(self, seconds: float, stopped: Callable[[], bool] = never) -> None:
        """Wait so many seconds, in slices; raise StoppedError as soon as `stopped` says so."""
        end = self.monotonic() + seconds
        while True:
            if stopped():
                raise StoppedError("The run stopped before this call went out.", hint="Run again to carry on.")
            left = end - self.monotonic()
            if left <= 0:
                return
            self.sleep(min(left, _SLICE))

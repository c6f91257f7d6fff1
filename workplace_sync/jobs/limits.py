"""How often something may be tried, counted in the database for all processes, under hashes that name nobody."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workplace_sync.store import tries as store
from workplace_sync.store.database import Database


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries of one thing within a span of time."""

    what: str
    most: int
    within: timedelta


LOGIN_BY_NAME = Limit("login/name", 10, timedelta(minutes=15))
LOGIN_BY_CLIENT = Limit("login/client", 30, timedelta(minutes=15))
LINK_BY_CLIENT = Limit("link/client", 30, timedelta(minutes=15))
SEARCH = Limit("search", 60, timedelta(minutes=1))
API = Limit("api", 600, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Tally:
    """How often somebody tried in the span of time that lasts `until`, this try included."""

    limit: Limit
    tries: int
    until: datetime

    @property
    def over(self) -> bool:
        """Whether that was too often."""
        return self.tries > self.limit.most

    @property
    def remaining(self) -> int:
        """How often it may still be tried."""
        return max(0, self.limit.most - self.tries)


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts tries. `key` makes the hashes; without it nobody can find out which account or address a row is about."""

    database: Database
    now: Callable[[], datetime]
    key: bytes = field(repr=False)

    def wait(self, limit: Limit, who: str) -> timedelta | None:
        """Count a try of somebody or some place, and return how long to wait when there were too many, else None."""
        tally = self.tally(limit, who)
        return tally.until - self.now() if tally.over else None

    def tally(self, limit: Limit, who: str) -> Tally:
        """Count a try of somebody or some place, and return how many there were."""
        now = self.now()
        with self.database.write() as connection:
            tries, until = store.count(connection, self._bucket(limit, who), now, limit.within)
            if tries == 1:
                store.sweep(connection, now)
        return Tally(limit, tries, until)

    def forget(self, limit: Limit, who: str) -> None:
        """Begin to count anew, as after a login that was right."""
        with self.database.write() as connection:
            store.forget(connection, self._bucket(limit, who))

    def _bucket(self, limit: Limit, who: str) -> str:
        return hmac.digest(self.key, f"{limit.what}\0{who}".encode(), "sha256").hex()

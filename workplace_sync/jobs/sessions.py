"""Who is logged in: a random id in the browser, its hash in the database, an end by idleness, by time, or at once."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workplace_sync.jobs.accounts import digest, fresh_secret
from workplace_sync.store import accounts
from workplace_sync.store import sessions as store
from workplace_sync.store.accounts import Account
from workplace_sync.store.database import Database
from workplace_sync.store.sessions import Session

_NOTED_EVERY = timedelta(minutes=1)  # that a session is in use; not with every click, for each is a write


@dataclass(frozen=True, slots=True)
class Claims:
    """What a single sign-on told of somebody: pairs of a role and the groups it is for, `*` for every one."""

    grants: tuple[tuple[str, str], ...] = ()

    def write(self) -> str:
        """Return it as it is kept."""
        return json.dumps(self.grants) if self.grants else ""

    @classmethod
    def parse(cls, text: str) -> "Claims":
        """Return what was kept."""
        return cls(tuple((role, groups) for role, groups in json.loads(text))) if text else cls()


@dataclass(frozen=True, slots=True)
class Sessions:
    """Opens and closes them. `idle` and `longest` are how long one lasts unused, and at most."""

    database: Database
    now: Callable[[], datetime]
    idle: timedelta
    longest: timedelta

    def begin(self, account: str, claims: Claims | None = None, *, instead_of: str = "") -> str:
        """Begin a session, and return the secret for the browser; the one it had before ends."""
        secret, now = fresh_secret(), self.now()
        session = Session(digest(secret), account, now, now, now + self.longest, (claims or Claims()).write())
        with self.database.write() as connection:
            store.sweep(connection, now)
            if instead_of:
                store.end(connection, digest(instead_of))
            store.add(connection, session)
        return secret

    def find(self, secret: str) -> tuple[Session, Account] | None:
        """Return the session with that secret and whose it is; None when it has ended or the account is disabled."""
        now = self.now()
        with self.database.connect() as connection:
            session = store.find(connection, digest(secret))
            account = accounts.find(connection, session.account) if session else None
        if session is None or account is None or account.disabled_at is not None:
            return None
        if now >= session.expires_at or now >= session.last_used_at + self.idle:
            self.end(session.id)
            return None
        if now >= session.last_used_at + _NOTED_EVERY:
            with self.database.write() as connection:
                store.used(connection, session.id, now)
        return session, account

    def end(self, session_id: str) -> None:
        """End a session, by its id."""
        with self.database.write() as connection:
            store.end(connection, session_id)

    def end_all(self, account: str, *, but: str = "") -> int:
        """End all sessions of an account but one; returns how many."""
        with self.database.write() as connection:
            return store.end_all(connection, account, but=but)

    def of(self, account: str) -> list[Session]:
        """Return the sessions of an account that last."""
        now = self.now()
        with self.database.connect() as connection:
            found = store.of_account(connection, account, now)
        return [session for session in found if now < session.last_used_at + self.idle]

    def put_flash(self, session_id: str, messages: Sequence[tuple[str, str]]) -> None:
        """Keep messages for the next page, each a kind and a sentence."""
        with self.database.write() as connection:
            store.put_flash(connection, session_id, json.dumps(list(messages)) if messages else "")

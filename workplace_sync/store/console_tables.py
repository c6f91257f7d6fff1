"""The tables of the console: who may log in, who is logged in, programs with tokens, and who read about whom.

What opens a door is kept as its hash alone, so a copy of the database lets nobody in. Nothing here holds a network
address; what counts tries at a door does so under keyed hashes.
"""

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from workplace_sync.store.tables import Row, instant


class AccountRow(Row, table=True):
    """Somebody who may log in. `password` and `setup` are '' where there is none; `identity` is the hash of who they are at the single sign-on.

    `founder` is the one who set up first, and is owner where no people file says who is.
    """

    __tablename__ = "account"

    name: str = Field(primary_key=True)
    password: str
    identity: str
    founder: bool
    created_at: datetime = Field(sa_column=instant())
    created_by: str
    setup: str
    setup_until: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    password_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    disabled_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class SessionRow(Row, table=True):
    """Somebody logged in. `id` is a hash; `claims` says what the single sign-on told of roles, as JSON; `flash` what to show next."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_account", "account"),)

    id: str = Field(primary_key=True)
    account: str
    created_at: datetime = Field(sa_column=instant())
    last_used_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())
    claims: str = Field(sa_column=Column(Text, nullable=False))
    flash: str = Field(sa_column=Column(Text, nullable=False))


class SignOnRow(Row, table=True):
    """A login at the single sign-on that is under way; `id` is the hash of what the browser holds meanwhile."""

    __tablename__ = "sign_on"

    id: str = Field(primary_key=True)
    state: str
    nonce: str
    verifier: str
    onward: str
    expires_at: datetime = Field(sa_column=instant())


class ApiTokenRow(Row, table=True):
    """A token with which a program reads as its owner, within `scopes` (permissions joined by spaces)."""

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_account", "account"),)

    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    account: str
    label: str
    scopes: str
    created_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())
    last_used_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class AccessReadRow(Row, table=True):
    """Somebody of the committee read what is held about a person (`key`); '' where it was a list of nobody in particular."""

    __tablename__ = "access_read"
    __table_args__ = (Index("ix_access_read_key", "key"), Index("ix_access_read_read_at", "read_at"))

    id: int | None = Field(default=None, primary_key=True)
    read_at: datetime = Field(sa_column=instant())
    reader: str
    kind: str
    group_name: str
    key: str


class TryRow(Row, table=True):
    """How often something was tried in a span of time; `bucket` is a keyed hash and names nobody."""

    __tablename__ = "try"

    bucket: str = Field(primary_key=True)
    tries: int
    expires_at: datetime = Field(sa_column=instant())

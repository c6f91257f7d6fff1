"""The tables about what must not be erased and what was. Like those of `tables`, they never leave this package."""

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from workplace_sync.store.tables import Row, instant


class LegalHoldRow(Row, table=True):
    """A reason for which nothing about a person (`key`), or about anybody (`*`), may be erased until it is lifted."""

    __tablename__ = "legal_hold"

    id: int | None = Field(default=None, primary_key=True)
    key: str
    reason: str
    placed_at: datetime = Field(sa_column=instant())
    placed_by: str
    lifted_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    lifted_by: str
    lifted_because: str


class ErasureRow(Row, table=True):
    """An erasure that was carried out; `line` is what the journal outside the database holds of it, and names nobody."""

    __tablename__ = "erasure"

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_column=instant())
    line: str = Field(sa_column=Column(Text, nullable=False))


class SuppressionRow(Row, table=True):
    """The keyed hash of an address or an account whose person was erased; `stand_in` is the one that stands for them all."""

    __tablename__ = "suppression"

    digest: str = Field(primary_key=True)
    stand_in: str = Field(index=True)

"""The tables of runs, and of which run holds a group. Like those of `tables`, they never leave this package."""

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from workplace_sync.store.tables import Row, instant


class LeaseRow(Row, table=True):
    """Which run holds a group. The row stays when nobody does, with `owner` empty, so that `fence` only ever grows.

    `process` names the holder's process beyond doubt (see jobs.whereabouts), `seconds` is how long a sign of life
    counts, and `beats` changes with every one of them.
    """

    __tablename__ = "lease"

    group_name: str = Field(primary_key=True)
    owner: str
    holder: str
    host: str
    pid: int
    process: str
    verb: str
    run_id: str
    seconds: float
    acquired_at: datetime = Field(sa_column=instant())
    heartbeat_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())
    beats: int
    fence: int


class RunRow(Row, table=True):
    """A run of a job for one group: who began it and where, how far it is, and how it ended."""

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_group_name_began_at", "group_name", "began_at"),
        Index("ix_run_began_at", "began_at"),
    )

    id: str = Field(primary_key=True)
    group_name: str
    verb: str
    actor: str
    host: str
    state: str
    began_at: datetime = Field(sa_column=instant())
    ended_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    exit_code: int | None = Field(default=None)
    summary: str = Field(sa_column=Column(Text, nullable=False))
    counts: str = Field(sa_column=Column(Text, nullable=False))
    done: int
    total: int | None = Field(default=None)
    stage: str
    updated_at: datetime = Field(sa_column=instant())

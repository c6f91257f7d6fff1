"""The table of what was told to whom and when, so that nothing is told twice. Like those of `tables`, they never leave this package."""

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from workplace_sync.store.tables import Row, instant


class NoticeRow(Row, table=True):
    """One thing told of an episode through one channel, or still to be told there where `sent_at` is NULL.

    `claimed_at` is set while a run is sending it, so that another run does not send it too; `trouble` is a sentence on
    why it was not sent, or not to everybody.
    """

    __tablename__ = "notice"

    channel: str = Field(primary_key=True)
    matter: str = Field(primary_key=True)
    group_name: str = Field(primary_key=True)
    episode: str = Field(primary_key=True)
    step: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    phase: str
    since: datetime = Field(sa_column=instant())
    first_tried_at: datetime = Field(sa_column=instant())
    claimed_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    attempts: int
    trouble: str = Field(sa_column=Column(Text, nullable=False))

"""The tables of what was seen of groups over time: departures and their causes, blindness, incidents, engagement.

They belong to the same schema as those in `tables`, and never leave this package either.
"""

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from workplace_sync.store.tables import Row, instant


class SuspectRow(Row, table=True):
    """Somebody present whom the last complete readings missed: gone once enough of them did, back if the next shows them."""

    __tablename__ = "suspect"

    presence_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    group_name: str = Field(index=True)
    missing_at: datetime = Field(sa_column=instant())
    last_seen_at: datetime = Field(sa_column=instant())
    readings: int


class ReadingMarkRow(Row, table=True):
    """What the last complete reading of a group came to, in one number, so that a quiet one is known without comparing."""

    __tablename__ = "reading_mark"

    group_name: str = Field(primary_key=True)
    salt: str
    digest: str
    members: int
    administrators: int


class DepartureEventRow(Row, table=True):
    """A confirmed departure that was not our doing, with its cause as it was judged; rows are only ever added."""

    __tablename__ = "departure_event"
    __table_args__ = (
        Index("ix_departure_event_group_name_gone_at", "group_name", "gone_at"),
        Index("ix_departure_event_key", "key"),
        Index("ix_departure_event_incident_id", "incident_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    group_name: str
    key: str
    platform_id: str
    administrator: bool
    first_seen_at: datetime = Field(sa_column=instant())
    last_seen_at: datetime = Field(sa_column=instant())
    gone_at: datetime = Field(sa_column=instant())
    snapshot_id: str
    cause: str
    confidence: str
    removed_by: str
    unexplained: bool
    observations: str = Field(sa_column=Column(Text, nullable=False))
    incident_id: str | None = Field(default=None)


class BlindPeriodRow(Row, table=True):
    """A time in which a group could not be seen; `ended_at` is NULL while it lasts."""

    __tablename__ = "blind_period"
    __table_args__ = (Index("ix_blind_period_group_name_began_at", "group_name", "began_at"),)

    id: int | None = Field(default=None, primary_key=True)
    group_name: str
    cause: str
    detail: str
    began_at: datetime = Field(sa_column=instant())
    last_sighted_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    last_tried_at: datetime = Field(sa_column=instant())
    attempts: int
    ended_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class IncidentRow(Row, table=True):
    """Removals by others that go together; who was removed is told by the departure events that name it."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_group_name_opened_at", "group_name", "opened_at"),)

    id: str = Field(primary_key=True)
    group_name: str
    opened_at: datetime = Field(sa_column=instant())
    began_at: datetime = Field(sa_column=instant())
    last_gone_at: datetime = Field(sa_column=instant())
    people: int
    size_before: int
    signs: str = Field(sa_column=Column(Text, nullable=False))
    closed_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    closed_by: str
    outcome: str = Field(sa_column=Column(Text, nullable=False))


class IncidentNoteRow(Row, table=True):
    """What a person wrote into an incident's file."""

    __tablename__ = "incident_note"

    id: int | None = Field(default=None, primary_key=True)
    incident_id: str = Field(index=True)
    written_at: datetime = Field(sa_column=instant())
    written_by: str
    text: str = Field(sa_column=Column(Text, nullable=False))


class EngagementRow(Row, table=True):
    """How a post stood on a day: counts alone, and no names."""

    __tablename__ = "engagement"

    group_name: str = Field(primary_key=True)
    post_id: str = Field(primary_key=True)
    taken_on: str = Field(primary_key=True)
    posted_at: datetime = Field(sa_column=instant())
    seen: int | None
    reactions: int | None
    comments: int | None

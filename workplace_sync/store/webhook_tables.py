"""The tables of what the platform's webhooks brought. Like those of `tables`, they never leave this package."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field

from workplace_sync.store.tables import Row, instant


class WebhookDeliveryRow(Row, table=True):
    """A delivery whose signature was good, by the SHA-256 of its raw body, which makes one that comes again known.

    `body` is there until it was read; then what is worth keeping of it is in the opening of its entry, and nowhere else.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (Index("ix_webhook_delivery_status_received_at", "status", "received_at"),)

    digest: str = Field(primary_key=True)
    received_at: datetime = Field(sa_column=instant())
    last_received_at: datetime = Field(sa_column=instant())
    times: int
    size: int
    proof: str
    signed_by: str  # names of secrets, joined by "|"
    status: str
    topic: str
    timing: str
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class WebhookHintRow(Row, table=True):
    """What a delivery says of one member of one managed group. Ids of the platform only: names stay in the opening."""

    __tablename__ = "webhook_hint"
    __table_args__ = (
        Index("ix_webhook_hint_group_name_happened_at", "group_name", "happened_at"),
        Index("ix_webhook_hint_member_platform_id", "member_platform_id"),
        {"sqlite_with_rowid": False},
    )

    digest: str = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    group_name: str
    about: str
    verb: str
    direction: str
    member_platform_id: str
    actor_platform_id: str
    happened_at: datetime = Field(sa_column=instant())
    received_at: datetime = Field(sa_column=instant())
    timing: str


class ObservationWishRow(Row, table=True):
    """A group that should be read again, because something was said of it since it was read last."""

    __tablename__ = "observation_wish"

    group_name: str = Field(primary_key=True)
    since: datetime = Field(sa_column=instant())
    latest: datetime = Field(sa_column=instant())
    deliveries: int


class WebhookRefusalRow(Row, table=True):
    """How many deliveries were refused on a day (UTC), by the reason. Nothing of them is kept."""

    __tablename__ = "webhook_refusal"
    __table_args__ = ({"sqlite_with_rowid": False},)

    day: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    number: int

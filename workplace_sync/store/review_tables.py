"""The tables of what reviewers decided about single changes, beside those of `tables` about plans. Like those of `tables`, they never leave this package."""

from datetime import datetime

from sqlmodel import Field

from workplace_sync.store.tables import Row, instant


class RejectionRow(Row, table=True):
    """A change that somebody said no to: known again by its fingerprint, until what it rests on is different."""

    __tablename__ = "rejection"

    group_name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    action: str = Field(primary_key=True)
    fingerprint: str
    plan_id: str = Field(index=True)
    rejected_by: str
    rejected_at: datetime = Field(sa_column=instant())
    reason: str

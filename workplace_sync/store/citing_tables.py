"""The table by which entries of the audit log are found by the rules that they cite."""

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field

from workplace_sync.store.tables import Row


class CitingClassRow(Row, table=True):
    """What entries that cite rules share, so that those with one rule are found: `rules` is the JSON list of all they cite."""

    __tablename__ = "citing_class"
    __table_args__ = (UniqueConstraint("kind", "group_name", "outcome", "rules"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    group_name: str
    outcome: str
    rules: str = Field(sa_column=Column(Text, nullable=False))

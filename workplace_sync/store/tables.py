"""The tables. They never leave this package: queries take and return plain values.

SQLModel classes with `table=True` do not validate (https://sqlmodel.tiangolo.com/tutorial/): what is written here was
validated before. Bulk reads and writes go through SQLAlchemy Core on `Class.__table__`.
"""

from datetime import UTC, datetime

from sqlalchemy import Column, ColumnElement, DateTime, Dialect, Index, LargeBinary, MetaData, Text, cast
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)


class Instant(TypeDecorator[datetime]):
    """A UTC-aware datetime on both engines; a naive one is refused, because its zone would be a guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value in UTC, without its zone on SQLite, which has no type for one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the base class's signature
        """Return the value UTC-aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Octets(TypeDecorator[bytes]):
    """Bytes, read as bytes even where somebody put text in their place: SQLite lets them, and it must not go unnoticed."""

    impl = LargeBinary
    cache_ok = True

    def column_expression(self, column: ColumnElement[bytes]) -> ColumnElement[bytes]:
        """Return what is selected for the column."""
        return cast(column, LargeBinary)


class Row(SQLModel):
    """The base of all tables: one metadata with names for every constraint, so that migrations can speak of them."""

    metadata = metadata


def instant(*, nullable: bool = False) -> Column[datetime]:
    """Return a column for a UTC-aware time."""
    return Column(Instant(), nullable=nullable)


class RosterImportRow(Row, table=True):
    """One reading of one roster source: what it was, its hash, how many rows were good, who had it read."""

    __tablename__ = "roster_import"

    id: str = Field(primary_key=True)
    group_name: str
    method: str
    source: str
    sha256: str
    rows: int
    rejected: int
    imported_at: datetime = Field(sa_column=instant())
    imported_by: str


class DesiredRow(Row, table=True):
    """A person wanted in a group, from the roster as last imported; one row a person and group."""

    __tablename__ = "desired"
    __table_args__ = ({"sqlite_with_rowid": False},)

    group_name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    address: str
    name: str
    tenant: str
    status: str
    roles: str  # joined by "|"
    external_id: str
    method: str
    import_id: str


class ConsentEventRow(Row, table=True):
    """One event of the consent ledger; rows are only ever added (erasure apart)."""

    __tablename__ = "consent_event"
    __table_args__ = (Index("ix_consent_event_key_scope", "key", "scope"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str
    scope: str
    kind: str
    origin: str
    at: datetime = Field(sa_column=instant())
    recorded_at: datetime = Field(sa_column=instant())
    wording: str
    basis: str
    source: str
    recorded_by: str
    expires_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class SnapshotRow(Row, table=True):
    """One reading of a group and how complete it was; `completeness` is the JSON of its counts."""

    __tablename__ = "snapshot"
    __table_args__ = (Index("ix_snapshot_group_name_taken_at", "group_name", "taken_at"),)

    id: str = Field(primary_key=True)
    group_name: str
    taken_at: datetime = Field(sa_column=instant())
    finished_at: datetime = Field(sa_column=instant())
    complete: bool
    members: int
    administrators: int
    completeness: str = Field(sa_column=Column(Text, nullable=False))


class PresenceRow(Row, table=True):
    """An interval in which a person was seen in a group: from a snapshot until a complete snapshot without them."""

    __tablename__ = "presence"
    __table_args__ = (
        Index("ix_presence_group_name_key_gone_at", "group_name", "key", "gone_at"),  # who is in is read off it alone
        Index("ix_presence_group_name_gone_at", "group_name", "gone_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    group_name: str
    key: str
    platform_id: str
    administrator: bool
    first_snapshot: str
    first_seen_at: datetime = Field(sa_column=instant())
    last_seen_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    gone_snapshot: str | None = Field(default=None)
    gone_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class DepartureRow(Row, table=True):
    """The last time a person went from a group without an operation of ours; one row a person and group."""

    __tablename__ = "departure"

    group_name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    platform_id: str
    last_seen_at: datetime = Field(sa_column=instant())
    gone_at: datetime = Field(sa_column=instant())
    snapshot_id: str
    cause: str


class PlanRow(Row, table=True):
    """A plan: `header` is the exact text that the digest covers before the changes; `counts` is derived from them."""

    __tablename__ = "plan"
    __table_args__ = (Index("ix_plan_group_name_created_at", "group_name", "created_at"),)

    id: str = Field(primary_key=True)
    group_name: str
    digest: str = Field(unique=True)
    created_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())
    requested_by: str
    policy_revision: str
    snapshot_id: str
    effect: str
    header: str = Field(sa_column=Column(Text, nullable=False))
    counts: str = Field(sa_column=Column(Text, nullable=False))


class ChangeRow(Row, table=True):
    """A change of a plan; `body` is the exact line that the digest covers."""

    __tablename__ = "change"
    __table_args__ = (
        Index("ix_change_key", "key"),
        {"sqlite_with_rowid": False},
    )

    plan_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    key: str
    action: str
    effect: str
    remedy: str
    body: str = Field(sa_column=Column(Text, nullable=False))


class ReviewRow(Row, table=True):
    """A person's yes or no to what a plan holds, bound to the digest."""

    __tablename__ = "review"

    id: int | None = Field(default=None, primary_key=True)
    plan_id: str = Field(index=True)
    digest: str
    verdict: str
    reviewed_by: str
    reviewed_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())
    reason: str


class OperationRow(Row, table=True):
    """A change being carried out: its intent is stored before its request goes out (promise P3)."""

    __tablename__ = "operation"
    __table_args__ = (
        Index("ix_operation_group_name_key", "group_name", "key"),
        Index("ix_operation_group_name_finished_at", "group_name", "finished_at"),
        {"sqlite_with_rowid": False},
    )

    plan_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    group_name: str
    key: str
    action: str
    state: str
    attempts: int
    intended_at: datetime = Field(sa_column=instant())
    finished_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    reason: str


class InvitationRow(Row, table=True):
    """An invitation that was made for a person who may not be added."""

    __tablename__ = "invitation"

    group_name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    plan_id: str
    made_at: datetime = Field(sa_column=instant())
    made_by: str


class ActivationRow(Row, table=True):
    """A policy revision coming into use; the files are kept, so that any decision can be recomputed."""

    __tablename__ = "activation"

    id: int | None = Field(default=None, primary_key=True)
    revision: str = Field(index=True)
    activated_at: datetime = Field(sa_column=instant())
    activated_by: str
    files: str = Field(sa_column=Column(Text, nullable=False))
    summary: str = Field(sa_column=Column(Text, nullable=False))


class EvidenceHeadRow(Row, table=True):
    """The one row that writers of the log lock; `edge` holds the roots of the perfect subtrees, joined."""

    __tablename__ = "evidence_head"

    id: int = Field(primary_key=True)
    size: int
    edge: bytes = Field(sa_column=Column(Octets, nullable=False))


class EvidenceEntryRow(Row, table=True):
    """A leaf of the log, byte for byte."""

    __tablename__ = "evidence_entry"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    body: bytes = Field(sa_column=Column(Octets, nullable=False))


class EvidenceTileRow(Row, table=True):
    """A tile of the tree: up to 256 hashes of one level (C2SP tlog-tiles)."""

    __tablename__ = "evidence_tile"
    __table_args__ = ({"sqlite_with_rowid": False},)

    level: int = Field(primary_key=True)
    idx: int = Field(primary_key=True)
    data: bytes = Field(sa_column=Column(Octets, nullable=False))


class EvidenceCheckpointRow(Row, table=True):
    """A signed checkpoint, verbatim."""

    __tablename__ = "evidence_checkpoint"

    size: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    note: str = Field(sa_column=Column(Text, nullable=False))
    signed_at: datetime = Field(sa_column=instant())


class PublicationRow(Row, table=True):
    """A checkpoint that was given out, so that others can hold the log to it."""

    __tablename__ = "publication"

    id: int | None = Field(default=None, primary_key=True)
    size: int
    note: str = Field(sa_column=Column(Text, nullable=False))
    place: str
    published_at: datetime = Field(sa_column=instant())
    published_by: str


class WitnessRow(Row, table=True):
    """Somebody who cosigns checkpoints; `size` is that of the largest one known to be cosigned."""

    __tablename__ = "witness"

    name: str = Field(primary_key=True)
    vkey: str
    added_at: datetime = Field(sa_column=instant())
    added_by: str
    size: int


class CosignatureRow(Row, table=True):
    """A witness's signature line under a checkpoint, verbatim."""

    __tablename__ = "cosignature"

    size: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    witness: str = Field(primary_key=True)
    line: str
    cosigned_at: datetime = Field(sa_column=instant())


class TimeStampRow(Row, table=True):
    """A time-stamp over a checkpoint, as the authority answered (RFC 3161), and the certificates to verify it with."""

    __tablename__ = "time_stamp"

    id: int | None = Field(default=None, primary_key=True)
    size: int = Field(index=True)
    authority: str
    stamped_at: datetime = Field(sa_column=instant())
    response: bytes = Field(sa_column=Column(Octets, nullable=False))
    chain: str = Field(sa_column=Column(Text, nullable=False))


class OpeningRow(Row, table=True):
    """The readable content of an entry, erasable: `file` is the exact opening file, the rest repeats parts of it for search."""

    __tablename__ = "opening"
    __table_args__ = (
        Index("ix_opening_subject_seq", "subject", "seq"),
        Index("ix_opening_group_name_kind_seq", "group_name", "kind", "seq"),
        Index("ix_opening_kind_seq", "kind", "seq"),
        Index("ix_opening_at", "at"),
        Index("ix_opening_group_name_seq", "group_name", "seq"),
        Index("ix_opening_group_name_outcome_seq", "group_name", "outcome", "seq"),
        Index("ix_opening_outcome_seq", "outcome", "seq"),
        Index("ix_opening_kind_outcome_seq", "kind", "outcome", "seq"),
        Index("ix_opening_citing_class_seq", "citing_class", "seq"),
    )

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    at: datetime = Field(sa_column=instant())
    group_name: str
    subject: str
    actor: str
    outcome: str
    file: bytes = Field(sa_column=Column(Octets, nullable=False))
    citing_class: int | None = Field(default=None)

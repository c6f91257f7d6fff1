"""The tables of escalations, of the reports on them, and of the vault in which those who reported are sealed. Like those of `tables`, they never leave this package.

A copy of the database alone says nothing of what was told or by whom: words and files are encrypted under a key that is a
file of its own (`case_key`), identities to the officers' keys (`sealing`). What is encrypted is padded to blocks, so that
sizes say little; ids are made of chance and the rows lie in their order, so that places do not say who came when.
"""

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from workplace_sync.store.tables import Octets, Row, instant

_BY_ID = {"sqlite_with_rowid": False}


class EscalationRow(Row, table=True):
    """A case, by its pseudonym. `held` is why it is on legal hold, '' where it is not; `erased_at` is when its texts went."""

    __tablename__ = "escalation"
    __table_args__ = (_BY_ID,)

    id: str = Field(primary_key=True)
    held: str
    erased_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class EscalationEventRow(Row, table=True):
    """A thing that happened to a case, without what anybody wrote; `facts` is JSON of what is counted."""

    __tablename__ = "escalation_event"
    __table_args__ = (_BY_ID,)

    case_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    step: str
    at: datetime = Field(sa_column=instant())
    by: str
    role: str
    facts: str = Field(sa_column=Column(Text, nullable=False))


class EscalationTextRow(Row, table=True):
    """What was written with an event, encrypted; every event has one, so that its being there says nothing. Erasable."""

    __tablename__ = "escalation_text"
    __table_args__ = (_BY_ID,)

    case_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    sealed: bytes = Field(sa_column=Column(Octets, nullable=False))


class EscalationFileRow(Row, table=True):
    """A file that came with an event, encrypted, its type and name with it. Erasable."""

    __tablename__ = "escalation_file"
    __table_args__ = (Index("ix_escalation_file_case_id", "case_id"), _BY_ID)

    id: str = Field(primary_key=True)
    case_id: str
    number: int
    sealed: bytes = Field(sa_column=Column(Octets, nullable=False))


class EscalationReceiptRow(Row, table=True):
    """A receipt: the keyed hash of the half it is found by, and a slow hash of the half that proves it."""

    __tablename__ = "escalation_receipt"
    __table_args__ = (Index("ix_escalation_receipt_case_id", "case_id"), _BY_ID)

    lookup: str = Field(primary_key=True)
    secret: str
    case_id: str


class VaultRow(Row, table=True):
    """Who reported a case, sealed. `needs` is how many officers open it. `day` is when it was sealed, to the day."""

    __tablename__ = "vault"
    __table_args__ = (_BY_ID,)

    case_id: str = Field(primary_key=True)
    day: str
    needs: int
    sealed: bytes = Field(sa_column=Column(Octets, nullable=False))


class VaultShareRow(Row, table=True):
    """An officer's share of the key to an identity, sealed to the officer's key with that id."""

    __tablename__ = "vault_share"
    __table_args__ = (_BY_ID,)

    case_id: str = Field(primary_key=True)
    officer: str = Field(primary_key=True)
    key_id: str
    sealed: bytes = Field(sa_column=Column(Octets, nullable=False))


class VaultRequestRow(Row, table=True):
    """An officer's asking another to open an identity together: the first one's share, sealed to the second one's key.

    `reason` is encrypted as texts are. The row goes when it was answered, or its time is over.
    """

    __tablename__ = "vault_request"
    __table_args__ = (Index("ix_vault_request_case_id", "case_id"), _BY_ID)

    id: str = Field(primary_key=True)
    case_id: str
    asked_by: str
    second: str
    asked_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())
    reason: bytes = Field(sa_column=Column(Octets, nullable=False))
    sealed: bytes = Field(sa_column=Column(Octets, nullable=False))


class QuarterlyReportRow(Row, table=True):
    """A quarterly report as it was published: its canonical JSON, and what left with it, which later ones are gated against.

    There is one of a quarter for the employer; the committee's is kept each time that it says something else. `release` is
    '' for the committee's.
    """

    __tablename__ = "quarterly_report"

    quarter: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    published_at: datetime = Field(sa_column=instant())
    published_by: str
    content: bytes = Field(sa_column=Column(Octets, nullable=False))
    release: bytes = Field(sa_column=Column(Octets, nullable=False))


class ReportTextRow(Row, table=True):
    """A text that an officer has approved to leave with a quarter's report; `despite` counts what was found in it."""

    __tablename__ = "report_text"

    quarter: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    approved_by: str
    approved_at: datetime = Field(sa_column=instant())
    despite: int

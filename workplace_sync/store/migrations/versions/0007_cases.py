"""Escalations and the vault."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "escalation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("held", sa.String(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "escalation_event",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_escalation_event")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "escalation_text",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_escalation_text")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "escalation_file",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_file")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("escalation_file", schema=None) as batch_op:
        batch_op.create_index("ix_escalation_file_case_id", ["case_id"], unique=False)

    op.create_table(
        "escalation_receipt",
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_escalation_receipt")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("escalation_receipt", schema=None) as batch_op:
        batch_op.create_index("ix_escalation_receipt_case_id", ["case_id"], unique=False)

    op.create_table(
        "vault",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("needs", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_vault")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vault_share",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "officer", name=op.f("pk_vault_share")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vault_request",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("second", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_request")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("vault_request", schema=None) as batch_op:
        batch_op.create_index("ix_vault_request_case_id", ["case_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    for name in (
        "vault_request",
        "vault_share",
        "vault",
        "escalation_receipt",
        "escalation_file",
        "escalation_text",
        "escalation_event",
        "escalation",
    ):
        op.drop_table(name)

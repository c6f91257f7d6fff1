"""Quarterly reports as they were published, and the texts that were approved to leave with them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "quarterly_report",
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("release", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", "version", "digest", name=op.f("pk_quarterly_report")),
    )
    op.create_table(
        "report_text",
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("despite", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", "digest", name=op.f("pk_report_text")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("report_text")
    op.drop_table("quarterly_report")

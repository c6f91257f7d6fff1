"""Indexes by which the console turns the pages of a large audit log."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_INDEXES = (
    ("opening", ("group_name", "seq")),
    ("opening", ("group_name", "outcome", "seq")),
    ("opening", ("outcome", "seq")),
    ("opening", ("kind", "outcome", "seq")),
)


def upgrade() -> None:
    """Apply."""
    for table, columns in _INDEXES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def downgrade() -> None:
    """Take back."""
    for table, columns in reversed(_INDEXES):
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table_name=table)

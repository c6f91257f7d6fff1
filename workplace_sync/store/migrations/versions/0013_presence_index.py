"""Whether somebody is in a group is read off an index alone: planning asks it of everybody on the roster."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_presence_group_name_key_gone_at", "presence", ["group_name", "key", "gone_at"])
    op.drop_index("ix_presence_group_name_key", table_name="presence")


def downgrade() -> None:
    """Take back."""
    op.create_index("ix_presence_group_name_key", "presence", ["group_name", "key"])
    op.drop_index("ix_presence_group_name_key_gone_at", table_name="presence")

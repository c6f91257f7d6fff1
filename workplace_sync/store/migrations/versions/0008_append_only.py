"""Entries, tiles and checkpoints of the evidence log are not changed by accident.

The database refuses it: a slip in a console, a tool that tidies up. It is no protection against anybody who wants to,
who drops the triggers first; for that there are the tree, the signature and the checkpoint kept outside. The right-most
tiles grow, so one may be replaced by what begins with it. A later batch migration of one of these tables on SQLite makes
the table anew, and has to make its triggers again.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = ("evidence_entry", "evidence_tile", "evidence_checkpoint")
_GROWN = {
    "sqlite": "NEW.level IS NOT OLD.level OR NEW.idx IS NOT OLD.idx OR substr(NEW.data, 1, length(OLD.data)) IS NOT OLD.data",
    "postgresql": "NEW.level <> OLD.level OR NEW.idx <> OLD.idx OR substring(NEW.data FROM 1 FOR length(OLD.data)) <> OLD.data",
}
_REFUSAL = "The evidence log is append-only."
_FUNCTION = f"""
CREATE FUNCTION evidence_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$
"""


def upgrade() -> None:
    """Apply."""
    engine = op.get_context().dialect.name
    if engine == "postgresql":
        op.execute(_FUNCTION)
    for table in _TABLES:
        changed = f"WHEN ({_GROWN[engine]})" if table == "evidence_tile" else ""
        for what, when in (("update", changed), ("delete", "")):
            head = f"CREATE TRIGGER {table}_no_{what} BEFORE {what.upper()} ON {table} FOR EACH ROW {when}"
            if engine == "sqlite":
                op.execute(f"{head} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")
            else:
                op.execute(f"{head} EXECUTE FUNCTION evidence_append_only()")
        if engine == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION evidence_append_only()"
            )


def downgrade() -> None:
    """Take back."""
    engine = op.get_context().dialect.name
    for table in _TABLES:
        for what in ("update", "delete", *(["truncate"] if engine == "postgresql" else [])):
            op.execute(f"DROP TRIGGER {table}_no_{what}" + (f" ON {table}" if engine == "postgresql" else ""))
    if engine == "postgresql":
        op.execute("DROP FUNCTION evidence_append_only()")

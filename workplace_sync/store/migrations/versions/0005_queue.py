"""The queue of jobs: the tables and functions of its engine, on PostgreSQL alone."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAMES = r"procrastinate\_%"


def upgrade() -> None:
    """Apply."""
    _run((Path(__file__).parent.parent / "queue.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Take back."""
    _run(
        f"""
        DO $$
        DECLARE
            found record;
        BEGIN
            FOR found IN
                SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE '{_NAMES}'
            LOOP
                EXECUTE format('DROP TABLE %I CASCADE', found.tablename);
            END LOOP;
            FOR found IN
                SELECT oid::regprocedure AS signature FROM pg_proc
                WHERE pronamespace = current_schema()::regnamespace AND proname LIKE '{_NAMES}'
            LOOP
                EXECUTE 'DROP FUNCTION ' || found.signature || ' CASCADE';
            END LOOP;
            FOR found IN
                SELECT typname FROM pg_type
                WHERE typnamespace = current_schema()::regnamespace AND typname LIKE '{_NAMES}' AND typtype IN ('e', 'c')
            LOOP
                EXECUTE format('DROP TYPE %I CASCADE', found.typname);
            END LOOP;
        END
        $$
        """  # noqa: S608 - our own name
    )


def _run(script: str) -> None:
    connection = op.get_bind()
    driver = connection.connection.driver_connection
    if connection.dialect.name == "postgresql" and driver is not None:
        driver.execute(script)  # many statements at once, and % as it stands

"""Alembic's entry: runs on the connection that `Database.upgrade` hands over."""

from alembic import context

from workplace_sync.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
if connection.in_transaction():
    connection.commit()

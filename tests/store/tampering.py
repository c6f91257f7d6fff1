"""Takes the guards off the evidence tables, as somebody does who means to change them."""

import sqlite3

from sqlalchemy import Connection

_TABLES = ("evidence_entry", "evidence_tile", "evidence_checkpoint")


def lift_guards(connection: Connection) -> None:
    """Drop the triggers that refuse changes; again does no harm."""
    for table in _TABLES:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            for statement in _drops(table):
                connection.exec_driver_sql(statement)


def lift_guards_of_file(connection: sqlite3.Connection) -> None:
    """Drop the triggers of a SQLite database that was opened without us."""
    for table in _TABLES:
        for statement in _drops(table):
            connection.execute(statement)


def _drops(table: str) -> list[str]:
    return [f"DROP TRIGGER IF EXISTS {table}_no_{what}" for what in ("update", "delete")]

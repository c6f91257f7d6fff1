"""Which policy revision came into use when, with its files, so that any decision can be recomputed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from workplace_sync.store.tables import ActivationRow

_TABLE = ActivationRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Activation:
    """A revision coming into use.

    `files` maps each file's name to its text, `summary` each policy, rule and exception to its hash, by part.
    """

    revision: str
    activated_at: datetime
    activated_by: str
    files: Mapping[str, str]
    summary: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Current:
    """The revision in use, and its summary."""

    revision: str
    summary: Mapping[str, Mapping[str, str]]


def current(connection: Connection) -> Current | None:
    """Return the revision that came into use last."""
    query = select(_TABLE.c.revision, _TABLE.c.summary).order_by(_TABLE.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else Current(row.revision, json.loads(row.summary))


def add(connection: Connection, activation: Activation) -> None:
    """Keep an activation."""
    connection.execute(
        insert(_TABLE).values(
            revision=activation.revision,
            activated_at=activation.activated_at,
            activated_by=activation.activated_by,
            files=json.dumps(dict(activation.files), sort_keys=True),
            summary=json.dumps({part: dict(hashes) for part, hashes in activation.summary.items()}, sort_keys=True),
        )
    )


def files_of(connection: Connection, revision: str) -> dict[str, str]:
    """Return the files of a revision, by name; empty when it never came into use."""
    row = connection.execute(select(_TABLE.c.files).where(_TABLE.c.revision == revision).limit(1)).first()
    return {} if row is None else dict(json.loads(row.files))


def files_in_use(connection: Connection, at: datetime) -> dict[str, str] | None:
    """Return the files of the revision that was in use at a time; None when none had come into use by then."""
    query = select(_TABLE.c.files).where(_TABLE.c.activated_at <= at).order_by(_TABLE.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else dict(json.loads(row.files))


def beginning(connection: Connection, name: str) -> list[str]:
    """Return up to five revisions that came into use and begin like that."""
    query = select(_TABLE.c.revision).where(_TABLE.c.revision.startswith(name, autoescape=True)).distinct()
    return [row.revision for row in connection.execute(query.order_by(_TABLE.c.revision).limit(5))]

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
    """A revision coming into use; `files` maps each file's name to its text."""

    revision: str
    activated_at: datetime
    activated_by: str
    files: Mapping[str, str]


def current(connection: Connection) -> str | None:
    """Return the revision that came into use last."""
    row = connection.execute(select(_TABLE.c.revision).order_by(_TABLE.c.id.desc()).limit(1)).first()
    return None if row is None else str(row.revision)


def add(connection: Connection, activation: Activation) -> None:
    """Keep an activation."""
    connection.execute(
        insert(_TABLE).values(
            revision=activation.revision,
            activated_at=activation.activated_at,
            activated_by=activation.activated_by,
            files=json.dumps(dict(activation.files), sort_keys=True),
        )
    )


def files_of(connection: Connection, revision: str) -> dict[str, str]:
    """Return the files of a revision, by name; empty when it never came into use."""
    row = connection.execute(select(_TABLE.c.files).where(_TABLE.c.revision == revision).limit(1)).first()
    return {} if row is None else dict(json.loads(row.files))

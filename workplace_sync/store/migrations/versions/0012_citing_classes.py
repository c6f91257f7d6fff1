"""Entries that cite rules are found by their rules; those that are there are read through once."""

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CHUNK = 5_000
_CITING = ("operation.outcome", "plan.made")
_OPENING = sa.table(
    "opening",
    sa.column("seq", sa.Integer),
    sa.column("kind", sa.String),
    sa.column("group_name", sa.String),
    sa.column("outcome", sa.String),
    sa.column("file", sa.LargeBinary),
    sa.column("citing_class", sa.Integer),
)
_CLASS = sa.table(
    "citing_class",
    sa.column("id", sa.Integer),
    sa.column("kind", sa.String),
    sa.column("group_name", sa.String),
    sa.column("outcome", sa.String),
    sa.column("rules", sa.Text),
)
_Key = tuple[str, str, str, str]


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "citing_class",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citing_class")),
        sa.UniqueConstraint(
            "kind", "group_name", "outcome", "rules", name=op.f("uq_citing_class_kind_group_name_outcome_rules")
        ),
    )
    op.add_column("opening", sa.Column("citing_class", sa.Integer(), nullable=True))
    _fill(op.get_bind())
    op.create_index(op.f("ix_opening_citing_class_seq"), "opening", ["citing_class", "seq"])


def _fill(connection: sa.Connection) -> None:
    known: dict[_Key, int] = {}
    update = (
        sa.update(_OPENING)
        .where(_OPENING.c.seq == sa.bindparam("at"))
        .values(citing_class=sa.bindparam("number", type_=sa.Integer))
    )
    for part in _openings(connection):
        rows = []
        for row in part:
            rules = json.loads(row.file.split(b"\n", 2)[2])["data"].get("rules")
            if rules:
                key = (
                    row.kind,
                    row.group_name,
                    row.outcome,
                    json.dumps(rules, separators=(",", ":"), ensure_ascii=False),
                )
                if key not in known:
                    known[key] = _add(connection, key)
                rows.append({"at": row.seq, "number": known[key]})
        if rows:
            connection.execute(update, rows)


def _add(connection: sa.Connection, key: _Key) -> int:
    values = dict(zip(("kind", "group_name", "outcome", "rules"), key, strict=True))
    return int(connection.execute(sa.insert(_CLASS).values(values).returning(_CLASS.c.id)).scalar_one())


def _openings(connection: sa.Connection) -> Iterator[list[sa.Row[tuple[object, ...]]]]:
    wanted = sa.select(*(column for column in _OPENING.c if column.name != "citing_class"))
    wanted = wanted.where(_OPENING.c.kind.in_(_CITING)).order_by(_OPENING.c.seq).limit(_CHUNK)
    last = -1
    while part := list(connection.execute(wanted.where(_OPENING.c.seq > last)).all()):
        yield part
        last = part[-1].seq


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_opening_citing_class_seq"), table_name="opening")
    op.drop_column("opening", "citing_class")
    op.drop_table("citing_class")

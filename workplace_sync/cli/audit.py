"""`workplace-sync audit ...`: read the membership audit log."""

import csv
import sys
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.options import LAST_NUMBER
from workplace_sync.cli.output import Column
from workplace_sync.cli.people import Address, Group, parse_time, read_address
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.evidence.entry import Kind
    from workplace_sync.store.audit import AuditRow

app = typer.Typer(rich_markup_mode=None)


class Layout(StrEnum):
    """How a list is laid out; `--output` beats it."""

    TABLE = "table"
    CSV = "csv"


From = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="From this time on (UTC), such as 2026-11-01.")
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before this time (UTC).")]


@app.command("list")
def list_(
    context: typer.Context,
    group: Annotated[str | None, typer.Option(metavar="GROUP", help="Only about this group.")] = None,
    person: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Only about this person.")] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only of this kind, such as operation.outcome.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option(metavar="OUTCOME", help="Only with this outcome, such as failed.")
    ] = None,
    since: From = None,
    until: To = None,
    before: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", min=0, max=LAST_NUMBER, help="Only entries before this one: the next page."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many entries.")] = 50,
    layout: Annotated[Layout, typer.Option("--format", help="A table, or CSV for a spreadsheet.")] = Layout.TABLE,
) -> None:
    """List entries of the audit log, newest first.

    Example: workplace-sync audit list --group prospect-bt --kind member.departed --from 2026-11-01
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.consent import key_of  # noqa: PLC0415
    from workplace_sync.store import audit  # noqa: PLC0415

    with Application(call.settings) as opened, opened.office.database.connect() as connection:
        rows = audit.list_entries(
            connection,
            group=group,
            subject=key_of(read_address(person)) if person else None,
            kind=_kind(kind),
            since=_time(since),
            until=_time(until),
            outcome=outcome,
            before_seq=before,
            limit=limit,
        )
    _show_rows(call, rows, layout)
    if len(rows) == limit:
        call.output.note(f"There may be more: add --before {rows[-1].seq}")


def _show_rows(call: Invocation, rows: list["AuditRow"], layout: Layout) -> None:
    from workplace_sync.cli.output import Format  # noqa: PLC0415
    from workplace_sync.cli.spreadsheet import safe_cell  # noqa: PLC0415
    from workplace_sync.jobs.sentences import sentence_of  # noqa: PLC0415

    titles = ("entry", "at", "kind", "group", "person", "by", "outcome", "what")
    cells = (
        (r.seq, f"{r.at:%Y-%m-%d %H:%M:%S}", r.kind, r.group, r.subject, r.actor, r.outcome, sentence_of(r))
        for r in rows
    )
    if layout is Layout.CSV and call.format is Format.TEXT:
        writer = csv.writer(sys.stdout)
        writer.writerow(titles)
        writer.writerows([safe_cell(cell) for cell in row] for row in cells)
        return
    columns = [Column(title, title, number=title == "entry") for title in titles]
    call.output.table("audit-list/1", columns, cells, about={"next_before": rows[-1].seq if rows else None})


@app.command()
def show(
    context: typer.Context,
    entry: Annotated[int, typer.Argument(metavar="ENTRY", min=0, max=LAST_NUMBER, help="The entry's number.")],
) -> None:
    """Show one entry whole, with the texts of the rules it cites, and the proof that it is in the log.

    Example: workplace-sync audit show 4711
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.rule_texts import RuleTexts  # noqa: PLC0415
    from workplace_sync.jobs.sentences import sentence_of  # noqa: PLC0415
    from workplace_sync.store import audit  # noqa: PLC0415

    with Application(call.settings) as opened:
        office = opened.office
        with office.database.connect() as connection:
            row = audit.entry(connection, entry)
        if row is None:
            raise UsageError(f"There is no entry {entry}.", hint=f"The log has {office.log.size:,} entries, from 0 on.")
        cites = row.data.get("rules", [])
        rules = RuleTexts(office).find(
            str(row.data.get("policy_revision", "")), [str(c) for c in cites] if isinstance(cites, list) else []
        )
        proof = office.log.inclusion_proof(entry)
    data = {
        **{
            name: getattr(row, name)
            for name in ("seq", "at", "kind", "group", "subject", "actor", "outcome", "data", "erased")
        },
        "sentence": sentence_of(row),
        "rules": [
            {"cite": rule.cite, "title": rule.title, "message": rule.message, "source": rule.source, "url": rule.url}
            for rule in rules
        ],
        "proof": proof,
    }
    lines = [f"Entry {row.seq}, {row.at:%Y-%m-%d %H:%M:%S} UTC: {sentence_of(row)}"]
    lines += [
        f"  {name}: {getattr(row, name)}"
        for name in ("kind", "group", "subject", "actor", "outcome")
        if getattr(row, name)
    ]
    lines += [f"  {name}: {value}" for name, value in sorted(row.data.items()) if value not in ("", None, [])]
    for rule in rules:
        lines += [
            f"  rule {rule.cite}: {rule.title}",
            f"    {rule.message}",
            f"    published as: {rule.source} {rule.url}".rstrip(),
        ]
    lines += ["", proof.rstrip("\n")]
    call.output.show("audit-entry/1", data, lines)


@app.command()
def who(
    context: typer.Context,
    group: Group,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="At this time (UTC); now otherwise.")] = None,
    known_at: Annotated[
        str | None, typer.Option("--known-at", metavar="TIME", help="As we knew it at this time (UTC); now otherwise.")
    ] = None,
) -> None:
    """Tell who was in a group at a time, as far as readings of the group and our own operations show.

    What is found out later never rewrites what was known before: --known-at shows what was claimed at that time.

    Example: workplace-sync audit who prospect-bt --at 2026-11-21T14:30 --known-at 2026-11-22
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.story import members_at  # noqa: PLC0415

    with Application(call.settings) as opened:
        opened.group(group)
        found = members_at(opened.office, group, _time(at) or opened.now(), _time(known_at))
    if found.snapshot is None:
        raise UsageError(
            "The group had not been read by then.", hint="Ask for a later time; `workplace-sync observe` reads it now."
        )
    about = {
        "group": group,
        "at": found.at,
        "known_at": found.known_at,
        "snapshot": found.snapshot.id,
        "read_at": found.snapshot.taken_at,
        "members": len(found.members),
    }
    rows = ((one.key, f"{one.since:%Y-%m-%d %H:%M:%S}", one.basis) for one in found.members)
    call.output.table(
        "audit-who/1",
        [Column("person", "person"), Column("since", "since (UTC)"), Column("basis", "shown by")],
        rows,
        about=about,
    )
    call.output.note(
        f"{len(found.members):,} members; the group was last read completely at {found.snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC."
    )


@app.command("person")
def person_(
    context: typer.Context,
    address: Address,
    group: Annotated[str | None, typer.Option(metavar="GROUP", help="Only in this group.")] = None,
) -> None:
    """Tell one person's whole story: consent, every decision with the rules in force then, what was done, what was seen.

    Example: workplace-sync audit person amina@bt.example.org --group prospect-bt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.consent import key_of  # noqa: PLC0415
    from workplace_sync.jobs.story import story_of  # noqa: PLC0415

    with Application(call.settings) as opened:
        chapters = story_of(opened.office, key_of(read_address(address)), group)
    told = [
        {
            "at": c.at,
            "group": c.group,
            "kind": c.kind,
            "sentence": c.sentence,
            "entry": c.seq,
            "rules": [
                {
                    "cite": r.cite,
                    "title": r.title,
                    "message": r.message,
                    "source": r.source,
                    "url": r.url,
                    "in_force_from": r.in_force_from,
                }
                for r in c.rules
            ],
        }
        for c in chapters
    ]

    def lines() -> Iterator[str]:
        for c in chapters:
            entry = f"  (entry {c.seq})" if c.seq is not None else ""
            yield f"{c.at:%Y-%m-%d %H:%M:%S}  {c.group:<18} {c.sentence}{entry}"
            for rule in c.rules:
                yield f"{'':21}rule {rule.cite}, in force from {rule.in_force_from}: {rule.message} ({rule.source})"
        if not chapters:
            yield "Nothing is on record about this person."

    call.output.show("audit-person/1", {"story": told}, lambda: list(lines()))


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)


def _kind(text: str | None) -> "Kind | None":
    from workplace_sync.evidence.entry import Kind  # noqa: PLC0415

    if text is None:
        return None
    try:
        return Kind(text)
    except ValueError:
        raise UsageError("There is no such kind of entry.", hint="The kinds are: " + ", ".join(Kind)) from None

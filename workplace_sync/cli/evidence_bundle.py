"""`workplace-sync evidence bundle`: hand out entries with all that outsiders need to verify them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.options import LAST_NUMBER
from workplace_sync.cli.people import read_address
from workplace_sync.errors import InputError, UsageError

if TYPE_CHECKING:
    from workplace_sync.app import Application


def bundle(
    context: typer.Context,
    recipient: Annotated[str, typer.Option("--recipient", metavar="TEXT", help="To whom it is handed out.")],
    purpose: Annotated[str, typer.Option("--purpose", metavar="TEXT", help="What for.")],
    basis: Annotated[
        str, typer.Option("--basis", metavar="TEXT", help="On what legal basis, such as consent or legal claims.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file; it is a tar.")],
    incident: Annotated[
        str | None, typer.Option("--incident", metavar="ID", help="What tells of this incident.")
    ] = None,
    person: Annotated[str | None, typer.Option("--person", metavar="ADDRESS", help="All about this person.")] = None,
    entries: Annotated[str | None, typer.Option("--entries", metavar="N,N-M", help="The entries numbered so.")] = None,
    add: Annotated[
        list[Path] | None, typer.Option("--add", metavar="FILE", help="A file to go with it, such as a statement.")
    ] = None,
    checkpoint: Annotated[
        int | None,
        typer.Option("--checkpoint", metavar="SIZE", min=1, max=LAST_NUMBER, help="Under this one, not the newest."),
    ] = None,
    by: By = None,
) -> None:
    """Hand out entries as one file that anybody verifies offline, without this program; that it was handed out is recorded.

    It opens the named entries and no others. To an incident's belongs a statement of how those removed had been added.

    Example: workplace-sync evidence bundle --entries 4711,4720-4731 --recipient ACAS --purpose conciliation --basis "legal claims, Art. 9(2)(f)" --out acas.tar
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.bundle import export_bundle, make_bundle  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        seqs, files = _chosen(opened, incident, person, entries)
        files |= _read_extra(add or [])
        try:
            made = make_bundle(
                opened.office, seqs, recipient=recipient, purpose=purpose, basis=basis, extra=files, size=checkpoint
            )
        except ValueError as error:
            raise UsageError(f"A file cannot be added: {error}.", hint="Rename it.") from None
        seq = export_bundle(opened.office, made, out)
        fingerprint = opened.log.keys.newest.fingerprint
    data = {
        "file": str(out),
        "sha256": made.sha256,
        "entries": len(made.seqs),
        "openings": made.openings,
        "size": made.size,
        "entry": seq,
        "fingerprint": fingerprint,
    }
    text = [
        f"{out} holds {len(made.seqs):,} entries, {made.openings:,} with their content, under the checkpoint of {made.size:,}.",
        f"  sha256 {made.sha256}; that it was handed out is entry {seq}.",
        "Whoever receives it unpacks it into a folder, reads README.txt, and runs, with the fingerprint that the union published:",
        f"  sh verify.sh {fingerprint}",
    ]
    call.output.show("evidence-bundle/1", data, text)


def _chosen(
    opened: "Application", incident: str | None, person: str | None, entries: str | None
) -> tuple[list[int], dict[str, bytes]]:
    """Return the numbers of the entries, and files that belong to them."""
    from workplace_sync.jobs.consent import key_of  # noqa: PLC0415
    from workplace_sync.jobs.selection import entries_of_person, parse_entries  # noqa: PLC0415

    if sum(one is not None for one in (incident, person, entries)) != 1:
        raise UsageError("Say which entries.", hint="Give one of --incident, --person and --entries.")
    if incident is not None:
        return _of_incident(opened, incident)
    if entries is not None:
        return parse_entries(entries), {}
    found = entries_of_person(opened.office, key_of(read_address(person or "")))
    if not found:
        raise UsageError("No entry is about this person.", hint="Check the address; an erased person has none.")
    return found, {}


def _of_incident(opened: "Application", name: str) -> tuple[list[int], dict[str, bytes]]:
    from workplace_sync.jobs.incident_papers import incident_papers  # noqa: PLC0415
    from workplace_sync.jobs.incidents import find_incident  # noqa: PLC0415

    found = find_incident(opened.office, name)
    return incident_papers(opened.office, opened.group(found.group).managed, opened.rules, found)


def _read_extra(files: list[Path]) -> dict[str, bytes]:
    try:
        return {file.name: file.read_bytes() for file in files}
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read ({error.strerror}).", hint="Name another file.") from None

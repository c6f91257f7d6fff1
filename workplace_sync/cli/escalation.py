"""`workplace-sync escalation ...`: what members call out, good or bad, and what the union makes of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli import escalation_steps as steps
from workplace_sync.cli import escalation_vault as vault
from workplace_sync.cli.apply import By
from workplace_sync.cli.escalation_keeping import hold, overdue, raise_incident, retention
from workplace_sync.cli.escalation_texts import (
    Attach,
    Case,
    TextFile,
    day_from,
    read_bytes,
    read_files,
    read_line,
    read_text,
)
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column, one_line
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.cases.escalation import Period
    from workplace_sync.jobs.case_desk import CaseFile
    from workplace_sync.jobs.identity import Identity
    from workplace_sync.jobs.word_back import View

app = typer.Typer(rich_markup_mode=None)


@app.command()
def new(
    context: typer.Context,
    category: Annotated[str, typer.Option("--category", metavar="ID", help="What it is about.")],
    area: Annotated[str, typer.Option("--area", metavar="ID", help="The part of the business.")] = "",
    good: Annotated[bool, typer.Option("--good", help="It is good news.")] = False,
    systemic: Annotated[
        bool, typer.Option("--systemic", help="It is about how things are done, not one person.")
    ] = False,
    treat: Annotated[
        str, typer.Option("--treat", metavar="HOW", help="The one who reports is named, union-only or not-named.")
    ] = "not-named",
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="The first day it happened.")] = None,
    last: Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last day, if not the same.")] = None,
    about: Annotated[
        list[str] | None, typer.Option("--about", metavar="OFFICER", help="An officer whom it is about; repeat it.")
    ] = None,
    text_file: TextFile = None,
    identity_file: Annotated[
        Path | None,
        typer.Option(
            "--identity-file", metavar="FILE", help="Who reports: a line with the name, then how to reach them."
        ),
    ] = None,
    attach: Attach = None,
    by: By = None,
) -> None:
    """Take in what a member tells you. The receipt is shown once: give it to them, and to nobody else.

    Example: workplace-sync escalation new --category forced-distribution --area networks --text-file told.txt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.cases.escalation import Confidentiality, Kind, Report, Tone  # noqa: PLC0415
    from workplace_sync.cli.escalation_words import word_of  # noqa: PLC0415
    from workplace_sync.jobs.escalations import open_case  # noqa: PLC0415

    report = Report(
        category,
        area,
        Kind.SYSTEMIC if systemic else Kind.INDIVIDUAL,
        Tone.GOOD if good else Tone.BAD,
        word_of(Confidentiality, treat),
        _period(first, last),
        tuple(about or ()),
        "command",
    )
    words = read_text(text_file, prompt="Write what was seen or heard")
    identity, files = _identity(identity_file), read_files(attach)
    with Application(call.settings, actor=by) as opened:
        made = open_case(opened.case_desk(), report, words, identity=identity, attachments=files)
    told = [
        f"Case {made.case} is open.",
        f"Receipt: {made.receipt}",
        "It is shown this once. Who reported comes back with it; without it there is no way back to the case.",
    ]
    call.output.show("escalation-new/1", {"case": made.case, "receipt": made.receipt}, told)


@app.command("list")
def list_(
    context: typer.Context,
    still_open: Annotated[bool, typer.Option("--open", help="Only those that are not closed.")] = False,
    by: By = None,
) -> None:
    """List the cases, oldest first.

    Example: workplace-sync escalation list --open
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.escalations import list_cases  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        found = list_cases(desk, still_open=still_open)
    names = ("case", "category", "area", "kind", "tone", "treat", "state", "since", "unread")
    columns = [Column(name, name) for name in names]
    rows = (
        (
            one.id,
            one.report.category,
            one.report.area,
            one.kind.value,
            one.report.tone.value,
            one.report.confidentiality.value.replace("_", "-"),
            one.state.value.replace("_", " "),
            f"{one.since:%Y-%m-%d}",
            "yes" if one.unread else "",
        )
        for one in found
    )
    call.output.table("escalation-list/1", columns, rows, about={"number": len(found)})


@app.command()
def show(context: typer.Context, case: Case, by: By = None) -> None:
    """Show a case: its steps, what was written, what is attached. Never who reported it.

    Example: workplace-sync escalation show 7KQ2-M9TD
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.escalations import find_case, read_case  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        desk.require_sight()
        file = read_case(desk, find_case(desk, case))
    call.output.show("escalation/1", _data(file), lambda: list(_lines(file)))


@app.command("file")
def file_(
    context: typer.Context,
    case: Case,
    file: Annotated[str, typer.Argument(metavar="FILE-ID", help="Which one, as `show` names it.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it: a new file.")],
    by: By = None,
) -> None:
    """Write what was attached to a case into a file on this machine.

    Example: workplace-sync escalation file 7KQ2-M9TD 9c1be02f51aa7d30 --out picture.png
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.escalations import find_case, read_file  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        desk.require_sight()
        found = read_file(desk, find_case(desk, case), file)
    try:
        with out.open("xb") as target:
            target.write(found.content)
    except OSError as error:
        raise UsageError(f"{out} cannot be written ({error.strerror}).", hint="Choose a new file.") from None
    data = {"file": str(out), "media_type": found.media_type, "bytes": len(found.content)}
    call.output.show("escalation-file/1", data, f"Written to {out} ({found.media_type}). Delete it when you are done.")


@app.command()
def receipt(
    context: typer.Context,
    add: Annotated[bool, typer.Option("--add", help="Add to the report, or answer the question.")] = False,
    text_file: TextFile = None,
    attach: Attach = None,
) -> None:
    """Show what a receipt shows; it is asked for, or read from the first line of standard input.

    Example: workplace-sync escalation receipt --add --text-file more.txt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import word_back  # noqa: PLC0415

    given = read_line("Receipt")
    words = read_text(text_file, prompt="Write what you want to add") if add else ""
    with Application(call.settings) as opened:
        desk = opened.case_desk()
        view = word_back.add(desk, given, words, read_files(attach)) if add else word_back.look(desk, given)
    data = {
        "sentences": view.sentences,
        "words": [{"on": word.on, "text": word.text, "question": word.question} for word in view.words],
        "may_add": view.may_add,
        "may_reply": view.may_reply,
    }
    call.output.show("escalation-receipt/1", data, lambda: list(_view(view)))


_STEPS: dict[str, Callable[..., int | None]] = {
    "validate": steps.validate,
    "substantiate": steps.substantiate,
    "raise": steps.raise_,
    "answer": steps.answer,
    "outcome": steps.outcome,
    "report-back": steps.report_back,
    "close": steps.close,
    "reopen": steps.reopen,
    "note": steps.note,
    "ask": steps.ask,
    "recuse": steps.recuse,
    "link": steps.link,
    "merge": steps.merge,
    "overdue": overdue,
    "raise-incident": raise_incident,
    "hold": hold,
    "retention": retention,
    "unseal": vault.unseal,
    "confirm": vault.confirm,
    "requests": vault.requests,
}
for _name, _command in _STEPS.items():
    app.command(_name)(_command)
app.add_typer(vault.key_app, name="key", help=vault.KEY, short_help=vault.KEY)


def _period(first: str | None, last: str | None) -> "Period | None":
    from workplace_sync.cases.escalation import Period  # noqa: PLC0415

    if first is None:
        if last is not None:
            raise UsageError("--until needs --from.", hint="Give the first day too.")
        return None
    return Period(day_from(first), day_from(last or first))


def _identity(file: Path | None) -> "Identity":
    from workplace_sync.jobs.identity import NOBODY, Identity  # noqa: PLC0415

    if file is None:
        return NOBODY
    name, _, contact = read_bytes(file, text=True).decode().strip().partition("\n")
    return Identity(name.strip(), contact.strip())


def _data(file: "CaseFile") -> dict[str, object]:
    from workplace_sync.cases.escalation_facts import write_facts  # noqa: PLC0415

    case = file.case
    return {
        "case": case.id,
        "category": case.report.category,
        "area": case.report.area,
        "kind": case.kind.value,
        "tone": case.report.tone.value,
        "treat": case.report.confidentiality.value,
        "state": case.state.value,
        "outcome": case.outcome.value if case.outcome else "",
        "merged_into": case.merged_into,
        "absorbed": case.absorbed,
        "links": [{"kind": link.kind.value, "ref": link.ref} for link in case.links],
        "sealed": file.sealed,
        "held": file.keeping.held,
        "erased_at": file.keeping.erased_at,
        "events": [
            {
                "step": event.step.value,
                "at": event.at,
                "by": event.by,
                "role": event.role,
                "facts": write_facts(event.facts),
                "words": event.words,
                "files": file.files.get(number, ()),
            }
            for number, event in enumerate(file.events)
        ],
    }


def _lines(file: "CaseFile") -> Iterator[str]:
    case, report = file.case, file.case.report
    treat = report.confidentiality.value.replace("_", " ")
    yield f"Case {case.id}: {report.category}, {report.area or 'no area'}, {case.kind.value}, {report.tone.value} news."
    yield f"  It is {case.state.value.replace('_', ' ')} since {case.since:%Y-%m-%d}. Who reported is {treat}."
    sealed = "sealed in the vault" if file.sealed else "not in the vault"
    yield f"  What they told of themselves is {sealed}."
    if file.keeping.held:
        yield f"  On legal hold: {one_line(file.keeping.held)}"
    if file.keeping.erased_at:
        yield f"  Texts, files and identity were erased on {file.keeping.erased_at:%Y-%m-%d}, as their time was over."
    yield from (f"  linked: {link.kind.value} {one_line(link.ref)}" for link in case.links)
    for number, event in enumerate(file.events):
        who = event.by or "who reported"
        yield f"  {event.at:%Y-%m-%d %H:%M} {event.step.value.replace('_', ' ')}, by {who}"
        yield from (f"    {one_line(line)}" for line in event.words.splitlines())
        yield from (f"    file {one}" for one in file.files.get(number, ()))


def _view(view: "View") -> Iterator[str]:
    yield from view.sentences
    for word in view.words:
        yield f"{word.on} {'asked' if word.question else 'told'}: {one_line(word.text)}"
    if view.may_reply:
        yield "Answer with --add."

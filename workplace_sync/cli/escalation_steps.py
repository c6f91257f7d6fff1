"""The steps of a case, one command each."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.escalation_texts import Case, Day, Despite, TextFile, read_day, read_text
from workplace_sync.cli.invocation import invocation

if TYPE_CHECKING:
    from workplace_sync.cases.escalation import Escalation, Facts, Step
    from workplace_sync.jobs.case_desk import CaseDesk


def validate(context: typer.Context, case: Case, on: Day = None, text_file: TextFile = None, by: By = None) -> None:
    """Note what a conversation found, never who it was with.

    Example: workplace-sync escalation validate 7KQ2-M9TD --on 2026-11-20 --text-file finding.txt
    """
    from workplace_sync.cases.escalation import Step, Validation  # noqa: PLC0415 - `--help` needs none of it

    words = read_text(text_file, prompt="Write what was found, without names")
    _take(context, by, case, Step.VALIDATION_NOTED, words, facts=lambda desk: Validation(read_day(on, desk)))


def substantiate(
    context: typer.Context,
    case: Case,
    not_: Annotated[bool, typer.Option("--not", help="Nothing could be found in it; the text says why.")] = False,
    text_file: TextFile = None,
    by: By = None,
) -> None:
    """Say that there is something in it, or with --not that there is not.

    Example: workplace-sync escalation substantiate 7KQ2-M9TD
    """
    from workplace_sync.cases.escalation import Step  # noqa: PLC0415

    words = read_text(text_file, prompt="Write why not", optional=not not_)
    _take(context, by, case, Step.NOT_SUBSTANTIATED if not_ else Step.SUBSTANTIATED, words)


def raise_(
    context: typer.Context,
    case: Case,
    to: Annotated[str, typer.Option("--to", metavar="TEXT", help="To whom at the employer.")],
    channel: Annotated[str, typer.Option("--channel", metavar="TEXT", help="How: letter, meeting, e-mail.")],
    kind: Annotated[
        str | None, typer.Option("--as", metavar="KIND", help="As `individual` case or `systemic` issue.")
    ] = None,
    reference: Annotated[str, typer.Option("--reference", metavar="TEXT", help="The reference of the letter.")] = "",
    on: Day = None,
    text_file: TextFile = None,
    by: By = None,
) -> None:
    """Record that it was raised with the employer: to whom, how, when, under which reference.

    Example: workplace-sync escalation raise 7KQ2-M9TD --to "Head of HR" --channel letter --as systemic
    """
    from workplace_sync.cases.escalation import Kind, Raising, Step  # noqa: PLC0415
    from workplace_sync.cli.escalation_words import word_of  # noqa: PLC0415
    from workplace_sync.jobs.escalations import read_case  # noqa: PLC0415

    chosen = word_of(Kind, kind) if kind else None

    def facts(desk: "CaseDesk") -> "Facts":
        as_what = chosen or read_case(desk, _named(desk, case)).case.kind
        return Raising(as_what, to, channel, read_day(on, desk), reference)

    _take(context, by, case, Step.RAISED, read_text(text_file, optional=True), facts=facts)


def answer(context: typer.Context, case: Case, on: Day = None, text_file: TextFile = None, by: By = None) -> None:
    """Record the employer's answer, and the day on which it came.

    Example: workplace-sync escalation answer 7KQ2-M9TD --on 2026-12-04 --text-file answer.txt
    """
    from workplace_sync.cases.escalation import Answer, Step  # noqa: PLC0415

    words = read_text(text_file, prompt="Write what the answer says")
    _take(context, by, case, Step.ANSWERED, words, facts=lambda desk: Answer(read_day(on, desk)))


def outcome(
    context: typer.Context,
    case: Case,
    what: Annotated[
        str,
        typer.Argument(
            metavar="OUTCOME",
            help="changed, partly-changed, explained, acknowledged, refused, no-answer or withdrawn.",
        ),
    ],
    text_file: TextFile = None,
    by: By = None,
) -> None:
    """Record what came of it.

    Example: workplace-sync escalation outcome 7KQ2-M9TD partly-changed
    """
    from workplace_sync.cases.escalation import Outcome, OutcomeFact, Step  # noqa: PLC0415
    from workplace_sync.cli.escalation_words import word_of  # noqa: PLC0415

    found = word_of(Outcome, what)
    words = read_text(text_file, optional=True)
    _take(context, by, case, Step.OUTCOME_RECORDED, words, facts=lambda _desk: OutcomeFact(found))


def report_back(
    context: typer.Context, case: Case, text_file: TextFile = None, despite: Despite = False, by: By = None
) -> None:
    """Write what came of it to the one who reported: they read it with the receipt.

    Example: workplace-sync escalation report-back 7KQ2-M9TD --text-file word.txt
    """
    from workplace_sync.cases.escalation import Step  # noqa: PLC0415

    words = read_text(text_file, prompt="Write what the one who reported is to read")
    _take(context, by, case, Step.REPORTED_BACK, words, despite=despite)


def close(context: typer.Context, case: Case, text_file: TextFile = None, by: By = None) -> None:
    """Close a case, saying why.

    Example: workplace-sync escalation close 7KQ2-M9TD --text-file why.txt
    """
    from workplace_sync.cases.escalation import Step  # noqa: PLC0415

    _take(context, by, case, Step.CLOSED, read_text(text_file, prompt="Write why it is closed"))


def reopen(context: typer.Context, case: Case, text_file: TextFile = None, by: By = None) -> None:
    """Open a closed case again, saying why.

    Example: workplace-sync escalation reopen 7KQ2-M9TD --text-file why.txt
    """
    from workplace_sync.cases.escalation import Step  # noqa: PLC0415

    _take(context, by, case, Step.REOPENED, read_text(text_file, prompt="Write why it is opened again"))


def note(context: typer.Context, case: Case, text_file: TextFile = None, by: By = None) -> None:
    """Write a note into a case. Officers and the owner read it; leave out who reported.

    Example: workplace-sync escalation note 7KQ2-M9TD --text-file note.txt
    """
    from workplace_sync.cases.escalation import Step  # noqa: PLC0415

    _take(context, by, case, Step.NOTED, read_text(text_file, prompt="Write the note"))


def ask(
    context: typer.Context, case: Case, text_file: TextFile = None, despite: Despite = False, by: By = None
) -> None:
    """Ask the one who reported something: they find the question with the receipt.

    Example: workplace-sync escalation ask 7KQ2-M9TD --text-file question.txt
    """
    from workplace_sync.cases.escalation import Step  # noqa: PLC0415

    _take(context, by, case, Step.ASKED, read_text(text_file, prompt="Write the question"), despite=despite)


def recuse(
    context: typer.Context,
    case: Case,
    officer: Annotated[str, typer.Argument(metavar="OFFICER", help="Who has no more part in it, by name.")],
    by: By = None,
) -> None:
    """Take an officer off a case for good: it is about them, or they stand aside.

    Example: workplace-sync escalation recuse 7KQ2-M9TD grace
    """
    from workplace_sync.cases.escalation import Recusal, Step  # noqa: PLC0415

    _take(context, by, case, Step.RECUSED, "", facts=lambda _desk: Recusal(officer))


def link(
    context: typer.Context,
    case: Case,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="What to: incident, case, bundle or person.")],
    ref: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The id there: a bundle's SHA-256, a person's address; - reads a line of standard input.",
        ),
    ],
    by: By = None,
) -> None:
    """Link a case to an incident, another case, a bundle or a person.

    Example: workplace-sync escalation link 7KQ2-M9TD incident 5f1c09aa
    """
    from workplace_sync.cases.escalation import Link, LinkKind, Step  # noqa: PLC0415
    from workplace_sync.cli.escalation_words import word_of  # noqa: PLC0415
    from workplace_sync.cli.people import read_address  # noqa: PLC0415

    found, target = word_of(LinkKind, kind), read_address(ref)
    _take(context, by, case, Step.LINKED, "", facts=lambda _desk: Link(found, target))


def merge(
    context: typer.Context,
    case: Case,
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="The systemic issue that it becomes a part of.")],
    by: By = None,
) -> None:
    """Make a case a part of a larger issue; its receipt goes on to work.

    Example: workplace-sync escalation merge 7KQ2-M9TD 4F0T-22ZQ
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.escalations import find_case, merge_cases  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        desk.require_sight()
        mine, other = find_case(desk, case), find_case(desk, issue)
        merge_cases(desk, mine, other)
    data = {"case": mine, "issue": other}
    call.output.show("escalation-merged/1", data, f"Case {mine} is a part of case {other} now.")


def _take(
    context: typer.Context,
    by: str | None,
    given: str,
    step: "Step",
    words: str,
    *,
    facts: "Callable[[CaseDesk], Facts] | None" = None,
    despite: bool = False,
) -> None:
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.escalations import act  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        desk.require_sight()
        case = _named(desk, given)
        now = act(desk, case, step, facts=facts(desk) if facts else None, words=words, despite=despite)
    data = {"case": case, "step": step.value, "state": now.state.value}
    call.output.show("escalation-step/1", data, _told(now, step))


def _named(desk: "CaseDesk", given: str) -> str:
    from workplace_sync.jobs.escalations import find_case  # noqa: PLC0415

    return find_case(desk, given)


def _told(case: "Escalation", step: "Step") -> str:
    did, state = (word.value.replace("_", " ") for word in (step, case.state))
    return f"Case {case.id}: {did}. It is now {state}."

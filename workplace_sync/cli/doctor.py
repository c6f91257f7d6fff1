"""`workplace-sync doctor`: is everything in place, and if not, what is to be done."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.output import one_line
from workplace_sync.errors import SettingsError

if TYPE_CHECKING:
    from workplace_sync.doctor.finding import Finding


def doctor(
    context: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP]...", help="Only these groups; all of them otherwise.")
    ] = None,
) -> int:
    """Check settings, files, database, evidence log and platform, and say what to do; changes nothing.

    Ends with 1 if anything is red, and with 6 if that is only because a group cannot be seen.

    Example: workplace-sync doctor prospect-bt
    """
    from workplace_sync.doctor.finding import Status, exit_code  # noqa: PLC0415 - `--help` needs none of it

    call = invocation(context)
    with call.output.progress("Looking"):
        findings = _findings(call, groups or [])
    counted = Counter(finding.status for finding in findings)
    call.output.show(
        "doctor/1",
        {
            "good": not counted[Status.RED],
            "counts": {status.value: counted[status] for status in Status},
            "findings": [_as_json(finding) for finding in findings],
        },
        lambda: _text(findings, quiet=call.quiet),
        news=bool(counted[Status.RED] or counted[Status.WARNING]),
    )
    return exit_code(findings)


def _findings(call: Invocation, groups: Sequence[str]) -> list["Finding"]:
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.doctor.examination import examine, settings  # noqa: PLC0415

    try:
        found = call.settings
    except SettingsError as error:
        return [settings(error)]
    with Application(found) as app:
        return list(examine(app, groups))


def _as_json(finding: "Finding") -> dict[str, object]:
    return {
        "group": finding.group,
        "check": finding.check,
        "status": finding.status.value,
        "message": finding.message,
        "what_to_do": finding.advice,
    }


def _text(findings: Sequence["Finding"], *, quiet: bool) -> Iterator[str]:
    from workplace_sync.doctor.finding import Status  # noqa: PLC0415

    alarming = {Status.RED, Status.WARNING}
    shown = [finding for finding in findings if finding.status in alarming or not quiet]
    names = [f"{finding.group}: {finding.check}" if finding.group else finding.check for finding in shown]
    width = max(map(len, names), default=0)
    for name, finding in zip(names, shown, strict=True):
        yield f"{finding.status:<7}  {name:<{width}}  {one_line(finding.message)}"
        if finding.status in alarming and finding.advice:
            yield f"{'':<7}  {'':<{width}}  What to do: {one_line(finding.advice)}"
    counted = Counter(finding.status for finding in findings)
    yield f"{len(findings)} checks: " + ", ".join(f"{counted[status]} {status}" for status in Status) + "."

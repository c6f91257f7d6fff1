"""`workplace-sync policy test`: run the cases that show what the policies do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.policy_lint import Folder
from workplace_sync.errors import ExitCode, InputError, UsageError

if TYPE_CHECKING:
    from workplace_sync.jobs.policy_cases import Report
    from workplace_sync.jobs.policy_folder import PolicyFolder
    from workplace_sync.policy.testing import Result

_WHOLE = 100.0


def run_policy_cases(
    context: typer.Context,
    folder: Folder = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="PATTERN", help="Only cases whose 'policy: name' has this; * and ?.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML too.")
    ] = None,
    min_coverage: Annotated[
        float | None,
        typer.Option(
            "--min-coverage",
            min=0,
            max=_WHOLE,
            metavar="PERCENT",
            help="How much of the conditions must be seen true and false; 100, or 0 with --run.",
        ),
    ] = None,
) -> ExitCode:
    """Run the cases in tests/ of the policies. Ends with 1 when one fails, none ran, or conditions were not seen.

    Example: workplace-sync policy test policies --run consent
    """
    call = invocation(context)
    from workplace_sync.jobs.policy_cases import run_cases  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.policy_folder import read_folder  # noqa: PLC0415

    found = read_folder(folder or call.settings.policies_dir)
    try:
        report = run_cases(found, run)
    except InputError as error:
        faults = [found.placed(fault) for fault in error.faults]
        raise InputError(error.message, faults, hint="`workplace-sync policy lint` tells more.") from None
    if junit is not None:
        _write(junit, report.junit())
    least = (0.0 if run else _WHOLE) if min_coverage is None else min_coverage
    good = not report.failed and report.ran > 0 and report.coverage.percent >= least
    _show(call, found, report, least, good=good)
    return ExitCode.DONE if good else ExitCode.ERROR


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", hint="Check the folder's rights.") from None


def _show(call: Invocation, folder: "PolicyFolder", report: "Report", least: float, *, good: bool) -> None:
    from workplace_sync.policy.testing import Status  # noqa: PLC0415

    data = {
        "folder": str(folder.path),
        "good": good,
        **{f"{status}ed" if status != "skip" else "skipped": report.count(status) for status in Status},
        "coverage_percent": round(report.coverage.percent, 2),
        "min_coverage_percent": least,
        "unseen": [
            {"condition": one.name, "never": one.value, "file": one.file, "line": one.line}
            for one in report.coverage.unseen
        ],
        "cases": [_case(result) for result in report.results],
    }
    call.output.show("policy-test/1", data, lambda: list(_lines(folder, report, least)), news=not good)


def _case(result: "Result") -> dict[str, object]:
    from workplace_sync.policy.testing import Status  # noqa: PLC0415

    told: dict[str, object] = {"policy": result.policy, "case": result.case, "status": result.status}
    if result.status is Status.SKIP:
        return told | {"reason": result.skipped}
    if result.status is Status.PASS:
        return told
    seen = [
        {"condition": f"{rule.cite}#{one.name}", "value": one.outcome, "facts": dict(one.facts)}
        for rule in result.seen
        for one in rule.conditions
    ]
    return told | {"expected": result.expected.model_dump(), "got": result.got.model_dump(), "conditions": seen}


def _lines(folder: "PolicyFolder", report: "Report", least: float) -> list[str]:
    from workplace_sync.policy.case_words import failure_lines  # noqa: PLC0415
    from workplace_sync.policy.testing import Status  # noqa: PLC0415

    lines: list[str] = []
    for result in report.results:
        if result.status is Status.SKIP:
            lines.append(f"SKIP {result.policy}: {result.case} ({result.skipped})")
        elif result.status is Status.FAIL:
            lines.append(f"FAIL {result.policy}: {result.case}")
            lines += [f"     {line}" for line in failure_lines(result)]
    if report.coverage.percent < least:
        lines += [
            f"not seen: {folder.path}/{one}" if one.line else f"not seen: {one}" for one in report.coverage.unseen
        ]
        lines.append(f"Write cases for what was not seen: at least {least:g} % is wanted.")
    counts = ", ".join(f"{report.count(s)} {w}" for s, w in zip(Status, ("passed", "failed", "skipped"), strict=True))
    lines.append(
        f"{len(report.results)} cases: {counts}; {report.coverage.percent:.1f} % of the conditions' values seen."
    )
    if not report.ran:
        lines.append("No case ran, so nothing was shown.")
    return lines

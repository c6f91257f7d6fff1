"""`workplace-sync reconcile`: bring groups in step with their rosters, with nobody watching."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.failures import SHOWN_FAULTS
from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.output import Format, one_line
from workplace_sync.errors import ExitCode, InputError, SyncError, UsageError

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.groups import GroupFile
    from workplace_sync.jobs.reconcile import ReconcileOptions
    from workplace_sync.jobs.reconciled import Reconciled


def reconcile(
    context: typer.Context,
    groups: Annotated[list[str] | None, typer.Argument(metavar="[GROUP]...", help="The groups to reconcile.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Reconcile every group that has a file.")] = False,
    add_only: Annotated[bool, typer.Option("--add-only", help="Remove nobody, whatever the roster wants.")] = False,
    observe_only: Annotated[
        bool, typer.Option("--observe-only", help="Read the groups and tell who is gone; change nothing.")
    ] = False,
    by: By = None,
) -> int:
    """Watch groups, carry out what the policies allow or somebody approved, leave what is held, and say so in a line each.

    Made for cron and timers: it never asks, and with --quiet it is silent when nothing is new. Groups run side by
    side; what goes wrong with one does not stop the others. It ends with the worst exit code of all groups.

    Example: workplace-sync reconcile --all --quiet
    """
    call = invocation(context)
    if bool(groups) == every:
        raise UsageError(
            "Name the groups to reconcile, or give --all.", hint="`workplace-sync reconcile --all` takes every group."
        )
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.reconcile import ReconcileOptions  # noqa: PLC0415

    with Application(call.settings, actor=by) as app:
        options = ReconcileOptions(add_only, observe_only, app.settings.plan_valid_hours, app.settings.drift_percent)
        found, code = _watched(call, app, groups or [], options)
    _show(call, found, code)
    return code


def _watched(
    call: Invocation, app: "Application", names: Sequence[str], options: "ReconcileOptions"
) -> "tuple[list[Reconciled], ExitCode]":
    """Reconcile, tell those who are to be told, and let the watcher of runs know how it ended, whatever comes."""
    from workplace_sync.jobs.reconciled import worst  # noqa: PLC0415

    ping = app.ping()
    ping.start()
    code, summary = ExitCode.ERROR, "It ended by a mistake of the program."
    found: list[Reconciled] = []
    try:
        found = _run(app, names, options)
        code = worst(each.code for each in found)
        summary = "\n".join(f"{each.group}: {each.summary}" for each in found)
    except SyncError as error:
        code, summary = error.exit_code, error.message
        raise
    except KeyboardInterrupt:
        code, summary = ExitCode.INTERRUPTED, "Interrupted."
        raise
    else:
        return found, code
    finally:
        _notify(call, app, [each.group for each in found] or None)
        # What waits for people is their business: the watcher's is whether runs happen and work.
        ping.end(ExitCode.DONE if code is ExitCode.HELD else code, summary)


def _run(app: "Application", names: Sequence[str], options: "ReconcileOptions") -> "list[Reconciled]":
    from workplace_sync.jobs.side_by_side import side_by_side  # noqa: PLC0415

    usable, faulty = _chosen(app, names)
    _ = app.office  # what is wrong with the whole installation is told once, before anything is begun
    found = side_by_side(app, usable, options, at_once=app.settings.groups_at_once)
    return sorted([*faulty, *found], key=lambda each: each.group)


def _notify(call: Invocation, app: "Application", groups: Sequence[str] | None) -> None:
    """Tell people what needs them; that nobody could be told fails no run."""
    try:
        note = app.notifier().tell(groups).note
    except SyncError as error:
        note = f"Nobody was told of anything: {error.message}"
    if note:
        call.output.note(note)


def _chosen(app: "Application", names: Sequence[str]) -> "tuple[list[GroupFile], list[Reconciled]]":
    """Return the groups whose files can be used, and what is to be said of the others."""
    from workplace_sync.jobs.reconcile import told  # noqa: PLC0415

    usable: list[GroupFile] = []
    faulty: list[Reconciled] = []
    for name in dict.fromkeys(names):
        try:
            usable.append(app.group(name))
        except InputError as error:
            faulty.append(told(name, error))
    if not names:
        usable, faulty = _all(app)
    if not usable and not faulty:
        raise UsageError("There is no group.", hint="`workplace-sync init` writes a folder with one to begin with.")
    return usable, faulty


def _all(app: "Application") -> "tuple[list[GroupFile], list[Reconciled]]":
    """Return every group: a file that is faulty, or manages what another does, keeps no other from its turn."""
    from pathlib import Path  # noqa: PLC0415

    from workplace_sync.jobs.reconcile import told  # noqa: PLC0415

    try:
        return list(app.groups().values()), []
    except InputError as error:
        if not error.faults:
            raise
        faults = error.faults
    wrong = {file: [fault for fault in faults if fault.file == file] for file in sorted({each.file for each in faults})}
    faulty = [
        told(Path(file).stem, InputError(f"{file} cannot be used as written.", found, hint="Correct what is listed."))
        for file, found in wrong.items()
    ]
    files = (file for file in sorted((app.settings.config_dir / "groups").glob("*.yaml")) if str(file) not in wrong)
    return [app.group(file.stem) for file in files], faulty


def _show(call: Invocation, found: "Sequence[Reconciled]", code: ExitCode) -> None:
    from workplace_sync.cli.failures import tell_unexpected  # noqa: PLC0415

    for each in found:
        if each.crash is not None:
            tell_unexpected(each.crash, call.format, call.state_dir())
    if call.format is Format.TEXT:
        _print(call, found)
        return
    data = {"exit_code": int(code), "groups": [_data(each) for each in found]}
    call.output.show("reconcile/1", data, "")


def _data(found: "Reconciled") -> dict[str, object]:
    return {
        "group": found.group,
        "exit_code": int(found.code),
        "news": found.news,
        "members": found.members,
        **found.counts,
        "incident": found.incident,
        "plan": found.plan,
        "new_plan": found.new_plan,
        "set_aside": found.set_aside,
        "trouble": found.trouble,
        "hint": found.hint,
        "faults": [str(fault) for fault in found.faults],
    }


def _print(call: Invocation, found: "Sequence[Reconciled]") -> None:
    for each in found:
        if call.quiet and not each.news:
            continue
        if each.trouble and each.crash is None:
            sys.stderr.writelines(f"{line}\n" for line in _trouble(each))
        elif each.crash is None:
            sys.stdout.writelines(f"{line}\n" for line in _lines(each))


def _trouble(found: "Reconciled") -> Iterator[str]:
    yield f"{found.group}: {found.trouble}"
    yield from (f"  {one_line(fault)}" for fault in found.faults[:SHOWN_FAULTS])
    if len(found.faults) > SHOWN_FAULTS:
        yield f"  and {len(found.faults) - SHOWN_FAULTS} more"
    if found.hint:
        yield f"  What to do: {found.hint}"


def _lines(found: "Reconciled") -> Iterator[str]:
    yield f"{found.group}: {found.summary}"
    yield from (f"  {sentence}" for sentence in found.set_aside)

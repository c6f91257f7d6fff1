"""`workplace-sync policy lint`: what is wrong with the policies, or cannot be meant, all of it at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.errors import ExitCode

if TYPE_CHECKING:
    from workplace_sync.jobs.policy_folder import PolicyFolder
    from workplace_sync.policy.lint import Remark
    from workplace_sync.policy.overrides import Values

Folder = Annotated[
    Path | None, typer.Argument(metavar="[FOLDER]", help="The folder of policies, if not that of the settings.")
]


def lint(
    context: typer.Context,
    folder: Folder = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")] = False,
) -> ExitCode:
    """Check the policies and their cases: mistakes, and what cannot be meant. Ends with 1 when there are errors.

    Without a folder, what the group files set under `params` is checked against the policies too.

    Example: workplace-sync policy lint policies
    """
    call = invocation(context)
    from datetime import UTC, datetime  # noqa: PLC0415 - `--help` needs none of it

    from workplace_sync.jobs.policy_folder import read_folder  # noqa: PLC0415
    from workplace_sync.policy import lint as linting  # noqa: PLC0415

    found = read_folder(folder or call.settings.policies_dir)
    params = _params(call) if folder is None else None
    remarks = _strays(found) + linting.lint(found.policies, found.cases, datetime.now(UTC), found.archive, params)
    errors = sum(remark.severity is linting.Severity.ERROR for remark in remarks)
    _show(call, found, remarks, errors)
    return ExitCode.ERROR if errors or (strict and remarks) else ExitCode.DONE


def _params(call: Invocation) -> dict[str, "Values"]:
    """Return what groups set; nothing of group files that cannot be read, of which `doctor` tells."""
    from workplace_sync.errors import InputError  # noqa: PLC0415
    from workplace_sync.groups import load_groups  # noqa: PLC0415

    try:
        return {name: group.managed.params for name, group in load_groups(call.settings.config_dir).items()}
    except InputError:
        return {}


def _strays(folder: "PolicyFolder") -> list["Remark"]:
    from workplace_sync.errors import Fault  # noqa: PLC0415
    from workplace_sync.policy.lint import Remark, Severity  # noqa: PLC0415

    told = ("is not read, for its name does not end in .yaml", "rename it")
    return [Remark(Fault(name, 0, 0, "", *told), Severity.WARNING, "not-read") for name in folder.strays]


def _show(call: Invocation, folder: "PolicyFolder", remarks: list["Remark"], errors: int) -> None:
    placed = [(remark, folder.placed(remark.fault)) for remark in remarks]
    data = {
        "folder": str(folder.path),
        "files": len(folder.policies) + len(folder.cases),
        "errors": errors,
        "warnings": len(remarks) - errors,
        "remarks": [
            {"severity": remark.severity, "check": remark.check}
            | {name: getattr(fault, name) for name in ("file", "line", "column", "field", "message", "advice")}
            for remark, fault in placed
        ],
    }
    lines = [f"{remark.severity}: {fault} ({remark.check})" for remark, fault in placed]
    lines.append(
        f"{data['files']} files: {_counted(errors, 'error')}, {_counted(len(remarks) - errors, 'warning')}."
        if remarks
        else f"{data['files']} files: nothing to remark."
    )
    call.output.show("policy-lint/1", data, lines, news=bool(remarks))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

"""`workplace-sync init`: a working folder to begin with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.evidence.note import Verifier
    from workplace_sync.settings import Settings
    from workplace_sync.starter.templates import NewGroup

_FIRST_GROUP = "prospect-bt"


@dataclass(slots=True)
class _Made:
    """What was written, and what was there already and was left as it is."""

    written: list[Path] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)

    def note(self, path: Path, *, new: bool) -> None:
        (self.written if new else self.left).append(path)


def init(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="The working folder; this one unless it is named.")
    ] = None,
    group: Annotated[
        str, typer.Option(metavar="NAME", help="The group to write a file for, as prospect-openreach.")
    ] = "",
) -> None:
    """Write a working folder: a group file, an example roster, the policies, the database and the log's key.

    Nothing is ever overwritten: what is there is left as it is, so it can be run again, also for another group.

    Example: workplace-sync init union --group prospect-bt
    """
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it

    call = invocation(context)
    _go_to(call, folder)
    new_group = _group_to_write(call.settings, group)
    made = _Made()
    _write_files(call.settings, new_group, made)
    with Application(call.settings) as app:
        _set_up(app, made)
        verifier = app.log.verifier
    call.output.show(
        "init/1",
        {
            "folder": str(call.settings.home),
            "written": [str(path) for path in made.written],
            "left": [str(path) for path in made.left],
            "log": verifier.name,
            "public_key": verifier.vkey,
            "fingerprint": verifier.fingerprint,
        },
        lambda: _text(call.settings, made, verifier, new_group),
        news=bool(made.written),
    )


def _go_to(call: Invocation, folder: Path | None) -> None:
    if folder is not None:
        if call.home is not None and call.home.resolve() != folder.resolve():
            raise UsageError("FOLDER and --home name two folders.", hint="Leave one of them out.")
        call.home = folder


def _group_to_write(settings: "Settings", name: str) -> "NewGroup | None":
    """Return the group to write; without a name it is the example, and only where there is no group yet."""
    from workplace_sync.starter.templates import NewGroup  # noqa: PLC0415

    there = any((settings.config_dir / "groups").glob("*.yaml"))
    return None if there and not name else NewGroup(name or _FIRST_GROUP)


def _write_files(settings: "Settings", group: "NewGroup | None", made: _Made) -> None:
    from workplace_sync.starter.folder import copy_shelf, has_policies, make_folder, shelf, write_new  # noqa: PLC0415
    from workplace_sync.starter.templates import env_example, escalations_file, ignore_file, people_example  # noqa: PLC0415

    home, policies = settings.home, settings.policies_dir
    source = policies if has_policies(policies) else shelf()  # before anything is written
    made.note(policies, new=copy_shelf(source, policies))
    groups = [group] if group else []
    files = {home / ".gitignore": ignore_file(), home / ".env.example": env_example(groups)}
    files[settings.config_dir / "people.yaml.example"] = people_example(groups)
    files[settings.config_dir / "escalations.yaml"] = escalations_file()
    if group is not None:
        files[settings.config_dir / "groups" / f"{group.name}.yaml"] = group.file
        files[home / "rosters" / f"{group.tenant}.csv"] = group.roster
    for file, text in files.items():
        made.note(file, new=write_new(file, text))
    make_folder(settings.key_file.parent)
    make_folder(settings.checkpoint_file.parent)


def _set_up(app: "Application", made: _Made) -> None:
    from workplace_sync.starter.books import begin_books  # noqa: PLC0415

    for path, new in begin_books(app):
        made.note(path, new=new)


def _text(settings: "Settings", made: _Made, verifier: "Verifier", group: "NewGroup | None") -> Iterator[str]:
    if not made.written:
        yield f"Nothing was written: everything is in {settings.home.resolve()} already."
    yield from _listed("Written:", made.written)
    if made.written:
        yield from _listed("There already, and left as it is:", made.left)
    yield "The public key of the evidence log. Publish it where nobody can take it back, such as a newsletter:"
    yield f"  {verifier.vkey}"
    yield f"  SHA-256 fingerprint {verifier.fingerprint}"
    if made.written:
        yield from _next_steps(settings, verifier, group)


def _listed(title: str, paths: Sequence[Path]) -> Iterator[str]:
    if paths:
        yield title
        yield from (f"  {path}" for path in paths)


def _next_steps(settings: "Settings", verifier: "Verifier", group: "NewGroup | None") -> Iterator[str]:
    from workplace_sync.settings import Settings  # noqa: PLC0415

    steps = [f"cd {settings.home}"] if settings.home.resolve() != Path.cwd() else []
    names = [group.name] if group else sorted(file.stem for file in (settings.config_dir / "groups").glob("*.yaml"))
    if group is not None:
        steps += [
            f"Copy .env.example to .env, run `chmod 600 .env`, and put the token there as {group.token_env}.",
            f"Say in config/groups/{group.name}.yaml where the group is, and replace rosters/{group.tenant}.csv by the roster.",
        ]
    steps += ["workplace-sync doctor", *(f"workplace-sync plan {name}" for name in names)]
    yield "Next:"
    yield from (f"  {number}. {step}" for number, step in enumerate(steps, 1))
    if group is not None:
        yield "To try it first: `workplace-sync sandbox` serves an invented platform and tells its tokens."
    if verifier.name == Settings.model_fields["evidence_origin"].default:
        yield (
            f"The evidence log is called {verifier.name}, which is only an example. Before it is used in earnest, remove "
            f"{settings.state_dir}, set WORKPLACE_SYNC_EVIDENCE_ORIGIN to a name of yours, and run init again."
        )

"""All commands by name, each loaded when it is called: `--help` imports none of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

import typer
from typer._click import Command, Context, HelpFormatter  # Typer vendors Click; pyproject.toml pins the minor version
from typer.core import TyperGroup

from workplace_sync.cli.options import shared_options
from workplace_sync.errors import UsageError


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its one-line summary, and `module:attribute`, which is a Typer app or a plain function."""

    summary: str
    target: str


_HERE = "workplace_sync.cli"

COMMANDS: dict[str, Entry] = {
    "init": Entry("Write a working folder to begin with.", f"{_HERE}.init:init"),
    "doctor": Entry("Check that everything is in place, and say what to do.", f"{_HERE}.doctor:doctor"),
    "plan": Entry("Compare roster and group, ask the policies, keep the plan.", f"{_HERE}.plan:plan"),
    "plans": Entry("List plans, show one: what it would do, who approved, what moved.", f"{_HERE}.plans:app"),
    "approve": Entry("Approve what a plan holds, as a second person.", f"{_HERE}.review:approve"),
    "reject": Entry("Reject a plan for good, or single changes of it.", f"{_HERE}.review:reject"),
    "apply": Entry("Carry a plan out, then read the group back.", f"{_HERE}.apply:apply"),
    "reconcile": Entry("Bring groups in step with their rosters, unattended.", f"{_HERE}.reconcile:reconcile"),
    "worker": Entry("Do the jobs of the queue, as one worker of many.", f"{_HERE}.worker:worker"),
    "enqueue": Entry("Put jobs into the queue for the workers.", f"{_HERE}.enqueue:enqueue"),
    "jobs": Entry("List the jobs of the queue, and take one back.", f"{_HERE}.enqueue:app"),
    "observe": Entry("Read a group, and tell who is gone without our doing.", f"{_HERE}.observe:observe"),
    "status": Entry("Show how all groups stand, on one screen.", f"{_HERE}.status:status"),
    "notices": Entry("What the committee is told, and a test of it.", f"{_HERE}.notices:app"),
    "metrics": Entry("Tell counts and times as Prometheus reads them.", f"{_HERE}.metrics:metrics"),
    "runs": Entry("List what ran and what runs, and free a group from a run.", f"{_HERE}.runs:app"),
    "incident": Entry("Removals by others that go together, and the file of each.", f"{_HERE}.incident:app"),
    "escalation": Entry("What members call out, good or bad, and what came of it.", f"{_HERE}.escalation:app"),
    "invite": Entry("List those to invite with the group's link instead.", f"{_HERE}.people:invite"),
    "consent": Entry("Record who wants to be added and who does not.", f"{_HERE}.people:consent_app"),
    "policy": Entry("Read, check and try the policies in force.", f"{_HERE}.policy:app"),
    "statement": Entry("State how people were added, and under which rules.", f"{_HERE}.statement:statement"),
    "report": Entry("The quarterly report, and the word back to members.", f"{_HERE}.report:app"),
    "audit": Entry("Read the membership audit log.", f"{_HERE}.audit:app"),
    "evidence": Entry("Verify the evidence log, show its key, prove an entry.", f"{_HERE}.evidence:app"),
    "serve": Entry("Serve the console: pages to read, review and look up.", f"{_HERE}.serve:serve"),
    "account": Entry("Invite people to the console, and shut them out.", f"{_HERE}.account:app"),
    "webhooks": Entry("Take in what the platform sends of its own accord.", f"{_HERE}.webhooks:app"),
    "privacy": Entry("Erase a person, give access, keep for the law.", f"{_HERE}.privacy:app"),
    "demo": Entry("Play the whole story on an invented platform.", f"{_HERE}.demo:demo"),
    "roster": Entry("Check roster files before they are used.", f"{_HERE}.roster:app"),
    "db": Entry("Set up, check and copy the database.", f"{_HERE}.database:app"),
    "sandbox": Entry("Serve an invented platform to try everything on.", f"{_HERE}.sandbox:sandbox"),
    "version": Entry("Tell which version this is.", f"{_HERE}.version:version"),
}


class Catalogue(TyperGroup):
    """The root command: knows the names of all commands, and builds one when it is called."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - Typer's signature
        """Return the names of all commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 - Typer's signature
        """Return the command of that name, loaded; raises UsageError, with the nearest name, when there is none."""
        if cmd_name in COMMANDS:
            return load(cmd_name)
        near = get_close_matches(cmd_name, COMMANDS, 1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise UsageError("There is no such command.", hint=f"{hint}See `workplace-sync --help`.")

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - Typer's signature
        """Write the table of commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def load(name: str) -> Command:
    """Build a command of the table, with the options that every command takes added to it and to those under it."""
    entry = COMMANDS[name]
    module, _, attribute = entry.target.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        command: Command = typer.main.get_group(found)
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(found)
        command = typer.main.get_command(app)
    command.name, command.help = name, command.help or entry.summary
    for leaf in leaves(command):
        _complete(leaf)
    return command


def _complete(leaf: Command) -> None:
    text = leaf.help or ""
    leaf.params.extend(shared_options())
    leaf.short_help = re.split(r"[;.](?:\s|$)", text, maxsplit=1)[0].replace("\n", " ") + "."
    leaf.help = text.replace("\n\nExample:", "\n\n\b\nExample:")  # \b: leave these lines as they are
    leaf.epilog = "Every command also takes the options of `workplace-sync --help`."


def leaves(command: Command) -> Iterator[Command]:
    """Yield the command, or those under it where it is a group."""
    return (leaf for _, leaf in paths(command, ""))


def paths(command: Command, path: str) -> Iterator[tuple[str, Command]]:
    """Yield the command at `path`, or those under it where it is a group, each with how it is called."""
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from paths(child, f"{path} {name}".lstrip())
    else:
        yield path, command

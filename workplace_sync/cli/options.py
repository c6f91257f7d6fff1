"""The options that every command takes, before or after the command's name."""

from pathlib import Path
from typing import Annotated

import typer
from typer._click import Parameter  # Typer vendors Click; pyproject.toml pins the minor version

from workplace_sync import __version__
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Format

LAST_NUMBER = 2**31 - 1
"""The largest number that an entry, a hold or a job has: the database's integers."""


def _remember(context: typer.Context, parameter: typer.CallbackParam, value: object) -> object:
    # An option that was not given must not undo what it was before the command's name.
    if value not in (None, False) and not context.resilient_parsing:
        setattr(invocation(context), "format" if parameter.name == "output" else str(parameter.name), value)
    return value


def _tell_version(value: bool) -> None:
    if value:
        typer.echo(f"workplace-sync {__version__}")
        raise typer.Exit


Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="FOLDER", callback=_remember, help="Where config, policies and var are."),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option("--output", "-o", callback=_remember, help="How the result is written."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", callback=_remember, help="Tell no more than news and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", callback=_remember, help="Tell every step in the log lines.")]
Version = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Tell which version this is.")
]


def shared_options() -> list[Parameter]:
    """Return new, hidden options to add to a command; what they are given goes into the Invocation."""
    app = typer.Typer(add_completion=False)
    app.command()(_takes_them)
    options = typer.main.get_command(app).params
    for option in options:
        option.hidden, option.expose_value = True, False  # type: ignore[attr-defined]
    return options


def _takes_them(home: Home = None, output: OutputFormat = None, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Carry the options to where their parameters are built."""

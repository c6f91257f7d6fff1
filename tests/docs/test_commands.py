"""Every command line that a page shows can be typed: its commands, arguments and options exist."""

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from tests.docs.pages import PAGES, blocks, calls
from tests.sandbox_server import ROOT
from workplace_sync.cli.catalogue import COMMANDS, load
from workplace_sync.cli.invocation import Invocation

_WITH_VALUE = {"--home", "--output", "-o"}
_ALONE = {"--quiet", "-q", "--verbose", "--version", "--help", "-h"}
_TOOLS = {"cd", "chmod", "cp", "make", "mv", "rm", "sh", "workplace-sync"}


def understand(arguments: list[str]) -> str:
    """Return the name of the command that the arguments call; raises where the command line would be refused."""
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        assert option in _WITH_VALUE | _ALONE, option
        if option in _WITH_VALUE:
            rest.pop(0)
        elif option in {"--help", "-h"} and not rest:
            return ""
    name = rest.pop(0)
    command = load(name)
    while isinstance(command, TyperGroup):
        if not rest:
            return name
        name = f"{name} {rest[0]}"
        command = command.commands[rest.pop(0)]
    if rest:  # alone, a command is only named
        command.make_context(name, rest, obj=Invocation())
    return name


CALLS = [pytest.param(arguments, id=f"{page.name}: {' '.join(arguments)}") for page, arguments in calls()]


@pytest.mark.parametrize("arguments", CALLS)
def test_a_command_line_on_a_page_is_understood(arguments: list[str]) -> None:
    understand(arguments)


def test_many_command_lines_are_looked_at() -> None:
    assert len(CALLS) > 25


@pytest.mark.parametrize(
    "line",
    [
        ["paln", "prospect-bt"],
        ["plan", "--out", "x"],
        ["plan", "prospect-bt", "--oot", "x"],
        ["audit", "lst"],
        ["--hom", "x", "plans"],
        ["invite", "prospect-bt"],
    ],
)
def test_a_command_line_that_the_program_refuses_is_found(line: list[str]) -> None:
    with pytest.raises((typer.TyperException, AssertionError, KeyError)):
        understand(line)


def test_what_is_typed_on_a_page_is_ours_or_a_usual_tool() -> None:
    typed = [(block.page.name, command) for block in blocks("console") for command in block.commands]
    assert {command.split()[0] for _, command in typed} <= _TOOLS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_target_of_make_on_a_page_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", page.read_text("utf-8"))) <= targets


def test_every_command_is_somewhere_on_a_page() -> None:
    readme = PAGES[0].read_text("utf-8")
    assert [name for name in COMMANDS if f"`{name}" not in readme] == []

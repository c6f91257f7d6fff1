"""Rubbish in every option and argument of every command: each is told in a sentence, and none is a mistake of the program."""

import io
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest

from tests.sandbox_server import running_sandbox
from tests.scenarios.folder import GROUP, Folder, make_folder
from workplace_sync.cli.catalogue import COMMANDS, load, paths
from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode

SERVERS = {"demo", "sandbox", "serve", "webhooks serve", "worker"}  # they go on until they are told to end
LEAVES = [(path, command) for name in COMMANDS for path, command in paths(load(name), name) if path not in SERVERS]
WORDS = ["", "x" * 5_000, "\u202e\U0001f600", "-1", "0", "9" * 23, "2026-02-30", "a/b@1", GROUP]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A folder for all commands of a process: what one of them leaves behind is rubbish to the next."""
    home = tmp_path_factory.mktemp("rubbish") / "union"
    with running_sandbox(people="bt=60") as sandbox, pytest.MonkeyPatch.context() as patch:
        made = make_folder(home, sandbox)
        made.write_roster(made.former[:3])
        (home / "in use").mkdir()
        (home / "in use" / "file").write_text("mine")
        (home / "binary").write_bytes(bytes(range(256)) * 50)
        patch.chdir(home)
        yield made


def _files(folder: Folder) -> list[str]:
    mine = folder.home / "in use"
    return [str(mine), str(mine / "file"), str(mine / "file" / "below"), str(folder.home / "binary"), "", "x" * 300]


def _some(parameter: Any, folder: Folder) -> str:  # noqa: ANN401 - Typer's own, see the catalogue
    """A value that a parameter takes, whatever becomes of it."""
    kind = parameter.type_descriptor.annotation
    if "Path" in repr(kind):
        return str(folder.home / "in use" / "file")
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str(next(iter(kind)).value)
    return "1" if kind is int else GROUP


def _lines(command: Any, folder: Folder) -> Iterator[list[str]]:  # noqa: ANN401
    """Yield what to type after the command's name: each of its parameters with each rubbish, the others as they may be."""
    known = [one for one in command.params if one.expose_value]
    for target in known:
        if getattr(target, "is_flag", False):
            continue
        rubbish = _files(folder) if "Path" in repr(target.type_descriptor.annotation) else WORDS
        for word in rubbish:
            given = {one.name: _some(one, folder) for one in known if one.required or "--by" in one.opts}
            given[target.name] = word
            options = [
                f"{one.opts[0]}={given[one.name]}" for one in known if one.name in given and one.opts[0][0] == "-"
            ]
            yield [*options, "--", *(given[one.name] for one in known if one.name in given and one.opts[0][0] != "-")]


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[path for path, _ in LEAVES])
def test_rubbish_is_refused_in_a_sentence(
    path: str,
    command: Any,  # noqa: ANN401
    folder: Folder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for line in _lines(command, folder):
        monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody answers what is asked
        code = main(["--home", str(folder.home), *path.split(), *line])
        out, err = capsys.readouterr()
        assert code in set(ExitCode), line
        assert "Traceback" not in err, line
        assert code == ExitCode.DONE or out + err, line

"""The frame of the command line: fast help, exit codes, errors as sentences, and options before or after the command."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer._click import Command

from workplace_sync import __version__
from workplace_sync.cli import main as frame
from workplace_sync.cli.catalogue import COMMANDS, Entry, load, paths
from workplace_sync.cli.failures import SHOWN_FAULTS
from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.main import EXIT_CODES, app, main
from workplace_sync.cli.output import Format
from workplace_sync.errors import (
    BlindError,
    BusyError,
    EvidenceError,
    ExitCode,
    Fault,
    GuardError,
    InputError,
    SyncError,
)

ADDRESS = "amina.quill@bt.example.org"
DATA = frozenset(["pydantic", "pydantic_settings", "sqlalchemy", "sqlmodel", "alembic", "psycopg", "yaml"])
HEAVY = DATA | {"requests", "fastapi", "uvicorn", "starlette", "cel_expr_python", "cryptography", "rich", "structlog"}


def _raise(error: BaseException) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


ENDS: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "code": lambda: ExitCode.HELD,
    "error": _raise(SyncError("It is wrong.", hint="Put it right.")),
    "guard": _raise(GuardError("Too many.")),
    "blind": _raise(BlindError("Nothing is seen.")),
    "evidence": _raise(EvidenceError("It does not verify.")),
    "busy": _raise(BusyError("Another run is at work.")),
    "faults": _raise(InputError("a.csv is wrong.", [Fault("a.csv", n, 1, "email", "has no @") for n in range(1, 251)])),
    "interrupt": _raise(KeyboardInterrupt()),
    "mistake": _raise(ZeroDivisionError(f"for {ADDRESS}", {"token": "DQVJinventedTokenOfNobody"})),
    "exit": _raise(SystemExit(3)),
    "exit-text": _raise(SystemExit("some text")),
    "abort": _raise(typer.Abort()),
}


def end(context: typer.Context, how: str, times: int = 1) -> object:
    """End as asked.

    Example: workplace-sync end nothing
    """
    call = invocation(context)
    call.output.show(
        "end/1", {"home": str(call.home), "quiet": call.quiet, "verbose": call.verbose, "times": times}, "Going to end."
    )
    return ENDS[how]()


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(COMMANDS, "end", Entry("End as a test asks.", f"{__name__}:end"))


Caught = pytest.CaptureFixture[str]


def test_help_lists_every_command_and_every_exit_code(capsys: Caught) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for name, entry in COMMANDS.items():
        assert f"  {name} " in told
        assert " ".join(entry.summary.split()) in " ".join(told.split())
    for code in ExitCode:
        assert f"{code:>5}  {EXIT_CODES[code]}" in told


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from workplace_sync.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {module.partition(".")[0] for module in done.stderr.split()}
    assert loaded.isdisjoint(HEAVY)
    ours = {module for module in done.stderr.split() if module.startswith("workplace_sync.cli.")}
    assert not ours & {entry.target.partition(":")[0] for entry in COMMANDS.values()}


def _all_leaves() -> Iterator[tuple[str, Command]]:
    for name in COMMANDS:
        yield from paths(load(name), name)


def test_every_command_has_an_example_of_itself() -> None:
    for path, leaf in _all_leaves():
        assert f"\n\n\b\nExample: workplace-sync {path}" in (leaf.help or ""), path


def test_no_command_has_an_option_that_every_command_has() -> None:
    for path, leaf in _all_leaves():
        flags = [flag for parameter in leaf.params for flag in (*parameter.opts, *parameter.secondary_opts)]
        assert len(flags) == len(set(flags)), path


def test_the_help_of_every_command_is_told(capsys: Caught) -> None:
    for path, _ in _all_leaves():
        assert main([*path.split(), "--help"]) == 0
        assert f"Usage: workplace-sync {path}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--version"], ["version"]])
def test_the_version_is_told(arguments: list[str], capsys: Caught) -> None:
    assert main(arguments) == 0
    assert f"workplace-sync {__version__}" in capsys.readouterr().out


def test_without_a_command_the_help_is_told_as_an_error(capsys: Caught) -> None:
    assert main([]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert (out, "Exit codes:" in err) == ("", True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--bogus"], "No such option"),
        (["rooster"], "Did you mean 'roster'?"),
        (["db"], "Missing command"),
        (["db", "upgrad"], "upgrade"),
        (["roster", "check"], "Missing argument 'FILE'"),
        (["roster", "check", "--god", "x"], "--good"),
        (["end", "nothing", "--times", "many"], "--times"),
        (["-o", "xml", "version"], "'xml' is not one of"),
        (["end", "abort"], "not answered"),
    ],
)
def test_a_command_that_cannot_be_understood_ends_with_64(arguments: list[str], told: str, capsys: Caught) -> None:
    assert main(arguments) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert err.startswith("Error: ")
    assert told in err
    assert "Value error" not in err


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("nothing", ExitCode.DONE),
        ("code", ExitCode.HELD),
        ("error", ExitCode.ERROR),
        ("guard", ExitCode.GUARD),
        ("blind", ExitCode.BLIND),
        ("evidence", ExitCode.EVIDENCE),
        ("busy", ExitCode.BUSY),
        ("interrupt", ExitCode.INTERRUPTED),
        pytest.param("mistake", ExitCode.ERROR, marks=pytest.mark.mistake),
        ("exit", 3),
        ("exit-text", ExitCode.ERROR),
    ],
)
def test_every_end_has_its_exit_code_and_keeps_to_its_stream(how: str, code: int, capsys: Caught) -> None:
    assert main(["end", how]) == code
    out, err = capsys.readouterr()
    assert out == "Going to end.\n"
    assert "Traceback" not in err


def test_an_error_is_a_sentence_and_what_to_do(capsys: Caught) -> None:
    main(["end", "error"])
    assert capsys.readouterr().err == "Error: It is wrong.\nWhat to do: Put it right.\n"


def test_every_fault_is_listed_up_to_a_bound(capsys: Caught) -> None:
    main(["end", "faults"])
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["Error: a.csv is wrong.", "  a.csv:1:1: [email] has no @"]
    assert lines[-1] == f"  and {250 - SHOWN_FAULTS} more"
    assert len(lines) == SHOWN_FAULTS + 2


@pytest.mark.parametrize(
    "arguments", [["-o", "json", "end", "faults"], ["end", "faults", "--output=json"], ["end", "faults", "-ondjson"]]
)
def test_asked_for_json_an_error_is_an_object_too(arguments: list[str], capsys: Caught) -> None:
    main(arguments)
    out, err = capsys.readouterr()
    told = json.loads(err)
    assert (told["schema"], told["error"], told["message"]) == (
        "workplace-sync/error/1",
        "InputError",
        "a.csv is wrong.",
    )
    assert told["faults"][0] == {
        "file": "a.csv",
        "line": 1,
        "column": 1,
        "field": "email",
        "message": "has no @",
        "advice": "",
    }
    assert (len(told["faults"]), told["more_faults"], told["exit_code"]) == (SHOWN_FAULTS, 50, 1)
    assert json.loads(out)["schema"] == "workplace-sync/end/1"


@pytest.mark.parametrize(
    "arguments", [["-o", "json", "--bogus"], ["roster", "check", "--output", "json"], ["rooster", "-o=json"]]
)
def test_a_command_that_cannot_be_understood_is_told_in_json_too(arguments: list[str], capsys: Caught) -> None:
    assert main(arguments) == ExitCode.USAGE
    assert json.loads(capsys.readouterr().err)["exit_code"] == 64


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["policy", "lint", "x" * 300], "cannot be used (File name too long)"),
        (["roster", "check", "/proc/self/mem"], "A file cannot be read or written (Input/output error)"),
        (["evidence", "witness", "key", "--key", "", "union.example.org/w"], "has no name"),
    ],
    ids=["a name too long", "a disk that fails", "no name"],
)
def test_what_the_machine_refuses_is_told_as_such_and_is_no_mistake(
    arguments: list[str], told: str, capsys: Caught
) -> None:
    assert main(arguments) == ExitCode.ERROR
    err = capsys.readouterr().err
    assert told in err
    assert "What to do: " in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit", "list", "--before"],
        ["audit", "show"],
        ["evidence", "openssl", "--out", "proof"],
        ["evidence", "publish", "--out", "kept.txt", "--witness", "w", "--since"],
        ["jobs", "cancel"],
        ["privacy", "hold", "lift", "--reason", "settled"],
        ["policy", "show", "no-blanket", "--version"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_a_number_that_no_row_can_have_is_refused(arguments: list[str], number: int, capsys: Caught) -> None:
    assert main([*arguments, str(number)]) == ExitCode.USAGE
    assert "less than or equal to 2147483647" in capsys.readouterr().err


@pytest.mark.parametrize("place", range(4))
def test_an_argument_that_is_no_text_is_refused_wherever_it_stands(place: int, capsys: Caught) -> None:
    arguments = ["audit", "list", "--group", "prospect-bt"]
    arguments[place] = os.fsdecode(b"caf\xe9")  # as a terminal set to Latin-1 sends it
    assert main(arguments) == ExitCode.USAGE
    assert f"Argument {place + 1} holds bytes that are not text in UTF-8." in capsys.readouterr().err


@pytest.mark.mistake
def test_a_mistake_of_the_program_leaves_a_report_without_anything_personal(capsys: Caught, tmp_path: Path) -> None:
    main(["--home", str(tmp_path / "union"), "end", "mistake"])
    err = capsys.readouterr().err
    [report] = (tmp_path / "union" / "var" / "crashes").iterdir()
    assert err.count("\n") == 2
    assert str(report) in err
    assert "ZeroDivisionError" in err
    text = report.read_text()
    assert "Traceback" in text
    assert report.stat().st_mode & 0o777 == 0o600
    for told in (err, text):
        assert ADDRESS not in told
        assert "invented" not in told


@pytest.mark.mistake
def test_a_report_that_no_folder_takes_is_told_as_such(
    capsys: Caught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    main(["--home", str(tmp_path / "file"), "end", "mistake"])
    assert "could not be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--home", "/srv/union", "-q", "--verbose", "-o", "json", "end", "nothing"],
        ["end", "nothing", "--home", "/srv/union", "-q", "--verbose", "-o", "json"],
        ["--home", "/elsewhere", "-q", "-o", "text", "end", "--verbose", "nothing", "--home=/srv/union", "-o", "json"],
    ],
)
def test_options_of_every_command_stand_before_or_after_its_name_and_the_last_wins(
    arguments: list[str], capsys: Caught
) -> None:
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["home"], told["quiet"], told["verbose"]) == ("/srv/union", True, True)


def test_a_reader_that_goes_away_ends_the_command_quietly() -> None:
    script = "from workplace_sync.cli.main import run; run()"
    started = subprocess.Popen(
        [sys.executable, "-c", script, "version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    )
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.close()
    told = started.stderr.read()
    started.stderr.close()
    assert (started.wait(), told) == (ExitCode.ERROR, b"")


def test_the_sandbox_serves_until_interrupted() -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "workplace_sync", "sandbox", "--port", "0", "--people", "12", "-o", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    ready = json.loads(started.stdout.readline())
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=20)
    assert (ready["schema"], ready["ready"]) == ("workplace-sync/sandbox/1", True)
    assert (started.returncode, err) == (0, "")


@pytest.mark.parametrize("people", ["0", "many", "bt=x"])
def test_a_sandbox_without_people_is_not_started(people: str, capsys: Caught) -> None:
    assert main(["sandbox", "--people", people]) == ExitCode.USAGE
    assert "people" in capsys.readouterr().err


@pytest.mark.mistake
def test_a_mistake_in_a_thread_is_told_in_a_sentence_too(
    capsys: Caught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "argv", ["workplace-sync", "version"])
    with pytest.raises(SystemExit) as caught:
        frame.run()
    assert caught.value.code == 0
    thread = threading.Thread(target=_raise(ValueError(ADDRESS)))
    thread.start()
    thread.join()
    err = capsys.readouterr().err
    assert "ValueError" in err
    assert ADDRESS not in err
    assert (tmp_path / "var" / "crashes").is_dir()


def test_settings_are_read_once_and_set_up_the_log_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    levels: list[str] = []
    monkeypatch.setattr("workplace_sync.logs.configure", lambda level, _fmt: levels.append(level))
    for call in (
        Invocation(tmp_path),
        Invocation(tmp_path, quiet=True),
        Invocation(tmp_path, Format.JSON, verbose=True),
    ):
        assert call.settings is call.settings
        assert call.settings.home == tmp_path
        assert call.state_dir() == tmp_path / "var"
    assert levels == ["info", "error", "debug"]


def test_a_command_outside_of_the_frame_says_what_is_missing() -> None:
    context = typer.Context(typer.main.get_command(app))
    with pytest.raises(TypeError, match=r"cli\.main"):
        invocation(context)

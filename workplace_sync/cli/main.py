"""The entry of the command line: reads the arguments, runs one command, and turns every end into an exit code."""

import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

import typer

from workplace_sync.cli.catalogue import Catalogue
from workplace_sync.cli.failures import tell, tell_unexpected, usage
from workplace_sync.cli.invocation import Invocation
from workplace_sync.cli.options import Home, OutputFormat, Quiet, Verbose, Version
from workplace_sync.cli.output import Format
from workplace_sync.errors import ExitCode, InputError, SyncError, UsageError

PROGRAM = "workplace-sync"

_OF_THE_MACHINE = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EIO,
    errno.ELOOP,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENFILE,
    errno.ENOSPC,
    errno.EPERM,
    errno.EROFS,
}
"""Why a machine can refuse a file whatever the program does about it; of other errors each command knows what they mean."""

_SHOWN = 300  # characters of a file's name

EXIT_CODES = {
    ExitCode.DONE: "done; nothing is left to do",
    ExitCode.ERROR: "an error, told on standard error",
    ExitCode.CHANGES: "changes are planned (plan --detailed-exitcode only)",
    ExitCode.PARTIAL: "some operations failed, the others are done",
    ExitCode.HELD: "held: waits for an approval",
    ExitCode.GUARD: "a guard tripped: nothing was written",
    ExitCode.BLIND: "blind: the group could not be read completely",
    ExitCode.EVIDENCE: "the evidence does not verify",
    ExitCode.USAGE: "the command cannot be understood",
    ExitCode.BUSY: "busy: another run is at work, try later",
    ExitCode.INTERRUPTED: "interrupted",
}

app = typer.Typer(
    cls=Catalogue,
    add_completion=False,
    rich_markup_mode=None,  # Rich's help takes another tenth of a second
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    epilog="\b\nExit codes:\n" + "\n".join(f"{code:>5}  {meaning}" for code, meaning in EXIT_CODES.items()),
)


@app.callback()
def root(
    home: Home = None,
    output: OutputFormat = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    version: Version = False,
) -> None:
    """Keep a union's group on a workplace platform in step with its roster, and prove what was done."""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return how it ends; nothing is raised, and no traceback is shown."""
    call = Invocation(format=_wanted_format(arguments))
    try:
        _require_text(arguments)
        code = _run(list(arguments), call)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the result has gone; without this Python complains once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except KeyboardInterrupt:
        return tell(_InterruptedError("Interrupted.", hint=""), call.format)
    except SyncError as error:
        return tell(error, call.format)
    except SystemExit as leaving:  # a library's own
        return leaving.code if isinstance(leaving.code, int) else ExitCode.ERROR
    except BaseException as error:  # noqa: BLE001 - the last resort, so that nobody ever sees a traceback
        return _tell_unforeseen(error, call)
    return code


def run() -> NoReturn:
    """Run the command of this process, and end it: the entry point `workplace-sync`."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    threading.excepthook = _tell_of_thread
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # a service that is stopped ends like one that is interrupted
    sys.exit(main(sys.argv[1:]))


class _InterruptedError(SyncError):
    exit_code = ExitCode.INTERRUPTED


def _run(arguments: list[str], call: Invocation) -> int:
    command = typer.main.get_command(app)
    try:
        if not arguments:
            with command.make_context(PROGRAM, [], obj=call, resilient_parsing=True) as context:
                sys.stderr.write(command.get_help(context) + "\n")
            return ExitCode.USAGE
        with command.make_context(PROGRAM, arguments, obj=call) as context:
            code = command.invoke(context)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        raise UsageError("Nothing was done, as the question was not answered.") from None
    except typer.TyperException as error:
        raise usage(error.format_message(), getattr(getattr(error, "ctx", None), "command_path", PROGRAM)) from None
    return code if isinstance(code, int) else ExitCode.DONE


def _require_text(arguments: Sequence[str]) -> None:
    """Raise UsageError where an argument holds bytes that are no UTF-8; Python hands them on as halves of characters."""
    for number, argument in enumerate(arguments, start=1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"Argument {number} holds bytes that are not text in UTF-8.",
                hint="Set the terminal to UTF-8; give a file another name.",
            ) from None


def _tell_unforeseen(error: BaseException, call: Invocation) -> ExitCode:
    if not isinstance(error, OSError) or error.errno not in _OF_THE_MACHINE:
        return tell_unexpected(error, call.format, call.state_dir())
    about = f"{str(error.filename)[:_SHOWN]} cannot be used" if error.filename else "A file cannot be read or written"
    hint = "Check its name, the disk, and the rights of its folder."
    return tell(InputError(f"{about} ({error.strerror}).", hint=hint), call.format)


def _wanted_format(arguments: Sequence[str]) -> Format:
    """Return the format that errors are told in: it must be known even where the arguments cannot be read."""
    for number, argument in enumerate(arguments):
        given = argument.removeprefix("--output=") if argument.startswith("--output=") else ""
        if argument in {"-o", "--output"}:
            given = arguments[number + 1] if number + 1 < len(arguments) else ""
        elif argument.startswith("-o") and not argument.startswith("--"):
            given = argument[2:].removeprefix("=")
        if given in set(Format):
            return Format(given)
    return Format.TEXT


def _tell_of_thread(fault: threading.ExceptHookArgs) -> None:
    if fault.exc_value is not None:
        tell_unexpected(fault.exc_value, Format.TEXT, Invocation().state_dir())

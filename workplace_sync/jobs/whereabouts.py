"""Where a process runs, so that another one on the same machine can tell for certain that it is no more."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_START = 19  # of the fields after the command's name: when the process began, in ticks since the machine did (proc(5))


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A process: its machine's name for people, its number, and `process`, which no other process ever has.

    `process` is empty where the system does not tell enough; then nobody can say from outside that it has ended.
    """

    host: str
    pid: int
    process: str


def here() -> Whereabouts:
    """Return where this process runs."""
    pid = os.getpid()
    return Whereabouts(socket.gethostname() or "this machine", pid, _identity(pid))


def has_ended(process: str, pid: int) -> bool:
    """Whether the process certainly ran on this machine, and certainly is no more: never true by guess.

    A number that is in use again is told by the other beginning. One of another machine, or of another container, of
    whose processes nothing is known here, may be alive.
    """
    machine, _, _ = process.rpartition(":")
    if not machine or machine != _machine():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # there is one, which is another user's
    began = _began(pid)
    return began is not None and f"{machine}:{began}" != process


def _identity(pid: int) -> str:
    machine, began = _machine(), _began(pid)
    return f"{machine}:{began}" if machine and began is not None else ""


def _machine() -> str:
    """Return what names this start of this machine, and the world of process numbers that we are in."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}:{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _began(pid: int) -> str | None:
    """Return when a process began; "ended" for one that is dead and not yet buried, None where it is not told."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return "ended" if fields[0] in {"Z", "X"} else fields[_START]

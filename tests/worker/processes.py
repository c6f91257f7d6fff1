"""Workers as processes of their own, and what can be asked while they work."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.sandbox_server import ROOT
from tests.scenarios.folder import Folder

_WITHIN = 60.0
_LOOK_EVERY = 0.05

Process = subprocess.Popen[str]


@dataclass(slots=True)
class Workers:
    """Hasty workers on a folder."""

    folder: Folder
    started: list[Process] = field(default_factory=list)

    def start(self, concurrency: int = 1) -> Process:
        """Start one."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.worker.hasty", str(self.folder.home), str(concurrency)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self, process: Process) -> tuple[int, str]:
        """Tell one to stop, and return how it ended and what it told."""
        process.terminate()
        _, told = process.communicate(timeout=_WITHIN)
        return process.returncode, told

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def until(what: Callable[[], bool], why: str, within: float = _WITHIN) -> None:
    """Wait until something is so; fail when it does not come about."""
    give_up = time.monotonic() + within
    while not what():
        assert time.monotonic() < give_up, f"it never came about that {why}"
        time.sleep(_LOOK_EVERY)

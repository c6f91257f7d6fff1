"""An end to answers that come in drops: a read time-out bounds the wait for each piece, and pieces may never end."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_PIECES = 3  # an answer's headers may take as long as that many pieces


@contextmanager
def cut_after(seconds: float, cut: Callable[[], object]) -> Iterator[None]:
    """Call `cut` from another thread when the block has not ended after so many seconds."""

    def late() -> None:
        with suppress(OSError, ValueError, RuntimeError):  # the connection was closed at that very moment
            cut()

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class PromptAdapter(HTTPAdapter):
    """An adapter whose connections are cut when an answer's headers are not whole after three times the read time-out."""

    def init_poolmanager(self, *values: object, **named: object) -> None:
        """Make the pools with connections that are cut."""
        super().init_poolmanager(*values, **named)  # type: ignore[arg-type]
        _make_prompt(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: object) -> PoolManager:
        """Return the pools for a proxy, with such connections too; those of SOCKS are their own library's."""
        manager: PoolManager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):
            _make_prompt(manager)
        return manager


class _Plain(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3 itself
        with cut_after(_PIECES * (self.timeout or 0), self._cut):
            return super().getresponse()

    def _cut(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)


class _Secure(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3 itself
        with cut_after(_PIECES * (self.timeout or 0), self._cut):
            return super().getresponse()

    def _cut(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


def _make_prompt(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

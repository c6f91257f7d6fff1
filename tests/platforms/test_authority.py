"""The way to a time-stamp authority that answers badly."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from workplace_sync.errors import PlatformError
from workplace_sync.platforms.authority import post_query

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n"


@contextmanager
def answering(pieces: Sequence[bytes], *, hold: bool = False, every: float = 0) -> Iterator[str]:
    """Serve one answer in these pieces; with `hold` the connection stays open after them, until the client has left."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    over.wait(every)
            except OSError:
                return  # the client hung up
            if hold:
                over.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        over.set()
        thread.join(60)


@pytest.mark.parametrize(
    "answer",
    [
        _HEAD + b"Content-Length: 100\r\n\r\nhalf of it",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\nno number\r\n",
        _HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
        b"",
    ],
    ids=["cut off", "a chunk cut off", "no chunk", "no gzip", "nothing"],
)
def test_an_answer_that_is_broken_is_told_plainly(answer: bytes) -> None:
    with answering([answer]) as url, pytest.raises(PlatformError, match=r"authority 127\.0\.0\.1 cannot be reached"):
        post_query(url, b"query")


def test_an_answer_that_stops_is_given_up() -> None:
    started = [_HEAD + b"Content-Length: 100\r\n\r\nhalf of it"]
    with answering(started, hold=True) as url, pytest.raises(PlatformError, match="cannot be reached"):
        post_query(url, b"query", read=0.3)


def test_an_answer_that_comes_in_drops_is_given_up() -> None:
    drops = [_HEAD + b"Content-Length: 1000\r\n\r\n", *[b"."] * 900]
    begun = time.monotonic()
    with answering(drops, every=0.1) as url, pytest.raises(PlatformError, match="cannot be reached"):
        post_query(url, b"query", read=0.5)
    assert time.monotonic() - begun < 60, "all the drops take 90 s"

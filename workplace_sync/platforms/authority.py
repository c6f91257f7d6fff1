"""The way to a time-stamp authority: one request posted over HTTP, as RFC 3161 section 3.4 has it."""

from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from workplace_sync.errors import PlatformError
from workplace_sync.platforms.prompt import PromptAdapter, cut_after

_LIMIT = 1_000_000  # bytes; an answer with its certificates has some thousand
_CONNECT, _READ = 5.0, 30.0  # seconds


def post_query(url: str, query: bytes, *, read: float = _READ) -> bytes:
    """Return the authority's answer to a time-stamp query; raises PlatformError, with the host's name, without one.

    `read` is the seconds to wait for a piece of the answer, and for all of it once it has begun.
    """
    host = urlsplit(url).hostname or "without a name"
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        with requests.Session() as session:
            for scheme in ("https://", "http://"):
                session.mount(scheme, PromptAdapter())
            with (
                session.post(url, data=query, headers=headers, timeout=(_CONNECT, read), stream=True) as answer,
                cut_after(read, answer.raw.shutdown),
            ):
                # the raw answer, as it is read to a limit: its errors are urllib3's own, which requests does not turn
                body = answer.raw.read(_LIMIT + 1, decode_content=True)
            good = answer.ok and len(body) <= _LIMIT
    except (requests.RequestException, HTTPError, OSError, ValueError):
        raise PlatformError(
            f"The time-stamp authority {host} cannot be reached.", hint="Check the address and the network; try again."
        ) from None
    if not good:
        raise PlatformError(
            f"The time-stamp authority {host} answered with an error ({answer.status_code}).", hint="Try another one."
        )
    return bytes(body)

"""The way to a time-stamp authority: one request posted over HTTP, as RFC 3161 section 3.4 has it."""

from urllib.parse import urlsplit

import requests

from workplace_sync.errors import PlatformError

_LIMIT = 1_000_000  # bytes; an answer with its certificates has some thousand
_TIMEOUTS = (5.0, 30.0)


def post_query(url: str, query: bytes) -> bytes:
    """Return the authority's answer to a time-stamp query; raises PlatformError, with the host's name, without one."""
    host = urlsplit(url).hostname or "without a name"
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        with requests.post(url, data=query, headers=headers, timeout=_TIMEOUTS, stream=True) as answer:
            body = answer.raw.read(_LIMIT + 1, decode_content=True)
            good = answer.ok and len(body) <= _LIMIT
    except (requests.RequestException, OSError, ValueError):
        raise PlatformError(
            f"The time-stamp authority {host} cannot be reached.", hint="Check the address and the network; try again."
        ) from None
    if not good:
        raise PlatformError(
            f"The time-stamp authority {host} answered with an error ({answer.status_code}).", hint="Try another one."
        )
    return bytes(body)

"""What the network's own failures mean: was anything sent, and is it worth another try.

The texts of these errors hold whole addresses, so nothing of them but their type is used.
"""

import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from workplace_sync.platforms.base import CallError, MalformedAnswerError, UnavailableError

_TLS_BEFORE_SENDING = {"CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL"}


def failure_of(error: Exception) -> CallError:
    """Return the CallError for an error of requests, urllib3, ssl or the socket; it holds nothing of the error's text.

    It is harmless where nothing can have been sent: no such name, connection refused or not made in time, certificate
    not accepted. In any other case the call may have reached the platform.
    """
    chain = list(_chain(error))
    if any(isinstance(each, ssl.SSLError) for each in chain):
        return _tls(chain)
    if any(isinstance(each, NewConnectionError | ConnectTimeoutError | ProxyError) for each in chain):
        return UnavailableError(
            "The platform could not be reached.",
            hint="Nothing was sent. Check the network, the platform's address and the proxy settings, then run again.",
            harmless=True,
            stops_run=True,
        )
    if any(isinstance(each, requests.Timeout | TimeoutError) for each in chain):
        return UnavailableError("The platform did not answer in time.", hint="Run again later.")
    if any(isinstance(each, requests.exceptions.ContentDecodingError) for each in chain):
        return MalformedAnswerError("The platform's answer could not be unpacked.", hint="Run again later.")
    return UnavailableError("The connection to the platform broke off before its answer was whole.", hint="Run again.")


def _tls(chain: list[BaseException]) -> CallError:
    before = any(isinstance(each, ssl.SSLError) and each.reason in _TLS_BEFORE_SENDING for each in chain)
    return UnavailableError(
        "The platform's certificate or encryption was not accepted.",
        hint="Check the address and this machine's certificates (REQUESTS_CA_BUNDLE); somebody may be listening in.",
        harmless=before,
        stops_run=before,
        retryable=not before,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that it was made from, however deep the libraries have wrapped it."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
        waiting += [part for part in inner if isinstance(part, BaseException)]

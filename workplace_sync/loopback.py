"""What stays on this machine, and so needs no encryption on its way."""

from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine for itself."""


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent to a URL: it is HTTPS, or stays on this machine.

    What is no URL, or names no host, is not.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))

"""The port for whatever takes a message to people, and what every one of them has to keep to."""

from typing import Protocol

from workplace_sync.cases.notice import Notice

TIMEOUTS = (5.0, 15.0)
"""Seconds to wait for a connection, and for each answer: a run must not hang on a message."""


class Sender(Protocol):
    """Takes messages to people through one channel."""

    @property
    def channel(self) -> str:
        """The channel's name, as `email`."""
        ...

    def send(self, notice: Notice) -> None:
        """Send a message once; raises NoticeError, without an address or a secret in it, when it did not reach everybody."""
        ...

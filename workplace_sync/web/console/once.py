"""Forms for people whom nobody needs to know: signed with the time they were made at, taken once, and counted all together.

What a cookie or an address does elsewhere, a signed slip in the form does here. It says when the form was opened, so that
a program that sends hundreds has to wait as a person does; and its number is kept for a day, as a hash, so that a page that
is loaded again is not taken twice. How many are taken in all is limited too: whoever sends them, nobody is told apart.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from workplace_sync.jobs.limits import Limit
from workplace_sync.web.console.asking import Ask

SOONEST = timedelta(seconds=3)
"""Nobody fills the form in faster."""
LATEST = timedelta(hours=12)

_ONCE = Limit("form", 1, timedelta(days=1))
_NUMBER = 16
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Slip:
    """What a form carries: when it was opened (UTC), and a number of its own."""

    opened_at: datetime
    number: str


def fresh_slip(ask: Ask) -> Slip:
    """Return a slip for a form that is opened now."""
    return Slip(ask.app.now(), secrets.token_urlsafe(_NUMBER))


def signed(ask: Ask, slip: Slip) -> str:
    """Return a slip as the text of a hidden field."""
    text = f"{int(slip.opened_at.timestamp())}.{slip.number}"
    return f"{text}.{_signature(ask, text)}"


def read_slip(ask: Ask, text: str) -> Slip | None:
    """Return the slip that a form came with; None where it is none of ours, or was opened too long ago."""
    opened, _, rest = text[:_LONGEST].partition(".")
    number, _, signature = rest.partition(".")
    expected = _signature(ask, f"{opened}.{number}")
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        return None
    slip = Slip(datetime.fromtimestamp(int(opened), UTC), number)
    return slip if ask.app.now() - slip.opened_at <= LATEST else None


def too_soon(ask: Ask, slip: Slip) -> bool:
    """Whether a form came back faster than a person fills it in."""
    return ask.app.now() - slip.opened_at < SOONEST


def used(ask: Ask, slip: Slip) -> bool:
    """Take a slip; returns whether it was taken before."""
    return ask.console.limits.wait(_ONCE, slip.number) is not None


def too_many(ask: Ask, limit: Limit) -> timedelta | None:
    """Count what was sent, by anybody; returns how long to wait where it was too much, else None."""
    return ask.console.limits.wait(limit, "everybody")


def _signature(ask: Ask, text: str) -> str:
    return ask.console.veil.digest(f"form {text}")

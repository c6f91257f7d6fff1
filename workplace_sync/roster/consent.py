"""The consent of one person to be in one group, worked out from everything that was recorded of it.

The rules, in the order of their weight (promise P4: an opt-out beats every rule and every roster file):

1. What is dated later than now does not count yet.
2. A withdrawal that a person recorded through our own command (the ledger) ends only with a later consent recorded the
   same way. No row of a roster lifts it, whatever date the row bears.
3. Otherwise the later event counts; of two at the same time the withdrawal, then the one recorded later.
4. A consent past its `expires_at`, or followed by an `expired` event, has expired. That is no opt-out; and an
   `expired` event never lifts one.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

EVERY_GROUP = "*"

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class ConsentState(StrEnum):
    """Where a person's consent stands. NONE: nothing is on record."""

    OPTED_IN = "opted_in"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NONE = "none"


class ConsentKind(StrEnum):
    """What an event says."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ConsentOrigin(StrEnum):
    """Where an event comes from: a person recorded it through our command, or a roster file said it."""

    LEDGER = "ledger"
    ROSTER = "roster"


class ConsentEvent(NamedTuple):
    """One thing that was recorded of a person's consent.

    `scope` is a group's name or EVERY_GROUP. `at` is when it was said, `recorded_at` when we wrote it down, both
    UTC-aware, as is `expires_at` (None: without end). `wording` is the text that was agreed to, `basis` and `source`
    tell on what and from where we know, `recorded_by` who wrote it down.
    """

    key: str
    scope: str
    kind: ConsentKind
    at: datetime
    recorded_at: datetime
    origin: ConsentOrigin
    wording: str = ""
    basis: str = ""
    source: str = ""
    recorded_by: str = ""
    expires_at: datetime | None = None


class Consent(NamedTuple):
    """Where a person's consent stands: since when (`at`, None when nothing is on record), on what basis, from where."""

    state: ConsentState
    at: datetime | None = None
    basis: str = ""
    source: str = ""

    @property
    def opted_out(self) -> bool:
        """Whether the person said no. Neither an expired consent nor silence is that."""
        return self.state is ConsentState.WITHDRAWN


def standing(events: Iterable[ConsentEvent], *, now: datetime) -> Consent:
    """Return where the consent stands at `now`, by the rules above; the order of the events does not matter.

    The events are one person's, with the scope of the group in question or of every group.
    """
    known = [event for event in events if event.at <= now]
    if len(known) == 1:  # the rule for nearly everybody, a million times in a plan
        (event,) = known
        if event.kind is ConsentKind.GIVEN and event.expires_at is None:
            return Consent(ConsentState.OPTED_IN, event.at, event.basis, event.source)
    ledger = _latest(event for event in known if event.origin is ConsentOrigin.LEDGER)
    if ledger is not None and ledger.kind is ConsentKind.WITHDRAWN:
        return _consent(ConsentState.WITHDRAWN, ledger)
    last = _latest(known)
    if last is not None and last.kind is ConsentKind.WITHDRAWN:
        return _consent(ConsentState.WITHDRAWN, last)
    return _given_or_expired(last, [event for event in known if event.kind is ConsentKind.EXPIRED], now)


def _latest(events: Iterable[ConsentEvent]) -> ConsentEvent | None:
    """Return the event that counts among consents given and withdrawn, None when there is neither."""
    said = (event for event in events if event.kind is not ConsentKind.EXPIRED)
    return max(said, key=_weight, default=None)


def _given_or_expired(given: ConsentEvent | None, ends: list[ConsentEvent], now: datetime) -> Consent:
    if given is not None and given.expires_at is not None and given.expires_at <= now:
        return Consent(ConsentState.EXPIRED, given.expires_at, given.basis, given.source)
    end = max((event for event in ends if given is None or event.at >= given.at), key=_weight, default=None)
    if end is not None:
        return _consent(ConsentState.EXPIRED, end)
    return Consent(ConsentState.NONE) if given is None else _consent(ConsentState.OPTED_IN, given)


def _weight(event: ConsentEvent) -> tuple[datetime, bool, datetime, timedelta, str, str, str]:
    """Order events by what counts more. The last four decide nothing but ties, so that any order gives one answer."""
    life = _END_OF_TIME - (event.expires_at or _END_OF_TIME)  # the one that ends sooner counts: no more than was said
    withdrawn = event.kind is ConsentKind.WITHDRAWN
    return event.at, withdrawn, event.recorded_at, life, event.origin, event.basis, event.source


def _consent(state: ConsentState, event: ConsentEvent) -> Consent:
    return Consent(state, event.at, event.basis, event.source)

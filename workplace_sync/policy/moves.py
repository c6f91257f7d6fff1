"""What could be otherwise about a person: the declared list of changes that an explanation may try.

Each is one thing that can happen or be put right in the world, with all facts that it changes at once: who gives a new
consent changes its state, its date and its basis. What nobody can change, such as that somebody left, is not on the list.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from workplace_sync.policy.facts import FactValue
from workplace_sync.policy.looking import ConditionSeen, RuleSeen
from workplace_sync.policy.samples import Mentioned

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OWN_REQUEST = "the person's own request"
_OTHER = "something else"
_USUAL_STATUS = "active"
_MOST_TIMES = 12
_SECOND = timedelta(seconds=1)
_LONGEST = timedelta(days=50 * 365)  # nobody waits longer


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the world by its name, with the facts that it sets; `detail` is the value that it is about, if any."""

    name: str
    facts: Mapping[str, FactValue]
    detail: str = ""

    def changed(self, facts: Mapping[str, object]) -> dict[str, FactValue]:
        """Return the facts that would really be different."""
        return {name: value for name, value in self.facts.items() if facts.get(name) != value}


def moves(action: str, facts: Mapping[str, object], now: datetime, seen: Iterable[RuleSeen]) -> list[Move]:
    """Return every declared change that would change something about the person, in the order of the list."""
    rules = tuple(seen)
    found = _of_addition(facts, now, rules) if action == "add" else _of_removal(facts, now)
    return [move for move in found if move.changed(facts)]


def later_times(facts: Mapping[str, object], now: datetime, seen: Iterable[RuleSeen]) -> list[datetime]:
    """Return the times after now at which what the rules read of time may turn, earliest first, a few at most.

    They are the times in the facts and literals of conditions that read `now`, with the durations in them added, and
    the ends of the policies in force.
    """
    ends: set[datetime] = set()
    for rule in seen:
        if rule.policy.ends is not None:
            ends.add(rule.policy.ends)
        for condition in rule.conditions:
            if "now" in condition.reads:
                ends |= _turning(condition, facts, now)
    later = {end + step for end in ends if end < now + _LONGEST for step in (timedelta(0), _SECOND)}
    return sorted(time for time in later if time > now)[:_MOST_TIMES]


def _turning(condition: ConditionSeen, facts: Mapping[str, object], now: datetime) -> set[datetime]:
    mentioned = _mentioned(condition)
    begin = {value for name in condition.reads if name != "now" and isinstance(value := facts.get(name), datetime)}
    begin |= set(mentioned.times)
    lengths = [length for length in mentioned.durations if length < _LONGEST]
    return begin | {time + length for time in begin for length in lengths if time < now}


def _of_addition(facts: Mapping[str, object], now: datetime, seen: tuple[RuleSeen, ...]) -> Iterator[Move]:
    first = facts.get("subject.consent") == "none"
    yield Move("consented" if first else "consented_anew", _consent("opted_in", now, OWN_REQUEST))
    if facts.get("subject.consent") == "opted_in":
        yield Move("own_word", {"subject.consent_basis": OWN_REQUEST})
        yield Move("dated_right", {"subject.consent_at": min(_time(facts.get("subject.consent_at"), now), now)})
    yield from _of_roster(facts, seen)
    yield from (Move("domain", {"subject.email_domain": text}, text) for text in _texts("subject.email_domain", seen))
    yield Move("opted_out", _consent("withdrawn", now, ""))
    yield Move("ran_out", {"subject.consent": "expired"})
    yield Move("status_lost", {"subject.status": _OTHER})
    yield Move("other_tenant", {"subject.tenant": _OTHER})
    yield Move("left", {"subject.departed": True, "subject.departed_at": now, "subject.departed_cause": "left"})


def _of_roster(facts: Mapping[str, object], seen: tuple[RuleSeen, ...]) -> Iterator[Move]:
    tenant = str(facts.get("group.tenant", ""))
    here: dict[str, FactValue] = {"subject.tenant": tenant}
    if not facts.get("subject.in_roster"):
        listed: dict[str, FactValue] = {"subject.in_roster": True, "subject.status": _USUAL_STATUS}
        yield Move("listed", here | listed | {"action.method": "roster_file", "action.reason": "rostered"})
        return
    statuses = dict.fromkeys([_USUAL_STATUS, *_texts("subject.status", seen)])
    yield from (Move("status", {"subject.status": status}, status) for status in statuses)
    yield Move("same_tenant", here, tenant)
    yield Move("from_roster", {"action.method": "roster_file"})
    yield from (Move("role", {"subject.roles": [role]}, role) for role in _texts("subject.roles", seen))


def _of_removal(facts: Mapping[str, object], now: datetime) -> Iterator[Move]:
    yield Move("unprotected", {"subject.protected": False})
    yield Move("no_administrator", {"subject.administrator": False})
    yield Move("asked_out", _consent("withdrawn", now, "") | {"action.reason": "opted_out"})
    size = facts.get("group.size")
    if isinstance(size, int) and size <= 1:
        yield Move("others", {"group.size": 2})
    yield Move("protected", {"subject.protected": True})
    yield Move("administrator", {"subject.administrator": True})


def _consent(state: str, at: datetime, basis: str) -> dict[str, FactValue]:
    return {
        "subject.consent": state,
        "subject.consent_at": at,
        "subject.consent_basis": basis,
        "subject.opted_out": state == "withdrawn",
    }


def _texts(name: str, seen: tuple[RuleSeen, ...]) -> list[str]:
    """Return the texts that conditions mention which read a fact: those that might satisfy them."""
    conditions = [condition for rule in seen for condition in rule.conditions if name in condition.reads]
    return list(dict.fromkeys(text for condition in conditions for text in _mentioned(condition).texts if text))


def _mentioned(condition: ConditionSeen) -> Mentioned:
    params = [value for name, value in condition.facts.items() if name.startswith("params.")]
    return Mentioned([condition.expression], cast("list[FactValue]", params))


def _time(value: object, otherwise: datetime) -> datetime:
    return value if isinstance(value, datetime) else otherwise

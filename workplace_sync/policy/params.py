"""Parameters: named, typed values that rules read, and what a group may set instead of them.

A group may make a rule tighter, never looser. The policy says which way is tighter, or leaves a range to its groups;
a parameter of which it says neither cannot be set otherwise at all.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import model_validator

from workplace_sync.policy.door import refusal
from workplace_sync.policy.facts import FactValue, Kind
from workplace_sync.policy.fields import Lenient, Part

_DURATION = re.compile(r"(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,12})s)?")
_ORDERED = frozenset({Kind.INT, Kind.DURATION, Kind.TIMESTAMP})


class Tighten(StrEnum):
    """Which other values of a parameter are tighter: what a group may set instead of the policy's own value."""

    LOWER = "lower"
    HIGHER = "higher"
    SUBSET = "subset"
    SUPERSET = "superset"
    NEVER = "never"


_BY_SIZE = frozenset({Tighten.LOWER, Tighten.HIGHER})
_FITTING = dict.fromkeys((*_ORDERED, Kind.BOOL), _BY_SIZE) | {
    Kind.STRINGS: frozenset({Tighten.SUBSET, Tighten.SUPERSET})
}
_TIGHTER = {
    Tighten.LOWER: "or lower",
    Tighten.HIGHER: "or higher",
    Tighten.SUBSET: "or some of these only",
    Tighten.SUPERSET: "and more",
}


class Range(Part):
    """The values from `min` to `max` that a policy leaves to its groups, looser ones too.

    Of lists, those that have all of `min` and nothing beyond `max`.
    """

    min: FactValue
    max: FactValue


class Param(Part):
    """A named, typed value that rules read as `params.<name>`, and how far a group's configuration may change it."""

    type: Annotated[Kind, Lenient]
    value: FactValue
    tighten: Annotated[Tighten, Lenient] = Tighten.NEVER
    range: Range | None = None
    description: str = ""

    @model_validator(mode="before")
    @classmethod
    def _typed(cls, data: object) -> object:
        if not isinstance(data, dict) or data.get("type") not in list(Kind) or "value" not in data:
            return data
        kind, limits = Kind(data["type"]), data.get("range")
        made = {**data, "value": param_value(kind, data["value"])}
        if isinstance(limits, dict):
            made["range"] = {name: param_value(kind, value) for name, value in limits.items()}
        return made

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.tighten is not Tighten.NEVER and self.tighten not in _FITTING.get(self.type, frozenset()):
            fitting = sorted(_FITTING.get(self.type, frozenset()))
            raise ValueError(
                f"cannot say `tighten: {self.tighten}` of a {self.type}; use {' or '.join([*fitting, 'never'])}"
            )
        if self.range is not None:
            if self.type not in {*_ORDERED, Kind.STRINGS}:
                raise ValueError(f"cannot have a range, as a {self.type} has no order")
            if not self._in_range(self.value):
                raise ValueError("has a value outside of its own range")
        return self

    def objection(self, value: FactValue) -> str:
        """Return why a group may not set this value (of the right type) instead; empty when it may."""
        if value == self.value or self._in_range(value) or self._is_tighter(value):
            return ""
        return f"{shown(value)} is not among what the policy lets a group set: {self.allowed}"

    @property
    def allowed(self) -> str:
        """What a group may set, in words."""
        told = [f"{shown(self.value)} {_TIGHTER[self.tighten]}" if self.tighten in _TIGHTER else ""]
        told += [f"{shown(self.range.min)} to {shown(self.range.max)}" if self.range else ""]
        return ", or ".join(filter(None, told)) or f"{shown(self.value)}, and nothing else"

    def _in_range(self, value: FactValue) -> bool:
        limits = self.range
        return limits is not None and _within(limits.min, value) and _within(value, limits.max)

    def _is_tighter(self, value: FactValue) -> bool:
        if self.tighten in {Tighten.LOWER, Tighten.SUBSET}:
            return _within(value, self.value)
        return self.tighten is not Tighten.NEVER and _within(self.value, value)


def _within(one: FactValue, other: FactValue) -> bool:
    """Whether one value is at most another of its type; of lists, whether all of it is in the other."""
    if isinstance(one, list) and isinstance(other, list):
        return set(one) <= set(other)
    return bool(one <= other)  # type: ignore[operator] # both are of one ordered type


def param_value(kind: Kind, value: object) -> FactValue:
    """Return a parameter's value, with durations ('720h', '1d12h') and times read from text where they come as such.

    Raises ValueError saying what is wrong with it.
    """
    if kind is Kind.DURATION and isinstance(value, str):
        value = _duration(value)
    if kind is Kind.TIMESTAMP and isinstance(value, str):
        value = datetime.fromisoformat(value)
    reason = refusal(kind, value)
    if reason:
        raise ValueError(reason)
    return value  # type: ignore[return-value]


def param_text(value: FactValue) -> str | bool | int | list[str]:
    """Return a parameter's value as JSON has it, the same for the same value however it was written."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return f"{value // timedelta(seconds=1)}s"
    return value if isinstance(value, str | bool | int) else list(value)


def shown(value: FactValue) -> str:
    """Return a parameter's value as people write it: durations in the largest units that fit."""
    if isinstance(value, timedelta):
        return f"{value // timedelta(hours=1)}h" if not value % timedelta(hours=1) else str(param_text(value))
    if isinstance(value, bool):
        return str(value).lower()
    text = param_text(value)
    return f"[{', '.join(text)}]" if isinstance(text, list) else str(text)


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if not text or not found:
        raise ValueError("is not a duration; write it like 720h, 30d or 1d12h")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)

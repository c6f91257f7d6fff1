"""The schema of a policy file: one policy in a YAML text, as design.md section 6 lays it out."""

import re
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workplace_sync.policy.decision import Mode
from workplace_sync.policy.door import refusal
from workplace_sync.policy.facts import FactValue, Kind

_DURATION = re.compile(r"(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,10})s)?")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
PolicyId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
ParamName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Lenient = Field(strict=False)  # YAML has lists and plain text where we have tuples and enums


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Publication(_Part):
    """The published text that a policy encodes, so that anybody can compare the two."""

    title: Text
    url: str = ""
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""


class Metadata(_Part):
    """Who made the policy, what it encodes, and when it holds: from `effective_from` up to, not at, `effective_until`."""

    id: PolicyId
    version: Annotated[int, Field(ge=1)]
    title: Text
    owner: Text
    source: Publication
    effective_from: AwareDatetime
    effective_until: AwareDatetime | None = None


class Match(_Part):
    """Which groups (names, `*` stands for anything) and which actions a policy is about; everything unless it says so."""

    groups: Annotated[tuple[Text, ...], Lenient, Field(min_length=1)] = ("*",)
    actions: Annotated[tuple[Literal["add", "remove"], ...], Lenient, Field(min_length=1)] = ("add", "remove")

    def fits(self, group: str) -> bool:
        """Whether the policy is about this group."""
        return any(fnmatchcase(group, pattern) for pattern in self.groups)


class Param(_Part):
    """A named, typed value that rules read as `params.<name>`, and that a group's configuration may set otherwise."""

    type: Annotated[Kind, Lenient]
    value: FactValue

    @model_validator(mode="before")
    @classmethod
    def _typed(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("type") in list(Kind) and "value" in data:
            return {**data, "value": param_value(Kind(data["type"]), data["value"])}
        return data


class Condition(_Part):
    """A short named statement that must be true. Each is compiled alone, so an explanation can name the one that fails."""

    name: RuleId
    expression: Text


class _AnyRule(_Part):
    id: RuleId
    effect: Literal["deny", "hold", "warn"]
    remedy: Literal["", "invite"] = ""
    mode: Annotated[Mode, Lenient] = Mode.ENFORCE
    message: Text
    message_expression: Text | None = None
    title: str = ""
    conditions: Annotated[tuple[Condition, ...], Lenient] = ()

    @property
    def stated(self) -> tuple[Condition, ...]:
        """All that must be true."""
        return self.conditions


class Rule(_AnyRule):
    """A rule about one person: all conditions must be true, or the effect follows."""

    title: Text
    conditions: Annotated[tuple[Condition, ...], Lenient, Field(min_length=1)]


class PlanRule(_AnyRule):
    """A rule about a whole plan: `expression` (or, where one is not enough, every condition) states what must be true."""

    expression: Text | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if bool(self.expression) == bool(self.conditions):
            raise ValueError("needs either an expression or conditions")
        return self

    @property
    def stated(self) -> tuple[Condition, ...]:
        """All that must be true; the single expression goes by the rule's own name."""
        return (Condition(name=self.id, expression=self.expression),) if self.expression else self.conditions


class PolicyDocument(_Part):
    """A policy file. `on_error` says what becomes of a person when one of its rules cannot be evaluated: never allow."""

    kind: Literal["MembershipPolicy"]
    metadata: Metadata
    match: Match = Match()
    params: dict[ParamName, Param] = Field(default_factory=dict)
    on_error: Literal["deny", "hold"] = "deny"
    rules: Annotated[tuple[Rule, ...], Lenient] = ()
    plan_rules: Annotated[tuple[PlanRule, ...], Lenient] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.rules and not self.plan_rules:
            raise ValueError("has no rules")
        return self


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


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if not text or not found:
        raise ValueError("is not a duration; write it like 720h, 30d or 1d12h")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)

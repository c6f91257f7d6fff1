"""The schema of policy files: what each kind of YAML document may hold, as design.md section 6 lays it out."""

import re
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from workplace_sync.policy.decision import Mode, Shelf
from workplace_sync.policy.fields import Lenient, Part, Word
from workplace_sync.policy.params import Param

FLOOR_PREFIX = "floor-"
_LONGEST_ADDRESS = 320
_RULE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}/[a-z][a-z0-9_-]{0,63}")
_NAMED = re.compile(r"sha256:[0-9a-f]{64}|[^@\s]+@[^@\s]+")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
PolicyId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
ParamName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ClauseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.()-]{0,31}$")]
Words = Annotated[tuple[Word, ...], Lenient]


class Publication(Part):
    """The published text that a policy encodes, so that anybody can compare the two."""

    title: Text
    url: str = ""
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""


class ArchivedPublication(Part):
    """A text that somebody else published, as it was archived.

    `sha256` is that of the archived file, and `archive` its place beside the policy, such as texts/rules-2019.txt,
    where it may be kept with it.
    """

    title: Text
    url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    archive: Annotated[str, StringConstraints(pattern=r"^(texts/[A-Za-z0-9][A-Za-z0-9._-]{0,99})?$")] = ""


class _Dates(Part):
    id: PolicyId
    version: Annotated[int, Field(ge=1)]
    title: Text
    effective_from: AwareDatetime
    effective_until: AwareDatetime | None = None
    withdrawn: str = ""  # why it ended without the next version following at once; a gap must be stated
    topics: Words = ()
    tags: Words = ()


class Metadata(_Dates):
    """Who made the policy, what it encodes, and when it holds: from `effective_from` up to, not at, `effective_until`."""

    owner: Text
    source: Publication


class PlatformMetadata(_Dates):
    """What the platform's owner published, when, and from when on it says that it holds. `owner` names the folder."""

    owner: PolicyId
    source: ArchivedPublication
    published: date


class Condition(Part):
    """A short named statement that must be true. Each is compiled alone, so an explanation can name the one that fails."""

    name: RuleId
    expression: Text


class Match(Part):
    """Which groups (names, `*` stands for anything) and which actions a policy is about; everything unless it says so.

    Where a condition is false, none of the policy's rules applies; where one cannot be evaluated, none can be checked.
    """

    groups: Annotated[tuple[Text, ...], Lenient, Field(min_length=1)] = ("*",)
    actions: Annotated[tuple[Literal["add", "remove"], ...], Lenient, Field(min_length=1)] = ("add", "remove")
    conditions: Annotated[tuple[Condition, ...], Lenient] = ()

    def fits(self, group: str) -> bool:
        """Whether the policy is about this group."""
        return any(fnmatchcase(group, pattern) for pattern in self.groups)


class AnyRule(Part):
    """What every rule has. `clause` is the clause of a platform's text that the rule encodes."""

    id: RuleId
    effect: Literal["deny", "hold", "warn"]
    remedy: Literal["", "invite"] = ""
    mode: Annotated[Mode, Lenient] = Mode.ENFORCE
    severity: Literal["low", "medium", "high"] = "medium"
    tags: Words = ()
    clause: str = ""
    message: Text
    message_expression: Text | None = None
    title: str = ""
    conditions: Annotated[tuple[Condition, ...], Lenient] = ()

    @property
    def stated(self) -> tuple[Condition, ...]:
        """All that must be true."""
        return self.conditions


class Rule(AnyRule):
    """A rule about one person: all conditions must be true, or the effect follows."""

    title: Text
    conditions: Annotated[tuple[Condition, ...], Lenient, Field(min_length=1)]


class PlanRule(AnyRule):
    """A rule about a whole: `expression` (or, where one is not enough, every condition) states what must be true."""

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


class ExceptionRule(PlanRule):
    """A rule about an exception, asked when it is loaded: `deny` refuses to load it, `warn` has it listed."""

    effect: Literal["deny", "warn"]
    remedy: Literal[""] = ""


class PolicyDocument(Part):
    """What all policies have. `on_error` says what becomes of a person when a rule cannot be evaluated: never allow."""

    kind: str
    metadata: Metadata | PlatformMetadata
    match: Match = Match()
    params: dict[ParamName, Param] = Field(default_factory=dict)
    on_error: Literal["deny", "hold"] = "deny"
    rules: Annotated[tuple[Rule, ...], Lenient] = ()
    plan_rules: Annotated[tuple[PlanRule, ...], Lenient] = ()
    exception_rules: Annotated[tuple[ExceptionRule, ...], Lenient] = ()

    @property
    def all_rules(self) -> tuple[AnyRule, ...]:
        """The rules about people, about plans and about exceptions."""
        return (*self.rules, *self.plan_rules, *self.exception_rules)

    @property
    def shelf(self) -> Shelf:
        """Whose word this is."""
        return Shelf.BUILT_IN if self.metadata.id.startswith(FLOOR_PREFIX) else Shelf.UNION


class MembershipDocument(PolicyDocument):
    """What the union promises of itself."""

    kind: Literal["MembershipPolicy"]
    metadata: Metadata

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.all_rules:
            raise ValueError("has no rules")
        return self


class Clause(Part):
    """A clause of a published text, word for word; `id` is its number there."""

    id: ClauseId
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class PlatformDocument(PolicyDocument):
    """A text that the platform's owner published. It has no rules where it does not speak of what we do."""

    kind: Literal["PlatformPolicy"]
    metadata: PlatformMetadata
    clauses: Annotated[tuple[Clause, ...], Lenient, Field(min_length=1)]
    rules: Annotated[tuple[Rule, ...], Lenient]  # to be written even where there are none: it is a statement

    @property
    def shelf(self) -> Shelf:
        """The platform's."""
        return Shelf.PLATFORM


class ExceptionMatch(Part):
    """What an exception is limited to: groups, and conditions over the same facts that its rules read."""

    groups: Annotated[tuple[Text, ...], Lenient, Field(min_length=1)] = ("*",)
    conditions: Annotated[tuple[Condition, ...], Lenient] = ()


def _rule_name(text: str) -> str:
    if not _RULE_NAME.fullmatch(text):
        raise ValueError("must be one rule in full, as policy/rule")
    return text


def _named(text: str) -> str:  # the value is never repeated: it may be an address
    if not _NAMED.fullmatch(text) or len(text) > _LONGEST_ADDRESS:
        raise ValueError("must be an e-mail address, or sha256: and 64 hexadecimal digits")
    return text


RuleName = Annotated[str, AfterValidator(_rule_name), Field(json_schema_extra={"pattern": f"^{_RULE_NAME.pattern}$"})]
Named = Annotated[str, AfterValidator(_named), Field(json_schema_extra={"pattern": f"^({_NAMED.pattern})$"})]


class ExceptionDocument(Part):
    """An exception from rules, for a time: asked for by `owner`, approved by somebody else.

    `rules` are named in full (policy/rule). `people` limits it to some: e-mail addresses, or "sha256:" and the hash of
    the address in lower case, where an address should not lie in a file.
    """

    kind: Literal["PolicyException"]
    id: PolicyId
    title: Text
    reason: Text
    owner: Text
    approver: Text
    approved_at: AwareDatetime
    expires_at: AwareDatetime
    rules: Annotated[tuple[RuleName, ...], Lenient, Field(min_length=1)]
    match: ExceptionMatch = ExceptionMatch()
    people: Annotated[tuple[Named, ...], Lenient] = ()

"""What the rules say of one change, or of a whole plan: findings, and the decision that they add up to."""

from dataclasses import dataclass, field
from enum import StrEnum


class Effect(StrEnum):
    """What a rule, or all rules together, make of a change.

    The strictest wins: error > deny > hold > warn > excepted > allow. EXCEPTED: some rule did not hold, and an
    exception from it was in force; it is told apart from ALLOW wherever changes are counted.
    """

    ALLOW = "allow"
    EXCEPTED = "excepted"
    WARN = "warn"
    HOLD = "hold"
    DENY = "deny"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """How strict this is, from 0 (allow) to 5 (error)."""
        return _RANKS[self]


GOES = frozenset({Effect.ALLOW, Effect.EXCEPTED, Effect.WARN})
"""The effects with which a change is carried out without anybody's approval."""

_RANKS = {effect: rank for rank, effect in enumerate(Effect)}


class Mode(StrEnum):
    """Whether a rule counts, or is only listed (to try a rule out before it counts)."""

    ENFORCE = "enforce"
    AUDIT = "audit"


class Shelf(StrEnum):
    """Whose word a rule is: the union's own promise, what the platform's owner published, or built into the program."""

    UNION = "union"
    PLATFORM = "platform"
    BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that did not hold.

    `effect` is ERROR when the rule could not be evaluated; `on_error` then says what its policy makes of that (DENY or
    HOLD). `title` and `message` are sentences for a committee admin, `remedy` is what to offer instead ('' or 'invite').
    `exception` is the id of the exception by which it is excepted, '' otherwise.
    """

    policy: str
    version: int
    rule: str
    effect: Effect
    title: str
    message: str
    remedy: str = ""
    mode: Mode = Mode.ENFORCE
    on_error: Effect = Effect.DENY
    shelf: Shelf = Shelf.UNION
    severity: str = "medium"
    exception: str = ""

    @property
    def name(self) -> str:
        """The rule's stable name: `policy/rule`."""
        return f"{self.policy}/{self.rule}"

    @property
    def cite(self) -> str:
        """The rule as a record cites it, with the version of its policy: `policy@3/rule`."""
        return f"{self.policy}@{self.version}/{self.rule}"

    @property
    def excepted_cite(self) -> str:
        """The rule and the exception from it, as a record cites them: `policy@3/rule by exception-id`."""
        return f"{self.cite} by {self.exception}"

    @property
    def acts_as(self) -> Effect:
        """What is to be done because of this: the effect, and for ERROR what the policy's on_error says."""
        return self.on_error if self.effect is Effect.ERROR else self.effect


@dataclass(frozen=True, slots=True)
class Decision:
    """What all rules together say.

    `findings` are all rules that did not hold, strictest first, `audited` those that are only listed, `excepted` those
    that did not hold either, and from which an exception was in force. `effect` is the strictest effect among the
    findings; without any it is EXCEPTED if a rule was excepted, and ALLOW otherwise. `acts_as` is what is to be done: like `effect`, with every
    ERROR resolved to DENY or HOLD. `remedy` is what to offer to somebody who is held or denied: only what all rules
    that stand in the way agree on, so a person who opted out is not sent an invitation for lack of consent.
    """

    findings: tuple[Finding, ...] = ()
    audited: tuple[Finding, ...] = ()
    excepted: tuple[Finding, ...] = ()
    effect: Effect = field(init=False)
    acts_as: Effect = field(init=False)
    remedy: str = field(init=False)

    def __post_init__(self) -> None:
        remedies = {found.remedy for found in self.findings if found.acts_as.rank >= Effect.HOLD.rank}
        least = Effect.EXCEPTED if self.excepted else Effect.ALLOW
        object.__setattr__(self, "effect", strictest(least, *(found.effect for found in self.findings)))
        object.__setattr__(self, "acts_as", strictest(least, *(found.acts_as for found in self.findings)))
        object.__setattr__(self, "remedy", remedies.pop() if len(remedies) == 1 else "")

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the deciding rules, as `policy/rule`."""
        return tuple(found.name for found in self.findings)


def strictest(*effects: Effect) -> Effect:
    """Return the strictest of the effects, ALLOW when there are none."""
    return max(effects, key=lambda effect: effect.rank, default=Effect.ALLOW)

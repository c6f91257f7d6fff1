"""Why somebody is gone from a group, never claiming more than was seen.

The platform's API has no record of who took whom out. What can be seen is told apart here: our own operations, accounts
that were closed, a group that was archived, a webhook signed by the platform, a list of former members. What is left is
unknown, unless so many with live accounts went at once that chance cannot explain it; that is likely, never certain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from workplace_sync.membership.timeline import BLIND_WORDS, BlindCause

_MANY = 20
_PERCENT = 2
_FEW = 5  # in a small group a single leaver is more than 2 %


class Cause(StrEnum):
    """Why somebody is gone."""

    OWN_OPERATION = "own_operation"
    LEFT = "left"
    ACCOUNT_DEACTIVATED = "account_deactivated"
    ACCOUNT_GONE = "account_gone"
    REMOVED_BY_ADMIN = "removed_by_admin"
    REMOVED_BY_OTHER = "removed_by_other"
    GROUP_ARCHIVED = "group_archived"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How sure we are of a cause.

    certain: the platform itself said so, signed. likely: what was seen fits nothing else that is usual. possible: it
    fits, and so does something else. unknown: nothing speaks for any cause.
    """

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"
    UNKNOWN = "unknown"


class Account(StrEnum):
    """What the platform says of somebody's account. `gone` may also be an account that the token cannot see any more."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    GONE = "gone"
    UNTOLD = "untold"


class FormerMeaning(StrEnum):
    """What a group's list of former members holds; no document says it, so it is learnt from our own removals."""

    LEAVERS = "leavers"
    EVERYBODY = "everybody"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Hint:
    """What a webhook with a good signature said about a removal.

    `member` and `actor` are platform ids; `actor` is empty where it named nobody. `delivery` names the delivery as it is
    kept, for the record. What we do ourselves is known from our own operations, so nobody is taken for us by a name.
    """

    member: str
    actor: str = ""
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """All that was seen about one who is gone.

    `readings` is how many complete readings in a row missed them. `listed_inactive` and `listed_former` say whether
    they are on the platform's list of deactivated accounts, and on the group's of former members; None where that list
    was not read to its end. `blind` is why we could not see the group between the last reading that showed them and
    the first that did not. `together` is how many with live accounts went in the same `days`, of `size` members;
    more than one day where the group was not read daily.
    """

    readings: int = 1
    own_operation: bool = False
    account: Account = Account.UNTOLD
    listed_inactive: bool | None = None
    listed_former: bool | None = None
    former_meaning: FormerMeaning = FormerMeaning.UNTOLD
    blind: BlindCause | None = None
    hint: Hint | None = None
    together: int = 1
    size: int = 0
    days: int = 1

    @property
    def account_lives(self) -> bool:
        """Whether nothing says that their account was closed."""
        return self.account in {Account.ACTIVE, Account.UNTOLD} and not self.listed_inactive

    @property
    def listed_as_leaver(self) -> bool:
        """Whether the platform lists them among those who left by themselves."""
        return self.former_meaning is FormerMeaning.LEAVERS and self.listed_former is True


@dataclass(frozen=True, slots=True)
class Finding:
    """The cause, how sure of it we are, who did it if the platform said so, and every observation behind it in words."""

    cause: Cause
    confidence: Confidence
    actor: str = ""
    observations: tuple[str, ...] = ()


def bulk_from(size: int) -> int:
    """Return how many removals in a day are a bulk removal: 20 people or 2 % of the group, but never fewer than 5."""
    share = -(-size * _PERCENT // 100)
    return min(_MANY, max(_FEW, share))


def classify(seen: Observed) -> Finding:
    """Return why somebody is gone, with the observations that say so."""
    cause, confidence = _judge(seen)
    actor = seen.hint.actor if seen.hint is not None and cause is Cause.REMOVED_BY_ADMIN else ""
    return Finding(cause, confidence, actor, tuple(_observations(seen)))


def _judge(seen: Observed) -> tuple[Cause, Confidence]:
    return _shown(seen) or _inferred(seen)


def _shown(seen: Observed) -> tuple[Cause, Confidence] | None:
    """Return the cause that something about this person alone shows."""
    if seen.own_operation:
        return Cause.OWN_OPERATION, Confidence.CERTAIN
    if seen.hint is not None and seen.hint.actor:
        return _named(seen.hint), Confidence.CERTAIN
    if seen.account is Account.GONE:
        return Cause.ACCOUNT_GONE, Confidence.LIKELY
    if not seen.account_lives:
        agreed = seen.account is not Account.ACTIVE
        return Cause.ACCOUNT_DEACTIVATED, Confidence.LIKELY if agreed else Confidence.POSSIBLE
    return None


def _inferred(seen: Observed) -> tuple[Cause, Confidence]:
    """Return the cause that the circumstances speak for."""
    if seen.blind in {BlindCause.ARCHIVED, BlindCause.GONE}:
        return Cause.GROUP_ARCHIVED, Confidence.POSSIBLE
    if seen.listed_as_leaver:
        return Cause.LEFT, Confidence.LIKELY
    if seen.together >= bulk_from(seen.size) * seen.days:
        return Cause.REMOVED_BY_OTHER, Confidence.LIKELY if seen.account is Account.ACTIVE else Confidence.POSSIBLE
    if seen.former_meaning is FormerMeaning.LEAVERS and seen.listed_former is False:
        return Cause.REMOVED_BY_OTHER, Confidence.POSSIBLE
    return Cause.UNKNOWN, Confidence.UNKNOWN


def _named(hint: Hint) -> Cause:
    return Cause.LEFT if hint.actor == hint.member else Cause.REMOVED_BY_ADMIN


_ACCOUNTS = {
    Account.ACTIVE: "the account is active",
    Account.DEACTIVATED: "the account is deactivated",
    Account.GONE: "the account does not exist, or this token cannot see it",
    Account.UNTOLD: "the account was not looked at, or the platform did not say",
}
_MEANINGS = {
    FormerMeaning.LEAVERS: "which lists those who left by themselves, and none that we removed",
    FormerMeaning.EVERYBODY: "which also lists people whom we removed",
    FormerMeaning.UNTOLD: "of which nobody knows whom it lists",
}


def _observations(seen: Observed) -> Iterator[str]:
    yield f"missing from {seen.readings} complete reading{'s' if seen.readings > 1 else ''} in a row"
    if seen.own_operation:
        yield "an operation of ours removed them"
        return
    yield _ACCOUNTS[seen.account]
    if seen.listed_inactive is not None:
        yield f"{'on' if seen.listed_inactive else 'not on'} the platform's list of deactivated accounts"
    if seen.listed_former is not None:
        yield (
            f"{'on' if seen.listed_former else 'not on'} the group's list of former members,"
            f" {_MEANINGS[seen.former_meaning]}"
        )
    if seen.blind is not None:
        yield f"in between, {BLIND_WORDS[seen.blind]}"
    if seen.hint is not None:
        yield f"a signed webhook told of it{_who(seen.hint)}"
    if seen.account_lives and seen.together > 1:
        within = "a day" if seen.days == 1 else f"{seen.days} days"
        yield f"{seen.together} with live accounts went within {within}, of {seen.size} members"


def _who(hint: Hint) -> str:
    if not hint.actor:
        return ", naming nobody who did it"
    return ", naming the member" if hint.actor == hint.member else ", naming another account"


_WORDS = {
    Cause.LEFT: "left",
    Cause.ACCOUNT_DEACTIVATED: "account_closed",
    Cause.ACCOUNT_GONE: "account_closed",
    Cause.REMOVED_BY_ADMIN: "removed_by_other",
    Cause.REMOVED_BY_OTHER: "removed_by_other",
}


def policy_word(finding: Finding) -> str:
    """Return the cause as policies know it: left, removed_by_other, account_closed, or unknown where it is only possible."""
    sure = finding.confidence in {Confidence.CERTAIN, Confidence.LIKELY}
    return _WORDS.get(finding.cause, "unknown") if sure else "unknown"


def is_unexplained(finding: Finding) -> bool:
    """Whether the removal may have been somebody else's doing, so that it counts towards an incident."""
    return finding.cause in {Cause.REMOVED_BY_ADMIN, Cause.REMOVED_BY_OTHER, Cause.UNKNOWN, Cause.GROUP_ARCHIVED}


def meaning_of_former(listed: int, removed_by_us: int) -> FormerMeaning:
    """Return what the list of former members holds, given how many of our own removals are on it.

    One removal of ours on it shows that it is not a list of leavers alone; three that are not show that it is none of everybody.
    """
    if listed:
        return FormerMeaning.EVERYBODY
    enough = 3
    return FormerMeaning.LEAVERS if removed_by_us >= enough else FormerMeaning.UNTOLD

"""What the Graph's error codes mean to us.

Decided on `error.code`, because the HTTP status is not reliable on this API
(developers.facebook.com/docs/graph-api/guides/error-handling and .../overview/rate-limiting).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workplace_sync.platforms.base import (
    BlockedError,
    CallError,
    ChangeRefusedError,
    GroupGoneError,
    MalformedAnswerError,
    PermissionMissingError,
    RateLimitedError,
    RequestRefusedError,
    TokenRejectedError,
    UnavailableError,
)

_RATE = frozenset({4, 17, 32, 341, 613}) | frozenset(range(80000, 80100))
_TOKEN = frozenset({102, 190})
_PERMISSION = frozenset({3, 10}) | frozenset(range(200, 300))
_DOWN = frozenset({1, 2})
_BLOCKED = 368
_BAD_PARAMETER = 100
_NO_SUCH_OBJECT = 33  # as a subcode of 100
_NO_SUCH_ID = 803
_CERTAIN = frozenset({_BAD_PARAMETER, _NO_SUCH_ID})  # said of the call, whatever the status
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class GraphError:
    """The error object of an answer, less its texts; `about_proof` says that they name the app secret's proof."""

    code: int | None
    subcode: int | None
    trace_id: str
    is_transient: bool
    about_proof: bool
    status: int
    retry_after: float | None = None

    @property
    def no_such_object(self) -> bool:
        """Whether the platform says that what the path names is not there, or not for us to see."""
        return says_no_such_object(self.code, self.subcode)


def says_no_such_object(code: int | None, subcode: int | None) -> bool:
    """Return whether these codes mean: not there, or not for us to see."""
    return code == _NO_SUCH_ID or (code == _BAD_PARAMETER and subcode == _NO_SUCH_OBJECT)


@dataclass(frozen=True, slots=True)
class _Meaning:
    applies: Callable[[GraphError], bool]
    kind: type[CallError]
    sentence: str
    hint: str


# The first that applies counts. These mean the same for a whole call and for one operation of a batch.
_MEANINGS = (
    _Meaning(
        lambda e: e.code in _RATE,
        RateLimitedError,
        "The platform asks us to slow down",
        "Run again later; if it happens often, set a lower pace for the group.",
    ),
    _Meaning(
        lambda e: e.code in _TOKEN,
        TokenRejectedError,
        "The platform does not accept the token",
        "It was revoked, replaced or has expired: have the integration checked, then set a new token.",
    ),
    _Meaning(
        lambda e: e.code == _BAD_PARAMETER and e.about_proof,
        TokenRejectedError,
        "The platform does not accept the proof made with the app secret, or asks for one",
        "Set the app secret of this integration, and check that this machine's clock is right.",
    ),
    _Meaning(
        lambda e: e.code in _PERMISSION,
        PermissionMissingError,
        "The token lacks a permission that this needs",
        "In the platform's admin panel, let the integration manage groups and read their members and addresses.",
    ),
    _Meaning(
        lambda e: e.code == _BLOCKED,
        BlockedError,
        "The platform blocks this kind of call for a time",
        "Stop for now, look at what it says in its admin panel, and carry on later and slower.",
    ),
    _Meaning(
        lambda e: e.code is not None and e.status == _TOO_MANY_REQUESTS,
        RateLimitedError,
        "The platform asks us to slow down",
        "Run again later; if it happens often, set a lower pace for the group.",
    ),
    _Meaning(
        lambda e: e.code in _DOWN or e.is_transient or (e.status >= _SERVER_ERROR and e.code not in _CERTAIN),
        UnavailableError,
        "The platform says that it is out of order",
        "Run again later.",
    ),
)

_NO_SUCH_PERSON = _Meaning(
    lambda e: e.no_such_object,
    ChangeRefusedError,
    "The platform knows no such person here",
    "Check on the platform whether the person has an account in this community and is in the group.",
)
_REFUSED_CHANGE = _Meaning(
    lambda _: True,
    ChangeRefusedError,
    "The platform refused this change",
    "Look at the group and the person on the platform; it says there what stands in the way.",
)
_NO_SUCH_GROUP = _Meaning(
    lambda e: e.no_such_object,
    GroupGoneError,
    "The group does not exist, or this token may not see it",
    "Check the group's id, and whether the integration is still installed for this group.",
)
_UNNAMED = _Meaning(
    lambda e: e.code is None,
    MalformedAnswerError,
    "The platform answered with an error that it does not name",
    "Run again later.",
)
_REFUSED_CALL = _Meaning(
    lambda _: True,
    RequestRefusedError,
    "The platform refused the call",
    "Run the doctor command; if it finds nothing, the platform may have changed its API.",
)


def call_error(found: GraphError) -> CallError:
    """Return what an error at the top of an answer means."""
    return _first(found, (*_MEANINGS, _NO_SUCH_GROUP, _UNNAMED, _REFUSED_CALL))


def operation_error(found: GraphError) -> CallError:
    """Return what the error of one operation in a batch means; a refusal concerns that one person only."""
    return _first(found, (*_MEANINGS, _NO_SUCH_PERSON, _UNNAMED, _REFUSED_CHANGE))


def _first(found: GraphError, meanings: Sequence[_Meaning]) -> CallError:
    meaning = next(each for each in meanings if each.applies(found))
    subcode = "" if found.subcode is None else f"/{found.subcode}"
    code = "" if found.code is None else f" (code {found.code}{subcode})"
    return meaning.kind(
        f"{meaning.sentence}{code}.",
        hint=meaning.hint,
        code=found.code,
        subcode=found.subcode,
        trace_id=found.trace_id,
        retry_after=found.retry_after,
    )

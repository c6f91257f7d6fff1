"""The port to a platform: a reader and a writer as two types, and one family of errors.

Planning is handed a reader only, so a dry run cannot write by construction (promise P1). A platform package
implements both types and turns every failure into a `PlatformError` whose text holds no token and no address.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workplace_sync.errors import ExitCode, PlatformError
from workplace_sync.membership.change import Action
from workplace_sync.membership.removals import Account
from workplace_sync.membership.snapshot import Completeness, Member


class CallError(PlatformError):
    """A call to the platform that failed; every error of a platform is one of its kinds below.

    `code`, `subcode` and `trace_id` are the platform's own, for its support; `retry_after` is how many seconds it
    asks us to wait. The message is a sentence of ours: the platform's own texts may hold addresses, and are dropped.
    `harmless` says that the call certainly had no effect, so that even a write may be repeated. `stops_run` says that
    the next call would fare no better, so that a run had better stop here.
    """

    harmless: bool = False
    stops_run: bool = False

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: int | None = None,
        subcode: int | None = None,
        trace_id: str = "",
        retry_after: float | None = None,
        harmless: bool | None = None,
        stops_run: bool | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.subcode = subcode
        self.trace_id = trace_id
        self.retry_after = retry_after
        self.harmless = type(self).harmless if harmless is None else harmless
        self.stops_run = type(self).stops_run if stops_run is None else stops_run
        self.retryable = type(self).retryable if retryable is None else retryable


class UnavailableError(CallError):
    """The platform did not answer, or answered that it is down; nothing says that the person or the token is wrong."""

    retryable = True


class RateLimitedError(CallError):
    """The platform, or our own pace, asks us to slow down; the call had no effect."""

    retryable = True
    harmless = True
    stops_run = True


class TokenRejectedError(CallError):
    """The token was revoked, has expired or is not accepted (codes 190, 102): nothing can be seen or done."""

    exit_code = ExitCode.BLIND
    harmless = True
    stops_run = True


class PermissionMissingError(CallError):
    """The token lacks a permission that the call needs (codes 3, 10, 200-299)."""

    exit_code = ExitCode.BLIND
    harmless = True
    stops_run = True


class GroupGoneError(CallError):
    """The group does not exist, or is not visible to this token."""

    exit_code = ExitCode.BLIND
    harmless = True
    stops_run = True


class GroupArchivedError(CallError):
    """The group is archived: it can be read, and is not to be changed."""

    harmless = True
    stops_run = True


class TargetRefusedError(CallError):
    """The target is a community, where removing a member would remove the person from the whole platform."""

    harmless = True
    stops_run = True


class BlockedError(CallError):
    """The platform blocks this kind of call for a time, for policy or abuse reasons (code 368)."""

    harmless = True
    stops_run = True


class RequestRefusedError(CallError):
    """The platform refused a whole call as wrong: the fault is in the call, not in a person."""

    harmless = True
    stops_run = True


class ChangeRefusedError(CallError):
    """The platform refused one change, for example because the person has no account there."""

    harmless = True


class MalformedAnswerError(CallError):
    """The platform's answer is not what its API describes; whether the call had an effect is not known."""

    retryable = True


class StoppedError(CallError):
    """The run stopped before the call went out."""

    harmless = True
    stops_run = True


class Result(StrEnum):
    """What is known of an operation after it was sent."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # sent, and no answer says whether it took effect: settle by reading the group
    NOT_SENT = "not_sent"  # certainly without effect: rate limit, revoked token, or never handed to the network


@dataclass(frozen=True, slots=True)
class WantedOperation:
    """One addition or removal to carry out. `seq` is the caller's own number for it; `platform_id` may be empty for an addition."""

    seq: int
    action: Action
    address: str
    platform_id: str = ""


@dataclass(frozen=True, slots=True)
class OperationOutcome:
    """What became of one operation. `error` is set unless the result is accepted."""

    seq: int
    result: Result
    error: CallError | None = None

    @property
    def stops_run(self) -> bool:
        """Whether the writer pulls no further batch because of this outcome."""
        return self.error is not None and self.error.stops_run


@dataclass(frozen=True, slots=True)
class CommunityDescription:
    """The tenant that the token belongs to."""

    platform_id: str
    name: str


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """The group as the platform describes it. `member_count` is the platform's own count, None where it gives none."""

    platform_id: str
    name: str
    archived: bool
    member_count: int | None = None


@dataclass(frozen=True, slots=True)
class AccountsSeen:
    """What the platform says of people who are gone, by platform id; who is not in a mapping was not told of.

    `accounts` is how their accounts stand. `on_inactive` says whether they are on the list of deactivated accounts,
    `on_former` whether they are on the group's list of former members.
    """

    accounts: Mapping[str, Account] = field(default_factory=dict)
    on_inactive: Mapping[str, bool] = field(default_factory=dict)
    on_former: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PostCounts:
    """How often a post was seen, reacted to and commented on; no names, and nothing of what it says.

    A count that the platform does not tell is None.
    """

    post_id: str
    posted_at: datetime
    seen: int | None
    reactions: int | None
    comments: int | None


def always() -> bool:
    """Say that a request may go out."""
    return True


class GroupReader(ABC):
    """Reads one group.

    `failure` is the error behind the `fault` of the last reading, None when no error broke it off: it tells a revoked
    token from a server that is down, which the sentence alone does not.
    """

    failure: CallError | None = None

    @abstractmethod
    def describe(self) -> GroupDescription:
        """Return the group's description.

        Raises TargetRefusedError when the id is a community's, and the other PlatformErrors as they come.
        """

    @abstractmethod
    def read_members(
        self, on_page: Callable[[Sequence[Member]], None], on_restart: Callable[[], None] | None = None
    ) -> Completeness:
        """Hand every page of members to `on_page` and return how complete the reading was.

        Never raises for what the platform does: a failure half-way is told in `Completeness.fault`, with the pages
        before it already handed over. Memory stays flat: one page at a time.

        Members come and go during a long reading, and then it cannot be told from a broken one. With `on_restart` such
        a reading is begun again a few times: `on_restart` is called first, and the consumer drops every page it has
        been handed. What is returned describes the last reading alone. Errors of the two callables pass through.
        """

    @abstractmethod
    def granted_permissions(self) -> tuple[str, ...] | None:
        """Return the names of the permissions the token has, as far as the platform tells; None where it does not."""

    @abstractmethod
    def server_time_skew(self) -> float | None:
        """Return the platform's clock minus ours in seconds, None where its answer carries no date."""

    def look_up(self, gone: Sequence[str], removed_by_us: Sequence[str] = ()) -> AccountsSeen:  # noqa: ARG002 - for those that can
        """Return what the platform says of people who are gone from the group, given their platform ids.

        `removed_by_us` are only looked for among the former members, to learn whom that list holds. Never raises for
        what the platform does: what cannot be learnt, or would take too many calls, is left out. A platform without
        such lists tells nothing.
        """
        return AccountsSeen()

    def read_posts(self, since: datetime) -> Iterator[PostCounts]:  # noqa: ARG002 - for those that can
        """Yield the posts of the group since a time, newest first. Raises CallErrors; a platform without posts has none."""
        return iter(())


class GroupWriter(ABC):
    """Changes one group."""

    @abstractmethod
    def carry_out(
        self, batches: Iterable[Sequence[WantedOperation]], may_send: Callable[[], bool] = always
    ) -> Iterator[Sequence[OperationOutcome]]:
        """Carry out the operations, a batch at a time, and yield the outcomes of each batch as it comes back.

        `batches` is pulled lazily, never more than there are threads in flight, in the caller's thread: the caller
        records the intent while producing a batch, and the outcome while receiving one. A batch holds at most
        `batch_size` operations (ValueError). Failures are outcomes, not exceptions; the outcomes of a batch stand in
        the order of its operations, the batches in the order in which they come back.

        `may_send` is asked in any thread, right before each request that changes something and before each repeat of
        one: where it says no, nothing is sent any more, and what was not is told as such.

        After an outcome whose `stops_run` is true no further batch is pulled; those in flight are still reported.
        When the caller stops early, or its own code raises, those in flight are awaited and not reported: whatever
        has an intent and no outcome is to be settled by reading the group.
        """

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """The most operations that one batch may hold."""

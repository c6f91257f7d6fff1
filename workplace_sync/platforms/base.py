"""The port to a platform: a reader and a writer as two types, and one family of errors.

Planning is handed a reader only, so a dry run cannot write by construction (promise P1). A platform package
implements both types and turns every failure into a `PlatformError` whose text holds no token and no address.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workplace_sync.errors import ExitCode, PlatformError
from workplace_sync.membership.change import Action
from workplace_sync.membership.snapshot import Completeness, Member


class UnavailableError(PlatformError):
    """The platform did not answer, or answered that it is down; nothing says that the person or the token is wrong."""

    retryable = True


class RateLimitedError(PlatformError):
    """The platform asks us to slow down; the call had no effect."""

    retryable = True


class TokenRejectedError(PlatformError):
    """The token was revoked, has expired or is not accepted (codes 190, 102): nothing can be seen or done."""

    exit_code = ExitCode.BLIND


class PermissionMissingError(PlatformError):
    """The token lacks a permission that the call needs (codes 3, 10, 200-299)."""

    exit_code = ExitCode.BLIND


class GroupGoneError(PlatformError):
    """The group does not exist, or is not visible to this token."""

    exit_code = ExitCode.BLIND


class TargetRefusedError(PlatformError):
    """The target is a community, where removing a member would remove the person from the whole platform."""


class BlockedError(PlatformError):
    """The platform blocks this kind of call for a time, for policy or abuse reasons (code 368)."""


class ChangeRefusedError(PlatformError):
    """The platform refused one change, for example because the person has no account there."""


class MalformedAnswerError(PlatformError):
    """The platform's answer is not what its API describes; whether the call had an effect is not known."""

    retryable = True


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
    error: PlatformError | None = None


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """The group as the platform describes it. `member_count` is the platform's own count, None where it gives none."""

    platform_id: str
    name: str
    community_id: str
    archived: bool
    member_count: int | None = None


class GroupReader(ABC):
    """Reads one group."""

    @abstractmethod
    def describe(self) -> GroupDescription:
        """Return the group's description.

        Raises TargetRefusedError when the id is a community's, and the other PlatformErrors as they come.
        """

    @abstractmethod
    def read_members(self, on_page: Callable[[Sequence[Member]], None]) -> Completeness:
        """Hand every page of members to `on_page` and return how complete the reading was.

        Never raises for what the platform does: a failure half-way is told in `Completeness.fault`, with the pages
        before it already handed over. Memory stays flat: one page at a time.
        """

    @abstractmethod
    def granted_permissions(self) -> tuple[str, ...] | None:
        """Return the names of the permissions the token has, as far as the platform tells; None where it does not."""

    @abstractmethod
    def server_time_skew(self) -> float | None:
        """Return the platform's clock minus ours in seconds, None where its answer carries no date."""


class GroupWriter(ABC):
    """Changes one group."""

    @abstractmethod
    def carry_out(self, batches: Iterable[Sequence[WantedOperation]]) -> Iterator[Sequence[OperationOutcome]]:
        """Carry out the operations, a batch at a time, and yield the outcomes of each batch as it comes back.

        `batches` is pulled lazily, never more than there are threads in flight, in the caller's thread: the caller
        records the intent while producing a batch, and the outcome while receiving one. A batch holds at most
        `batch_size` operations. Failures are outcomes, not exceptions.
        """

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """The most operations that one batch may hold."""

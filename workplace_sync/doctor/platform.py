"""The checks of one group that ask its platform. They read a description and one page of members; they write nothing."""

from collections.abc import Iterator, Sequence
from typing import NoReturn

from workplace_sync.doctor.finding import Finding, Verdict, check, failed, ok, red, untold, warning
from workplace_sync.errors import SettingsError
from workplace_sync.groups import GroupFile
from workplace_sync.membership.snapshot import Member
from workplace_sync.platforms.base import (
    BlockedError,
    CallError,
    GroupReader,
    MalformedAnswerError,
    RateLimitedError,
    TokenRejectedError,
    UnavailableError,
)
from workplace_sync.platforms.http import Patience, Timeouts
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace
from workplace_sync.settings import Settings

NOTABLE_SKEW = 5.0
TOO_MUCH_SKEW = 60.0  # seconds; the proof made with the app secret is good for five minutes (facebook-login/security)

# As the platform's API names them, and as its admin panel does. The API name of "Read group membership" is in none of
# its documents, so that one is not looked for: reading a page of members shows whether it was granted.
NEEDED = {
    "manage_group": "Manage groups",
    "read_group": "Read group content",
    "read_user_email": "Read user email addresses",
}
_SEES_THE_GROUP = frozenset({"read_group"})

# Somebody is waiting for the answer: one more try, and no long waits.
_PATIENCE = Patience(attempts=2, total=10.0)
_LONGEST_WAIT = 10.0


def examine_platform(settings: Settings, group: GroupFile) -> Iterator[Finding]:
    """Make all checks that ask the platform, once the secrets are known to be set."""
    try:
        opened = _open(settings, group)
    except SettingsError as error:
        yield (closed := reachable(error))
        yield from (each.skipped(closed) for each in PLATFORM_CHECKS[1:])
        return
    with opened:
        reader = opened.reader()
        yield (answering := reachable(answer := _first_answer(opened)))
        yield (accepted := access.after([answering], answer))
        yield permissions.after([accepted], reader)
        yield (described := target.after([accepted], reader))
        yield addresses.after([described], reader)
        yield clock.after([answering], reader)


def _open(settings: Settings, group: GroupFile) -> WorkplaceGroup:
    """Open the group without the shared pace: half a dozen requests, and a database that may be what is broken."""
    config = group.platform
    return open_workplace(
        base_url=config.base_url,
        group_id=config.group_id,
        token=settings.secret(config.token_env).get_secret_value(),
        app_secret=settings.secret(config.app_secret_env).get_secret_value() if config.app_secret_env else None,
        threads=1,
        timeouts=Timeouts(min(settings.connect_timeout, _LONGEST_WAIT), min(settings.read_timeout, _LONGEST_WAIT)),
        patience=_PATIENCE,
        page_size=settings.page_size,
    )


def _first_answer(opened: WorkplaceGroup) -> CallError | None:
    try:
        opened.community()
    except CallError as error:
        return error
    return None


@check("platform")
def reachable(answer: CallError | SettingsError | None) -> Verdict:
    """Whether the platform answers at all; `answer` is the error of the first call, None where it succeeded."""
    if isinstance(answer, SettingsError | UnavailableError | MalformedAnswerError | RateLimitedError):
        return failed(answer)
    return ok("it answers")


@check("access")
def access(answer: CallError | None) -> Verdict:
    """Whether the token is accepted."""
    if isinstance(answer, TokenRejectedError | BlockedError):
        return failed(answer)
    return ok("the token is accepted")


@check("permissions")
def permissions(reader: GroupReader) -> Verdict:
    """Whether the token has the permissions that a run needs, as far as the platform tells."""
    granted = reader.granted_permissions()
    if granted is None:
        return untold("because the platform does not list what it granted; adding and removing is not tried out")
    missing = [name for name in NEEDED if name not in granted]
    if missing:
        panel = ", ".join(NEEDED[name] for name in missing)
        return red(
            f"The token lacks: {', '.join(missing)}.",
            f"In the platform's admin panel, grant the integration: {panel}.",
            blind=_SEES_THE_GROUP.issuperset(missing),
        )
    return ok(f"{', '.join(NEEDED)} are granted")


@check("group")
def target(reader: GroupReader) -> Verdict:
    """Whether the id is that of a group, which can be seen and is not archived."""
    found = reader.describe()
    if found.archived:
        return red(
            "The group is archived: it can be read, and is not changed.",
            "Ask the platform's administrators why; it can be brought back in the group's settings.",
        )
    members = "" if found.member_count is None else f" of {found.member_count:,} members"
    return ok(f"a group{members}, no community, not archived")


class _EnoughError(Exception):
    """One page is enough."""


@check("addresses")
def addresses(reader: GroupReader) -> Verdict:
    """Whether members can be read and their addresses seen, by one page of them."""
    page: list[Member] = []

    def take_one(members: Sequence[Member]) -> NoReturn:
        page.extend(members)
        raise _EnoughError

    try:
        reader.read_members(take_one)
    except _EnoughError:
        hidden = sum(member.address_hidden for member in page)
        return _seen(len(page), hidden)
    if reader.failure is not None:
        return failed(reader.failure)
    return warning("No members are shown, so that nothing can be said.", "See on the platform whether anybody is in.")


def _seen(members: int, hidden: int) -> Verdict:
    if members == hidden:
        return red(
            f"No address of {members} members on one page can be seen, so nobody can be found on the roster.",
            "In the platform's admin panel, grant the integration: Read user email addresses.",
        )
    without = f", {hidden} without an address" if hidden else ""
    return ok(f"{members} members on one page{without}")


@check("clock")
def clock(reader: GroupReader) -> Verdict:
    """Whether this machine's clock agrees with the platform's, to about a second."""
    skew = reader.server_time_skew()
    if skew is None:
        return untold("because the platform's answers carry no date")
    text = f"This machine's clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the platform's"
    advice = "Have this machine's clock set by NTP (`timedatectl set-ntp true`)."
    if abs(skew) > TOO_MUCH_SKEW:
        return red(f"{text}; what it signs may be refused, and its records bear a wrong time.", advice)
    return warning(f"{text}.", advice) if abs(skew) > NOTABLE_SKEW else ok("agrees with the platform's")


PLATFORM_CHECKS = (reachable, access, permissions, target, addresses, clock)

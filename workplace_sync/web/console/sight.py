"""What a visitor sees of the books: the groups that are theirs, and people in full or masked."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus

from workplace_sync.people import EVERY_GROUP
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.masking import mask_address
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import RefusalError

_SHOWN = 40  # characters of what was written


def groups_seen(ask: Ask, permission: Permission | None = None) -> tuple[str, ...] | None:
    """Return the groups whose books the visitor may read, as the page or another permission asks; None for all there are.

    Who may read all sees groups that are configured no more, too, and what is about no group.
    """
    wanted = permission or ask.page.permission
    if ask.may(wanted, EVERY_GROUP):
        return None
    return tuple(sorted(name for name in ask.groups if ask.may(wanted, name)))


def sees(groups: Collection[str] | None, group: str) -> bool:
    """Whether what is about a group is among what a visitor sees."""
    return groups is None or group in groups


def in_full(ask: Ask, group: str) -> bool:
    """Whether the visitor sees the addresses of a group's people, or of people of no group, in full."""
    return ask.may(Permission.ADDRESSES_READ, group or EVERY_GROUP)


def person_shown(ask: Ask, key: str, group: str) -> str:
    """Return a person as the visitor may see them, '' for nobody."""
    return key if in_full(ask, group) else mask_address(key)


def day_given(text: str) -> date | None:
    """Return the day that a form was sent with; None for none, or what is none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def day_asked(text: str) -> date | None:
    """Return the day that a page is asked for, None for none; refuses what is none, or the page would show all days."""
    found = day_given(text)
    if found is None and text.strip():
        raise RefusalError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{text.strip()[:_SHOWN]} is no day.",
            hint="Go back, and write the day like 2026-11-21.",
        )
    return found


def begin_of(day: date | None) -> datetime | None:
    """Return when a day begins, in UTC; None for none."""
    return None if day is None else datetime.combine(day, time(), UTC)


def end_of(day: date | None) -> datetime | None:
    """Return when a day is over, in UTC; None for none."""
    return None if day is None or day == date.max else datetime.combine(day + timedelta(days=1), time(), UTC)

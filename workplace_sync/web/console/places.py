"""Where a page of a list ends, as a text for the address of the next."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from workplace_sync.jobs.listing import Place


def told(place: Place | None) -> str:
    """Return a place as a text, '' for none."""
    return f"{place[0].isoformat()}~{place[1]}" if place else ""


def place_of(text: str) -> Place | None:
    """Return the place that a text tells; None for none, or for what is none."""
    at, _, row = text.partition("~")
    try:
        given = datetime.fromisoformat(at)
        found = given.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter where UTC has no such year
        return None
    return (found, row) if row and given.tzinfo is not None else None


def address(path: str, given: Mapping[str, str]) -> str:
    """Return an address with those of the values that are there."""
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{path}?{query}" if query else path

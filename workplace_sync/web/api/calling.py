"""One request of a program: who it is for, how often it asks, and where its lists go on."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator

from workplace_sync.jobs.limits import API, Tally
from workplace_sync.web.api.cursors import Cursors
from workplace_sync.web.console.asking import Ask, ask
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import RefusalError

V1 = "/api/v1"
AT_ONCE = 50

_PLAIN = r"^[^\x00-\x1f\x7f]*$"
_ONE_PAGE = {"cursor", "limit"}


def _in_the_calendar(text: str) -> str:
    """Return a day as it was sent; raises ValueError, as validators do, for the 30th of February."""
    if text:
        date.fromisoformat(text)
    return text


Cursor = Annotated[str, Query(max_length=400, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the page before.")]
AtOnce = Annotated[int, Query(alias="limit", ge=1, le=200, description="How many at most.")]
Word = Annotated[str, Query(max_length=200, pattern=_PLAIN)]
Day = Annotated[
    str,
    Query(max_length=10, pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", description="As in 2026-11-21."),
    AfterValidator(_in_the_calendar),
]
Id = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.~-]+$")]
Reference = Annotated[str, Path(min_length=1, max_length=1_000, pattern=r"^[A-Za-z0-9_-]+$")]
Seq = Annotated[int, Path(ge=0, lt=2**31)]


def called(request: Request) -> Ask:
    """Return the request as its operation sees it.

    Refuses with 401 and 403 whoever may not make it, with 429 who asks too often, and what changes something without a
    token: a session is a person's at a browser, and there are pages for that.
    """
    asked = ask(request)
    if asked.page.permission is Permission.PUBLIC:
        return asked
    if request.method != "GET" and not asked.visitor.token:
        raise RefusalError(
            HTTPStatus.UNAUTHORIZED,
            "This needs a token.",
            hint="Make one with `workplace-sync account token`.",
            login=True,
        )
    tally = asked.console.limits.tally(API, asked.visitor.token or asked.visitor.name)
    now = asked.app.now()
    request.state.rate = rate_headers(tally, now)
    if tally.over:
        seconds = max(1, round((tally.until - now).total_seconds()))
        raise RefusalError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "That was asked too often.",
            hint=f"Try again in {seconds} s.",
            retry_after=seconds,
        )
    return asked


Called = Annotated[Ask, Depends(called)]


def rate_headers(tally: Tally, now: datetime) -> dict[str, str]:
    """Return how far somebody is from the limit, as draft-ietf-httpapi-ratelimit-headers has it."""
    limit = tally.limit
    left = max(0, -(-(tally.until - now) // timedelta(seconds=1)))
    return {
        "RateLimit-Policy": f'"{limit.what}";q={limit.most};w={round(limit.within.total_seconds())}',
        "RateLimit": f'"{limit.what}";r={tally.remaining};t={left}',
    }


def went_before(asked: Ask, cursor: str) -> str:
    """Return the place after which a page begins, '' for the first one; refuses with 422 what is no cursor of this list."""
    return _cursors(asked).read(_list_of(asked), cursor) if cursor else ""


def next_page(asked: Ask, place: str, *, of: str = "") -> str | None:
    """Return the cursor for what comes after a place, None where there is none. `of` is the list, if it is at another path."""
    return _cursors(asked).make(of or _list_of(asked), place) if place else None


def _list_of(asked: Ask) -> str:
    """Return what the list is: its path, and what it was asked for."""
    query = asked.request.query_params
    return list_at(asked.request.url.path, {name: value for name, value in query.items() if name not in _ONE_PAGE})


def list_at(path: str, given: Mapping[str, str]) -> str:
    """Return the name of the list at a path that is asked for with these values; empty ones make no difference."""
    return f"{path}?{urlencode(sorted((name, value) for name, value in given.items() if value))}"


def _cursors(asked: Ask) -> Cursors:
    return kept(asked, Cursors, lambda: Cursors(bytes.fromhex(asked.console.veil.digest("cursors"))))

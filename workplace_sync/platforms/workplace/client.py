"""The verbs of the Graph: read an object, page through an edge, send a batch."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from workplace_sync.membership.change import Action
from workplace_sync.platforms.base import CallError, RequestRefusedError, UnavailableError, WantedOperation
from workplace_sync.platforms.http import Call, HttpClient
from workplace_sync.platforms.waiting import never
from workplace_sync.platforms.workplace.wire import (
    WirePage,
    malformed,
    parse_batch,
    parse_object,
    parse_page,
    parse_timed_page,
)

BATCH_LIMIT = 50  # developers.facebook.com/docs/graph-api/batch-requests
_UNKNOWN = 1  # the code that also stands for "reduce the amount of data"
_BAD_PARAMETER = 100
_SMALLEST_PAGE = 50
_MOST_EMPTY_PAGES = 100


@dataclass(frozen=True, slots=True)
class BatchOperation:
    """One operation of a batch. What names a person stands in the form of the POST, never in an address."""

    method: str
    relative_url: str
    body: str = ""

    def on_wire(self) -> Mapping[str, str]:
        """Return the operation as the batch spells it."""
        spelt = {"method": self.method, "relative_url": self.relative_url}
        return {**spelt, "body": self.body} if self.body else spelt


def change_members(group_id: str, wanted: WantedOperation) -> BatchOperation:
    """Return the operation that adds or removes a person: by platform id where it is known, else by address."""
    if wanted.action is Action.ADD:
        person = {"member": wanted.platform_id} if wanted.platform_id else {"email": wanted.address}
        return BatchOperation("POST", f"{group_id}/members", urlencode(person))
    if wanted.platform_id:
        return BatchOperation("DELETE", f"{group_id}/members/{quote(wanted.platform_id, safe='')}")
    return BatchOperation("DELETE", f"{group_id}/members?{urlencode({'email': wanted.address})}")


class GraphClient:
    """The verbs over one HttpClient. Safe for many threads."""

    def __init__(self, http: HttpClient) -> None:
        self.http = http

    def read(self, path: str, **params: str) -> Mapping[str, object]:
        """Return one object."""
        return parse_object(self.http.call(Call(path, params)))

    def pages(self, path: str, limit: int, **params: str) -> Iterator[WirePage]:
        """Yield the pages of an edge, of at most `limit` rows each, until one has no `next`.

        Raises MalformedAnswerError when the pages lead in a circle or nowhere, and CallErrors as they come. Pages that
        the platform finds too big are asked for again in a smaller size: no document says what the largest `limit` is.
        """
        after: str | None = None
        seen: set[bytes] = set()
        empty = 0
        while True:
            try:
                page = parse_page(self.http.call(Call(path, _page_params(params, limit, after))))
            except (UnavailableError, RequestRefusedError) as error:
                if limit <= _SMALLEST_PAGE or not _may_be_too_big(error, after):
                    raise
                limit = max(_SMALLEST_PAGE, limit // 4)
                continue
            yield page
            after, empty = page.after, 0 if page.rows else empty + 1
            if after is None:
                return
            mark = hashlib.blake2b(after.encode(), digest_size=8).digest()
            if mark in seen or empty > _MOST_EMPTY_PAGES:
                raise malformed("the pages of a list do not come to an end")
            seen.add(mark)

    def timed_pages(self, path: str, limit: int, **params: str) -> Iterator[WirePage]:
        """Yield the pages of an edge that goes by time, newest first; the last one has no `next`, or no rows.

        Raises MalformedAnswerError when the pages lead in a circle, and CallErrors as they come.
        """
        place: Mapping[str, str] = {}
        seen: set[tuple[tuple[str, str], ...]] = set()
        while True:
            page = parse_timed_page(self.http.call(Call(path, {**params, "limit": str(limit), **place})))
            yield page
            place = page.place
            if not place or not page.rows:
                return
            mark = tuple(sorted(place.items()))
            if mark in seen:
                raise malformed("the pages of a list do not come to an end")
            seen.add(mark)

    def batch(
        self, operations: Sequence[BatchOperation], stopped: Callable[[], bool] = never, *, reads: bool = False
    ) -> Sequence[object]:
        """Send at most 50 operations in one POST and return their answers in order; None was not finished in time.

        `reads` says that all of them only read, so that the whole may be repeated.
        """
        form = {
            "batch": json.dumps([operation.on_wire() for operation in operations], separators=(",", ":")),
            "include_headers": "false",
        }
        call = Call("", form=form, weight=len(operations), reads=reads)
        return parse_batch(self.http.call(call, stopped), len(operations))


def _may_be_too_big(error: CallError, after: str | None) -> bool:
    """Whether a smaller page may succeed: code 1 has that meaning too; on the first page, so has a bad parameter."""
    return error.code == _UNKNOWN or (error.code == _BAD_PARAMETER and after is None)


def _page_params(params: Mapping[str, str], limit: int, after: str | None) -> Mapping[str, str]:
    paging = {"limit": str(limit)} if after is None else {"limit": str(limit), "after": after}
    return {**params, **paging}

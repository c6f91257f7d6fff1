"""Payloads of the Graph into values: strict on what is used, blind to the rest, and no text of theirs in an error."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from workplace_sync.membership.removals import Account
from workplace_sync.membership.snapshot import Member
from workplace_sync.platforms.base import CallError, MalformedAnswerError, PostCounts, UnavailableError
from workplace_sync.platforms.http import HttpAnswer
from workplace_sync.platforms.workplace.codes import GraphError, call_error, operation_error
from workplace_sync.roster.person import BadAddressError, person_key

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_TRACE = re.compile(r"[0-9A-Za-z_+/=-]{1,64}")
_NO_ADDRESS = "emailless.facebook.com"  # people without e-mail carry a made-up address there
_PLACES = ("since", "until", "__paging_token", "after")
_SERVER_ERROR = 500
_OK = range(200, 300)


class GraphDialect:
    """How this API answers, and how a call to it is signed."""

    def __init__(self, token: str, app_secret: str | None) -> None:
        self._token = token
        self._secret = app_secret

    def read(self, answer: HttpAnswer) -> object:
        """Return the answer's JSON value, or raise the CallError that it stands for."""
        value = _json(answer)
        found = find_error(value, answer.status, answer.retry_after or _regain_seconds(answer.headers))
        if found is not None:
            raise call_error(found)
        if answer.status not in _OK:
            raise _unnamed(answer)
        return value

    def usage(self, headers: Mapping[str, str]) -> int | None:
        """Return the highest percentage of the usage headers, None where there is none that can be read."""
        shares = [
            share
            for usage in _usages(headers)
            for share in _numbers(usage, "call_count", "total_time", "total_cputime")
        ]
        return max(shares, default=None)

    def signature(self, now: datetime) -> Mapping[str, str]:
        """Return the time-stamped proof, good for five minutes (facebook-login/security), or nothing without a secret."""
        if self._secret is None:
            return {}
        time = str(int(now.timestamp()))
        proof = hmac.new(self._secret.encode(), f"{self._token}|{time}".encode(), hashlib.sha256).hexdigest()
        return {"appsecret_proof": proof, "appsecret_time": time}


@dataclass(frozen=True, slots=True)
class WirePage:
    """One page of an edge.

    `after` leads to the next page, None on the last one; `place` does where an edge goes by time, empty on the last one.
    """

    rows: Sequence[object]
    after: str | None
    place: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WireGroup:
    """A group's own fields, as far as the platform gives them."""

    platform_id: str
    name: str
    archived: bool
    is_community: bool | None
    member_count: int | None


def malformed(what: str) -> MalformedAnswerError:
    """Return the error for an answer in which `what` is not as the API describes it."""
    return MalformedAnswerError(
        f"The platform's answer is not what its API describes: {what}.",
        hint="Run again; if it stays so, something stands between us and the platform, or its API has changed.",
    )


def find_error(value: object, status: int, retry_after: float | None = None) -> GraphError | None:
    """Return the error object of a JSON value, None where it has none."""
    if not isinstance(value, dict) or "error" not in value:
        return None
    error = value["error"]
    fields: Mapping[str, object] = error if isinstance(error, dict) else {}
    trace = fields.get("fbtrace_id")
    return GraphError(
        code=_whole(fields.get("code")),
        subcode=_whole(fields.get("error_subcode")),
        trace_id=trace if isinstance(trace, str) and _TRACE.fullmatch(trace) else "",
        is_transient=fields.get("is_transient") is True,
        about_proof="appsecret" in str(fields.get("message", "")),
        status=status,
        retry_after=retry_after,
    )


def parse_object(value: object) -> Mapping[str, object]:
    """Return the value as an object, or raise MalformedAnswerError."""
    if not isinstance(value, dict):
        raise malformed("it is not an object")
    return value


def parse_id(value: object) -> str:
    """Return an id, which is opaque to us but safe in a path, or raise MalformedAnswerError."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise malformed("an id is missing or odd")
    return text


def parse_page(value: object) -> WirePage:
    """Return a page. It is the last one when it has no `next`; its number of rows says nothing (docs: paging)."""
    page = parse_object(value)
    rows = page.get("data")
    if not isinstance(rows, list):
        raise malformed("a page has no list of rows")
    paging = parse_object(page.get("paging", {}))
    if "next" not in paging:
        return WirePage(rows, None)
    return WirePage(rows, _after(paging))


def parse_timed_page(value: object) -> WirePage:
    """Return a page of an edge that goes by time; of the address of the next one only the place in time is used."""
    page = parse_object(value)
    rows, paging = page.get("data"), parse_object(page.get("paging", {}))
    if not isinstance(rows, list):
        raise malformed("a page has no list of rows")
    following = paging.get("next")
    try:
        query = parse_qs(urlsplit(following).query) if isinstance(following, str) else {}
    except ValueError:
        query = {}
    place = {name: query[name][-1] for name in _PLACES if name in query}
    if "next" in paging and not place:
        raise malformed("a page announces another one without saying where it is")
    return WirePage(rows, None, place)


def parse_account(part: object) -> Account:
    """Return how an account stands, from the answer to a batched question for its node; untold when that is not clear."""
    if not isinstance(part, dict):
        return Account.UNTOLD
    status, body = _whole(part.get("code")), part.get("body")
    value = _loads(body) if isinstance(body, str) else None
    if status is None or not isinstance(value, dict):
        return Account.UNTOLD
    error = find_error(value, status)
    if error is not None:
        return Account.GONE if error.no_such_object else Account.UNTOLD
    active = value.get("active")
    if not isinstance(active, bool):
        return Account.UNTOLD
    return Account.ACTIVE if active else Account.DEACTIVATED


def parse_post(value: object) -> PostCounts:
    """Return a post's counts; None stands for one that the platform does not tell."""
    row = parse_object(value)
    created = row.get("created_time")
    try:
        posted_at = datetime.fromisoformat(created) if isinstance(created, str) else None
    except ValueError:
        posted_at = None
    if posted_at is None or posted_at.tzinfo is None:
        raise malformed("a post has no time")
    seen, reactions, comments = (_total(row.get(edge)) for edge in ("seen", "reactions", "comments"))
    return PostCounts(parse_id(row.get("id")), posted_at, seen, reactions, comments)


def _total(edge: object) -> int | None:
    summary = edge.get("summary") if isinstance(edge, dict) else None
    return _whole(summary.get("total_count")) if isinstance(summary, dict) else None


def parse_member(value: object) -> Member:
    """Return a member. A missing, made-up or unreadable address gives the key `id:<platform id>`."""
    row = parse_object(value)
    platform_id = parse_id(row.get("id"))
    administrator, active = row.get("administrator", False), row.get("active")
    if not isinstance(administrator, bool) or not isinstance(active, bool | None):
        raise malformed("a member's flag is neither true nor false")
    return Member(platform_id, _key(row.get("email"), platform_id), administrator, active)


def parse_group(value: object) -> WireGroup:
    """Return a group's description."""
    row = parse_object(value)
    name, archived, community = row.get("name", ""), row.get("archived", False), row.get("is_community")
    if not isinstance(name, str) or not isinstance(archived, bool) or not isinstance(community, bool | None):
        raise malformed("a field of the group is of the wrong kind")
    return WireGroup(parse_id(row.get("id")), name, archived, community, parse_count(row))


def parse_count(row: Mapping[str, object]) -> int | None:
    """Return `members.summary.total_count`, None where the platform gives none."""
    members = row.get("members")
    summary = members.get("summary") if isinstance(members, dict) else None
    count = _whole(summary.get("total_count")) if isinstance(summary, dict) else None
    if count is not None and count < 0:
        raise malformed("a count is negative")
    return count


def parse_permissions(value: object) -> tuple[str, ...]:
    """Return the names of the granted permissions, sorted."""
    rows = [parse_object(row) for row in parse_page(value).rows]
    granted = [row.get("permission") for row in rows if row.get("status", "granted") == "granted"]
    return tuple(sorted(name for name in granted if isinstance(name, str)))


def parse_batch(value: object, expected: int) -> Sequence[object]:
    """Return the answers of a batch, one for each operation, or raise MalformedAnswerError."""
    if not isinstance(value, list) or len(value) != expected:
        raise malformed("a batch did not bring one answer for each operation")
    return value


def operation_failure(part: object) -> CallError | None:
    """Return why an operation of a batch failed, None when the platform says that it succeeded.

    `null` stands for an operation that was not finished in time, and an answer without `success` for nothing at all:
    whether they took effect is not known (developers.facebook.com/docs/graph-api/batch-requests).
    """
    if part is None:
        return UnavailableError("The platform did not finish this change in time.", hint="It is settled by reading.")
    if not isinstance(part, dict):
        return malformed("an operation's answer is not an object")
    status, body = _whole(part.get("code")), part.get("body")
    value = _loads(body) if isinstance(body, str) else None
    if status is None or not isinstance(value, dict):
        return malformed("an operation's answer cannot be read")
    found = find_error(value, status)
    if found is not None:
        return operation_error(found)
    if status not in _OK or value.get("success") is not True:
        return malformed("an operation's answer does not say that it succeeded")
    return None


def _key(address: object, platform_id: str) -> str:
    if isinstance(address, str):
        try:
            key = person_key(address)
        except BadAddressError:
            return f"id:{platform_id}"
        domain = key.rpartition("@")[2]
        if domain != _NO_ADDRESS and not domain.endswith(f".{_NO_ADDRESS}"):
            return key
    return f"id:{platform_id}"


def _after(paging: Mapping[str, object]) -> str:
    """Return the cursor of the next page; the address around it, which may name any host, is not used."""
    following, cursors = paging["next"], paging.get("cursors")
    if isinstance(following, str):
        try:
            found = parse_qs(urlsplit(following).query).get("after", [])
        except ValueError:
            found = []
        if found and found[-1]:
            return found[-1]
    cursor = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(cursor, str) or not cursor:
        raise malformed("a page announces another one without a cursor")
    return cursor


def _json(answer: HttpAnswer) -> object:
    value = _loads(answer.content)
    if value is not None:
        return value
    if answer.status >= _SERVER_ERROR:
        raise _unnamed(answer)
    raise malformed("it is not JSON")


def _loads(text: str | bytes) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    return value


def _unnamed(answer: HttpAnswer) -> CallError:
    """Return the error for a bad status without the API's own error object: often a gateway's page."""
    if answer.status >= _SERVER_ERROR:
        return UnavailableError(
            f"The platform answered with status {answer.status}.",
            hint="Run again later.",
            retry_after=answer.retry_after,
        )
    return malformed(f"status {answer.status} without an error that says why")


def _regain_seconds(headers: Mapping[str, str]) -> float | None:
    minutes = [each for usage in _usages(headers) for each in _numbers(usage, "estimated_time_to_regain_access")]
    return 60.0 * max(minutes) if any(minutes) else None


def _usages(headers: Mapping[str, str]) -> list[Mapping[str, object]]:
    app = [_loads(headers.get(name, "")) for name in ("X-App-Usage", "X-Page-Usage")]
    business = _loads(headers.get("X-Business-Use-Case-Usage", ""))
    if isinstance(business, dict):
        app += [usage for usages in business.values() if isinstance(usages, list) for usage in usages]
    return [usage for usage in app if isinstance(usage, dict)]


def _numbers(usage: Mapping[str, object], *names: str) -> list[int]:
    return [int(value) for name in names if isinstance(value := usage.get(name), int | float) and 0 <= value < 1e6]  # noqa: PLR2004 - keeps NaN and nonsense out


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

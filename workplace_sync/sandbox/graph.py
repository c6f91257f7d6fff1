"""The Graph paths: from a request taken apart to an answer, faults included. No network here."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from workplace_sync.sandbox.access import Access, admit_call
from workplace_sync.sandbox.batch import Answered, Shown, is_write, read_batch, run_batch
from workplace_sync.sandbox.calls import Call
from workplace_sync.sandbox.failures import GraphError, missing
from workplace_sync.sandbox.faults import Fault
from workplace_sync.sandbox.reads import read
from workplace_sync.sandbox.state import Quota, Sandbox
from workplace_sync.sandbox.writes import write

HTML = "<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
BARE = '{"error":{"code":1,"message":"An unknown error occurred"}}'

_BEFORE = ("timeout_before_effect", "html", "error", "bare_error", "rate_limit")
_LIMIT_TEXTS = {
    4: "(#4) Application request limit reached",
    17: "(#17) User request limit reached",
    32: "(#32) Page request limit reached",
    341: "(#341) Feed action request limit reached",
    613: "(#613) Calls to this api have exceeded the rate limit.",
}


@dataclass(slots=True)
class Answer:
    """What to send. `silent_ms` not None: send nothing, hold the connection that long, then close it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=UTF-8"
    silent_ms: int | None = None


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A request taken apart: `operations` None unless it is a batch; `levels` are what a fault's `on` may name."""

    call: Call
    operations: list[Shown] | None
    levels: frozenset[str]
    tenant: str | None


def take_apart(sandbox: Sandbox, read_call: Callable[[], Call]) -> Request | Answer:
    """Return the request, or the answer to one that cannot be read; `read_call` may raise GraphError."""
    try:
        call = read_call()
        operations = read_batch(call) if call.method == "POST" else None
    except GraphError as error:
        return _finished(sandbox, _failed(error, {}))
    return Request(call, operations, _levels(call, operations), _tenant_of(sandbox, call))


def added_latency(sandbox: Sandbox, request: Request) -> float:
    """Return the milliseconds that faults add to the request."""
    fault = sandbox.faults.at_call(("latency",), request.levels, request.tenant)
    return 0.0 if fault is None else float(fault.parameters["ms"] or 0)


def answer_request(sandbox: Sandbox, request: Request) -> Answer:
    """Answer one HTTP request, with every change it makes kept before it returns."""
    request.call.at = sandbox.now()
    return _finished(sandbox, _answer(sandbox, request), request)


def _finished(sandbox: Sandbox, answer: Answer, request: Request | None = None) -> Answer:
    if request is not None:
        usage = _usage_header(sandbox, request.tenant)
        answer.headers = {**_version_header(sandbox, request.call), **usage, **answer.headers}
    sandbox.counts.answers[f"HTTP {int(answer.status)}" if answer.silent_ms is None else "none"] += 1
    sandbox.ledger.commit()
    return answer


def _failed(error: GraphError, headers: dict[str, str]) -> Answer:
    return Answer(error.status, _dump(error.envelope()).encode(), {**headers, **error.headers})


def _answer(sandbox: Sandbox, request: Request) -> Answer:
    call, operations = request.call, request.operations
    sandbox.counts.requests[_kind_of(call) if operations is None else "POST batch"] += 1
    early = _strike_before(sandbox, request.levels, request.tenant)
    if early is not None:
        return early
    try:
        _check_user_agent(sandbox, call)
        if operations is None:
            answer = Answer(body=_dump(_carry_out(sandbox, call)).encode())
        else:
            admit_call(sandbox, call)
            answered = run_batch(sandbox, call, operations, lambda each: _operation(sandbox, each))
            answer = Answer(body=_dump(answered).encode())
    except GraphError as error:
        answer = _failed(error, {})
    return _strike_after(sandbox, request.levels, request.tenant, answer)


def _check_user_agent(sandbox: Sandbox, call: Call) -> None:
    if sandbox.switches.user_agent_required and not call.headers.get("user-agent"):
        raise GraphError(100, "(#100) A User-Agent is required")


def _carry_out(sandbox: Sandbox, call: Call) -> dict[str, object]:
    access: Access = admit_call(sandbox, call)
    _use_quota(sandbox, call)
    if call.method == "GET":
        return read(sandbox, access, call)
    if call.method in {"POST", "DELETE"}:
        return write(sandbox, access, call)
    raise missing(call.method, call.segments[0] if call.segments else "0")


def _operation(sandbox: Sandbox, call: Call) -> Answered | None:
    """Carry out one operation of a batch; None when nothing is known of it."""
    tenant, levels = _tenant_of(sandbox, call), frozenset({"operation"})
    sandbox.counts.requests[f"{_kind_of(call)}, batched"] += 1
    early = _strike_before(sandbox, levels, tenant)
    if early is not None:
        return None if early.silent_ms is not None else Answered(early.status, early.body.decode(), early.headers)
    headers = {"Content-Type": "application/json; charset=UTF-8", **_version_header(sandbox, call)}
    try:
        answer = Answer(200, _dump(_carry_out(sandbox, call)).encode(), headers)
    except GraphError as error:
        answer = _failed(error, headers)
    late = _strike_after(sandbox, levels, tenant, answer)
    if late.silent_ms is not None:
        return None
    return Answered(late.status, late.body.decode("utf-8", "ignore"), late.headers)


# what kind of call it is


def _tenant_of(sandbox: Sandbox, call: Call) -> str | None:
    grant = sandbox.world.tokens.get(call.token)
    return None if grant is None else grant.tenant


def _levels(call: Call, operations: list[Shown] | None) -> frozenset[str]:
    if operations is None:
        return frozenset({"any", "read" if call.method == "GET" else "write"})
    return frozenset({"any", "batch", "write" if any(map(is_write, operations)) else "read"})


def _kind_of(call: Call) -> str:
    segments = call.segments
    if len(segments) > 1:
        return f"{call.method} {segments[1]}"
    return f"{call.method} {'root' if not segments else segments[0] if segments[0] in {'community', 'me'} else 'node'}"


# headers and limits


def _version_header(sandbox: Sandbox, call: Call) -> dict[str, str]:
    return {"facebook-api-version": call.version or sandbox.switches.default_version}


def _usage_header(sandbox: Sandbox, tenant: str | None) -> dict[str, str]:
    usage = sandbox.faults.ambient("usage", tenant) if sandbox.faults.set else None
    percent = usage.number("percent") if usage is not None else None
    if percent is None and sandbox.switches.quota_calls:
        percent = min(100, 100 * sandbox.quota.used // sandbox.switches.quota_calls)
    if percent is None:
        return {}
    return {"X-App-Usage": _dump({"call_count": percent, "total_time": percent, "total_cputime": percent})}


def _use_quota(sandbox: Sandbox, call: Call) -> None:
    switches = sandbox.switches
    if not switches.quota_calls:
        return
    if call.at - sandbox.quota.began >= switches.quota_seconds:
        sandbox.quota = Quota(call.at)
    sandbox.quota.used += max(1, len(call.text("ids").split(",")))
    if sandbox.quota.used > switches.quota_calls:
        raise GraphError(4, _LIMIT_TEXTS[4])


# faults


def _strike_before(sandbox: Sandbox, levels: frozenset[str], tenant: str | None) -> Answer | None:
    if not sandbox.faults.set:
        return None
    fault = sandbox.faults.at_call(_BEFORE, levels, tenant) or _closing(sandbox, levels, tenant, "before")
    if fault is None:
        return None
    if fault.kind in {"timeout_before_effect", "close_connection"}:
        return Answer(silent_ms=fault.number("hold_ms") if "hold_ms" in fault.parameters else 0)
    if fault.kind == "html":
        return Answer(fault.number("http_status") or 502, HTML.encode(), content_type="text/html; charset=UTF-8")
    if fault.kind == "bare_error":
        return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, BARE.encode())
    error = _limit(fault) if fault.kind == "rate_limit" else _error(fault)
    return _failed(error, {})


def _strike_after(sandbox: Sandbox, levels: frozenset[str], tenant: str | None, answer: Answer) -> Answer:
    if not sandbox.faults.set:
        return answer
    late = sandbox.faults.at_call(("timeout_after_effect",), levels, tenant)
    if late is not None:
        return Answer(silent_ms=late.number("hold_ms") or 0)
    if _closing(sandbox, levels, tenant, "after") is not None:
        return Answer(silent_ms=0)
    if sandbox.faults.at_call(("broken_json",), levels, tenant) is not None:
        answer.body = answer.body[: max(1, len(answer.body) // 2)]
    return answer


def _closing(sandbox: Sandbox, levels: frozenset[str], tenant: str | None, when: str) -> Fault | None:
    for fault in sandbox.faults.set.values():
        asked = fault.kind == "close_connection" and fault.parameters["when"] == when
        if asked and fault.parameters["on"] in levels and fault.strikes(tenant):
            return fault
    return None


def _error(fault: Fault) -> GraphError:
    transient = fault.parameters["is_transient"]
    return GraphError(
        fault.number("code") or 1,
        fault.text("message"),
        subcode=fault.number("subcode"),
        status=fault.number("http_status"),
        is_transient=None if transient is None else bool(transient),
    )


def _limit(fault: Fault) -> GraphError:
    code = fault.number("code") or 4
    headers: dict[str, str] = {}
    if fault.parameters["retry_after"] is not None:
        headers["Retry-After"] = fault.text("retry_after")
    minutes = fault.number("regain_minutes")
    if minutes:
        used = {"type": "pages", "call_count": 100, "total_cputime": 100, "total_time": 100}
        whole = {"0": [{**used, "estimated_time_to_regain_access": minutes}]}
        headers["X-Business-Use-Case-Usage"] = _dump(whole)
    message = _LIMIT_TEXTS.get(
        code, f"(#{code}) There have been too many calls from this app. Wait a bit and try again."
    )
    return GraphError(code, message, status=fault.number("http_status"), headers=headers)

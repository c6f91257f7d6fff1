"""Batches: up to 50 operations in one request, with references to the results of former ones."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from workplace_sync.sandbox.calls import Call, read_query, split_relative, truth
from workplace_sync.sandbox.failures import GraphError, parameter
from workplace_sync.sandbox.state import Sandbox

LARGEST = 50

_REFERENCE = re.compile(r"\{result=([^:}]+):([^}]*)\}")
_STEP = re.compile(r"\.([A-Za-z_]\w*|\*)|\[(\d+|\*)\]|\['([^']+)'\]")
_OK = 200


@dataclass(slots=True)
class Answered:
    """An operation's answer: status, headers and body, the body's JSON kept for references."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


Run = Callable[[Call], Answered | None]
Shown = dict[str, object]


def read_batch(call: Call) -> list[Shown] | None:
    """Return the operations of a batch request, None for another request; raises GraphError for a broken one."""
    raw = call.params.get("batch")
    if raw is None:
        return None
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            raise parameter("Param batch must be a JSON array") from None
    if not isinstance(raw, list) or not raw:
        raise parameter("Param batch must be a JSON array that is not empty")
    if not all(isinstance(each, dict) and isinstance(each.get("relative_url"), str) for each in raw):
        raise parameter("Every operation of a batch is an object with relative_url")
    return raw


def is_write(operation: Shown) -> bool:
    """Say whether the operation is other than a GET."""
    return str(operation.get("method", "GET")).upper() != "GET"


def run_batch(sandbox: Sandbox, call: Call, operations: list[Shown], run: Run) -> list[Shown | None]:
    """Carry the operations out in order and return their answers; raises GraphError for too many of them."""
    if len(operations) > LARGEST:
        raise GraphError(sandbox.switches.over_50_code, sandbox.switches.over_50_text)
    sandbox.counts.largest_batch = max(sandbox.counts.largest_batch, len(operations))
    with_headers = call.flag("include_headers") is not False
    batch = _Batch(sandbox, call, run)
    return [batch.answer(each, with_headers=with_headers) for each in operations]


class _Batch:
    def __init__(self, sandbox: Sandbox, call: Call, run: Run) -> None:
        self.sandbox, self.call, self.run = sandbox, call, run
        self.results: dict[str, Answered | None] = {}

    def answer(self, operation: Shown, *, with_headers: bool) -> Shown | None:
        self.sandbox.counts.batch_operations += 1
        try:
            answered = self._dependent(operation)
        except GraphError as error:
            answered = Answered(error.status, json.dumps(error.envelope()))
        name = operation.get("name")
        if isinstance(name, str):
            self.results[name] = answered
        if answered is None:
            return None
        if name and answered.status == _OK and truth(operation.get("omit_response_on_success", False)):
            return None
        shown: Shown = {"code": answered.status, "body": answered.body}
        if with_headers:
            shown["headers"] = [{"name": key, "value": value} for key, value in answered.headers.items()]
        return shown

    def _dependent(self, operation: Shown) -> Answered | None:
        texts = [str(operation.get("relative_url", "")), str(operation.get("body", ""))]
        parents = {name for text in texts for name, _ in _REFERENCE.findall(text)}
        if isinstance(operation.get("depends_on"), str):
            parents.add(str(operation["depends_on"]))
        for name in parents:
            if name not in self.results:
                raise parameter(f"Unable to find operation {name} that this operation depends on")
            parent = self.results[name]
            if parent is None or parent.status != _OK:
                if self.sandbox.switches.dependent_on_failed == "null":
                    return None
                raise parameter(f"The operation {name} that this operation depends on failed")
        return self.run(self._call(operation, *(_REFERENCE.sub(self._result, text) for text in texts)))

    def _result(self, found: re.Match[str]) -> str:
        parent = self.results[found[1]]
        values = [] if parent is None else _select(json.loads(parent.body), found[2])
        return quote(",".join(value if isinstance(value, str) else json.dumps(value) for value in values), safe=",")

    def _call(self, operation: Shown, relative_url: str, body: str) -> Call:
        method = str(operation.get("method", "GET")).upper()
        version, segments, params = split_relative(relative_url)
        if body and (method in {"POST", "PUT"} or self.sandbox.switches.batch_delete_body):
            params |= read_query(body)
        whole = self.call
        if "access_token" not in params:
            proofs = ("appsecret_proof", "appsecret_time")
            params |= {name: whole.params[name] for name in proofs if name in whole.params and name not in params}
        return Call(
            method="POST" if method == "PUT" else method,
            version=version or whole.version,
            segments=segments,
            params=params,
            base=whole.base,
            at=whole.at,
            bearer=whole.token,
            batched=True,
            headers=whole.headers,
        )


def _select(value: object, path: str) -> list[object]:
    """Return what a JSONPath of names, numbers and stars selects; raises GraphError 100 for any other path."""
    rest, found = path.removeprefix("$"), [value]
    while rest:
        step = _STEP.match(rest)
        if step is None:
            raise parameter(f"The JSONPath {path} is not understood")
        key = step[1] or step[2] or step[3]
        found = [inner for outer in found for inner in _step(outer, key)]
        rest = rest[step.end() :]
    return found


def _step(value: object, key: str) -> list[object]:
    if isinstance(value, dict):
        return list(value.values()) if key == "*" else [value[key]] if key in value else []
    if isinstance(value, list):
        if key == "*":
            return list(value)
        return [value[int(key)]] if key.isdigit() and int(key) < len(value) else []
    return []

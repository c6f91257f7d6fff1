"""Faults on demand. Each kind, with its own parameters, is in `KINDS`.

Common parameters of every fault: `tenant` (only that tenant's calls), `calls` (how often it strikes, null for always),
`skip` (how many calls that it would strike are spared first), `share` (strike that share of calls, by a seeded
draw). `on` says which calls: "read" and "write" are whole HTTP requests (a batch writes when one of its operations
does), "batch" a whole batch, "operation" one operation inside a batch, "any" every HTTP request. Faults of pages
have `edge` instead, by default "members".
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool | None

ON = ("read", "write", "batch", "operation", "any")
_COMMON: dict[str, Value] = {"tenant": None, "calls": None, "skip": 0, "share": 1.0}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: what it does, and its parameters with their defaults."""

    does: str
    defaults: Mapping[str, Value]

    def all_defaults(self) -> dict[str, Value]:
        """Return the defaults of all its parameters, the common ones included."""
        return {**_COMMON, **self.defaults}


KINDS: dict[str, Kind] = {
    "latency": Kind("Adds `ms` to every HTTP request.", {"on": "any", "ms": 250}),
    "error": Kind(
        "Answers an error before any effect.",
        {
            "on": "any",
            "calls": 1,
            "code": 2,
            "subcode": None,
            "is_transient": None,
            "http_status": None,
            "message": "An unexpected error has occurred. Please retry your request later.",
        },
    ),
    "bare_error": Kind(
        'Answers {"error":{"code":1,"message":...}} without type and trace id, as one real outage did.',
        {"on": "any", "calls": 1},
    ),
    "rate_limit": Kind(
        "Answers a limit's error before any effect; `retry_after` (seconds) adds Retry-After, `regain_minutes` the header of business limits.",
        {"on": "any", "calls": 1, "code": 4, "http_status": None, "retry_after": None, "regain_minutes": 0},
    ),
    "usage": Kind("Sends X-App-Usage with `percent` in its three numbers.", {"percent": 85}),
    "timeout_after_effect": Kind(
        "The effect happens, then nothing is answered for `hold_ms`, then the connection closes; an operation of a batch is null.",
        {"on": "write", "calls": 1, "hold_ms": 60_000},
    ),
    "timeout_before_effect": Kind(
        "As timeout_after_effect, without the effect.", {"on": "write", "calls": 1, "hold_ms": 60_000}
    ),
    "close_connection": Kind(
        "Closes the connection without an answer, `when` is before or after the effect; an operation of a batch is null.",
        {"on": "any", "calls": 1, "when": "before"},
    ),
    "html": Kind("Answers a proxy's HTML page before any effect.", {"on": "any", "calls": 1, "http_status": 502}),
    "broken_json": Kind("Cuts the answer in half, after the effect.", {"on": "any", "calls": 1}),
    "short_page": Kind(
        "Loses `rows` rows from the middle of a page, while `next` stays.", {"edge": "members", "calls": 1, "rows": 3}
    ),
    "short_pages_ok": Kind(
        "Legal: pages hold at most `rows` rows, and every `empty_every`th is empty, with `next`.",
        {"edge": "members", "rows": 5, "empty_every": 3},
    ),
    "missing_next": Kind("A page has no `next` although there is more.", {"edge": "members", "calls": 1}),
    "duplicate_rows": Kind("A page begins with the last row of the page before it.", {"edge": "members"}),
    "count_disagrees": Kind("total_count is `by` too high (or low).", {"edge": "members", "by": 3}),
    "token_revoked": Kind("The tenant's tokens answer 190.", {"subcode": None}),
    "permission_removed": Kind("The tenant's tokens lose the permission.", {"permission": "manage_group"}),
    "read_only": Kind(
        "Every write of the tenant answers an error (what the read-only phase gave is not known).",
        {"code": 3, "message": "(#3) Application does not have the capability to make this API call."},
    ),
    "webhook_lost": Kind("Never sends a webhook.", {}),
    "webhook_duplicate": Kind("Sends each webhook `times` times.", {"times": 2}),
    "webhook_bad_signature": Kind("Signs webhooks with a secret that is not the app's.", {}),
    "webhook_late": Kind("A webhook tells a time `seconds` ago.", {"seconds": 172_800}),
    "clock_skew": Kind("The server's clock, its Date header included, is off by `seconds`.", {"seconds": 600}),
}


@dataclass(slots=True)
class Fault:
    """A fault that is set. `met` counts the calls it could have struck, `struck` those it did."""

    id: int
    kind: str
    parameters: dict[str, Value]
    draw: random.Random
    met: int = 0
    struck: int = 0

    def number(self, name: str) -> int | None:
        """Return a whole-number parameter, None where it is null."""
        value = self.parameters[name]
        return None if value is None else int(value)

    def text(self, name: str) -> str:
        """Return a parameter as text."""
        return str(self.parameters[name])

    def strikes(self, tenant: str | None) -> bool:
        """Say whether this call is struck, and count it."""
        wanted, calls = self.parameters["tenant"], self.number("calls")
        if (wanted is not None and wanted != tenant) or (calls is not None and self.struck >= calls):
            return False
        self.met += 1
        if self.met <= (self.number("skip") or 0) or self.draw.random() >= float(self.parameters["share"] or 0):
            return False
        self.struck += 1
        return True

    def shown(self) -> dict[str, object]:
        """Return the fault as `GET /_control/faults` shows it."""
        return {"id": self.id, "kind": self.kind, "struck": self.struck, **self.parameters}


@dataclass(slots=True)
class Faults:
    """The faults that are set, in the order they were set."""

    seed: int
    set: dict[int, Fault] = field(default_factory=dict)
    last_id: int = 0

    def add(self, document: Mapping[str, Value]) -> Fault:
        """Set a fault; ValueError names everything wrong with the document."""
        kind = KINDS.get(str(document.get("kind")))
        if kind is None:
            raise ValueError(f"kind: {document.get('kind')!r} is not one of {', '.join(KINDS)}")
        parameters = kind.all_defaults()
        given = {name: value for name, value in document.items() if name != "kind"}
        wrong = [f"{name}: {document['kind']} has no such parameter" for name in given if name not in parameters]
        numbers = {name for name, usual in parameters.items() if isinstance(usual, int | float)} | {"calls"}
        parameters.update(given)
        wrong += [
            f"{name}: {value!r} is not a number"
            for name, value in given.items()
            if name in numbers and not isinstance(value, int | float) and (name, value) != ("calls", None)
        ]
        if parameters.get("when", "before") not in {"before", "after"}:
            wrong.append(f"when: {parameters['when']!r} is not before or after")
        if parameters.get("on", "any") not in ON:
            wrong.append(f"on: {parameters['on']!r} is not one of {', '.join(ON)}")
        if wrong:
            raise ValueError("; ".join(wrong))
        self.last_id += 1
        # S311: a reproducible draw, nothing secret
        fault = Fault(self.last_id, str(document["kind"]), parameters, random.Random(f"{self.seed}/{self.last_id}"))  # noqa: S311
        self.set[fault.id] = fault
        return fault

    def at_call(self, kinds: Iterable[str], levels: frozenset[str], tenant: str | None) -> Fault | None:
        """Return the first fault of those kinds that strikes a call of those levels."""
        if not self.set:
            return None
        wanted = frozenset(kinds)
        for fault in self.set.values():
            if fault.kind in wanted and fault.parameters["on"] in levels and fault.strikes(tenant):
                return fault
        return None

    def at_page(self, kind: str, edge: str, tenant: str) -> Fault | None:
        """Return the first fault of the kind that strikes a page of that edge."""
        for fault in self.set.values():
            if fault.kind == kind and fault.parameters["edge"] == edge and fault.strikes(tenant):
                return fault
        return None

    def ambient(self, kind: str, tenant: str | None) -> Fault | None:
        """Return the first fault of a kind that has neither calls nor pages to choose, if it strikes."""
        for fault in self.set.values():
            if fault.kind == kind and fault.strikes(tenant):
                return fault
        return None

    def removed_permissions(self, tenant: str) -> frozenset[str]:
        """Return the permissions that were taken from the tenant's tokens."""
        return frozenset(
            fault.text("permission")
            for fault in self.set.values()
            if fault.kind == "permission_removed" and fault.strikes(tenant)
        )

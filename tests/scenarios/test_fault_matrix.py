"""Whatever the platform does: a documented end, nobody removed from an incomplete read, and a retry that makes it good."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import GROUP, Folder
from tests.scenarios.killing import rows

DONE, PARTIAL, BLIND = 0, 3, 6
ALWAYS = None  # as a fault's `calls`
PEOPLE = 60  # two batches
_PATIENCE = {DONE: "10", PARTIAL: "0.6", BLIND: "0.6"}
"""Seconds in which a call is repeated: enough where a repeat helps, also on a slow machine, and none to spare where not."""
REMOVALS = ("removals: {not_eligible: true, opted_out: true}",)  # a row that is lost must not look like a leaver

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and how `plan` and `apply` end while it is set."""

    kind: str
    plan: int
    apply: int
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The fault in a few words."""
        return "-".join([self.kind, *(f"{name}_{value}" for name, value in self.parameters.items())])


CASES = [
    Case("latency", DONE, DONE, {"ms": 20}),
    Case("error", DONE, DONE),
    Case("error", BLIND, BLIND, {"calls": ALWAYS}),
    Case("error", DONE, PARTIAL, {"calls": ALWAYS, "on": "write"}),
    Case("error", DONE, PARTIAL, {"calls": ALWAYS, "on": "write", "code": 368}),
    Case("error", DONE, PARTIAL, {"calls": ALWAYS, "on": "write", "code": 190}),
    Case("error", DONE, PARTIAL, {"calls": ALWAYS, "on": "write", "code": 100}),
    Case("error", DONE, PARTIAL, {"calls": ALWAYS, "on": "operation"}),
    Case("error", DONE, DONE, {"calls": 7, "on": "operation"}),
    Case("error", DONE, PARTIAL, {"calls": 7, "on": "operation", "code": 190}),
    Case("bare_error", DONE, DONE),
    Case("bare_error", BLIND, BLIND, {"calls": ALWAYS}),
    Case("rate_limit", DONE, DONE),
    Case("rate_limit", BLIND, BLIND, {"calls": ALWAYS}),
    Case("rate_limit", DONE, PARTIAL, {"calls": ALWAYS, "on": "write"}),
    Case("rate_limit", DONE, PARTIAL, {"calls": ALWAYS, "on": "write", "code": 80004}),
    Case("rate_limit", BLIND, BLIND, {"retry_after": 600}),
    Case("usage", DONE, DONE, {"percent": 80}),
    Case("timeout_after_effect", DONE, DONE),
    Case("timeout_after_effect", DONE, DONE, {"calls": ALWAYS}),
    Case("timeout_after_effect", BLIND, BLIND, {"calls": ALWAYS, "on": "read"}),
    Case("timeout_after_effect", DONE, DONE, {"calls": 9, "on": "operation"}),
    Case("timeout_before_effect", DONE, DONE),
    Case("timeout_before_effect", DONE, PARTIAL, {"calls": ALWAYS}),
    Case("timeout_before_effect", DONE, PARTIAL, {"calls": ALWAYS, "on": "operation"}),
    Case("close_connection", DONE, DONE),
    Case("close_connection", BLIND, BLIND, {"calls": ALWAYS}),
    Case("close_connection", DONE, PARTIAL, {"calls": ALWAYS, "on": "write"}),
    Case("close_connection", DONE, DONE, {"calls": ALWAYS, "on": "write", "when": "after"}),
    Case("html", DONE, DONE),
    Case("html", BLIND, BLIND, {"calls": ALWAYS}),
    Case("html", BLIND, BLIND, {"calls": ALWAYS, "http_status": 200}),
    Case("html", DONE, PARTIAL, {"calls": ALWAYS, "on": "write"}),
    Case("broken_json", DONE, DONE),
    Case("broken_json", BLIND, BLIND, {"calls": ALWAYS}),
    Case("broken_json", DONE, DONE, {"calls": ALWAYS, "on": "write"}),
    Case("short_page", DONE, DONE),  # the counts differ, and the group is read again
    Case("short_page", BLIND, BLIND, {"calls": ALWAYS}),
    Case("short_pages_ok", DONE, DONE),
    Case("missing_next", DONE, DONE),
    Case("missing_next", BLIND, BLIND, {"calls": ALWAYS}),
    Case("duplicate_rows", DONE, DONE),
    Case("count_disagrees", BLIND, BLIND),
    Case("count_disagrees", BLIND, BLIND, {"by": -3}),
    Case("token_revoked", BLIND, BLIND),
    Case("permission_removed", DONE, PARTIAL),
    Case("permission_removed", BLIND, BLIND, {"permission": "read_group"}),
    Case("permission_removed", BLIND, BLIND, {"permission": "read_group_membership"}),
    Case("permission_removed", BLIND, BLIND, {"permission": "read_user_email"}),  # no error: the addresses are left out
    Case("read_only", DONE, PARTIAL),
    Case("clock_skew", DONE, DONE),
    *(Case(f"webhook_{how}", DONE, DONE) for how in ("lost", "late", "duplicate", "bad_signature")),  # only hints
]


def test_every_kind_of_fault_has_its_row(sandbox: SandboxHandle) -> None:
    kinds = sandbox.control("GET", "faults/kinds")["kinds"]
    assert {case.kind for case in CASES} == set(kinds)


@pytest.fixture
def agreeing(union: Folder) -> Folder:
    """A folder whose roster names everybody in the group, and some more; who is not on it is to be removed."""
    union.configure(PAGE_SIZE="15", THREADS="2", READ_TIMEOUT="2")
    union.write_group(*REMOVALS)
    union.write_roster([*union.former, *wanted(union)])
    return union


def wanted(union: Folder) -> list[str]:
    return [str(person["email"]) for person in union.sandbox.addable()][:PEOPLE]


def assert_nobody_lost(union: Folder) -> None:
    """Fail when anybody was removed, was planned to be, or is on record as gone."""
    assert union.removed_by_us() == []
    assert rows(union.database, "SELECT * FROM change WHERE action <> 'add'") == []
    assert rows(union.database, "SELECT * FROM departure") == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_ends_as_documented_and_a_retry_makes_it_good(case: Case, agreeing: Folder) -> None:
    union, people = agreeing, wanted(agreeing)
    union.configure(PATIENCE_SECONDS=_PATIENCE[case.plan])
    fault = union.sandbox.fault(case.kind, **case.parameters)
    planned = union.run("plan", GROUP, "--by", "ada", "-o", "json")
    assert planned.code == case.plan, planned.err
    union.sandbox.control("DELETE", f"faults/{fault}")
    union.configure(PATIENCE_SECONDS=_PATIENCE[DONE])
    digest = planned.json["digest"] if planned.code == DONE else union.plan()

    union.configure(PATIENCE_SECONDS=_PATIENCE[case.apply])
    fault = union.sandbox.fault(case.kind, **case.parameters)
    applied = union.run("apply", digest, "--by", "ada", "-o", "json")
    assert applied.code == case.apply, applied.out + applied.err
    union.sandbox.control("DELETE", f"faults/{fault}")
    assert_nobody_lost(union)

    union.configure(PATIENCE_SECONDS=_PATIENCE[DONE])
    again = union.run("apply", digest, "--by", "ada", "-o", "json")
    assert (again.code, again.json["done"], again.json["left"], again.json["unsettled"]) == (DONE, PEOPLE, 0, 0), again
    everybody = {address.casefold() for address in people}
    assert dict(union.added()) == dict.fromkeys(everybody, 1)
    assert union.really_in() == everybody | {address.casefold() for address in union.former}
    assert_nobody_lost(union)
    assert union.run("evidence", "verify", "-q").code == DONE


@pytest.mark.parametrize("kind", ["short_page", "missing_next", "count_disagrees", "token_revoked"])
def test_half_of_a_copied_group_is_refused_as_a_roster(kind: str, union: Folder) -> None:
    source = union.sandbox.tenant().source_group
    union.configure(PAGE_SIZE="15")
    union.write_roster(union.former)
    union.write_group(roster=f'{{file: rosters/bt.csv, tenant: bt}}, {{group: "{source}"}}')
    union.sandbox.fault(kind, **({} if kind in {"count_disagrees", "token_revoked"} else {"calls": ALWAYS}))
    ended = union.run("plan", GROUP)
    assert ended.code == 1
    assert "could not be read completely" in ended.err
    assert rows(union.database, "SELECT * FROM desired") == []


def test_a_copied_group_without_addresses_is_refused_as_a_roster(union: Folder) -> None:
    union.write_group(roster=f'{{group: "{union.sandbox.tenant().source_group}"}}')
    union.sandbox.fault("permission_removed", permission="read_user_email")
    ended = union.run("plan", GROUP)
    assert ended.code == 1
    assert "nobody's address" in ended.err

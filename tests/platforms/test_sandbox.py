"""The client against the sandbox: a whole server over loopback, with each fault it knows."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.platforms.scripted import FakeClock
from tests.sandbox_server import SandboxHandle, running_sandbox
from workplace_sync.membership.change import Action
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import (
    CallError,
    ChangeRefusedError,
    GroupArchivedError,
    GroupGoneError,
    OperationOutcome,
    PermissionMissingError,
    Result,
    TargetRefusedError,
    TokenRejectedError,
    UnavailableError,
    WantedOperation,
)
from workplace_sync.platforms.http import Timeouts
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace

HELD_MS = 700  # longer than what is waited for there


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxHandle]:
    with running_sandbox(people="bt=200,openreach=20") as handle:
        yield handle


@pytest.fixture
def sandbox(server: SandboxHandle) -> SandboxHandle:
    server.reset()
    return server


def opened(sandbox: SandboxHandle, time: FakeClock, **changed: object) -> WorkplaceGroup:
    tenant = sandbox.tenant("bt")
    options = {
        "base_url": sandbox.url,
        "group_id": tenant.prospect_group,
        "token": tenant.token,
        "app_secret": tenant.app_secret,
        "threads": 2,
        "page_size": 10,
        "clock": time.clock(),
        "timeouts": _patience({}),
        **changed,
    }
    return open_workplace(**options)  # type: ignore[arg-type]


def _patience(fault: Mapping[str, object]) -> Timeouts:
    """Return how long to wait for a platform with that fault: not long for an answer that is held back, long for all others."""
    return Timeouts(connect=20, read=0.5 if fault.get("hold_ms") == HELD_MS else 20)


@pytest.fixture
def group(sandbox: SandboxHandle, time: FakeClock) -> Iterator[WorkplaceGroup]:
    with opened(sandbox, time, app_secret=None) as group:  # our clock stands still: no proof but where it is tested
        yield group


def additions(sandbox: SandboxHandle, number: int) -> list[WantedOperation]:
    people = sandbox.addable()[:number]
    assert len(people) == number
    return [WantedOperation(seq, Action.ADD, person["email"]) for seq, person in enumerate(people)]


def carried_out(group: WorkplaceGroup, wanted: list[WantedOperation], size: int = 50) -> list[OperationOutcome]:
    batches = [wanted[first : first + size] for first in range(0, len(wanted), size)]
    return sorted((each for batch in group.writer().carry_out(batches) for each in batch), key=lambda each: each.seq)


def read(group: WorkplaceGroup) -> tuple[Completeness, list[Member]]:
    members: list[Member] = []
    return group.reader().read_members(members.extend, members.clear), members


def inside(sandbox: SandboxHandle) -> set[str]:
    return {member["email"] for member in sandbox.members(sandbox.tenant().prospect_group)}


def test_people_are_added_and_taken_out_and_read_back(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    before = inside(sandbox)
    wanted = additions(sandbox, 60)
    assert {each.result for each in carried_out(group, wanted)} == {Result.ACCEPTED}
    seen, members = read(group)
    assert seen.complete
    assert {member.key for member in members} == before | {each.address for each in wanted}
    gone = [
        WantedOperation(seq, Action.REMOVE, member.key, member.platform_id if seq % 2 else "")
        for seq, member in enumerate(members)
        if member.key not in before
    ]
    assert {each.result for each in carried_out(group, gone)} == {Result.ACCEPTED}
    assert inside(sandbox) == before


def test_the_proof_of_the_app_secret_is_accepted_for_reads_and_for_batches(sandbox: SandboxHandle) -> None:
    sandbox.switch(require_proof=True)
    tenant = sandbox.tenant()
    with open_workplace(
        base_url=sandbox.url, group_id=tenant.prospect_group, token=tenant.token, app_secret=tenant.app_secret
    ) as group:
        assert read(group)[0].complete
        assert {each.result for each in carried_out(group, additions(sandbox, 3))} == {Result.ACCEPTED}


@pytest.mark.parametrize("secret", [None, "wrong"])
def test_a_missing_or_wrong_app_secret_is_told_as_such(
    sandbox: SandboxHandle, time: FakeClock, secret: str | None
) -> None:
    sandbox.switch(require_proof=True)
    with opened(sandbox, time, app_secret=secret) as group, pytest.raises(TokenRejectedError, match="app secret"):
        group.reader().describe()


def test_a_child_community_is_refused_as_a_target(sandbox: SandboxHandle, time: FakeClock) -> None:
    with opened(sandbox, time, app_secret=None, group_id=sandbox.tenant().child_community) as group:
        with pytest.raises(TargetRefusedError):
            group.reader().describe()
        assert isinstance(carried_out(group, additions(sandbox, 1))[0].error, TargetRefusedError)


def test_the_community_itself_is_refused_as_a_target(sandbox: SandboxHandle, time: FakeClock) -> None:
    with opened(sandbox, time, app_secret=None, group_id=sandbox.tenant().community_id) as group:
        assert isinstance(carried_out(group, additions(sandbox, 1))[0].error, TargetRefusedError)
    assert sandbox.journal(sandbox.tenant().community_id) == []


def test_an_archived_group_is_read_and_not_written_to(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    sandbox.control("POST", "employer/archive", {"group": sandbox.tenant().prospect_group, "archived": True})
    assert group.reader().describe().archived
    assert read(group)[0].complete
    assert isinstance(carried_out(group, additions(sandbox, 1))[0].error, GroupArchivedError)


def test_a_group_that_was_deleted_is_told_as_gone(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    writer = group.writer()
    wanted = additions(sandbox, 2)
    assert [each.result for batch in writer.carry_out([wanted[:1]]) for each in batch] == [Result.ACCEPTED]
    sandbox.control("POST", "employer/delete-group", {"group": sandbox.tenant().prospect_group})
    ((outcome,),) = writer.carry_out([wanted[1:]])
    assert isinstance(outcome.error, GroupGoneError)
    assert outcome.result is Result.NOT_SENT
    seen, _ = read(group)
    assert "does not exist" in seen.shortfall


def test_a_person_without_an_account_is_refused_and_the_others_are_added(
    sandbox: SandboxHandle, group: WorkplaceGroup
) -> None:
    wanted = [WantedOperation(99, Action.ADD, "nobody@elsewhere.example.org"), *additions(sandbox, 2)]
    outcomes = carried_out(group, wanted)
    assert [each.result for each in outcomes] == [Result.ACCEPTED, Result.ACCEPTED, Result.REFUSED]
    assert isinstance(outcomes[2].error, ChangeRefusedError)
    assert not outcomes[2].stops_run


def test_removing_somebody_who_is_not_in_is_left_to_be_settled(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    person = sandbox.addable()[0]
    (outcome,) = carried_out(group, [WantedOperation(1, Action.REMOVE, person["email"], person["id"])])
    assert outcome.result is Result.UNKNOWN


# Each row: a fault that happens around the effect, and whether the addition took effect all the same.
UNSURE: list[tuple[dict[str, object], bool]] = [
    ({"kind": "timeout_after_effect", "hold_ms": HELD_MS}, True),
    ({"kind": "timeout_before_effect", "hold_ms": HELD_MS}, False),
    ({"kind": "timeout_after_effect", "hold_ms": 1, "on": "operation"}, True),
    ({"kind": "timeout_before_effect", "hold_ms": 1, "on": "operation"}, False),
    ({"kind": "close_connection", "on": "write", "when": "after"}, True),
    ({"kind": "close_connection", "on": "write", "when": "before"}, False),
    ({"kind": "close_connection", "on": "operation", "when": "after"}, True),
    ({"kind": "html", "on": "write"}, False),
    ({"kind": "broken_json", "on": "write"}, True),
    ({"kind": "error", "on": "write", "code": 1}, False),
    ({"kind": "error", "on": "operation", "code": 2}, False),
    ({"kind": "bare_error", "on": "write"}, False),
]


@pytest.mark.parametrize(("fault", "happened"), UNSURE, ids=lambda value: str(value)[:70])
def test_an_unsure_effect_is_unknown_and_never_tried_twice(
    sandbox: SandboxHandle,
    time: FakeClock,
    fault: dict[str, object],
    happened: bool,  # noqa: FBT001
) -> None:
    wanted = additions(sandbox, 1)
    sandbox.control("POST", "faults", fault)
    with opened(sandbox, time, app_secret=None, timeouts=_patience(fault)) as group:
        (outcome,) = carried_out(group, wanted)
    assert outcome.result is Result.UNKNOWN
    assert (wanted[0].address in inside(sandbox)) == happened
    attempts = [
        each for each in sandbox.journal(sandbox.tenant().prospect_group) if each.get("email") == wanted[0].address
    ]
    assert len(attempts) == happened


LIMITED: list[dict[str, object]] = [
    {"kind": "rate_limit", "on": "write"},
    {"kind": "rate_limit", "on": "write", "retry_after": 9, "calls": 3},
    {"kind": "rate_limit", "on": "batch", "code": 613},
    {"kind": "rate_limit", "on": "write", "code": 80001, "regain_minutes": 1},
    {"kind": "rate_limit", "on": "operation", "calls": 20},
    {"kind": "rate_limit", "on": "read", "calls": 2, "http_status": 429},
    {"kind": "error", "on": "write", "code": 32},
]


@pytest.mark.parametrize("fault", LIMITED, ids=str)
def test_a_rate_limit_is_waited_out_and_everybody_is_added(
    sandbox: SandboxHandle, group: WorkplaceGroup, time: FakeClock, fault: dict[str, object]
) -> None:
    wanted = additions(sandbox, 40)
    sandbox.control("POST", "faults", fault)
    assert {each.result for each in carried_out(group, wanted, 10)} == {Result.ACCEPTED}
    assert inside(sandbox) >= {each.address for each in wanted}
    assert time.total > 0


READS: list[dict[str, object]] = [
    {"kind": "error", "on": "read", "code": 2, "calls": 2},
    {"kind": "bare_error", "on": "read", "calls": 2},
    {"kind": "html", "on": "read", "calls": 2},
    {"kind": "broken_json", "on": "read", "calls": 2},
    {"kind": "close_connection", "on": "read", "calls": 2},
    {"kind": "timeout_before_effect", "on": "read", "hold_ms": HELD_MS},
    {"kind": "rate_limit", "on": "read", "retry_after": 3},
    {"kind": "short_pages_ok"},
    {"kind": "duplicate_rows", "calls": 2},
    {"kind": "latency", "ms": 5},
]


@pytest.mark.parametrize("fault", READS, ids=str)
def test_a_reading_survives_what_passes_and_is_complete(
    sandbox: SandboxHandle, time: FakeClock, fault: dict[str, object]
) -> None:
    sandbox.control("POST", "faults", fault)
    with opened(sandbox, time, app_secret=None, timeouts=_patience(fault)) as group:
        seen, members = read(group)
    assert seen.complete, seen.shortfall
    assert {member.key for member in members} == inside(sandbox)


@pytest.mark.parametrize("kind", ["short_page", "missing_next", "count_disagrees"])
def test_a_reading_that_missed_somebody_is_never_complete(
    sandbox: SandboxHandle, group: WorkplaceGroup, kind: str
) -> None:
    sandbox.control("POST", "faults", {"kind": kind, **({} if kind == "count_disagrees" else {"calls": None})})
    seen, _ = read(group)
    assert not seen.complete
    assert "the platform counts" in seen.shortfall


def test_a_page_lost_once_is_made_good_by_reading_again(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    sandbox.fault("missing_next", calls=1)
    seen, members = read(group)
    assert seen.complete
    assert len(members) == len(inside(sandbox))


STOPPING: list[tuple[dict[str, object], type[CallError], Result]] = [
    ({"kind": "token_revoked"}, TokenRejectedError, Result.NOT_SENT),
    ({"kind": "permission_removed"}, PermissionMissingError, Result.REFUSED),
    ({"kind": "read_only"}, PermissionMissingError, Result.REFUSED),
    ({"kind": "error", "on": "operation", "code": 190}, TokenRejectedError, Result.NOT_SENT),
    ({"kind": "error", "on": "operation", "code": 368, "calls": None}, CallError, Result.NOT_SENT),
]


@pytest.mark.parametrize(("fault", "kind", "result"), STOPPING, ids=str)
def test_what_would_refuse_everybody_stops_the_run_early(
    sandbox: SandboxHandle, group: WorkplaceGroup, fault: dict[str, object], kind: type[CallError], result: Result
) -> None:
    writer = group.writer()
    first, *others = additions(sandbox, 60)
    assert [each.result for batch in writer.carry_out([[first]]) for each in batch] == [Result.ACCEPTED]
    sandbox.control("POST", "faults", fault)
    outcomes = [each for batch in writer.carry_out([each] for each in others) for each in batch]
    assert len(outcomes) < 8
    assert any(isinstance(each.error, kind) and each.result is result and each.stops_run for each in outcomes)


def test_a_revoked_token_makes_the_reading_blind(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    sandbox.fault("token_revoked", subcode=463)
    reader = group.reader()
    assert not reader.read_members(lambda _: None).complete
    assert isinstance(reader.failure, TokenRejectedError)
    assert reader.failure.subcode == 463


def test_a_missing_permission_to_read_addresses_hides_them_and_nothing_else(
    sandbox: SandboxHandle, group: WorkplaceGroup
) -> None:
    sandbox.fault("permission_removed", permission="read_user_email")
    seen, members = read(group)
    assert seen.complete
    assert seen.hidden == seen.rows == len(members)


def test_the_usage_that_the_platform_reports_slows_us_down(
    sandbox: SandboxHandle, group: WorkplaceGroup, time: FakeClock
) -> None:
    sandbox.fault("usage", percent=92)
    carried_out(group, additions(sandbox, 100))
    assert time.total > 8


def test_a_platform_that_caps_its_pages_is_read_by_its_own_next(sandbox: SandboxHandle, time: FakeClock) -> None:
    sandbox.switch(limit_cap=7)
    with opened(sandbox, time, app_secret=None, page_size=1000) as group:
        seen, _ = read(group)
    assert (seen.complete, seen.pages) == (True, 6)


def test_a_platform_that_refuses_big_pages_is_asked_for_smaller_ones(sandbox: SandboxHandle, time: FakeClock) -> None:
    sandbox.switch(limit_cap=100, over_limit="error")
    with opened(sandbox, time, app_secret=None, page_size=1000) as group:
        assert read(group)[0].complete


def test_a_platform_without_a_count_is_read_to_its_last_page(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    sandbox.switch(members_summary=False)
    seen, members = read(group)
    assert (seen.complete, seen.expected, len(members)) == (True, None, 40)


def test_the_clock_of_the_platform_is_seen_to_be_wrong(sandbox: SandboxHandle) -> None:
    tenant = sandbox.tenant()
    sandbox.fault("clock_skew", seconds=600)
    with open_workplace(base_url=sandbox.url, group_id=tenant.prospect_group, token=tenant.token) as group:
        skew = group.reader().server_time_skew()
    assert skew == pytest.approx(600, abs=2)


def test_permissions_are_listed_or_said_to_be_unknown(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    granted = group.reader().granted_permissions()
    assert granted is not None
    assert "manage_group" in granted
    sandbox.switch(me_permissions=False)
    assert group.reader().granted_permissions() is None


def test_a_server_killed_under_a_run_is_told_and_ends_it(time: FakeClock) -> None:
    with running_sandbox(people="bt=60,openreach=1") as sandbox:
        wanted = additions(sandbox, 20)
        with opened(sandbox, time, app_secret=None) as group:
            outcomes: list[OperationOutcome] = []
            for batch in group.writer().carry_out([each] for each in wanted):
                outcomes += batch
                if len(outcomes) == 3:
                    sandbox.kill()
    assert len(outcomes) < 20
    assert [each.result for each in outcomes][:3] == [Result.ACCEPTED] * 3
    assert all(isinstance(each.error, UnavailableError) for each in outcomes if each.result is Result.UNKNOWN)


def test_every_kind_of_fault_that_the_sandbox_knows_is_tried_here(sandbox: SandboxHandle) -> None:
    tried = {str(each["kind"]) for each in [*(f for f, _ in UNSURE), *LIMITED, *READS, *(f for f, _, _ in STOPPING)]}
    tried |= {"short_page", "missing_next", "count_disagrees", "usage", "clock_skew"}
    kinds = {kind for kind in sandbox.control("GET", "faults/kinds")["kinds"] if not kind.startswith("webhook_")}
    assert kinds <= tried  # those of webhooks are no faults of the Graph paths: tests/web tries them


def test_a_next_that_holds_the_token_is_not_used_as_it_is(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    """The real service put the token there; ours travels in the header only (see test_secrecy)."""
    tenant = sandbox.tenant()
    path = f"{sandbox.url}/{tenant.prospect_group}/members?limit=5&access_token={tenant.token}"
    following = sandbox.session.get(path, timeout=60).json()["paging"]["next"]
    assert "access_token" in dict(parse_qsl(urlsplit(following).query))
    assert read(group)[0].complete

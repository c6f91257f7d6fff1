"""Looking up people who are gone: what the platform says of their accounts, in how many requests, and when it says nothing."""

from collections.abc import Iterator

import pytest

from tests.platforms.scripted import FakeClock
from tests.platforms.test_sandbox import opened
from tests.sandbox_server import SandboxHandle, running_sandbox
from workplace_sync.membership.removals import Account
from workplace_sync.platforms.base import AccountsSeen
from workplace_sync.platforms.workplace.platform import WorkplaceGroup
from workplace_sync.platforms.workplace.wire import parse_account, parse_post, parse_timed_page

PEOPLE = 1500


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxHandle]:
    with running_sandbox(people=f"bt={PEOPLE},openreach=20") as handle:
        yield handle


@pytest.fixture
def sandbox(server: SandboxHandle) -> SandboxHandle:
    server.reset()
    return server


@pytest.fixture
def group(sandbox: SandboxHandle, time: FakeClock) -> Iterator[WorkplaceGroup]:
    with opened(sandbox, time, app_secret=None, page_size=1000) as group:
        yield group


def ids(sandbox: SandboxHandle) -> list[str]:
    return [str(person["id"]) for person in sandbox.people(limit=PEOPLE) if person["active"]]


def deactivate(sandbox: SandboxHandle, *people: str) -> None:
    sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "ids": list(people)})


def expel(sandbox: SandboxHandle, *people: str) -> None:
    community = sandbox.tenant().community_id
    sandbox.control("POST", "employer/remove", {"group": community, "ids": list(people)})


@pytest.mark.parametrize("others", [0, 600])  # by their nodes, and by the lists
def test_an_account_is_active_deactivated_or_gone(sandbox: SandboxHandle, group: WorkplaceGroup, others: int) -> None:
    living, closed, expelled, *more = ids(sandbox)[50:]
    deactivate(sandbox, closed)
    expel(sandbox, expelled)
    told = group.reader().look_up([living, closed, expelled, *more[:others]])
    assert [told.accounts[one] for one in (living, closed, expelled)] == [
        Account.ACTIVE,
        Account.DEACTIVATED,
        Account.GONE,
    ]
    assert {told.accounts[one] for one in more[:others]} <= {Account.ACTIVE}
    assert (told.on_inactive[closed], told.on_inactive[expelled]) == (True, False)


def test_a_thousand_are_looked_up_in_few_requests(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    told = group.reader().look_up(ids(sandbox)[:1000])
    assert len(told.accounts) == 1000
    assert group.requests_sent <= 6


def test_former_members_are_found_on_the_groups_list(sandbox: SandboxHandle, group: WorkplaceGroup) -> None:
    prospect = sandbox.tenant().prospect_group
    ada, bob, cid, *_ = [str(member["id"]) for member in sandbox.members(prospect)]
    sandbox.control("POST", "employer/remove", {"group": prospect, "ids": [ada, bob]})
    assert group.reader().look_up([ada], [bob, cid]).on_former == {ada: True, bob: True, cid: False}


@pytest.mark.parametrize(
    ("fault", "parameters"), [("token_revoked", {}), ("permission_removed", {"permission": "read_group_membership"})]
)
def test_what_may_not_be_read_is_not_told(
    sandbox: SandboxHandle, group: WorkplaceGroup, fault: str, parameters: dict[str, str]
) -> None:
    people = ids(sandbox)[:600]
    sandbox.fault(fault, **parameters)
    told = group.reader().look_up(people)
    assert (told.on_inactive, told.on_former) == ({}, {})
    if fault == "token_revoked":
        assert told == AccountsSeen()


def test_posts_are_counted_from_a_time_on_over_several_pages(
    group: WorkplaceGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workplace_sync.platforms.workplace.reader._POSTS_AT_ONCE", 5)
    every = list(group.reader().read_posts(parse_post(post(0)).posted_at))
    assert len(every) == 12
    assert every == sorted(every, key=lambda each: each.posted_at, reverse=True)
    assert all(each.seen and each.seen >= 7 for each in every)
    assert list(group.reader().read_posts(every[3].posted_at)) == every[:4]


def post(created: object, **edges: object) -> dict[str, object]:
    return {"id": "7_1", "created_time": "2026-01-01T00:00:00+0000" if created == 0 else created, **edges}


@pytest.mark.parametrize("created", [None, 7, "soon", "2026-01-01T00:00:00"])
def test_a_post_without_a_time_is_malformed(created: object) -> None:
    with pytest.raises(Exception, match="a post has no time"):
        parse_post(post(created))


def test_counts_that_are_not_told_are_none() -> None:
    found = parse_post(post(0, seen={"summary": {"total_count": 3}}, reactions={"data": []}, comments=7))
    assert (found.seen, found.reactions, found.comments) == (3, None, None)


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"data": 1},
        {"data": [], "paging": {"next": 7}},
        {"data": [], "paging": {"next": "https://[x"}},
        {"data": [], "paging": {"next": "https://x/?a=1"}},
    ],
)
def test_a_page_of_posts_that_leads_nowhere_is_malformed(page: object) -> None:
    with pytest.raises(Exception, match="not what its API describes"):
        parse_timed_page(page)


@pytest.mark.parametrize(
    "part",
    [
        None,
        7,
        {},
        {"code": 200},
        {"code": 200, "body": "x"},
        {"code": 200, "body": "{}"},
        {"code": 500, "body": '{"error": {"code": 1}}'},
    ],
)
def test_an_account_of_which_nothing_clear_is_said_is_untold(part: object) -> None:
    assert parse_account(part) is Account.UNTOLD

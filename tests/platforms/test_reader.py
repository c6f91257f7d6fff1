"""Reading a group: to the end, page by page, and honest about what may have been missed."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.platforms.scripted import COMMUNITY, GROUP, SECRET, TOKEN, Received, Reply, Script, error
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import (
    GroupDescription,
    GroupGoneError,
    MalformedAnswerError,
    TargetRefusedError,
    TokenRejectedError,
    UnavailableError,
)
from workplace_sync.platforms.workplace.platform import WorkplaceGroup

Page = tuple[Sequence[object], str | None]


class Listing:
    """A group's members as pages by cursor, and the counts it gives one after the other."""

    def __init__(self, pages: Mapping[str, Page], counts: Sequence[object]) -> None:
        self.pages = pages
        self.counts = list(counts)

    def read(self, request: Received) -> Reply:
        if request.path == f"/{GROUP}/members":
            rows, after = self.pages[request.query.get("after", "")]
            following = f"https://graph.example.org/{GROUP}/members?after={after}"
            paging: dict[str, object] = {"cursors": {"before": "b", "after": after or "last"}}
            if after:
                paging["next"] = following
            return Reply({"data": rows, "paging": paging})
        count = self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]
        return Reply({"id": GROUP} if count is None else {"id": GROUP, "members": {"summary": {"total_count": count}}})


def row(number: int, **fields: object) -> dict[str, object]:
    return {"id": str(100_000 + number), "email": f"person{number}@bt.example.org", **fields}


def read(group: WorkplaceGroup, script: Script, listing: Listing) -> tuple[Completeness, list[Member]]:
    script.read = listing.read
    members: list[Member] = []
    return group.reader().read_members(members.extend), members


def test_a_reading_to_the_end_that_agrees_with_the_count_is_complete(group: WorkplaceGroup, script: Script) -> None:
    first = [row(1, administrator=True, active=True), row(2, active=False), {"id": "100003"}]
    pages: dict[str, Page] = {"": (first, "A"), "A": ([], "B"), "B": ([row(4, email="X@emailless.facebook.com")], None)}
    seen, members = read(group, script, Listing(pages, [4]))
    assert seen == Completeness(pages=3, rows=4, hidden=2, expected=4, ended=True)
    assert seen.complete
    assert members == [
        Member("100001", "person1@bt.example.org", administrator=True, active=True),
        Member("100002", "person2@bt.example.org", active=False),
        Member("100003", "id:100003"),
        Member("100004", "id:100004"),
    ]
    asked = [got for got in script.received if got.path.endswith("/members")]
    assert {(got.query["fields"], got.query["limit"]) for got in asked} == {("id,email,administrator,active", "100")}


def test_a_platform_without_counts_is_believed_when_no_page_is_announced(group: WorkplaceGroup, script: Script) -> None:
    seen, _ = read(group, script, Listing({"": ([row(1)], None)}, [None]))
    assert (seen.complete, seen.expected) == (True, None)


def test_a_platform_that_refuses_to_count_is_read_all_the_same(group: WorkplaceGroup, script: Script) -> None:
    script.reads = [error(100)]
    seen, _ = read(group, script, Listing({"": ([row(1)], None)}, [1]))
    assert (seen.complete, seen.expected) == (True, None)


def test_a_reading_with_fewer_rows_than_members_is_not_complete(group: WorkplaceGroup, script: Script) -> None:
    seen, _ = read(group, script, Listing({"": ([row(1)], None)}, [2]))
    assert seen.shortfall == "the platform counts 2 members, 1 were read"


def test_members_that_come_twice_are_counted_once(group: WorkplaceGroup, script: Script) -> None:
    pages: dict[str, Page] = {"": ([row(1), row(2)], "A"), "A": ([row(2), row(3)], None)}
    seen, _ = read(group, script, Listing(pages, [3]))
    assert (seen.rows, seen.repeated, seen.complete) == (4, 1, True)


def test_a_group_that_changed_under_the_reading_is_not_complete(group: WorkplaceGroup, script: Script) -> None:
    seen, _ = read(group, script, Listing({"": ([row(1), row(2)], None)}, [1, 2]))
    assert seen.shortfall == "The group went from 1 to 2 members while it was read."


def test_a_reading_is_begun_again_while_members_come_and_go(group: WorkplaceGroup, script: Script) -> None:
    script.read = Listing({"": ([row(1), row(2)], None)}, [1, 2, 2, 2]).read
    members: list[Member] = []
    seen = group.reader().read_members(members.extend, members.clear)
    assert seen == Completeness(pages=1, rows=2, expected=2, ended=True)
    assert len(members) == 2


def test_a_reading_is_given_up_after_three_tries(group: WorkplaceGroup, script: Script) -> None:
    restarts: list[int] = []
    script.read = Listing({"": ([row(1)], None)}, [5]).read
    seen = group.reader().read_members(lambda _: None, lambda: restarts.append(1))
    assert (len(restarts), seen.complete, seen.pages) == (2, False, 1)


def test_a_cursor_whose_row_went_is_a_reason_to_begin_again(group: WorkplaceGroup, script: Script) -> None:
    listing = Listing({"": ([row(1)], "A"), "A": ([row(2)], None)}, [2])
    refusals = [error(100)]

    def answer(request: Received) -> Reply:
        return refusals.pop() if refusals and "after" in request.query else listing.read(request)

    script.read = answer
    members: list[Member] = []
    reader = group.reader()
    assert reader.read_members(members.extend, members.clear).complete
    assert (len(members), reader.failure) == (2, None)


@pytest.mark.parametrize(
    ("pages", "shortfall"),
    [
        ({"": ([row(1)], "A"), "A": ([row(2)], "A")}, "do not come to an end"),
        ({"": ([row(1)], "A"), "A": ([], "B"), "B": ([], "A")}, "do not come to an end"),
        ({"": ([{"email": "a@bt.example.org"}], None)}, "an id is missing"),
        ({"": ([{"id": True}], None)}, "an id is missing"),
        ({"": ([{"id": "../community"}], None)}, "an id is missing"),
        ({"": (["odd"], None)}, "not an object"),
        ({"": ([row(1, administrator="yes")], None)}, "flag"),
        ({"": ([row(1, active=1)], None)}, "flag"),
    ],
)
def test_a_listing_that_cannot_be_followed_is_a_fault(
    group: WorkplaceGroup, script: Script, pages: Mapping[str, Page], shortfall: str
) -> None:
    reader = group.reader()
    script.read = Listing(pages, [1]).read
    seen = reader.read_members(lambda _: None)
    assert shortfall in seen.shortfall
    assert isinstance(reader.failure, MalformedAnswerError)
    assert not seen.ended


def test_pages_without_an_end_are_given_up(group: WorkplaceGroup, script: Script) -> None:
    def answer(request: Received) -> Reply:
        number = int(request.query.get("after", "0")) + 1
        return Reply({"data": [], "paging": {"next": "x", "cursors": {"after": str(number)}}})

    script.read = answer
    seen = group.reader().read_members(lambda _: None)
    assert "do not come to an end" in seen.fault
    assert len(script.received) < 110


@pytest.mark.parametrize("paging", [{"next": "x"}, {"next": 7}, {"next": "http://[/"}, {"next": "?after="}, []])
def test_a_next_page_without_a_cursor_is_a_fault(group: WorkplaceGroup, script: Script, paging: object) -> None:
    script.reads = [Reply({"id": GROUP}), Reply({"data": [row(1)], "paging": paging})]
    assert "not what its API describes" in group.reader().read_members(lambda _: None).fault


def test_a_token_revoked_half_way_is_told_with_the_pages_already_read(group: WorkplaceGroup, script: Script) -> None:
    listing = Listing({"": ([row(1)], "A")}, [2])
    script.read = lambda got: error(190) if "after" in got.query else listing.read(got)
    members: list[Member] = []
    reader = group.reader()
    seen = reader.read_members(members.extend)
    assert (seen.pages, seen.rows, seen.expected, seen.ended) == (1, 1, 2, False)
    assert seen.fault.startswith("The platform does not accept the token")
    assert isinstance(reader.failure, TokenRejectedError)
    assert len(members) == 1


def test_pages_that_are_too_big_for_the_platform_are_asked_for_in_smaller_ones(
    group: WorkplaceGroup, script: Script
) -> None:
    def answer(request: Received) -> Reply:
        if request.path.endswith("/members") and int(request.query["limit"]) > 50:
            return error(1, status=500, message="Please reduce the amount of data you're asking for")
        return Listing({"": ([row(1)], None)}, [1]).read(request)

    script.read = answer
    assert group.reader().read_members(lambda _: None).complete


def test_an_error_of_the_consumer_passes_through(group: WorkplaceGroup, script: Script) -> None:
    def consume(_: Sequence[Member]) -> None:
        raise UnavailableError("the consumer's own")

    script.read = Listing({"": ([row(1)], None)}, [1]).read
    with pytest.raises(UnavailableError):
        group.reader().read_members(consume)


def test_another_groups_members_are_read_with_the_same_token(group: WorkplaceGroup, script: Script) -> None:
    group.reader("700000000000999").read_members(lambda _: None)
    assert {got.path for got in script.received} == {"/700000000000999", "/700000000000999/members"}


def test_a_group_is_described_with_its_community_and_its_count(group: WorkplaceGroup) -> None:
    assert group.reader().describe() == GroupDescription(GROUP, "Blue", archived=False, member_count=0)


def test_a_platform_that_cannot_count_still_describes_the_group(group: WorkplaceGroup, script: Script) -> None:
    answer = {"id": GROUP, "name": "Blue", "archived": True, "is_community": False}
    script.reads = [error(100), Reply(answer)]
    described = group.reader().describe()
    assert (described.archived, described.member_count) == (True, None)


def test_a_community_is_refused_as_a_target(group: WorkplaceGroup, script: Script) -> None:
    script.reads = [Reply({"id": GROUP, "name": "All", "archived": False, "is_community": True})]
    with pytest.raises(TargetRefusedError):
        group.reader().describe()


def test_a_group_that_says_what_it_is_needs_no_permission_for_the_community(
    group: WorkplaceGroup, script: Script
) -> None:
    script.reads = [Reply({"id": GROUP, "name": "Blue", "is_community": False}), error(10, status=403)]
    assert group.reader().describe().name == "Blue"


def test_an_answer_about_another_group_is_not_taken_for_ours(group: WorkplaceGroup, script: Script) -> None:
    script.reads = [Reply({"id": "700000000000102", "name": "Red", "is_community": False})]
    with pytest.raises(MalformedAnswerError):
        group.reader().describe()


def test_a_group_that_is_gone_is_told_as_gone(group: WorkplaceGroup, script: Script) -> None:
    script.reads = [error(100, error_subcode=33)]
    with pytest.raises(GroupGoneError):
        group.reader().describe()


def test_permissions_are_listed_where_the_platform_lists_them(group: WorkplaceGroup, script: Script) -> None:
    rows = [{"permission": "manage_group", "status": "granted"}, {"permission": "read_group", "status": "declined"}]
    script.reads = [Reply({"data": rows})]
    assert group.reader().granted_permissions() == ("manage_group",)


@pytest.mark.parametrize("reply", [error(100), error(2500), error(803), error(100, error_subcode=33), error(3)])
def test_permissions_are_not_known_where_the_platform_has_no_list(
    group: WorkplaceGroup, script: Script, reply: Reply
) -> None:
    script.reads = [reply]
    assert group.reader().granted_permissions() is None


def test_a_revoked_token_is_an_error_also_when_permissions_are_asked(group: WorkplaceGroup, script: Script) -> None:
    script.reads = [error(190)]
    with pytest.raises(TokenRejectedError):
        group.reader().granted_permissions()


def test_the_platforms_clock_is_compared_with_ours(group: WorkplaceGroup, script: Script) -> None:
    script.reads = [Reply({"id": COMMUNITY}, headers={"Date": "Sat, 21 Nov 2026 09:10:00 GMT"})]
    assert group.reader().server_time_skew() == 600.5


def test_a_platform_without_a_date_leaves_the_skew_unknown(group: WorkplaceGroup) -> None:
    assert group.reader().server_time_skew() is None


def test_the_proof_is_made_anew_for_every_attempt(group: WorkplaceGroup, script: Script) -> None:
    script.reads = [error(2, status=500)] * 3
    group.community()
    times = [got.query["appsecret_time"] for got in script.received]
    assert len(set(times)) > 1
    for got in script.received:
        message = f"{TOKEN}|{got.query['appsecret_time']}".encode()
        assert got.query["appsecret_proof"] == hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    pages=st.lists(st.lists(st.integers(0, 30), max_size=6), min_size=1, max_size=8),
    count=st.none() | st.integers(0, 31),
)
def test_a_reading_is_complete_only_when_it_saw_as_many_people_as_there_are(
    group: WorkplaceGroup, script: Script, pages: list[list[int]], count: int | None
) -> None:
    listing: dict[str, Page] = {
        "" if number == 0 else f"c{number}": (
            [row(person) for person in page],
            None if number == len(pages) - 1 else f"c{number + 1}",
        )
        for number, page in enumerate(pages)
    }
    seen, members = read(group, script, Listing(listing, [count]))
    people = {person for page in pages for person in page}
    assert {member.platform_id for member in members} == {str(100_000 + person) for person in people}
    assert seen.rows - seen.repeated == len(people)
    assert seen.complete == (count is None or count == len(people))

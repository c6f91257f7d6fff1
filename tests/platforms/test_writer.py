"""How a writer goes about it: lazily, a few batches at a time, and only on a group that may be changed."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from tests.platforms.scripted import COMMUNITY, GROUP, TOKEN, Received, Reply, Script, accepted, error, part
from tests.platforms.test_retry import add, carried_out
from workplace_sync.membership.change import Action
from workplace_sync.platforms.base import (
    CallError,
    GroupArchivedError,
    GroupGoneError,
    Result,
    StoppedError,
    TargetRefusedError,
    TokenRejectedError,
    UnavailableError,
    WantedOperation,
)
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace

BLUE = {"id": GROUP, "name": "Blue", "archived": False, "is_community": False}


def test_batches_of_fifty_go_out_as_one_request_each(url: str, script: Script) -> None:
    with open_workplace(base_url=url, group_id=GROUP, token=TOKEN) as group:
        batches = [[add(first + place) for place in range(50)] for first in range(0, 5000, 50)]
        outcomes = [each for batch in group.writer().carry_out(batches) for each in batch]
        assert group.requests_sent == 102  # the group and its community are looked at once
    assert sorted(each.seq for each in outcomes) == list(range(5000))
    assert {each.result for each in outcomes} == {Result.ACCEPTED}
    assert [len(batch.operations) for batch in script.batches] == [50] * 100
    assert {batch.form["include_headers"] for batch in script.batches} == {"false"}


def test_a_batch_of_more_than_fifty_is_a_mistake_of_the_caller(group: WorkplaceGroup, script: Script) -> None:
    writer = group.writer()
    assert writer.batch_size == 50
    with pytest.raises(ValueError, match="50"):
        list(writer.carry_out([[add(seq) for seq in range(51)]]))
    assert script.batches == []


def test_people_are_named_by_platform_id_where_it_is_known(group: WorkplaceGroup, script: Script) -> None:
    wanted = [
        WantedOperation(1, Action.ADD, "a+b@bt.example.org"),
        WantedOperation(2, Action.ADD, "c@bt.example.org", "100001"),
        WantedOperation(3, Action.REMOVE, "d@bt.example.org", "100002"),
        WantedOperation(4, Action.REMOVE, "e+f@bt.example.org"),
    ]
    list(group.writer().carry_out([wanted]))
    assert script.batches[0].operations == [
        {"method": "POST", "relative_url": f"{GROUP}/members", "body": "email=a%2Bb%40bt.example.org"},
        {"method": "POST", "relative_url": f"{GROUP}/members", "body": "member=100001"},
        {"method": "DELETE", "relative_url": f"{GROUP}/members/100002"},
        {"method": "DELETE", "relative_url": f"{GROUP}/members?email=e%2Bf%40bt.example.org"},
    ]


def test_no_more_batches_are_pulled_than_there_are_threads(group: WorkplaceGroup, script: Script) -> None:
    pulled: list[int] = []
    threads = set[int]()
    reported = 0
    most = 0

    def batches() -> Iterator[Sequence[WantedOperation]]:
        for seq in range(20):
            pulled.append(seq)
            threads.add(threading.get_ident())
            yield [add(seq)]

    for _ in group.writer().carry_out(batches()):
        reported += 1
        most = max(most, len(pulled) - reported)
    assert (reported, len(script.batches)) == (20, 20)
    assert most < 2
    assert threads == {threading.get_ident()}


def test_as_many_batches_are_in_flight_at_once_as_there_are_threads(url: str, script: Script) -> None:
    together = threading.Barrier(4, timeout=60)

    def write(request: Received) -> Reply:
        return accepted(request)

    class Meeting(Script):
        def answer(self, request: Received) -> Reply:
            if request.method == "POST":
                together.wait()  # broken, and the test with it, unless four are there
            return super().answer(request)

    meeting = Meeting()
    meeting.write = write
    script.answer = meeting.answer  # type: ignore[method-assign]
    with open_workplace(base_url=url, group_id=GROUP, token=TOKEN, threads=4) as group:
        assert len(list(group.writer().carry_out([[add(seq)] for seq in range(8)]))) == 8


def test_a_caller_who_stops_early_still_waits_for_what_is_in_flight(group: WorkplaceGroup, script: Script) -> None:
    finished = threading.Event()
    release = threading.Event()

    def write(request: Received) -> Reply:
        if "person1" in request.form["batch"]:
            release.wait(10)
            finished.set()
        return accepted(request)

    class Slow(Script):
        def answer(self, request: Received) -> Reply:  # without the lock: two requests at once
            return write(request) if request.method == "POST" else super().answer(request)

    script.answer = Slow().answer  # type: ignore[method-assign]
    outcomes = group.writer().carry_out([[add(seq)] for seq in range(20)])
    assert next(iter(outcomes))[0].seq == 0
    release.set()
    outcomes.close()  # type: ignore[attr-defined]
    assert finished.is_set()


def test_an_error_of_the_callers_own_passes_through(group: WorkplaceGroup, script: Script) -> None:
    def batches() -> Iterator[Sequence[WantedOperation]]:
        yield [add(1)]
        raise KeyError("ours")

    with pytest.raises(KeyError):
        list(group.writer().carry_out(batches()))
    assert len(script.batches) == 1


def test_nothing_at_all_is_sent_when_there_is_nothing_to_do(group: WorkplaceGroup, script: Script) -> None:
    assert list(group.writer().carry_out([])) == []
    assert script.received == []


def test_an_empty_batch_is_passed_over(group: WorkplaceGroup, script: Script) -> None:
    assert [len(batch) for batch in group.writer().carry_out([[], [add(1)], []])] == [1]
    assert len(script.batches) == 1


@pytest.mark.parametrize(
    "group_answer",
    [
        Reply({**BLUE, "is_community": True}),
        Reply({"id": GROUP, "name": "Blue", "archived": False}),
    ],
    ids=["says so", "does not say"],
)
def test_a_community_is_never_written_to(group: WorkplaceGroup, script: Script, group_answer: Reply) -> None:
    script.reads = [group_answer, error(10, status=403)]
    (outcome,) = carried_out(group, 1)
    assert outcome.result is Result.NOT_SENT
    assert isinstance(outcome.error, TargetRefusedError)
    assert outcome.stops_run
    assert script.batches == []


def test_the_tokens_own_community_is_refused_even_when_it_does_not_say_that_it_is_one(url: str, script: Script) -> None:
    script.reads = [Reply({"id": COMMUNITY, "name": "Example", "is_community": False, "archived": False})]
    with open_workplace(base_url=url, group_id=COMMUNITY, token=TOKEN) as group:
        with pytest.raises(TargetRefusedError):
            group.reader().describe()
        script.reads = [Reply({"id": COMMUNITY, "name": "Example", "is_community": False, "archived": False})]
        assert isinstance(carried_out(group, 1)[0].error, TargetRefusedError)
    assert script.batches == []


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([Reply({**BLUE, "archived": True})], GroupArchivedError),
        ([error(100, error_subcode=33)], GroupGoneError),
        ([error(190)], TokenRejectedError),
        ([error(2, status=500)] * 6, UnavailableError),
    ],
    ids=["archived", "gone", "revoked", "down"],
)
def test_a_group_that_cannot_be_checked_is_not_written_to(
    group: WorkplaceGroup, script: Script, answers: list[Reply], kind: type[CallError]
) -> None:
    script.reads = answers
    outcomes = list(group.writer().carry_out([[add(1), add(2)], [add(3)]]))
    assert [(each.seq, each.result) for each in outcomes[0]] == [(1, Result.NOT_SENT), (2, Result.NOT_SENT)]
    assert isinstance(outcomes[0][0].error, kind)
    assert outcomes[0][0].stops_run
    assert len(outcomes) == 1
    assert script.batches == []


def test_when_the_group_goes_during_the_run_the_people_are_not_blamed(group: WorkplaceGroup, script: Script) -> None:
    gone = {"error": {"code": 100, "error_subcode": 33}}

    def write(request: Received) -> Reply:
        script.reads = [error(100, error_subcode=33)] * 9
        return Reply([part(gone, 400) for _ in request.operations])

    script.write = write
    outcomes = [each for batch in group.writer().carry_out([[add(1), add(2)]]) for each in batch]
    assert {each.result for each in outcomes} == {Result.NOT_SENT}
    assert all(isinstance(each.error, GroupGoneError) for each in outcomes)


def test_a_token_revoked_half_way_stops_the_run_and_reports_every_batch_pulled(
    group: WorkplaceGroup, script: Script
) -> None:
    def write(request: Received) -> Reply:
        return accepted(request) if len(script.batches) <= 3 else error(190)

    script.write = write
    pulled: list[int] = []

    def batches() -> Iterator[Sequence[WantedOperation]]:
        for seq in range(50):
            pulled.append(seq)
            yield [add(seq)]

    outcomes = [each for batch in group.writer().carry_out(batches()) for each in batch]
    assert sorted(each.seq for each in outcomes) == pulled
    assert len(pulled) <= 6
    assert [each.result for each in outcomes].count(Result.ACCEPTED) == 3
    stopped = [each.error for each in outcomes if each.error is not None]
    assert any(isinstance(each, TokenRejectedError) for each in stopped)
    assert all(isinstance(each, TokenRejectedError | StoppedError) for each in stopped)


def test_the_order_of_a_batch_is_kept_whatever_number_the_operations_carry(
    group: WorkplaceGroup, script: Script
) -> None:
    script.writes = [Reply([part({"error": {"code": 100}}, 400), part({"success": True})])]
    ((first, second),) = group.writer().carry_out([[add(7), add(7)]])
    assert (first.result, second.result) == (Result.REFUSED, Result.ACCEPTED)

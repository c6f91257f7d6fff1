"""What is repeated and what is not: every row of the table of error codes, for reads and for writes."""

from dataclasses import replace

import pytest

from tests.platforms.scripted import GROUP, TOKEN, FakeClock, Reply, Script, accepted, error, part, served
from workplace_sync.membership.change import Action
from workplace_sync.platforms.base import (
    BlockedError,
    CallError,
    ChangeRefusedError,
    GroupGoneError,
    MalformedAnswerError,
    OperationOutcome,
    PermissionMissingError,
    RateLimitedError,
    RequestRefusedError,
    Result,
    TokenRejectedError,
    UnavailableError,
    WantedOperation,
)
from workplace_sync.platforms.http import Patience, retry_after
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace

RATE = [4, 17, 32, 341, 613, 80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014]
LASTING = [
    (error(3), PermissionMissingError),
    (error(10), PermissionMissingError),
    (error(200, status=403), PermissionMissingError),
    (error(299, status=403), PermissionMissingError),
    (error(102), TokenRejectedError),
    (error(190, status=401, error_subcode=463), TokenRejectedError),
    (error(100, message="Invalid appsecret_proof provided in the API argument"), TokenRejectedError),
    (error(368, status=403), BlockedError),
    (error(100), RequestRefusedError),
    (error(117, error_subcode=1855195), RequestRefusedError),
    (error(506), RequestRefusedError),
    (error(100, error_subcode=33), GroupGoneError),
    (error(803), GroupGoneError),
    (error(803, status=500), GroupGoneError),
]
PASSING = [
    (error(1, status=500), UnavailableError),
    (error(2, status=500), UnavailableError),
    (error(2, status=200), UnavailableError),
    (error(1234, is_transient=True), UnavailableError),
    (error(1234, status=503), UnavailableError),
    (Reply("gone", 503), UnavailableError),
    (Reply(raw="<html>Bad gateway</html>", status=502), UnavailableError),
    (Reply(raw="<html>Sign in</html>"), MalformedAnswerError),
    (Reply(raw="<html>Slow down</html>", status=429), MalformedAnswerError),
    (Reply(raw='{"data": ['), MalformedAnswerError),
    (Reply(raw="[" * 200_000), MalformedAnswerError),
    (Reply({"odd": 1}, 404), MalformedAnswerError),
    (Reply({"error": "odd"}, 400), MalformedAnswerError),
    (Reply(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"}), MalformedAnswerError),
    (Reply([], cut="before"), UnavailableError),
    (Reply([1, 2, 3, 4], cut="body"), UnavailableError),
]


def add(seq: int) -> WantedOperation:
    return WantedOperation(seq, Action.ADD, f"person{seq}@bt.example.org")


def carried_out(group: WorkplaceGroup, *seqs: int) -> list[OperationOutcome]:
    return [each for batch in group.writer().carry_out([[add(seq) for seq in seqs]]) for each in batch]


def _name(value: object) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)[:60]


@pytest.mark.parametrize(("reply", "kind"), LASTING, ids=_name)
def test_a_read_that_would_fare_no_better_is_not_repeated(
    group: WorkplaceGroup, script: Script, reply: Reply, kind: type[CallError]
) -> None:
    script.reads = [reply]
    with pytest.raises(kind):
        group.community()
    assert len(script.received) == 1


@pytest.mark.parametrize(("reply", "kind"), PASSING, ids=_name)
def test_a_read_is_repeated_when_the_fault_may_pass(
    group: WorkplaceGroup, script: Script, reply: Reply, kind: type[CallError]
) -> None:
    script.reads = [reply, reply]
    assert group.community().name == "Example tenant"
    assert len(script.received) == 3
    script.reads = [reply] * 6
    with pytest.raises(kind):
        group.reader().describe()
    assert len(script.received) == 9  # six attempts, then the error


@pytest.mark.parametrize("code", RATE)
def test_a_call_refused_for_the_rate_is_repeated_even_when_it_writes(
    group: WorkplaceGroup, script: Script, code: int, time: FakeClock
) -> None:
    script.reads = [error(code, status=403)]
    script.writes = [error(code, status=403), error(code, status=429, headers={"Retry-After": "7"})]
    assert [each.result for each in carried_out(group, 1)] == [Result.ACCEPTED]
    assert len(script.batches) == 3
    assert 7.0 <= time.total <= 9.0


@pytest.mark.parametrize(("reply", "kind"), PASSING, ids=_name)
def test_a_write_whose_effect_is_not_known_is_never_repeated(
    group: WorkplaceGroup, script: Script, reply: Reply, kind: type[CallError]
) -> None:
    script.writes = [reply]
    outcomes = carried_out(group, 1, 2)
    assert [each.result for each in outcomes] == [Result.UNKNOWN, Result.UNKNOWN]
    assert isinstance(outcomes[0].error, kind)
    assert len(script.batches) == 1


@pytest.mark.parametrize(("reply", "kind"), LASTING, ids=_name)
def test_a_batch_refused_as_a_whole_had_no_effect_and_stops_the_run(
    group: WorkplaceGroup, script: Script, reply: Reply, kind: type[CallError]
) -> None:
    script.writes = [reply] * 2
    outcomes = list(group.writer().carry_out([[add(seq)] for seq in range(20)]))
    assert len(outcomes) <= 2  # one for each thread
    assert {each.result for batch in outcomes for each in batch} == {Result.NOT_SENT}
    assert any(isinstance(each.error, kind) and each.stops_run for batch in outcomes for each in batch)


OPERATIONS = [
    (part({"success": True}), Result.ACCEPTED, None),
    (None, Result.UNKNOWN, UnavailableError),
    (part({"success": False}), Result.UNKNOWN, MalformedAnswerError),
    (part({}), Result.UNKNOWN, MalformedAnswerError),
    (part({"success": "true"}), Result.UNKNOWN, MalformedAnswerError),
    (part({"success": True}, 404), Result.UNKNOWN, MalformedAnswerError),
    ({"code": 200, "body": "<html>"}, Result.UNKNOWN, MalformedAnswerError),
    ({"code": 200}, Result.UNKNOWN, MalformedAnswerError),
    ({"body": "{}"}, Result.UNKNOWN, MalformedAnswerError),
    ("odd", Result.UNKNOWN, MalformedAnswerError),
    (part({"error": {"message": "x"}}, 400), Result.UNKNOWN, MalformedAnswerError),
    (part({"error": {"code": 1}}, 500), Result.UNKNOWN, UnavailableError),
    (part({"error": {"code": 2}}, 500), Result.UNKNOWN, UnavailableError),
    (part({"error": {"code": 9, "is_transient": True}}, 400), Result.UNKNOWN, UnavailableError),
    (part({"error": {"code": 190}}, 400), Result.NOT_SENT, TokenRejectedError),
    (part({"error": {"code": 102}}, 400), Result.NOT_SENT, TokenRejectedError),
    (part({"error": {"code": 368}}, 403), Result.NOT_SENT, BlockedError),
    (part({"error": {"code": 10}}, 403), Result.REFUSED, PermissionMissingError),
    (part({"error": {"code": 3}}, 403), Result.REFUSED, PermissionMissingError),
    (part({"error": {"code": 200}}, 403), Result.REFUSED, PermissionMissingError),
    (part({"error": {"code": 100}}, 400), Result.REFUSED, ChangeRefusedError),
    (part({"error": {"code": 100, "error_subcode": 33}}, 400), Result.REFUSED, ChangeRefusedError),
    (part({"error": {"code": 803}}, 400), Result.REFUSED, ChangeRefusedError),
    (part({"error": {"code": 506}}, 400), Result.REFUSED, ChangeRefusedError),
]


@pytest.mark.parametrize(("answer", "result", "kind"), OPERATIONS, ids=_name)
def test_each_operation_of_a_batch_is_judged_by_its_own_answer(
    group: WorkplaceGroup, script: Script, answer: object, result: Result, kind: type[CallError] | None
) -> None:
    script.writes = [Reply([part({"success": True}), answer])]
    first, second = carried_out(group, 1, 2)
    assert (first.seq, first.result, first.error) == (1, Result.ACCEPTED, None)
    assert (second.seq, second.result) == (2, result)
    assert (None if second.error is None else type(second.error)) == kind
    assert len(script.batches) == 1


def test_a_batch_with_too_few_answers_tells_nothing_about_any_of_them(group: WorkplaceGroup, script: Script) -> None:
    script.writes = [Reply([part({"success": True})])]
    assert {each.result for each in carried_out(group, 1, 2)} == {Result.UNKNOWN}


def test_operations_refused_for_the_rate_are_sent_again_and_the_others_are_not(
    group: WorkplaceGroup, script: Script, time: FakeClock
) -> None:
    slow = part({"error": {"code": 4}}, 403)
    script.writes = [Reply([slow, part({"success": True}), slow]), Reply([part({"success": True}), slow])]
    assert [(each.seq, each.result) for each in carried_out(group, 1, 2, 3)] == [
        (1, Result.ACCEPTED),
        (2, Result.ACCEPTED),
        (3, Result.ACCEPTED),
    ]
    assert [[each["body"] for each in batch.operations] for batch in script.batches] == [
        ["email=person1%40bt.example.org", "email=person2%40bt.example.org", "email=person3%40bt.example.org"],
        ["email=person1%40bt.example.org", "email=person3%40bt.example.org"],
        ["email=person3%40bt.example.org"],
    ]
    assert time.total == pytest.approx(5 + 10)


def test_a_rate_that_stays_refused_is_reported_after_five_rounds(group: WorkplaceGroup, script: Script) -> None:
    script.write = lambda request: Reply([part({"error": {"code": 17}}, 403) for _ in request.operations])
    (outcome,) = carried_out(group, 1)
    assert outcome.result is Result.NOT_SENT
    assert isinstance(outcome.error, RateLimitedError)
    assert outcome.stops_run
    assert len(script.batches) == 5


def test_a_retry_after_longer_than_a_run_should_wait_ends_the_call_and_is_told(
    group: WorkplaceGroup, script: Script, time: FakeClock
) -> None:
    script.reads = [error(4, status=429, headers={"Retry-After": "3244"})]
    with pytest.raises(RateLimitedError) as caught:
        group.community()
    assert caught.value.retry_after == 3244
    assert (len(script.received), time.total) == (1, 0)


def test_a_retry_after_may_be_a_date_and_is_measured_on_the_servers_own_clock(
    group: WorkplaceGroup, script: Script, time: FakeClock
) -> None:
    dates = {"Date": "Sat, 21 Nov 2026 12:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 12:00:20 GMT"}
    script.reads = [error(4, status=429, headers=dates)]
    group.community()
    assert time.total == pytest.approx(20)


def test_minutes_until_access_is_regained_count_as_a_retry_after(group: WorkplaceGroup, script: Script) -> None:
    usage = '{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}'
    script.reads = [error(80001, status=403, headers={"X-Business-Use-Case-Usage": usage})]
    with pytest.raises(RateLimitedError) as caught:
        group.community()
    assert caught.value.retry_after == 19 * 60


def test_the_waits_grow_and_end_with_the_patience_for_one_call(url: str, script: Script, time: FakeClock) -> None:
    script.reads = [error(2, status=500)] * 50
    with (
        open_workplace(
            base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock(), patience=Patience(attempts=50, total=20)
        ) as group,
        pytest.raises(UnavailableError),
    ):
        group.community()
    assert time.total == pytest.approx(0.25 + 0.5 + 1 + 2 + 4 + 8)


def test_a_server_that_is_not_there_means_that_nothing_was_sent(script: Script, time: FakeClock) -> None:
    script.write = lambda request: replace(accepted(request), headers={"Connection": "close"})
    with served(script) as url:
        group = open_workplace(base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock(), threads=2)
        writer = group.writer()
        assert [batch[0].result for batch in writer.carry_out([[add(1)]])] == [Result.ACCEPTED]
    outcomes = list(writer.carry_out([[add(seq)] for seq in range(20)]))
    group.close()
    assert len(outcomes) <= 2
    assert {each.result for batch in outcomes for each in batch} == {Result.NOT_SENT}


def test_after_three_batches_without_an_answer_no_more_are_pulled(group: WorkplaceGroup, script: Script) -> None:
    script.write = lambda _: Reply([], cut="before")
    outcomes = list(group.writer().carry_out([[add(seq)] for seq in range(20)]))
    assert 3 <= len(outcomes) <= 5
    assert {batch[0].result for batch in outcomes} <= {Result.UNKNOWN, Result.NOT_SENT}


@pytest.mark.parametrize("value", ["", "soon", "-3", "1.5", "٣", "Sat, 99 Nov 2026 12:00:00 GMT"])
def test_a_retry_after_that_is_nonsense_is_none(value: str, time: FakeClock) -> None:
    assert retry_after(value, time.clock().now()) is None

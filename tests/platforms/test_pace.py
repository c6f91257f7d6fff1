"""The pace: one bucket for every process with the token, and a brake on the usage that the platform reports."""

import multiprocessing
import threading
import time as real_time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms.scripted import GROUP, TOKEN, FakeClock, Script, accepted
from tests.platforms.test_retry import add, carried_out
from workplace_sync.errors import SettingsError, StoreError
from workplace_sync.platforms.base import RateLimitedError, Result, StoppedError
from workplace_sync.platforms.pace import Pace, RateLimit, bucket_name, file_bucket, gap, postgres_bucket, rate_of
from workplace_sync.platforms.waiting import Clock
from workplace_sync.platforms.workplace.platform import open_workplace

PER_MINUTE = [RateLimit(operations=100, seconds=60)]


def paced(time: FakeClock, path: Path, limits: list[RateLimit] = PER_MINUTE) -> Pace:
    return Pace(time.clock(), file_bucket(path, TOKEN, limits, time.clock()))


def test_a_call_within_the_rate_does_not_wait(time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db")
    pace.take(50)
    pace.take(50)
    assert time.total == 0
    pace.close()


def test_a_call_beyond_the_rate_waits_for_the_window_to_pass(time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db")
    pace.take(100)
    pace.take(1)
    assert time.total == pytest.approx(60, abs=0.1)
    pace.close()


def test_a_batch_weighs_as_much_as_its_operations(url: str, time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db")
    with open_workplace(base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock(), pace=pace, threads=1) as group:
        assert {each.result for each in carried_out(group, *range(50))} == {Result.ACCEPTED}
        assert time.total == 0  # 52 operations: two looks at the group, and the batch
        carried_out(group, *range(50))
        assert time.total > 59


def test_a_batch_that_weighs_more_than_the_rate_allows_goes_out_in_time(time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db", [RateLimit(20, 60)])
    pace.take(50)
    assert time.total == pytest.approx(120, abs=1)
    pace.close()


def test_the_bucket_is_shared_by_everyone_with_the_token_and_by_nobody_else(time: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "pace.db"
    one, two = (file_bucket(path, TOKEN, PER_MINUTE, time.clock()) for _ in range(2))
    other = file_bucket(path, "another token", PER_MINUTE, time.clock())
    assert one.wait_for(100) == 0
    assert two.wait_for(1) > 59
    assert other.wait_for(100) == 0
    for bucket in (one, two, other):
        bucket.close()


def test_what_is_refused_takes_nothing_from_the_bucket(time: FakeClock, tmp_path: Path) -> None:
    bucket = file_bucket(tmp_path / "pace.db", TOKEN, PER_MINUTE, time.clock())
    assert bucket.wait_for(60) == 0
    assert bucket.wait_for(50) > 0
    assert bucket.wait_for(40) == 0
    bucket.close()


@pytest.mark.parametrize("per_second", [0.1, 0.3, 0.5, 1, 1.5, 2.9, 7])
def test_operations_never_go_out_faster_than_is_set(per_second: float, time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db", [rate_of(per_second)])
    for _ in range(30):
        pace.take()
    pace.close()
    assert time.total * per_second >= 30 - max(1, per_second) - 0.01, "those of the first stretch go at once"


@pytest.mark.parametrize("per_second", [0.001, 0.3, 0.9, 1, 1.2, 2.5, 50, 1000])
def test_a_pace_becomes_a_limit_that_is_no_higher_and_half_of_it_at_least(per_second: float) -> None:
    limit = rate_of(per_second)
    assert per_second / 2 < limit.operations / limit.seconds <= per_second


def test_the_shorter_and_the_longer_limit_both_hold(time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db", [RateLimit(20, 60), RateLimit(5, 1)])
    for _ in range(20):
        pace.take()
    assert time.total == pytest.approx(3, abs=0.1)
    pace.take()
    assert time.total == pytest.approx(60, abs=0.1)
    pace.close()


@pytest.mark.parametrize(
    "limits", [[], [RateLimit(0, 60)], [RateLimit(1, 0)], [RateLimit(10, 1), RateLimit(5, 60)]], ids=str
)
def test_a_rate_that_cannot_be_is_told(tmp_path: Path, limits: list[RateLimit]) -> None:
    with pytest.raises(SettingsError):
        file_bucket(tmp_path / "pace.db", TOKEN, limits)


def test_a_pace_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="pace"):
        file_bucket(tmp_path / "file" / "pace.db", TOKEN, PER_MINUTE)


def test_a_database_for_the_pace_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(StoreError) as caught:
        postgres_bucket("postgresql://somebody:hush@127.0.0.1:1/pace", TOKEN, PER_MINUTE, wait=0.2)
    assert "hush" not in caught.value.message + caught.value.hint


def test_the_token_is_not_in_the_pace_file(time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db")
    pace.take()
    pace.close()
    assert all(TOKEN.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert bucket_name(TOKEN) != bucket_name(TOKEN + "x")


def test_a_wait_longer_than_a_run_should_take_is_an_error_and_not_a_wait(time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db", [RateLimit(10, 3600)])
    pace.take(10)
    with pytest.raises(RateLimitedError) as caught:
        pace.take(1)
    assert caught.value.retry_after == pytest.approx(3600, abs=1)
    assert time.total == 0
    pace.close()


def test_operations_that_the_pace_has_no_room_for_are_not_sent(
    url: str, script: Script, time: FakeClock, tmp_path: Path
) -> None:
    pace = paced(time, tmp_path / "pace.db", [RateLimit(30, 3600)])
    with open_workplace(base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock(), pace=pace, threads=1) as group:
        outcomes = list(group.writer().carry_out([[add(place) for place in range(20)] for _ in range(3)]))
    assert [outcomes[0][0].result, outcomes[1][0].result] == [Result.ACCEPTED, Result.NOT_SENT]
    assert len(outcomes) == 2
    assert len(script.batches) == 1


def test_a_wait_ends_when_the_run_is_over(time: FakeClock, tmp_path: Path) -> None:
    pace = paced(time, tmp_path / "pace.db")
    pace.take(100)
    with pytest.raises(StoppedError):
        pace.take(1, lambda: time.total > 2)
    assert time.total == pytest.approx(2.5, abs=0.5)
    pace.close()


@given(usage=st.integers(-5, 500), weight=st.integers(1, 50))
def test_the_brake_only_gets_harder_with_the_usage(usage: int, weight: int) -> None:
    assert 0 <= gap(usage, weight) <= gap(usage + 1, weight) <= 60
    assert gap(79, weight) == 0
    assert gap(80, weight) > 0
    assert gap(100, weight) == 60


def test_at_the_limit_one_call_a_minute_goes_out_until_it_moves(time: FakeClock) -> None:
    pace = Pace(time.clock())
    pace.take()
    pace.observe(100)
    pace.take()
    assert time.total == pytest.approx(60)
    pace.observe(20)
    pace.take()
    assert time.total == pytest.approx(60)


def test_an_old_report_of_usage_is_forgotten(time: FakeClock) -> None:
    pace = Pace(time.clock())
    pace.take(50)
    pace.observe(99)
    time.seconds += 301
    pace.take(50)
    assert time.total == 0


def test_a_hold_keeps_every_call_back(time: FakeClock) -> None:
    pace = Pace(time.clock())
    pace.hold(30)
    pace.take()
    assert time.total == pytest.approx(30)
    pace.hold(901)
    with pytest.raises(RateLimitedError):
        pace.take()


@pytest.mark.parametrize(
    ("headers", "slow"),
    [
        ({"X-App-Usage": '{"call_count":92,"total_time":25,"total_cputime":25}'}, True),
        ({"X-App-Usage": '{"call_count":1,"total_time":1,"total_cputime":99.5}'}, True),
        ({"X-Page-Usage": '{"call_count":92}'}, True),
        ({"X-Business-Use-Case-Usage": '{"1":[{"call_count":2},{"call_count":93}]}'}, True),
        ({"X-App-Usage": '{"call_count":79}'}, False),
        ({"X-App-Usage": "odd"}, False),
        ({"X-App-Usage": '{"call_count":"92"}'}, False),
        ({"X-App-Usage": '{"call_count":NaN}'}, False),
        ({"X-App-Usage": '{"call_count":-1}'}, False),
        ({"X-Business-Use-Case-Usage": '{"1":7}'}, False),
        ({}, False),
    ],
    ids=str,
)
def test_the_usage_headers_slow_the_next_call(
    url: str,
    script: Script,
    time: FakeClock,
    headers: dict[str, str],
    slow: bool,  # noqa: FBT001
) -> None:
    script.write = lambda request: replace(accepted(request), headers=headers)
    with open_workplace(base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock(), threads=1) as group:
        carried_out(group, *range(50))
        assert time.total == 0
        carried_out(group, *range(50))
        assert (time.total > 0) == slow


def _calls(path: Path, number: int) -> tuple[float, float]:
    """Take so many calls from the bucket, and return when that began and ended."""
    clock = Clock()
    pace = Pace(clock, file_bucket(path, TOKEN, [RateLimit(20, 1)], clock))
    began = real_time.time()
    for _ in range(number):
        pace.take()
    pace.close()
    return began, real_time.time()


@pytest.mark.slow
def test_three_processes_with_one_token_keep_to_one_rate(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        times = pool.starmap(_calls, [(tmp_path / "pace.db", 30)] * 3)
    taken = max(ended for _, ended in times) - min(began for began, _ in times)
    assert taken > 3, "90 calls, 20 of them a second; each process alone would have been done in 1.5 s"


def test_many_threads_share_the_bucket_without_going_over_it(tmp_path: Path) -> None:
    bucket = file_bucket(tmp_path / "pace.db", TOKEN, [RateLimit(50, 3600)])
    taken: list[bool] = []

    def take() -> None:
        taken.extend(bucket.wait_for(1) == 0 for _ in range(20))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bucket.close()
    assert taken.count(True) == 50


@pytest.mark.slow
def test_the_bucket_in_postgresql_is_shared_too(postgres_url: str) -> None:
    one, two = (postgres_bucket(postgres_url, TOKEN, PER_MINUTE) for _ in range(2))
    assert one.wait_for(60) == 0
    assert 59 < two.wait_for(50) <= 61
    assert two.wait_for(40) == 0
    one.close()
    two.close()

"""When a job is tried again."""

import pytest

from workplace_sync.errors import ExitCode
from workplace_sync.worker.retrying import again_after, has_failed


def test_a_busy_group_is_waited_for_with_growing_patience_and_not_for_ever() -> None:
    waits = [again_after(ExitCode.BUSY, attempts) for attempts in range(120)]
    assert waits[:3] == [2, 4, 6]
    assert max(wait for wait in waits if wait is not None) == 60
    assert again_after(ExitCode.BUSY, 120) is None
    assert has_failed(ExitCode.BUSY)


def test_a_run_that_was_told_to_stop_is_for_the_next_worker_at_once_however_often() -> None:
    assert again_after(ExitCode.INTERRUPTED, 1_000) == 0


@pytest.mark.parametrize("code", [ExitCode.PARTIAL, ExitCode.BLIND, ExitCode.ERROR])
def test_what_platform_or_database_did_not_do_is_tried_three_times_more(code: ExitCode) -> None:
    assert [again_after(code, attempts) for attempts in range(4)] == [30, 60, 120, None]


def test_an_error_that_lasts_until_somebody_does_something_is_not_tried_again() -> None:
    assert again_after(ExitCode.ERROR, 0, lasting=True) is None
    assert has_failed(ExitCode.ERROR)


@pytest.mark.parametrize("code", [ExitCode.DONE, ExitCode.HELD, ExitCode.GUARD, ExitCode.EVIDENCE, ExitCode.USAGE])
def test_what_people_have_to_decide_is_not_tried_again(code: ExitCode) -> None:
    assert again_after(code, 0) is None
    assert has_failed(code) == (code in {ExitCode.EVIDENCE, ExitCode.USAGE})

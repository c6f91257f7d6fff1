"""One run at a time has a group, whatever clocks do; who lost it writes nothing and sends nothing (promise P10)."""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sandbox_server import ROOT
from tests.world import Clock, open_log
from workplace_sync.errors import BlindError, BusyError, ExitCode, UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs import whereabouts
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.release import release
from workplace_sync.jobs.running import Run, Verb, running
from workplace_sync.jobs.taking import Watch
from workplace_sync.jobs.tenure import Tenure, elapsed
from workplace_sync.store import leases, runs
from workplace_sync.store.database import Database
from workplace_sync.store.group_lock import GroupLock
from workplace_sync.store.leases import Claim, Lease

GROUP = "prospect-bt"
HOUR = timedelta(hours=1)
ELSEWHERE = Claim(GROUP, "their-owner", "grace", "lighthouse", 4711, "another-machine:1", "apply", "their-run", 60.0)


@dataclass(slots=True)
class Hand:
    """A clock of seconds that only a test moves: `sleep` moves it on, and does what was to happen meanwhile."""

    at: float = 1_000.0
    slept: float = 0.0
    meanwhile: Callable[[float], None] = field(default=lambda _slept: None)

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.slept += seconds
        self.meanwhile(self.slept)

    @property
    def watch(self) -> Watch:
        return Watch(self, self.sleep)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(database: Database, tmp_path: Path, clock: Clock) -> Office:
    numbers = itertools.count(1)
    log = open_log(database, tmp_path, clock)
    return Office(database, log, clock, lambda: f"id{next(numbers):06}", "ada")


@pytest.fixture
def theirs(office: Office) -> Lease:
    """A lease of somebody on another machine, of whose process nothing is known here."""
    return take_it(office, None)


def take_it(office: Office, over: Lease | None, claim: Claim = ELSEWHERE) -> Lease:
    """Give the group to somebody on another machine."""
    with office.database.write() as connection:
        lease = leases.take(connection, claim, office.now(), over)
        now = office.now()
        run = runs.RunRecord(claim.run_id, GROUP, "apply", "grace", "lighthouse", now, now)
        runs.begin(connection, run)
    assert lease is not None
    return lease


def row(office: Office, run_id: str) -> runs.RunRecord:
    with office.database.connect() as connection:
        found = runs.find(connection, run_id)
    assert found is not None
    return found


def holder(office: Office) -> Lease | None:
    with office.database.connect() as connection:
        return leases.current(connection, GROUP)


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, and fail when it does not come about."""
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up, "it did not come about"
        threading.Event().wait(0.01)


def write(office: Office) -> None:
    with office.log.transaction() as transaction:
        transaction.log(Record(Kind.EVIDENCE_VERIFIED, office.now(), actor=office.actor))


def test_a_second_run_is_told_who_has_the_group_doing_what_since_when(office: Office) -> None:
    with running(office, GROUP, Verb.APPLY):
        host = whereabouts.here().host
        with (
            pytest.raises(BusyError, match=f"ada has prospect-bt: `apply` on {host} since 2026-11-21 09:00:00") as told,
            running(replace(office, actor="grace"), GROUP, Verb.OBSERVE),
        ):
            pass
        assert (told.value.exit_code, told.value.retryable) == (ExitCode.BUSY, True)
        with running(office, "prospect-openreach", Verb.PLAN) as other:
            write(other.office)
    assert holder(office) is None
    with running(office, GROUP, Verb.PLAN) as run:
        write(run.office)


def test_a_run_that_could_not_begin_leaves_no_row_and_no_lease_behind(office: Office) -> None:
    with running(office, GROUP, Verb.APPLY) as run:
        with pytest.raises(BusyError), running(office, GROUP, Verb.PLAN):
            pass
        with office.database.connect() as connection:
            assert [each.id for each in runs.recent(connection, None, 10)] == [run.id]
        write(run.office)  # the lease of the first was left alone


def test_the_row_tells_how_a_run_ended(office: Office) -> None:
    with running(office, GROUP, Verb.APPLY) as told:
        told.end(ExitCode.PARTIAL, "Some failed.", {"asked": 5})
    with running(office, GROUP, Verb.PLAN) as silent:
        pass
    assert (row(office, told.id).exit_code, row(office, told.id).summary) == (3, "Some failed.")
    assert row(office, told.id).counts == {"asked": 5}
    assert (row(office, silent.id).state, row(office, silent.id).exit_code) == (runs.State.ENDED, 0)


@pytest.mark.parametrize(
    ("error", "code", "summary"),
    [
        (BlindError("The group could not be read."), 6, "The group could not be read."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (ValueError("ada.lovelace@bt.example.org"), 1, "Something went wrong that should not (ValueError)."),
    ],
)
def test_an_error_ends_the_run_with_its_code_and_no_names(
    office: Office, error: BaseException, code: int, summary: str
) -> None:
    def fails() -> None:
        with running(office, GROUP, Verb.OBSERVE):
            raise error

    with pytest.raises(type(error)):
        fails()
    with office.database.connect() as connection:
        (ended,) = runs.recent(connection, GROUP, 10)
    assert (ended.state, ended.exit_code, ended.summary) == (runs.State.ENDED, code, summary)
    assert holder(office) is None


def test_progress_reaches_the_row_while_the_run_goes_on(office: Office, clock: Clock) -> None:
    with running(office, GROUP, Verb.OBSERVE) as run:
        run.progress(1_000, None, "reading members")
        until(lambda: row(office, run.id).done == 1_000)
        clock.advance(timedelta(seconds=1))
        run.progress(2_000, 5_000, "carrying out changes")
        until(lambda: row(office, run.id).total == 5_000)
        run.progress(5_000, 5_000, "carrying out changes")  # within the second: kept for the end
    assert (row(office, run.id).done, row(office, run.id).stage) == (5_000, "carrying out changes")


def test_progress_told_within_a_transaction_of_the_run_holds_nothing_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "workplace_sync.store.database._BUSY_MS", 60_000
    )  # so long would SQLite wait for its other writer
    with running(office, GROUP, Verb.PLAN) as run:
        begun = time.monotonic()
        with run.office.database.write():
            run.progress(5, 10, "planning")
        assert time.monotonic() - begun < 30
    assert row(office, run.id).done == 5


@pytest.mark.usefixtures("theirs")
def test_a_lease_that_has_not_run_out_is_not_even_watched(office: Office) -> None:
    hand = Hand()
    with pytest.raises(BusyError, match="grace has prospect-bt"), running(office, GROUP, Verb.PLAN, watch=hand.watch):
        pass
    assert hand.slept == 0


def test_a_lease_that_ran_out_is_taken_over_once_a_whole_one_went_by_in_silence(
    office: Office, clock: Clock, theirs: Lease
) -> None:
    clock.advance(HOUR)
    hand = Hand()
    with running(office, GROUP, Verb.PLAN, watch=hand.watch) as run:
        assert hand.slept >= ELSEWHERE.seconds
        found = holder(office)
        assert found is not None
        assert (found.claim.run_id, found.fence) == (run.id, theirs.fence + 1)
        left = row(office, ELSEWHERE.run_id)
        assert (left.state, left.exit_code, left.summary) == (runs.State.ABANDONED, None, runs.ABANDONED)


def test_a_clock_that_jumps_forward_takes_the_group_from_nobody_alive(
    office: Office, clock: Clock, theirs: Lease
) -> None:
    clock.advance(24 * HOUR)

    def beat(slept: float) -> None:
        if slept > ELSEWHERE.seconds / 3:
            with office.database.write() as connection:
                assert leases.renew(connection, theirs, clock())

    hand = Hand(meanwhile=beat)
    with pytest.raises(BusyError, match="grace has"), running(office, GROUP, Verb.PLAN, watch=hand.watch):
        pass
    assert 0 < hand.slept < ELSEWHERE.seconds
    with office.database.write() as connection:
        assert leases.is_ours(connection, theirs)


@pytest.mark.usefixtures("theirs")
def test_a_clock_that_jumps_back_does_not_lock_a_dead_holder_in(office: Office, clock: Clock) -> None:
    clock.advance(-24 * HOUR)
    hand = Hand()
    with running(office, GROUP, Verb.PLAN, watch=hand.watch) as run:
        write(run.office)
    assert hand.slept >= ELSEWHERE.seconds


def test_a_group_given_back_while_it_is_watched_is_taken_at_once(office: Office, clock: Clock, theirs: Lease) -> None:
    clock.advance(HOUR)

    def give_back(_slept: float) -> None:
        with office.database.write() as connection:
            leases.release(connection, theirs)

    hand = Hand(meanwhile=give_back)
    with running(office, GROUP, Verb.PLAN, watch=hand.watch):
        assert hand.slept < ELSEWHERE.seconds


@pytest.fixture
def lost(office: Office) -> Iterator[Run]:
    """A run whose group was taken over meanwhile, without its knowing."""
    with running(office, GROUP, Verb.APPLY) as run:
        take_it(office, holder(office))
        yield run


def test_a_run_that_lost_its_group_writes_nothing(office: Office, lost: Run) -> None:
    size = office.log.size
    with pytest.raises(BusyError, match="has taken prospect-bt from this run"):
        write(lost.office)
    with pytest.raises(BusyError), lost.office.database.write():
        pytest.fail("it was let in")
    with pytest.raises(BusyError), office.database.connect() as lent, lost.office.log.transaction(on=lent):
        pytest.fail("it was let in")
    assert office.log.size == size
    assert not lost.office.may_send()


def test_a_run_that_lost_its_group_leaves_the_next_ones_lease_and_rows_alone(office: Office) -> None:
    with running(office, GROUP, Verb.APPLY) as run:
        take_it(office, holder(office))
    found = holder(office)
    assert found is not None
    assert found.claim == ELSEWHERE
    assert row(office, run.id).state is runs.State.ABANDONED
    assert row(office, ELSEWHERE.run_id).state is runs.State.RUNNING


def tenure(office: Office, lease: Lease, hand: Hand, database: Database | None = None) -> Tenure:
    return Tenure(
        database or office.database,
        lease,
        GroupLock(office.database, GROUP),
        now=office.now,
        asked_at=hand(),
        request_seconds=33.0,
        clock=hand,
    )


def test_a_process_that_wakes_up_too_late_asks_the_database_before_it_sends(office: Office, theirs: Lease) -> None:
    hand = Hand()
    awake, frozen = tenure(office, theirs, hand), tenure(office, theirs, hand)
    assert awake.may_send()
    hand.at += 30  # 30 s of the lease are left, and a request may take 33
    before = holder(office)
    assert before is not None
    assert awake.may_send()
    after = holder(office)
    assert after is not None
    assert after.beats == before.beats + 1
    take_it(office, holder(office), replace(ELSEWHERE, owner="next-owner", run_id="next-run"))
    assert not frozen.may_send()
    assert frozen.lost


def test_without_a_database_nothing_is_sent_once_the_lease_may_run_out(
    office: Office, theirs: Lease, tmp_path: Path
) -> None:
    hand = Hand()
    gone = Database(f"sqlite:///{tmp_path / 'no-such-folder' / 'sync.db'}")
    alone = tenure(office, theirs, hand, gone)
    assert alone.may_send()
    hand.at += 30
    assert not alone.may_send()
    assert not alone.lost  # nobody took it: once the database is back it goes on
    hand.at -= 30
    assert alone.may_send()
    gone.close()


def test_signs_of_life_go_on_by_themselves(office: Office) -> None:
    with running(office, GROUP, Verb.APPLY, lease_seconds=0.3, request_seconds=0.1) as run:
        until(lambda: (holder(office) or pytest.fail("free")).beats >= 3)
        write(run.office)


def test_a_lease_is_never_shorter_than_what_a_request_may_take(office: Office) -> None:
    with running(office, GROUP, Verb.APPLY, lease_seconds=5, request_seconds=40):
        found = holder(office)
        assert found is not None
        assert found.claim.seconds == 60


def test_a_killed_holder_on_this_machine_is_told_from_a_living_one_at_once(office: Office, theirs: Lease) -> None:
    code = "from workplace_sync.jobs.whereabouts import here; print(here().process, flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    claim = replace(ELSEWHERE, process=child.stdout.readline().strip(), pid=child.pid)
    with office.database.write() as connection:
        assert leases.take(connection, claim, office.now(), theirs)
    hand = Hand()
    with pytest.raises(BusyError), running(office, GROUP, Verb.PLAN, watch=hand.watch):
        pass
    child.kill()
    child.communicate()
    with running(office, GROUP, Verb.PLAN, watch=hand.watch) as run:
        write(run.office)
    assert hand.slept == 0


def test_a_number_in_use_again_is_not_taken_for_the_process_that_had_it() -> None:
    here = whereabouts.here()
    machine, _, _began = here.process.rpartition(":")
    assert not whereabouts.has_ended(here.process, here.pid)
    assert whereabouts.has_ended(f"{machine}:1", here.pid)
    for unknown in ("", "elsewhere:1", f"{machine}x:1"):
        assert not whereabouts.has_ended(unknown, 2**22 + 1)
    assert whereabouts.has_ended(here.process, 2**22 + 1)


def test_the_clock_of_a_lease_goes_on() -> None:
    before = elapsed()
    until(lambda: elapsed() > before)


def test_an_owner_frees_a_group_on_record_and_its_run_writes_nothing_more(office: Office) -> None:
    with running(office, GROUP, Verb.APPLY) as run:
        owner = replace(office, actor="grace")
        with pytest.raises(UsageError, match="reason"):
            release(owner, GROUP, " ")
        assert release(owner, GROUP, "it hangs").claim.run_id == run.id
        with pytest.raises(BusyError):
            write(run.office)
        with running(owner, GROUP, Verb.OBSERVE) as next_one:
            write(next_one.office)
    assert row(office, run.id).state is runs.State.ABANDONED
    with pytest.raises(UsageError, match="No run holds"):
        release(owner, GROUP, "once more")

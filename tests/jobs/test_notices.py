"""The committee is told of what the books show: once, in one message, whatever fails, and with nobody in it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.world import World
from workplace_sync.cases.notice import Matter, Notice, Phase
from workplace_sync.errors import EvidenceError, ExitCode, NoticeError, StoreError, UsageError
from workplace_sync.jobs.notice_sources import SOURCES, Source
from workplace_sync.jobs.notices import NoticeReport, Notifier, lines
from workplace_sync.jobs.review import reject
from workplace_sync.membership.timeline import Blind, BlindCause
from workplace_sync.store import incidents, notices, runs
from workplace_sync.store.blind import begin, current, end
from workplace_sync.store.incidents import Incident

DAY = timedelta(days=1)
RHYTHM = (DAY, 3 * DAY, 7 * DAY)


@dataclass(slots=True)
class Pigeon:
    """A way out that keeps what it was given, and fails as it is told to."""

    channel: str = "email"
    failing: NoticeError | None = None
    sent: list[Notice] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def send(self, notice: Notice) -> None:
        self.meanwhile()
        if self.failing is not None and not self.failing.reached:
            raise self.failing
        self.sent.append(notice)
        if self.failing is not None:
            raise self.failing


def good() -> None:
    """Say that the evidence verifies."""


def notifier(world: World, *senders: Pigeon, check: Callable[[], None] = good) -> Notifier:
    office = world.office
    return Notifier(office.database, office.now, lambda: [world.group.name], check, senders, RHYTHM)


def phases(sender: Pigeon) -> list[tuple[Matter, Phase]]:
    return [(one.episode.matter, one.phase) for notice in sender.sent for one in notice.told]


def run(world: World, code: int | None, verb: str = "reconcile") -> None:
    """Store a run that ended with that code, or was killed."""
    now, name = world.clock(), world.office.new_id()
    record = runs.RunRecord(name, world.group.name, verb, "ada", "host", now, now)
    with world.office.database.write() as connection:
        runs.begin(connection, record)
        if code is None:
            runs.abandon(connection, world.group.name, world.clock(), runs.ABANDONED)
        else:
            runs.end(connection, name, world.clock(), exit_code=code, summary="", counts={})


def test_changes_that_wait_are_told_once_then_in_the_rhythm_and_once_that_they_are_approved(
    world_on_each_engine: World,
) -> None:
    world, pigeon = world_on_each_engine, Pigeon()
    teller = notifier(world, pigeon)
    assert teller.tell() == NoticeReport()
    plan = world.plan(world.people(30)).record
    for hours in (0, 1, 24, 25):
        world.clock.advance(timedelta(hours=hours))
        teller.tell()
    assert phases(pigeon) == [(Matter.HELD, Phase.FIRST), (Matter.HELD, Phase.REMINDER)]
    assert "30 changes wait" in pigeon.sent[0].body
    world.approve(plan)
    teller.tell()
    teller.tell()
    assert phases(pigeon)[2:] == [(Matter.HELD, Phase.ENDED)]


def test_a_plan_made_anew_every_hour_asks_the_same_question(world: World) -> None:
    pigeon = Pigeon()
    teller = notifier(world, pigeon)
    for number in range(30, 36):
        world.plan(world.people(number))
        world.clock.advance(timedelta(hours=1))
        teller.tell()
    assert phases(pigeon) == [(Matter.HELD, Phase.FIRST)]
    made = world.plan(world.people(40)).record
    assert next(iter(teller.tell().episodes)).counts == {"changes": 40}
    world.approve(made)
    world.apply(made)
    world.clock.advance(timedelta(hours=1))
    world.plan(world.people(80))
    teller.tell()  # another question, after an answer
    assert phases(pigeon)[1:] == [(Matter.HELD, Phase.FIRST), (Matter.HELD, Phase.ENDED)]
    assert len(pigeon.sent) == 2


def test_what_was_rejected_is_quiet(world: World) -> None:
    pigeon = Pigeon()
    plan = world.plan(world.people(30)).record
    reject(world.as_actor("grace"), plan, reason="last month's roster", valid=DAY)
    assert notifier(world, pigeon).tell() == NoticeReport()
    assert not pigeon.sent


def test_all_of_one_run_is_in_one_message_the_most_urgent_first(world_on_each_engine: World) -> None:
    world, pigeon = world_on_each_engine, Pigeon()
    world.plan(world.people(30))
    now = world.clock()
    with world.office.database.write() as connection:
        begin(connection, world.group.name, Blind(BlindCause.TOKEN_REVOKED, now), "refused")
        incidents.add(connection, Incident("i1", world.group.name, now, now, now, 57, 90, ()))
    run(world, ExitCode.ERROR)

    def forged() -> None:
        raise EvidenceError("The log was forked.")

    report = notifier(world, pigeon, check=forged).tell()
    (notice,) = pigeon.sent
    assert [one.episode.matter for one in notice.told] == [*Matter][:5]
    assert "and 4 more" in notice.subject
    assert "57 people were removed" in notice.body
    assert list(lines(report)) == ["Sent through email: 5 told."]


def test_no_message_names_anybody(world: World) -> None:
    pigeon = Pigeon()
    world.plan(world.people(30))
    run(world, ExitCode.PARTIAL)
    notifier(world, pigeon).tell()
    told = "".join(str(notice.as_json()) for notice in pigeon.sent)
    assert "30 changes" in told
    assert "@" not in told
    assert not [name for address in world.everybody for name in [address.partition("@")[0]] if name in told]
    assert "ada" not in told


def test_a_failed_message_is_tried_again_and_the_other_channel_gets_its_own_only_once(
    world_on_each_engine: World,
) -> None:
    world = world_on_each_engine
    broken, well = Pigeon("email", NoticeError("The mail server is away.")), Pigeon("webhook")
    teller = notifier(world, broken, well)
    world.plan(world.people(30))
    report = teller.tell()
    assert [one.channel for one in report.failures] == ["email"]
    assert "The mail server is away." in report.note
    with world.office.database.connect() as connection:
        (unsent,) = notices.troubled(connection, teller.channels)
    assert (unsent.channel, unsent.attempts, unsent.trouble) == ("email", 1, "The mail server is away.")
    teller.tell()
    broken.failing = None
    report = teller.tell()
    assert (report.note, len(broken.sent), len(well.sent)) == ("", 1, 1)
    with world.office.database.connect() as connection:
        assert notices.troubled(connection, teller.channels) == []
        assert {(one.channel, one.attempts) for one in notices.newest(connection)} == {("email", 3), ("webhook", 1)}


def test_a_message_that_reached_some_is_told_as_a_trouble_and_not_repeated(world: World) -> None:
    pigeon = Pigeon(failing=NoticeError("1 of 2 people.", reached=True))
    world.plan(world.people(30))
    teller = notifier(world, pigeon)
    assert [one.reached for one in teller.tell().failures] == [True]
    assert teller.tell().failures == ()
    assert len(pigeon.sent) == 1


def test_what_is_over_before_it_could_be_told_is_told_no_more(world_on_each_engine: World) -> None:
    world, pigeon = world_on_each_engine, Pigeon(failing=NoticeError("Away."))
    teller = notifier(world, pigeon)
    plan = world.plan(world.people(30)).record
    teller.tell()
    world.approve(plan)
    pigeon.failing = None
    assert teller.tell().told == ()
    with world.office.database.connect() as connection:
        assert notices.newest(connection) == []


def test_two_runs_at_a_time_tell_it_once(world_on_each_engine: World) -> None:
    world, pigeon, other = world_on_each_engine, Pigeon(), Pigeon()
    world.plan(world.people(30))
    second: list[NoticeReport] = []

    def at_the_same_time() -> None:
        thread = threading.Thread(target=lambda: second.append(notifier(world, other).tell()))
        thread.start()
        thread.join()

    pigeon.meanwhile = at_the_same_time
    notifier(world, pigeon).tell()
    assert (len(pigeon.sent), len(other.sent), second[0].told) == (1, 0, ())
    assert notifier(world, other).tell().told == ()


def test_what_a_killed_run_was_telling_is_told_by_a_later_one(world: World) -> None:
    class KilledError(BaseException):
        pass

    def die() -> None:
        raise KilledError

    world.plan(world.people(30))
    with pytest.raises(KilledError):
        notifier(world, Pigeon(meanwhile=die)).tell()
    pigeon = Pigeon()
    assert notifier(world, pigeon).tell().told == ()
    world.clock.advance(timedelta(minutes=11))
    notifier(world, pigeon).tell()
    assert phases(pigeon) == [(Matter.HELD, Phase.FIRST)]


def test_blindness_is_one_episode_whatever_its_cause_becomes(world: World) -> None:
    pigeon = Pigeon()
    teller, database, name = notifier(world, pigeon), world.office.database, world.group.name
    for cause in (BlindCause.READ_FAILED, BlindCause.TOKEN_REVOKED):
        with database.write() as connection:
            at = world.clock()
            if lasting := current(connection, name):
                end(connection, lasting, at)
            begin(connection, name, Blind(cause, at), "")
        teller.tell()
    assert phases(pigeon) == [(Matter.BLIND, Phase.FIRST)]
    with database.write() as connection:
        found = current(connection, name)
        assert found is not None
        end(connection, found, world.clock())
    teller.tell()
    assert phases(pigeon)[1:] == [(Matter.BLIND, Phase.ENDED)]


@pytest.mark.parametrize("code", [ExitCode.HELD, ExitCode.BLIND, ExitCode.BUSY, ExitCode.EVIDENCE, ExitCode.DONE])
def test_a_run_that_ended_in_order_or_for_another_matter_has_not_failed(world: World, code: ExitCode) -> None:
    run(world, code)
    assert notifier(world).tell().episodes == ()


def test_failing_runs_are_one_episode_until_a_good_one(world_on_each_engine: World) -> None:
    world, pigeon = world_on_each_engine, Pigeon()
    teller = notifier(world, pigeon)
    for code in (ExitCode.ERROR, ExitCode.BUSY, None, ExitCode.GUARD):
        run(world, code)
        report = teller.tell()
    assert [(one.counts["runs"], one.detail) for one in report.episodes] == [
        (3, "reconcile, the last one by a guard tripped, and nothing was written")
    ]
    assert phases(pigeon) == [(Matter.RUN, Phase.FIRST)]
    run(world, ExitCode.PARTIAL, "apply")
    assert len(teller.tell().episodes) == 2
    run(world, ExitCode.HELD)  # it does all that an apply does
    assert teller.tell().episodes == ()
    assert phases(pigeon)[-2:] == [(Matter.RUN, Phase.ENDED)] * 2


def test_what_cannot_be_looked_into_is_not_said_to_be_over(world: World) -> None:
    pigeon = Pigeon()
    world.plan(world.people(30))
    teller = notifier(world, pigeon)
    teller.tell()

    def broken(_books: object) -> Sequence[None]:
        raise StoreError("The disk is full.")

    without = replace(teller, sources=(*SOURCES[:-1], Source(Matter.HELD, broken)))  # type: ignore[arg-type]
    assert without.tell().unknown == (Matter.HELD,)
    assert len(pigeon.sent) == 1


def test_a_run_of_one_group_says_nothing_of_the_others(world: World) -> None:
    pigeon = Pigeon()
    world.plan(world.people(30))
    teller = notifier(world, pigeon)
    teller.tell()
    assert teller.tell(["prospect-openreach"]).told == ()
    assert teller.tell(["prospect-openreach"]).episodes == ()


def test_books_that_cannot_be_written_fail_no_run(world: World) -> None:
    world.plan(world.people(30))
    with world.office.database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER no_room BEFORE INSERT ON notice BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    pigeon = Pigeon()
    report = notifier(world, pigeon).tell()
    assert [one.reason for one in report.failures] == ["The disk is full."]
    assert (report.told, pigeon.sent) == ((), [])


def test_a_test_message_goes_through_the_channel_named_or_all(world: World) -> None:
    email, hook = Pigeon(), Pigeon("webhook", NoticeError("Away.", hint="See."))
    teller = notifier(world, email, hook)
    assert teller.test("email").failures == ()
    assert list(lines(teller.test())) == ["Sent through email.", "Not sent through webhook: Away. See."]
    assert len(email.sent) == 2
    assert all("Nothing is the matter" in notice.body for notice in email.sent)
    with pytest.raises(UsageError, match="no such channel"):
        teller.test("pigeon")
    with pytest.raises(UsageError, match="No channel"):
        notifier(world).test()
    with world.office.database.connect() as connection:
        assert notices.newest(connection) == []

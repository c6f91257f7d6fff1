"""Observing: who is gone only when several readings miss them, why, and when nothing could be seen."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from tests.world import World
from workplace_sync.errors import BusyError
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.observe import Observation, observe
from workplace_sync.jobs.office import Confirmation
from workplace_sync.jobs.story import members_at
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import AccountsSeen, CallError, GroupDescription, GroupReader
from workplace_sync.roster.person import person_key
from workplace_sync.store import audit, departures, marks, presence, snapshots, webhooks
from workplace_sync.store.departures import Missing
from workplace_sync.store.webhooks import Hint

DAY = timedelta(days=1)


class Curtain(GroupReader):
    """The real reader, before which a test does something: one thing before each reading, in turn."""

    def __init__(self, behind: GroupReader, *before: Callable[[], object]) -> None:
        self._behind = behind
        self._before = list(before)
        self.readings = 0
        self.looked_up: list[Sequence[str]] = []

    @property
    def failure(self) -> CallError | None:  # type: ignore[override]
        return self._behind.failure

    def describe(self) -> GroupDescription:
        return self._behind.describe()

    def read_members(
        self, on_page: Callable[[Sequence[Member]], None], on_restart: Callable[[], None] | None = None
    ) -> Completeness:
        self.readings += 1
        if self._before:
            self._before.pop(0)()
        return self._behind.read_members(on_page, on_restart)

    def look_up(self, gone: Sequence[str], removed_by_us: Sequence[str] = ()) -> AccountsSeen:
        self.looked_up.append(gone)
        return self._behind.look_up(gone, removed_by_us)

    def granted_permissions(self) -> tuple[str, ...] | None:
        return None

    def server_time_skew(self) -> float | None:
        return None


def nothing() -> None:
    """Let a reading go as it goes."""


def inside(world: World) -> list[str]:
    return [str(member["email"]) for member in world.sandbox.members(world.group.platform_id)]


def take_out(world: World, *addresses: str) -> None:
    world.sandbox.control("POST", "employer/remove", {"group": world.group.platform_id, "emails": list(addresses)})


def put_in(world: World, address: str) -> None:
    tenant = world.sandbox.tenant()
    url = f"{world.sandbox.url}/v18.0/{world.group.platform_id}/members"
    headers = {"Authorization": f"Bearer {tenant.token}"}
    answer = world.sandbox.session.post(url, json={"email": address}, headers=headers, timeout=60)
    assert answer.json()["success"]


def suspects(world: World) -> list[Missing]:
    with world.office.database.connect() as connection:
        return departures.missing(connection, world.group.name)


@contextmanager
def watching(world: World, statements: list[str]) -> Iterator[None]:
    """Keep what the database is told."""

    def keep(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        statements.append(statement)

    engine = world.office.database.engine
    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", keep)


def cause(seen: Observation) -> list[tuple[str, str, str]]:
    return [(one.key, one.finding.cause.value, one.finding.confidence.value) for one in seen.departures]


def test_a_quiet_reading_is_made_once(world: World) -> None:
    world.observe()
    reader = Curtain(world.platform.reader())
    assert observe(world.office, world.group, reader).gone == 0
    assert (reader.readings, reader.looked_up) == (1, [])


def test_a_quiet_reading_is_known_without_comparing_and_goes_on_record_like_any_other(world: World) -> None:
    first = world.observe()
    changes: list[str] = []
    with world.office.database.connect() as connection:
        before = presence.size(connection, world.group.name)
        taken = len(snapshots.sizes(connection, world.group.name))
    with watching(world, changes):
        quiet = world.observe()
    assert (quiet.come, quiet.gone, quiet.snapshot.members) == (0, 0, first.snapshot.members)
    assert not [one for one in changes if "presence" in one and not one.lstrip().upper().startswith("SELECT")]
    assert not [one for one in changes if "INTO staged_member" in one]
    with world.office.database.connect() as connection:
        assert presence.size(connection, world.group.name) == before
        assert len(snapshots.sizes(connection, world.group.name)) == taken + 1


def test_a_quiet_reading_into_which_another_run_writes_is_given_up(world: World) -> None:
    world.observe()
    with world.office.database.connect() as connection:
        mark = marks.of(connection, world.group.name)
        assert mark is not None
        now = world.office.now

        def meddle() -> datetime:
            """Stand for another run, which is done between the end of the reading and the transaction."""
            if reader.readings:
                marks.forget(connection, world.group.name)
                connection.commit()
            return now()

        reader = Curtain(world.platform.reader())
        with pytest.raises(BusyError):
            observe(replace(world.office, now=meddle), world.group, reader)
    assert world.observe().gone == 0  # the next one compares, and finds that nothing changed


def test_somebody_missing_is_gone_when_a_second_reading_misses_them_too(world: World) -> None:
    world.observe()
    ada, *_ = inside(world)
    take_out(world, ada)
    reader = Curtain(world.platform.reader())
    seen = observe(world.office, world.group, reader)
    assert reader.readings == 2
    assert (seen.gone, cause(seen), seen.suspected) == (1, [(person_key(ada), "unknown", "unknown")], 0)
    assert "missing from 2 complete readings in a row" in seen.departures[0].finding.observations


@pytest.mark.parametrize("reads", [1, 3])
def test_how_many_readings_it_takes_can_be_set(world: World, reads: int) -> None:
    world.observe()
    take_out(world, inside(world)[0])
    office = replace(world.office, confirmation=Confirmation(reads=reads))
    reader = Curtain(world.platform.reader())
    assert len(observe(office, world.group, reader).departures) == 1
    assert reader.readings == reads


def test_the_readings_are_as_far_apart_as_was_set(world: World) -> None:
    world.observe()
    take_out(world, inside(world)[0])
    slept: list[float] = []
    office = replace(world.office, confirmation=Confirmation(3, 30.0, slept.append))
    observe(office, world.group, world.platform.reader())
    assert slept == [30.0, 30.0]


def test_who_is_back_in_the_confirming_reading_was_never_gone(world: World) -> None:
    world.observe()
    ada, *_ = inside(world)
    take_out(world, ada)
    reader = Curtain(world.platform.reader(), nothing, lambda: put_in(world, ada))
    seen = observe(world.office, world.group, reader)
    assert (seen.gone, seen.departures, seen.suspected, suspects(world)) == (0, (), 0, [])
    with world.office.database.connect() as connection:
        (interval,) = presence.intervals_of(connection, person_key(ada))
    assert interval.gone_at is None


def test_a_failing_confirmation_leaves_the_matter_open_and_the_next_reading_decides(world: World) -> None:
    world.observe()
    ada, *_ = inside(world)
    take_out(world, ada)
    fault: list[int] = []
    reader = Curtain(world.platform.reader(), nothing, lambda: fault.append(world.sandbox.fault("token_revoked")))
    seen = observe(world.office, world.group, reader)
    assert (seen.snapshot.complete, seen.gone, seen.suspected) == (True, 0, 1)
    assert "does not accept the token" in seen.unconfirmed
    assert [one.readings for one in suspects(world)] == [1]
    world.sandbox.control("DELETE", f"faults/{fault[0]}")
    again = Curtain(world.platform.reader())
    seen = observe(world.office, world.group, again)
    assert (again.readings, len(seen.departures), suspects(world)) == (1, 1, [])


def test_an_incomplete_reading_neither_raises_nor_clears_a_suspicion(world: World) -> None:
    world.observe()
    take_out(world, inside(world)[0])
    office = replace(world.office, confirmation=Confirmation(reads=3))
    reader = Curtain(world.platform.reader(), nothing, lambda: world.sandbox.fault("count_disagrees", calls=None))
    assert observe(office, world.group, reader).suspected == 1
    world.observe()
    assert [one.readings for one in suspects(world)] == [1]


def test_one_killed_before_the_end_is_found_gone_by_the_next(world: World) -> None:
    world.observe()
    take_out(world, inside(world)[0])

    class Killed(Curtain):
        def look_up(self, gone: Sequence[str], removed_by_us: Sequence[str] = ()) -> AccountsSeen:
            raise KeyboardInterrupt(len([*gone, *removed_by_us]))

    with pytest.raises(KeyboardInterrupt):
        observe(world.office, world.group, Killed(world.platform.reader()))
    assert "member.departed" not in world.kinds()
    assert len(world.observe().departures) == 1
    assert world.observe().departures == ()
    assert world.kinds().count("member.departed") == 1


def test_what_the_platform_shows_of_an_account_tells_why_somebody_is_gone(world: World) -> None:
    world.observe()
    closed, lost, left, *_ = inside(world)
    world.sandbox.switch(deactivated_listed=False)
    world.sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "emails": [closed]})
    community = world.sandbox.tenant().community_id
    world.sandbox.control("POST", "employer/remove", {"group": community, "emails": [lost]})
    world.sandbox.control("POST", "member/leave", {"group": world.group.platform_id, "email": left})
    seen = world.observe()
    assert sorted(cause(seen)) == sorted(
        [
            (person_key(closed), "account_deactivated", "likely"),
            (person_key(lost), "account_gone", "likely"),
            (person_key(left), "unknown", "unknown"),  # nothing tells leaving from being taken out
        ]
    )
    assert seen.causes == {"account_deactivated": 1, "account_gone": 1, "unknown": 1}
    with world.office.database.connect() as connection:
        words = connection.exec_driver_sql("SELECT key, cause FROM departure").all()
    assert {row[0]: row[1] for row in words} == {
        person_key(closed): "account_closed",
        person_key(lost): "account_closed",
        person_key(left): "unknown",
    }


def hint(world: World, address: str, **changed: str) -> Hint:
    """Return a signed hint that this member was taken out by account 42 just now, or what is told otherwise."""
    member = next(
        str(each["id"]) for each in world.sandbox.members(world.group.platform_id) if each["email"] == address
    )
    now = world.clock()
    made = Hint("d1", world.group.name, "membership", "remove", "out", member, "42", now, now, "fresh")
    return replace(made, **changed)  # type: ignore[arg-type]


def say(world: World, *hints: Hint) -> None:
    with world.office.database.write() as connection:
        webhooks.add_hints(connection, hints)


def test_whom_a_signed_webhook_names_needs_no_second_reading_and_has_a_remover(world: World) -> None:
    world.observe()
    ada, *_ = inside(world)
    say(world, hint(world, ada))
    take_out(world, ada)
    reader = Curtain(world.platform.reader())
    (gone,) = observe(world.office, world.group, reader).departures
    assert reader.readings == 1
    assert (gone.finding.cause.value, gone.finding.confidence.value, gone.finding.actor) == (
        "removed_by_admin",
        "certain",
        "42",
    )
    with world.office.database.connect() as connection:
        (entry,) = audit.list_entries(connection, kind=Kind.MEMBER_DEPARTED)
    assert (entry.data["removed_by"], entry.data["webhook"]) == ("42", "d1")


@pytest.mark.parametrize(
    "changed", [{"timing": "old"}, {"direction": "in"}, {"direction": "unknown"}, {"about": "account"}]
)
def test_a_hint_that_is_old_or_says_something_else_confirms_nothing(world: World, changed: dict[str, str]) -> None:
    world.observe()
    ada, *_ = inside(world)
    say(world, hint(world, ada, **changed))
    take_out(world, ada)
    reader = Curtain(world.platform.reader())
    assert cause(observe(world.office, world.group, reader)) == [(person_key(ada), "unknown", "unknown")]
    assert reader.readings == 2


def test_a_hint_alone_removes_nobody(world: World) -> None:
    world.observe()
    say(world, hint(world, inside(world)[0]))
    seen = world.observe()
    assert (seen.gone, seen.suspected) == (0, 0)


def test_the_entry_of_a_departure_says_why_how_sure_and_what_was_seen(world: World) -> None:
    world.observe()
    take_out(world, inside(world)[0])
    world.observe()
    with world.office.database.connect() as connection:
        (entry,) = audit.list_entries(connection, kind=Kind.MEMBER_DEPARTED)
    assert entry.data["cause"] == entry.data["confidence"] == "unknown"
    assert entry.data["observations"] == [
        "missing from 2 complete readings in a row",
        "the account is active",
        "on the group's list of former members, of which nobody knows whom it lists",
    ]
    assert (entry.data["readings"], entry.data["removed_by"], entry.data["webhook"]) == (2, "", "")


def test_what_is_found_out_later_does_not_rewrite_what_was_known(world: World) -> None:
    world.observe()
    ada, *_ = inside(world)
    take_out(world, ada)
    fault: list[int] = []
    reader = Curtain(world.platform.reader(), nothing, lambda: fault.append(world.sandbox.fault("count_disagrees")))
    world.clock.advance(DAY)
    observe(world.office, world.group, reader)
    world.sandbox.control("DELETE", f"faults/{fault[0]}")
    asked, suspected = world.clock(), world.clock()
    world.clock.advance(DAY)
    world.observe()
    now = world.clock()

    def was_in(known_at: object) -> bool:
        found = members_at(world.office, world.group.name, asked, known_at)  # type: ignore[arg-type]
        return person_key(ada) in {one.key for one in found.members}

    assert was_in(suspected)
    assert not was_in(now)
    assert not was_in(None)


def test_our_own_removals_teach_whom_the_list_of_former_members_holds(world: World) -> None:
    world.sandbox.switch(former_members="left")
    people = world.people(6)
    made = world.plan(people)
    world.apply(made.record)
    group = replace(
        world.group,
        removals=replace(world.group.removals, not_eligible=True),
        protected=frozenset(map(person_key, inside(world)[:40])),
    )
    world.import_roster(people[3:])
    world = replace(world, group=group)
    removing = world.plan()
    assert world.apply(removing.record).accepted == 3
    world.observe()
    left, removed, *_ = [one.address for one in people[3:]]
    world.sandbox.control("POST", "member/leave", {"group": world.group.platform_id, "email": left})
    take_out(world, removed)
    assert sorted(cause(world.observe())) == sorted(
        [(person_key(left), "left", "likely"), (person_key(removed), "removed_by_other", "possible")]
    )

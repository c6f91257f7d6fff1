"""A roster that says what it said before is not read in again; whatever makes it say something else is noticed."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.world import START, World
from workplace_sync.errors import Fault
from workplace_sync.jobs.rosters import ImportReport, RosterSource, import_rosters
from workplace_sync.roster.person import ConsentClaim, Method, RosterPerson

Rows = Sequence[RosterPerson | Fault]


def source(rows: Rows, sha256: str = "1", method: Method = Method.ROSTER_FILE, **more: object) -> RosterSource:
    """Return a source, a file unless told otherwise."""
    values = {"tenant": "bt", "sha256": sha256} | more
    return RosterSource(method, "bt.csv", rows, **values)  # type: ignore[arg-type]


def bring_in(world: World, *sources: RosterSource) -> ImportReport:
    """Read the sources in where they say something new."""
    return import_rosters(world.office, world.group, sources, only_news=True)


def imports(world: World) -> int:
    """Return how many imports are on record."""
    return world.kinds().count("roster.imported")


def test_the_same_files_are_not_read_a_second_time(world: World) -> None:
    rows: Rows = world.people(3)
    assert not bring_in(world, source(rows)).unchanged
    again = bring_in(world, source([Fault("bt.csv", 2, 0, "email", "is never seen")]))
    assert (again.unchanged, again.rows, imports(world)) == (True, 0, 1)


@pytest.mark.parametrize(
    "other",
    [{"sha256": "2"}, {"tenant": "openreach"}, {"reading": "Mail=email"}, {"skip_faulty_rows": True}],
    ids=lambda other: next(iter(other)),
)
def test_other_bytes_or_another_way_to_read_them_are_another_roster(world: World, other: dict[str, object]) -> None:
    rows: Rows = world.people(3)
    bring_in(world, source(rows))
    assert not bring_in(world, source(rows, **other)).unchanged  # type: ignore[arg-type]
    assert imports(world) == 2


def test_a_source_more_or_less_is_another_roster(world: World) -> None:
    rows: Rows = world.people(3)
    bring_in(world, source(rows))
    assert not bring_in(world, source(rows), source([], "2")).unchanged
    assert not bring_in(world, source(rows)).unchanged


def test_without_being_asked_everything_is_read_in_each_time(world: World) -> None:
    for _ in range(2):
        world.import_roster(world.people(2))
    assert imports(world) == 2


def test_faulty_rows_are_looked_at_again_the_next_day_for_a_date_may_have_come(world: World) -> None:
    rows: Rows = [*world.people(1), Fault("bt.csv", 9, 0, "consent_at", "is in the future")]
    bring_in(world, source(rows, skip_faulty_rows=True))
    assert bring_in(world, source(rows, skip_faulty_rows=True)).unchanged
    world.clock.advance(timedelta(days=1))
    assert not bring_in(world, source(rows, skip_faulty_rows=True)).unchanged


def test_what_is_no_file_is_compared_row_by_row(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = world.people(3)

    def copied(rows: Rows) -> ImportReport:
        return bring_in(world, source(rows, "", Method.GROUP_COPY))

    copied(people)
    assert copied(list(reversed(people))).unchanged
    assert not copied(people[:2]).unchanged
    assert not copied([*people[:1], people[2]]).unchanged
    assert not copied(people).unchanged


def test_a_new_word_of_consent_is_news_even_where_the_people_are_the_same(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    former = world.people(2, consent=ConsentClaim.UNKNOWN, consent_at=None)
    bring_in(world, source(former, "", Method.GROUP_COPY))
    assert bring_in(world, source(former, "", Method.GROUP_COPY)).unchanged
    told = bring_in(world, source(world.people(2, consent_at=START), "", Method.GROUP_COPY))
    assert (told.unchanged, told.consent_statements) == (False, 2)
    assert bring_in(world, source(world.people(2, consent_at=START), "", Method.GROUP_COPY)).unchanged

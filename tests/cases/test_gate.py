"""Nothing that leaves the gate tells of fewer than k, to an attacker who tries every table and every combination."""

from collections import Counter
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases.attack import Atom, computed, consistent, inhabited, pinned, told
from workplace_sync.cases.gate import Counted, Design, Dimension, publish
from workplace_sync.cases.gate_lines import merged
from workplace_sync.cases.release import Cell, Cohort, Line, Margin, Progress, Release, parse_release
from workplace_sync.errors import InputError

Q1, Q2, Q3 = "2026-Q1", "2026-Q2", "2026-Q3"
AREAS, CATEGORIES, KINDS = ("north", "south"), ("pay", "sick", "new"), ("one", "all")
WAY = ("open", "raised", "done")


def design(*sizes: int, way: Sequence[str] = WAY, crossed: bool = True) -> Design:
    named = (("area", AREAS), ("category", CATEGORIES), ("kind", KINDS))
    dimensions = tuple(
        Dimension(name, values[:size]) for (name, values), size in zip(named, sizes, strict=False) if size
    )
    return Design(dimensions, tuple(way), ("area", "category") if crossed else None)


def cases_of(atoms: Sequence[Atom], table: Sequence[int], names: Sequence[str]) -> list[Counted]:
    found = []
    for atom, count in zip(atoms, table, strict=True):
        values = dict(zip(names, atom, strict=True))
        progress = {name[1:]: value for name, value in values.items() if name.startswith("@")}
        usual = dict.fromkeys((Q1, Q2, Q3), "open")
        found += [Counted(values["period"], values, usual | progress)] * count
    return found


def counts(cells: int, least: int, most: int) -> st.SearchStrategy[list[int]]:
    """Tables of that many cells, with that many cases in all."""
    where = st.lists(st.integers(0, cells - 1), min_size=least, max_size=most)
    return where.map(lambda places: [places.count(cell) for cell in range(cells)])


def attack(release: Release, atoms: Sequence[Atom], names: Sequence[str], truth: Sequence[int]) -> None:
    said = told(release, atoms, names)
    assert computed(said, truth, release.k) == []
    fitting = consistent(said, inhabited(release, atoms, names), len(atoms), [sum(truth)])
    assert tuple(truth) in fitting
    assert pinned(truth, fitting, release.k) == []


@given(counts(6, 4, 12), st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_two_dimensions_and_their_cells_pin_nobody(table: list[int], k: int) -> None:
    names = ("period", "area", "category")
    atoms = list(product((Q1,), AREAS, CATEGORIES))
    release = publish(cases_of(atoms, table, names), design(2, 3, way=["open"]), [Q1], k)
    attack(release, atoms, names, table)


@given(counts(8, 3, 9), st.integers(2, 3))
@settings(max_examples=40, deadline=None)
def test_three_dimensions_pin_nobody(table: list[int], k: int) -> None:
    names = ("period", "area", "category", "kind")
    atoms = list(product((Q1,), AREAS, CATEGORIES[:2], KINDS))
    release = publish(cases_of(atoms, table, names), design(2, 2, 2, way=["open"]), [Q1], k)
    attack(release, atoms, names, table)


@given(counts(9, 3, 8), st.integers(2, 3))
@settings(max_examples=40, deadline=None)
def test_two_reports_on_how_far_it_came_pin_nobody(table: list[int], k: int) -> None:
    names = ("period", f"@{Q1}", f"@{Q2}")
    atoms = list(product((Q1,), WAY, WAY))
    cases = cases_of(atoms, table, names)
    first = publish(cases, design(crossed=False), [Q1], k)
    second = publish(cases, design(crossed=False), [Q1, Q2], k, first)
    assert second.cohorts[0].progress[0] == first.cohorts[0].progress[0]
    attack(second, atoms, names, table)


@given(counts(8, 3, 9), st.integers(2, 3))
@settings(max_examples=40, deadline=None)
def test_two_dimensions_over_two_reports_with_what_came_of_it_pin_nobody(table: list[int], k: int) -> None:
    names = ("period", "area", f"@{Q1}", f"@{Q2}")
    atoms = list(product((Q1,), AREAS, WAY[:2], WAY[:2]))
    cases = cases_of(atoms, table, names)
    plan = design(2, way=WAY[:2], crossed=False)
    release = publish(cases, plan, [Q1, Q2], k, publish(cases, plan, [Q1], k))
    attack(release, atoms, names, table)


@given(counts(8, 0, 7), st.integers(2, 3))
@settings(max_examples=40, deadline=None)
def test_two_quarters_of_which_one_may_have_too_few_pin_nobody(table: list[int], k: int) -> None:
    names = ("period", "area", "category")
    atoms = list(product((Q1, Q2), AREAS, CATEGORIES[:2]))
    cases = cases_of(atoms, table, names)
    plan = design(2, 2, way=["open"])
    first = publish([case for case in cases if case.period == Q1], plan, [Q1], k)
    second = publish(cases, plan, [Q1, Q2], k, first)
    said = told(first, atoms, names) + told(second, atoms, names)
    assert computed(said, table, k) == []
    shown = sum(cohort.total for cohort in second.cohorts)
    totals = range(shown, shown + k + 1) if second.waiting else [shown]  # how many wait is not told
    fitting = consistent(said, inhabited(second, atoms, names), len(atoms), totals)
    assert tuple(table) in fitting
    assert pinned(table, fitting, k) == []


def test_the_attacker_finds_what_a_careless_gate_lets_through() -> None:
    names = ("period", "area", f"@{Q1}")
    atoms = list(product((Q1,), AREAS, WAY[:2]))
    truth = [6, 1, 4, 5]

    def found(*margins: Margin, progress: tuple[Progress, ...] = ()) -> tuple[bool, bool]:
        release = Release(Q1, 3, (Cohort((Q1,), 16, margins, (), progress),))
        said = told(release, atoms, names)
        fitting = consistent(said, inhabited(release, atoms, names), len(atoms), [16])
        return bool(computed(said, truth, 3)), bool(pinned(truth, fitting, 3))

    fair = Margin("area", (Line(("north",), 7), Line(("south",), 9)))
    assert found(fair) == (False, False)
    assert found(fair, progress=(Progress(Q1, (Line(("open",), 10), Line(("raised",), 6))),)) == (False, False)
    beside = [((1, 1, 1, 1), 16), ((1, 1, 0, 0), 15)]  # a total, and all of it but one
    assert computed(beside, [15, 0, 1, 0], 3) == [(0, 0, 1, 1)]
    assert (0, 0, 1, 0) in pinned([15, 0, 1, 0], consistent(beside, [], 4, [16]), 3)


def test_a_total_below_k_has_no_lines_and_none_of_nought_has_all() -> None:
    with pytest.raises(ValueError, match="below k"):
        merged({"a": 1, "b": 3}, 5)
    assert merged({"a": 0, "b": 0}, 5) == (Line(("a",), 0), Line(("b",), 0))
    assert merged({"a": 4, "b": 1}, 5) == (Line(("a", "b"), 5),)


def waved(number: int, period: str = Q1, *, area: str = "north", now: str = "open", later: str = "") -> list[Counted]:
    progress = {Q1: now, Q2: later or now, Q3: later or now}
    return [Counted(period, {"area": area}, progress)] * number


PLAN = design(2, crossed=False)


def test_too_few_wait_for_the_next_quarter_and_are_counted_with_it() -> None:
    first = publish(waved(3), PLAN, [Q1], 5)
    assert (first.cohorts, first.waiting) == ((), (Q1,))
    cases = [*waved(3), *waved(5, Q2)]
    second = publish(cases, PLAN, [Q1, Q2], 5, first)
    assert [(cohort.periods, cohort.total) for cohort in second.cohorts] == [((Q1, Q2), 8)]
    assert second.waiting == ()
    still = publish([*waved(1), *waved(4, Q2)], PLAN, [Q1, Q2], 5, first)
    assert still.waiting == (Q1, Q2)  # five, of which nobody may know that four are of one quarter


def test_a_quarter_in_which_nobody_came_says_so() -> None:
    first = publish([], PLAN, [Q1], 5)
    assert first.cohorts == (Cohort((Q1,), 0),)
    second = publish(waved(7, Q2), PLAN, [Q1, Q2], 5, first)
    assert [cohort.total for cohort in second.cohorts] == [0, 7]
    assert publish([], PLAN, [Q1, Q2], 5, first).cohorts == (Cohort((Q1,), 0), Cohort((Q2,), 0))


def test_what_was_published_is_repeated_and_a_late_case_is_never_shown() -> None:
    cases = waved(6)
    first = publish(cases, PLAN, [Q1], 5)
    late = publish([*cases, *waved(1)], PLAN, [Q1, Q2], 5, first)
    assert late.changed == (Q1,)
    assert late.cohorts[0] == first.cohorts[0]
    third = publish(cases, PLAN, [Q1, Q2, Q3], 5, late)
    assert third.changed == (Q1,)
    assert third.cohorts[0] == first.cohorts[0]


def test_a_history_that_was_rewritten_says_nothing_new() -> None:
    first = publish([*waved(6), *waved(6, now="raised")], PLAN, [Q1], 5)
    assert publish([*waved(7), *waved(5, now="raised")], PLAN, [Q1, Q2], 5, first).changed == (Q1,)


def test_the_difference_of_two_reports_is_nought_or_k() -> None:
    first = publish([*waved(6), *waved(6, now="raised")], PLAN, [Q1], 5)
    moved = [*waved(2, later="done"), *waved(4), *waved(6, now="raised", later="done")]
    second = publish(moved, PLAN, [Q1, Q2], 5, first)
    assert second.cohorts[0] == first.cohorts[0]  # two moved from open to done: too few to be told
    plain = [*waved(6), *waved(6, now="raised", later="done")]
    assert publish(plain, PLAN, [Q1, Q2], 5, first).cohorts[0].progress[1].lines == (
        Line(("open",), 6),
        Line(("raised",), 0),
        Line(("done",), 6),
    )


def test_values_that_were_taken_out_of_the_file_are_still_counted() -> None:
    release = publish([*waved(6), *waved(6, area="west")], PLAN, [Q1], 5)
    assert release.cohorts[0].margin("area") == (Line(("north",), 6), Line(("south",), 0), Line(("west",), 6))
    assert release.cohorts[0].margin("colour") == ()


def test_parts_have_totals_of_their_own_where_none_is_too_small() -> None:
    tone = {"pay": "bad", "sick": "bad", "new": "good"}
    plan = Design((Dimension("category", CATEGORIES, tone.__getitem__),), ("open",))

    def lines(**numbers: int) -> list[tuple[tuple[str, ...], int]]:
        cases = [Counted(Q1, {"category": name}, {Q1: "open"}) for name, many in numbers.items() for _ in range(many)]
        return [(line.values, line.count) for line in publish(cases, plan, [Q1], 5).cohorts[0].margins[0].lines]

    assert lines(pay=3, sick=9, new=6) == [(("pay", "sick"), 12), (("new",), 6)]
    assert lines(pay=8, sick=9, new=2) == [(("pay", "new"), 10), (("sick",), 9)]


def test_the_cells_of_two_dimensions_leave_where_they_tell_of_nobody_else() -> None:
    names = ("period", "area", "category")
    atoms = list(product((Q1,), AREAS, CATEGORIES[:2]))
    plan = design(2, 2, way=["open"])
    [cohort] = publish(cases_of(atoms, [9, 8, 7, 6], names), plan, [Q1], 5).cohorts
    assert Cell(("north",), ("pay",), 9) in cohort.cells
    [cohort] = publish(cases_of(atoms, [9, 8, 7, 1], names), plan, [Q1], 5).cohorts
    assert cohort.cells == ()


@given(st.permutations([*waved(6), *waved(3, area="south"), *waved(9, now="raised")]))
@settings(max_examples=20)
def test_the_order_of_the_cases_changes_no_byte(cases: list[Counted]) -> None:
    first = publish(cases, PLAN, [Q1], 5)
    assert first.as_json() == publish(cases[::-1], PLAN, [Q1], 5).as_json()
    assert parse_release(first.as_json()) == first


def test_a_release_says_what_it_says_in_one_way() -> None:
    line = Line(("a", "b"), 5)
    cohort = Cohort((Q1,), 5, (Margin("area", (line,)),), (Cell(("a",), ("b",), 5),), (Progress(Q1, (line,)),))
    release = Release(Q1, 5, (cohort,), (Q2,), (Q3,))
    assert parse_release(release.as_json()) == release
    for wrong in (b"", b"{}", b"[]", release.as_json() + b" ", b"7"):
        with pytest.raises(InputError):
            parse_release(wrong)


def test_a_release_comes_after_the_one_before() -> None:
    first = publish([], PLAN, [Q1, Q2], 5)
    with pytest.raises(ValueError, match="earlier period"):
        publish([], PLAN, [Q1, Q2], 5, first)
    with pytest.raises(ValueError, match="earlier period"):
        publish([], PLAN, [Q1, Q3], 5, first)


@given(st.lists(st.tuples(st.sampled_from(AREAS), *[st.sampled_from(WAY)] * 3), max_size=40), st.integers(3, 6))
@settings(max_examples=60, deadline=None)
def test_no_line_and_no_difference_of_lines_is_below_k_over_three_reports(
    rows: list[tuple[str, str, str, str]], k: int
) -> None:
    cases = [Counted(Q1, {"area": row[0]}, dict(zip((Q1, Q2, Q3), row[1:], strict=True))) for row in rows]
    release = publish(cases, PLAN, [Q1], k)
    for periods in ([Q1, Q2], [Q1, Q2, Q3]):
        release = publish(cases, PLAN, periods, k, release)
    for cohort in (cohort for cohort in release.cohorts if cohort.total):
        told_of = Counter(
            tuple(
                next(n for n, line in enumerate(one.lines) if case.progress[one.at] in line.values)
                for one in cohort.progress
            )
            for case in cases
        )
        assert all(number >= k for number in told_of.values())

"""What a compliance statement counts, and how a long series of readings is thinned without losing a fall."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.cases.statement import Addition, SizeAt, Statement, Today, thinned

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def addition(
    person: str,
    *,
    approved_by: str = "",
    consent: str = "opted_in",
    today: Today = Today.ALLOWED,
    method: str = "roster_file",
) -> Addition:
    return Addition(
        person, NOW, 7, method, "bt.csv", "ada", approved_by, "d" * 64, "sha256:ab", consent, NOW, "form", today, ()
    )


def statement(*additions: Addition, unrecorded: tuple[str, ...] = (), sizes: tuple[SizeAt, ...] = ()) -> Statement:
    return Statement(
        "two people",
        "Prospect in BT",
        NOW,
        "union.example.org/log",
        99,
        "ab" * 32,
        additions,
        unrecorded,
        (),
        NOW,
        (),
        sizes,
    )


def test_the_figures_say_what_was_on_record_and_what_today_would_say() -> None:
    made = statement(
        addition("a", approved_by="grace"),
        addition("b", today=Today.HELD, consent="none"),
        addition("c", today=Today.DENIED, method="group_copy"),
        addition("d", today=Today.UNKNOWN, consent="erased"),
        unrecorded=("e",),
    )
    assert [number for _, number in made.figures] == [5, 4, 2, 1, 1, 1, 1, 1, 1]
    assert made.methods == (("roster file (bt.csv)", 3), ("group copy (bt.csv)", 1))


sizes = st.lists(st.integers(0, 9000), min_size=1, max_size=60).map(
    lambda numbers: [SizeAt(NOW + timedelta(days=day), number) for day, number in enumerate(numbers)]
)


@given(sizes, st.integers(2, 30))
def test_thinning_keeps_both_ends_the_order_and_the_bound(readings: list[SizeAt], most: int) -> None:
    kept = thinned(readings, most)
    assert len(kept) <= most
    assert kept[0] == readings[0]
    assert kept[-1] == readings[-1]
    assert [one.at for one in kept] == sorted(one.at for one in kept)


def test_a_fall_is_never_thinned_away() -> None:
    readings = [SizeAt(NOW + timedelta(hours=hour), 5279 + hour % 2 if hour < 500 else 40) for hour in range(1000)]
    kept = thinned(readings, 20)
    assert SizeAt(NOW + timedelta(hours=500), 40) in kept
    assert thinned(readings[600:], 20) == (readings[600], readings[-1])

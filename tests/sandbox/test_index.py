"""The index behind every list, against the plainest list that does the same."""

from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.sandbox.fields import parse_fields, write_fields
from workplace_sync.sandbox.index import ArrivalIndex

KEYS = st.integers(0, 12).map(str)
STEPS = st.lists(st.tuples(st.booleans(), KEYS), max_size=400)


@given(STEPS, st.integers(1, 6))
def test_an_index_is_a_list_in_order_of_arrival(steps: list[tuple[bool, str]], limit: int) -> None:
    index: ArrivalIndex[str] = ArrivalIndex()
    plain: list[str] = []
    for adding, key in steps:
        if adding:
            assert index.add(key, key) is (key not in plain)
            plain += [] if key in plain else [key]
        else:
            assert index.remove(key) is (key in plain)
            plain = [each for each in plain if each != key]
    assert list(index) == plain
    assert len(index) == len(plain)
    assert [key for key in map(str, range(13)) if index.get(key) == key] == sorted(plain, key=int)
    forwards, number = [], 0
    while page := index.after(number, limit):
        forwards += [row for _, row in page]
        number = page[-1][0]
        assert index.holds(number)
    backwards, number = [], index.end
    while page := index.before(number, limit):
        backwards += [row for _, row in page]
        number = page[-1][0]
    assert forwards == plain
    assert backwards == plain[::-1]


def test_a_cursor_stays_good_when_gaps_are_closed() -> None:
    index: ArrivalIndex[int] = ArrivalIndex()
    for number in range(1000):
        index.add(str(number), number)
    ((place, _),) = index.after(499, 1)
    for number in range(500):
        index.remove(str(number))
    assert index.after(place, 1) == [(501, 500)]
    assert not index.holds(place)


FIELD = st.recursive(
    st.sampled_from(["id", "name", "from", "total_count"]),
    lambda inner: st.tuples(
        st.sampled_from(["members", "feed"]),
        st.sampled_from(["", ".limit(3)", ".limit(0).summary(true)", ".type(LIKE).as(other)"]),
        st.lists(inner, min_size=1, max_size=3),
    ).map(lambda parts: f"{parts[0]}{parts[1]}{{{','.join(parts[2])}}}"),
    max_leaves=12,
)


@given(st.lists(FIELD, min_size=1, max_size=4).map(",".join))
def test_fields_written_again_mean_the_same(text: str) -> None:
    fields = parse_fields(text)
    assert parse_fields(write_fields(fields)) == fields

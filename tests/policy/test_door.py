"""Nothing comes in but what is of its declared type and means the same inside. Where a trap is the engine's, it is shown."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.test_cel import KINDS, NOW, ROW
from workplace_sync.policy import door as guarded
from workplace_sync.policy.cel import Combined, Environment
from workplace_sync.policy.door import ClosedDoor, Door, RefusedError, refusal
from workplace_sync.policy.facts import Kind


def test_texts_with_a_nul_are_cut_by_the_engine_and_so_refused() -> None:
    raw = cel.NewEnv(variables={"x": cel.Type.STRING}).compile("x == 'opt_in'")
    assert raw.eval(data={"x": "opt_in\0x"}).plain_value() is True
    with pytest.raises(RefusedError, match=r"subject\.status holds a character that is not text"):
        Door({"subject.status": Kind.STRING}, {}).admit({"subject.status": "opt_in\0x"})


def test_a_lone_surrogate_is_refused_before_it_ends_the_batch() -> None:
    with pytest.raises(RefusedError, match="not text"):
        Door({"subject.status": Kind.STRING}, {}).admit({"subject.status": "\ud800"})


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        (Kind.STRING, None, "is not a text"),
        (Kind.STRING, 5, "is not a text"),
        (Kind.STRING, "x" * 4_097, "is longer than 4096 characters"),
        (Kind.BOOL, 1, "is not true or false"),
        (Kind.BOOL, "true", "is not true or false"),
        (Kind.INT, True, "is not a whole number"),
        (Kind.INT, 1.0, "is not a whole number"),
        (Kind.INT, 2**63, "is too large a number"),
        (Kind.INT, -(2**63) - 1, "is too large a number"),
        (Kind.TIMESTAMP, None, "is not a time"),
        (Kind.TIMESTAMP, datetime(2024, 3, 1), "is a time without its zone"),  # noqa: DTZ001 - naive on purpose
        (Kind.TIMESTAMP, datetime.max.replace(tzinfo=UTC), "is not a time that can be calculated with"),
        (Kind.TIMESTAMP, datetime.min.replace(tzinfo=UTC), "is not a time that can be calculated with"),
        (Kind.DURATION, "720h", "is not a duration"),
        (Kind.STRINGS, ("rep",), "is not a list of texts"),
        (Kind.STRINGS, {"rep"}, "is not a list of texts"),
        (Kind.STRINGS, ["rep"] * 101, "has more than 100 items"),
        (Kind.STRINGS, ["rep", 3], "is not a text"),
        (Kind.STRINGS, ["a\0"], "holds a character that is not text"),
    ],
)
def test_what_is_not_of_its_declared_type_is_refused(kind: Kind, value: object, why: str) -> None:
    assert refusal(kind, value) == why
    with pytest.raises(RefusedError) as told:
        Door({"x.y": kind}, {}).admit({"x.y": value})
    assert str(told.value) == f"x.y {why}"
    with pytest.raises(RefusedError):
        Door({"x.y": kind}, {"x.y": value})  # type: ignore[dict-item]


def test_a_list_that_holds_itself_never_reaches_the_engine() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert refusal(Kind.STRINGS, endless) == "is not a text"


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for name, kind in KINDS.items()])
def test_what_is_of_its_type_is_admitted(kind: Kind, name: str) -> None:
    assert refusal(kind, ROW[name]) == ""
    assert Door({name: kind}, {}).admit(ROW) == {name: ROW[name]}


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    door = Door({"subject.consent_at": Kind.TIMESTAMP}, {})
    env = Environment(KINDS)
    admitted = door.admit({"subject.consent_at": elsewhere})
    assert env.condition("subject.consent_at == timestamp('2024-03-01T00:00:00Z')").outcome(admitted) is True


def test_the_door_takes_only_what_is_wanted_and_fixed_values_win() -> None:
    door = Door({"subject.status": Kind.STRING, "group.size": Kind.INT}, {"group.size": 3, "other": 1})
    assert door.admit(ROW) == {"subject.status": "active", "group.size": 3}


def test_a_text_seen_before_is_still_refused_as_another_type() -> None:
    door = Door({"subject.status": Kind.STRING}, {})
    door.admit(ROW)
    with pytest.raises(RefusedError):
        door.admit({"subject.status": ["active"]})


def test_the_door_forgets_before_it_remembers_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "_MAX_KNOWN", 2)
    door = Door({"subject.status": Kind.STRING}, {})
    for number in range(5):
        assert door.admit({"subject.status": str(number)}) == {"subject.status": str(number)}


def test_one_does_not_pass_for_true_in_a_look_up() -> None:
    door = Door({"subject.opted_out": Kind.BOOL, "subject.status": Kind.STRING}, {})
    assert door.key(ROW) == door.key(dict(ROW))
    with pytest.raises(RefusedError, match="not true or false"):
        door.key({**ROW, "subject.opted_out": 0})


def test_a_missing_fact_is_told_apart_from_a_refused_one() -> None:
    door = Door({"subject.status": Kind.STRING, "group.size": Kind.INT}, {})
    with pytest.raises(KeyError):
        door.admit({"subject.status": "active"})
    assert door.admit_known({"subject.status": "active"}) == ({"subject.status": "active"}, frozenset({"group.size"}))
    with pytest.raises(RefusedError):
        door.admit_known({"subject.status": 3})


@settings(deadline=None)  # a busy machine is no fault
@given(value=st.text(), limit=st.integers(-(2**63), 2**63 - 1), number=st.integers(-(2**63), 2**63 - 1))
def test_admitted_texts_and_numbers_mean_the_same_inside(value: str, limit: int, number: int) -> None:
    env = Environment({"a": Kind.STRING, "b": Kind.STRING, "n": Kind.INT, "m": Kind.INT})
    door = Door(env.variables, {})
    row = {"a": value, "b": "active", "n": number, "m": limit}
    if refusal(Kind.STRING, value):
        return
    assert Combined(env, ["a == b", "n <= m"]).outcomes(door.admit(row)) == (value == "active", number <= limit)


@settings(deadline=None)  # a busy machine is no fault
@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_admitted_times_never_fail_inside(moment: datetime) -> None:
    env = Environment({"t": Kind.TIMESTAMP})
    if not refusal(Kind.TIMESTAMP, moment):
        assert env.condition("t == t").outcome({"t": moment}) is True


def test_a_closed_door_lets_nothing_in() -> None:
    with pytest.raises(RefusedError, match="odd"):
        ClosedDoor("x is odd").admit(ROW)
    with pytest.raises(RefusedError, match="odd"):
        ClosedDoor("x is odd").admit_known(ROW)

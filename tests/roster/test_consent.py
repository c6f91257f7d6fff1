from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.roster.consent import (
    Consent,
    ConsentEvent,
    ConsentKind,
    ConsentOrigin,
    ConsentState,
    standing,
)

NOW = datetime(2021, 6, 1, tzinfo=UTC)
LEDGER, ROSTER = ConsentOrigin.LEDGER, ConsentOrigin.ROSTER
GIVEN, WITHDRAWN, EXPIRED = ConsentKind.GIVEN, ConsentKind.WITHDRAWN, ConsentKind.EXPIRED


def day(number: int) -> datetime:
    return datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=number)


def event(
    kind: ConsentKind, at: int, origin: ConsentOrigin = LEDGER, *, recorded: int = 0, expires: int | None = None
) -> ConsentEvent:
    return ConsentEvent(
        key="anna@bt.example.org",
        scope="prospect-bt",
        kind=kind,
        at=day(at),
        recorded_at=day(recorded or at),
        origin=origin,
        basis=f"{kind} on day {at}",
        source=str(origin),
        expires_at=None if expires is None else day(expires),
    )


# Few days, so that ties happen; day 151 is NOW, so some lie in the future.
events = st.builds(
    event,
    st.sampled_from(ConsentKind),
    st.sampled_from([1, 2, 3, 4, 151, 152]),
    st.sampled_from(ConsentOrigin),
    recorded=st.integers(1, 5),
    expires=st.none() | st.sampled_from([3, 151, 152]),
)
histories = st.lists(events, max_size=8)
roster_events = st.builds(event, st.sampled_from(ConsentKind), st.integers(1, 200), st.just(ROSTER))


def state(*history: ConsentEvent) -> ConsentState:
    return standing(history, now=NOW).state


def test_nothing_on_record_is_neither_consent_nor_opt_out() -> None:
    assert standing([], now=NOW) == Consent(ConsentState.NONE)
    assert not standing([], now=NOW).opted_out


def test_the_later_event_counts() -> None:
    assert state(event(GIVEN, 1, ROSTER), event(WITHDRAWN, 2, ROSTER)) is ConsentState.WITHDRAWN
    assert state(event(WITHDRAWN, 1, ROSTER), event(GIVEN, 2, ROSTER)) is ConsentState.OPTED_IN
    assert state(event(WITHDRAWN, 1, ROSTER), event(GIVEN, 2, LEDGER)) is ConsentState.OPTED_IN


def test_of_two_at_the_same_time_the_withdrawal_counts() -> None:
    assert state(event(GIVEN, 1, recorded=9), event(WITHDRAWN, 1)) is ConsentState.WITHDRAWN
    assert state(event(GIVEN, 1, ROSTER, recorded=9), event(WITHDRAWN, 1, ROSTER)) is ConsentState.WITHDRAWN


def test_of_two_consents_at_the_same_time_the_one_recorded_later_counts() -> None:
    assert state(event(GIVEN, 1, recorded=2), event(GIVEN, 1, recorded=3, expires=5)) is ConsentState.EXPIRED
    assert state(event(GIVEN, 1, recorded=3), event(GIVEN, 1, recorded=2, expires=5)) is ConsentState.OPTED_IN


def test_a_withdrawal_in_the_ledger_is_not_lifted_by_a_later_roster_row() -> None:
    found = standing([event(WITHDRAWN, 1), event(GIVEN, 9, ROSTER)], now=NOW)
    assert found == Consent(ConsentState.WITHDRAWN, day(1), "withdrawn on day 1", "ledger")
    assert found.opted_out


def test_a_withdrawal_in_the_ledger_is_lifted_by_a_later_consent_in_the_ledger() -> None:
    assert state(event(WITHDRAWN, 1), event(GIVEN, 2)) is ConsentState.OPTED_IN
    assert state(event(WITHDRAWN, 2), event(GIVEN, 1)) is ConsentState.WITHDRAWN


def test_a_roster_withdraws_a_consent_of_the_ledger() -> None:
    assert state(event(GIVEN, 1), event(WITHDRAWN, 2, ROSTER)) is ConsentState.WITHDRAWN


def test_a_consent_past_its_end_has_expired_and_is_no_opt_out() -> None:
    found = standing([event(GIVEN, 1, expires=151)], now=NOW)
    assert found == Consent(ConsentState.EXPIRED, NOW, "given on day 1", "ledger")
    assert not found.opted_out
    assert state(event(GIVEN, 1, expires=152)) is ConsentState.OPTED_IN


def test_an_expired_event_ends_the_consents_before_it() -> None:
    assert state(event(GIVEN, 1), event(EXPIRED, 1)) is ConsentState.EXPIRED
    assert state(event(EXPIRED, 1), event(GIVEN, 2)) is ConsentState.OPTED_IN
    assert state(event(EXPIRED, 1)) is ConsentState.EXPIRED


def test_an_expired_event_never_lifts_a_withdrawal() -> None:
    assert state(event(WITHDRAWN, 1), event(EXPIRED, 2)) is ConsentState.WITHDRAWN
    assert state(event(WITHDRAWN, 1, ROSTER), event(EXPIRED, 2)) is ConsentState.WITHDRAWN


def test_a_consent_that_expired_does_not_bring_an_older_withdrawal_back() -> None:
    assert state(event(WITHDRAWN, 1), event(GIVEN, 2, expires=3)) is ConsentState.EXPIRED


def test_an_event_counts_from_its_date_on() -> None:
    assert state(event(GIVEN, 152)) is ConsentState.NONE
    assert state(event(GIVEN, 151)) is ConsentState.OPTED_IN
    assert state(event(WITHDRAWN, 1), event(GIVEN, 152)) is ConsentState.WITHDRAWN


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_the_events_does_not_matter(history: list[ConsentEvent], random: Random) -> None:
    shuffled = history[:]
    random.shuffle(shuffled)
    assert standing(shuffled, now=NOW) == standing(history, now=NOW)


@given(histories)
def test_an_event_recorded_twice_changes_nothing(history: list[ConsentEvent]) -> None:
    assert standing(history + history, now=NOW) == standing(history, now=NOW)


@given(histories, roster_events)
def test_after_a_ledger_withdrawal_no_roster_event_changes_anything(
    history: list[ConsentEvent], later: ConsentEvent
) -> None:
    withdrawn = [*history, event(WITHDRAWN, 5)]
    assert standing(withdrawn, now=NOW).state is ConsentState.WITHDRAWN or any(
        e.origin is LEDGER and e.kind is GIVEN and day(5) < e.at <= NOW for e in history
    )
    if standing([e for e in withdrawn if e.origin is LEDGER], now=NOW).opted_out:
        assert standing([*withdrawn, later], now=NOW) == standing(withdrawn, now=NOW)


@given(histories)
def test_a_withdrawal_dated_now_always_opts_out(history: list[ConsentEvent]) -> None:
    for origin in ConsentOrigin:
        assert standing([*history, event(WITHDRAWN, 151, origin)], now=NOW).opted_out


@given(histories)
def test_who_is_opted_in_has_a_live_consent_on_record(history: list[ConsentEvent]) -> None:
    found = standing(history, now=NOW)
    if found.state is ConsentState.OPTED_IN:
        assert any(
            e.kind is GIVEN and e.at == found.at and (e.expires_at is None or e.expires_at > NOW) for e in history
        )


@given(histories)
def test_only_a_recorded_withdrawal_is_an_opt_out(history: list[ConsentEvent]) -> None:
    if standing(history, now=NOW).opted_out:
        assert any(e.kind is WITHDRAWN and e.at <= NOW for e in history)

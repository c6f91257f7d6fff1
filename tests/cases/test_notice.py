"""What is told of an episode, and when: once, then in a rhythm, and once that it is over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.cases.notice import Due, Episode, Matter, Notice, Phase, Sent, due
from workplace_sync.cases.notice_words import compose, duration, sentence, subject, todo

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DAY = timedelta(days=1)
RHYTHM = (DAY, 3 * DAY, 7 * DAY)
GROUP = "prospect-bt"


def held(key: str = "p1", group: str = GROUP, changes: int = 90) -> Episode:
    return Episode(Matter.HELD, group, key, NOW, {"changes": changes}, handle="3f9c0a1b2d4e")


def phases(told: Sequence[Due]) -> list[Phase]:
    return [one.phase for one in told]


def sent(told: Sequence[Due], at: datetime) -> list[Sent]:
    return [Sent(one.episode.name, one.phase, at, one.episode.since) for one in told]


def test_an_episode_is_told_once_and_then_in_the_rhythm_whose_last_time_goes_on() -> None:
    before: list[Sent] = []
    days = []
    for hour in range(24 * 30):
        at = NOW + timedelta(hours=hour)
        now_due = due([held()], before, at, RHYTHM)
        before += sent(now_due, at)
        days += [(hour / 24, one.phase, one.step) for one in now_due]
    assert days == [
        (0, Phase.FIRST, 0),
        (1, Phase.REMINDER, 1),
        (4, Phase.REMINDER, 2),
        (11, Phase.REMINDER, 3),
        (18, Phase.REMINDER, 4),
        (25, Phase.REMINDER, 5),
    ]


def test_without_a_rhythm_nobody_is_reminded() -> None:
    first = due([held()], [], NOW, ())
    assert phases(first) == [Phase.FIRST]
    assert due([held()], sent(first, NOW), NOW + 1000 * DAY, ()) == ()


def test_the_end_is_told_once_to_those_who_knew_of_the_episode_and_to_nobody_else() -> None:
    before = sent(due([held()], [], NOW, RHYTHM), NOW)
    over = due([], before, NOW + DAY, RHYTHM)
    assert [(one.phase, one.step, one.episode.since) for one in over] == [(Phase.ENDED, 1, NOW)]
    assert due([], [*before, *sent(over, NOW + DAY)], NOW + 2 * DAY, RHYTHM) == ()
    assert due([], [], NOW, RHYTHM) == ()


def test_what_is_back_after_its_end_is_told_anew_with_a_rhythm_of_its_own() -> None:
    before = sent(due([held()], [], NOW, RHYTHM), NOW)
    before += sent(due([held()], before, NOW + DAY, RHYTHM), NOW + DAY)
    before += sent(due([], before, NOW + 2 * DAY, RHYTHM), NOW + 2 * DAY)
    again = due([held()], before, NOW + 3 * DAY, RHYTHM)
    assert [(one.phase, one.step) for one in again] == [(Phase.FIRST, 3)]
    before += sent(again, NOW + 3 * DAY)
    assert due([held()], before, NOW + 3.9 * DAY, RHYTHM) == ()
    assert phases(due([held()], before, NOW + 4 * DAY, RHYTHM)) == [Phase.REMINDER]


def test_what_lasts_comes_before_what_is_over_and_the_most_urgent_first() -> None:
    others = [Episode(matter, GROUP, "k", NOW) for matter in reversed(Matter)]
    before = sent(due([held("old")], [], NOW, RHYTHM), NOW)
    told = due(others, before, NOW, RHYTHM)
    assert [one.episode.matter for one in told] == [*Matter, Matter.HELD]
    assert told[-1].phase is Phase.ENDED


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), min_size=1, max_size=60))
def test_whatever_happens_each_begin_has_one_first_message_and_at_most_one_end(
    steps: list[tuple[int, bool]],
) -> None:
    now, before, seen = NOW, list[Sent](), list[Phase]()
    for hours, there in steps:
        now += timedelta(hours=hours)
        told = due([held()] if there else [], before, now, RHYTHM)
        assert len(told) <= 1
        assert [one.step for one in told] == [len(before)] * len(told)
        before += sent(told, now)
        seen += phases(told)
    lasting = False
    for phase in seen:
        assert (phase is Phase.FIRST) != lasting
        lasting = phase is not Phase.ENDED
    assert lasting == steps[-1][1]


def test_a_clock_that_goes_back_tells_nothing_twice() -> None:
    before = sent(due([held()], [], NOW, RHYTHM), NOW)
    assert due([held()], before, NOW - 400 * DAY, RHYTHM) == ()


@pytest.mark.parametrize(
    ("episode", "said", "command"),
    [
        (held(), "90 changes wait for a second person's approval", "workplace-sync plans list prospect-bt"),
        (held(changes=1), "1 change waits for", "workplace-sync plans list prospect-bt"),
        (
            Episode(Matter.INCIDENT, GROUP, "i7", NOW, {"people": 5239}),
            "5,239 people were removed from the group, not by us",
            "workplace-sync incident show i7",
        ),
        (Episode(Matter.BLIND, GROUP, "1", NOW, detail="gone"), "there is no such group", "workplace-sync doctor"),
        (Episode(Matter.BLIND, GROUP, "1", NOW, detail="new"), "reading it fails", "workplace-sync doctor"),
        (
            Episode(Matter.RUN, GROUP, "r1", NOW, {"runs": 3}, "a guard tripped"),
            "3 runs in a row have failed: a guard tripped.",
            "workplace-sync status",
        ),
        (Episode(Matter.RUN, "", "r1", NOW), "All groups: 1 run has failed.", "workplace-sync status"),
        (
            Episode(Matter.ESCALATION, "", "e", NOW),
            "The committee: 1 answer is overdue.",
            "workplace-sync escalation overdue",
        ),
        (Episode(Matter.EVIDENCE, "", "e", NOW), "does not verify", "workplace-sync evidence verify"),
    ],
)
def test_each_matter_says_what_it_is_and_what_to_do(episode: Episode, said: str, command: str) -> None:
    assert said in sentence(episode)
    assert todo(episode).startswith(command)


def test_one_message_tells_all_with_its_times_and_where_to_look() -> None:
    told = due([held(), held("p2", "prospect-or", 1)], [], NOW, RHYTHM)
    notice = compose(told, NOW + timedelta(hours=2, minutes=3), "https://sync.union.example.org/")
    assert notice.subject == "[workplace-sync] changes wait for approval (prospect-bt), and 1 more"
    assert "prospect-bt: 90 changes wait" in notice.body
    assert "prospect-or: 1 change waits" in notice.body
    assert "Since:      2026-11-21 09:00 UTC, for 2 hours" in notice.body
    assert "Console:    https://sync.union.example.org/plans\n" in notice.body
    assert "Console" not in compose(told, NOW).body
    assert [one["key"] for one in notice.as_json()["episodes"]] == ["p1", "p2"]  # type: ignore[attr-defined]


def test_reminders_and_ends_say_that_they_are_ones() -> None:
    reminder = compose([Due(held(), Phase.REMINDER, 1)], NOW + DAY)
    assert "still: changes wait" in reminder.subject
    assert reminder.body.startswith("Still: prospect-bt: 90 changes")
    over = compose([Due(Episode(Matter.EVIDENCE, "", "e", NOW), Phase.ENDED, 1)], NOW + 3 * DAY)
    assert over.subject == "[workplace-sync] over: the evidence log does not verify"
    assert over.body.startswith("Over: All groups: the evidence log does not verify no more. It had been so since")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "less than a minute"), (60, "1 minute"), (7200, "2 hours"), (86400 * 4000, "4,000 days")],
)
def test_a_time_is_told_in_its_largest_unit(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_a_subject_stays_on_one_line_and_a_message_without_episodes_can_be_read_by_programs() -> None:
    assert "\n" not in subject([Due(held(), Phase.FIRST, 0)])
    assert Notice(NOW, "a test", "nothing").as_json()["episodes"] == []

"""Runs in the console: what was run, and how far one is that runs now."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.web.console.at_work import people
from tests.web.console.running import OTHER_GROUP, ConsoleHandle
from workplace_sync.errors import ExitCode
from workplace_sync.jobs.listing import newest_runs
from workplace_sync.jobs.running import Verb
from workplace_sync.jobs.speed import Mark, speed_of
from workplace_sync.store import runs as store
from workplace_sync.store.database import Database
from workplace_sync.store.runs import RunRecord
from workplace_sync.web.console.places import place_of, told
from workplace_sync.web.console.views.runs import badge_of, duration

GROUP = "prospect-bt"
AT = datetime(2026, 11, 21, 9, tzinfo=UTC)


def _run(**more: object) -> RunRecord:
    values: dict[str, object] = {"done": 0, "total": None, "stage": "", "updated_at": AT} | more
    return RunRecord("r1", GROUP, "apply", "ada", "here", AT, **values)  # type: ignore[arg-type]


def test_the_list_shows_runs_and_each_leads_to_its_page(console: ConsoleHandle) -> None:
    rosa = console.known("rosa")
    text = rosa.get("/runs").text
    with console.app.database.connect() as connection:
        run = store.recent(connection, GROUP, 1)[0]
    assert f'href="/runs/{run.id}"' in text
    page = rosa.get(f"/runs/{run.id}")
    assert "observe" in page.text
    assert "Refresh" not in page.headers, "what has ended stands still"


def test_runs_of_other_groups_are_not_there(console: ConsoleHandle) -> None:
    with console.app.database.connect() as connection:
        run = store.recent(connection, GROUP, 1)[0]
    olga = console.known("olga")
    assert olga.get(f"/runs/{run.id}").status_code == 404
    assert olga.get(f"/runs?group={GROUP}").status_code == 404
    assert "Nothing was run yet." in olga.get("/runs").text
    assert console.known("ada").get("/runs/nothing").status_code == 404
    assert console.known("ada").get("/runs?before=nonsense").status_code == 200
    for edge in ("0001-01-01T00:00:00%2B23:59~x", "9999-12-31T23:59:59-23:59~x"):
        assert console.known("ada").get(f"/runs?before={edge}").status_code == 200
        assert console.known("ada").get(f"/plans?before={edge}").status_code == 200


def test_a_run_under_way_shows_how_far_it_is_how_fast_and_how_long_still(fresh: ConsoleHandle) -> None:
    (ada,) = people(fresh, "ada")
    with fresh.app.running(GROUP, Verb.APPLY) as run:
        steps = run.steps()
        steps.begin(400)
        with fresh.app.database.write() as connection:
            store.progress(connection, run.id, fresh.clock(), done=0, total=400, stage="carrying out changes")
        first = ada.get(f"/runs/{run.id}")
        assert first.headers["Refresh"] == "3"
        assert "not known yet" in first.text
        fresh.clock.advance(timedelta(minutes=1))
        with fresh.app.database.write() as connection:
            store.progress(connection, run.id, fresh.clock(), done=100, total=400, stage="carrying out changes")
        later = ada.get(f"/runs/{run.id}")
        for sign in ('value="25"', "of 400", "100", "3 minutes", "carrying out changes", "Stop refreshing"):
            assert sign in later.text, sign
        still = ada.get(f"/runs/{run.id}?still=yes")
        assert "Refresh" not in still.headers
        assert "Follow it" in still.text
        listed = ada.get("/runs")
        assert listed.headers["Refresh"] == "3"
        assert "Refresh" not in ada.get("/runs?still=yes").headers
        assert "Apply is running" in ada.get(f"/groups/{GROUP}").text
    ended = ada.get(f"/runs/{run.id}")
    assert "Refresh" not in ended.headers
    assert "<progress" not in ended.text


def test_the_speed_is_that_since_the_stage_was_first_seen() -> None:
    later = _run(done=300, total=900, stage="changing", updated_at=AT + timedelta(minutes=10))
    seen = Mark("r1", "changing", 100, AT + timedelta(minutes=8))
    speed = speed_of(later, seen)
    assert speed is not None
    assert (speed.a_minute, speed.left) == (100, timedelta(minutes=6))
    whole = speed_of(later, Mark("r1", "reading", 100, AT))
    assert whole is not None
    assert whole.a_minute == 30
    assert whole == speed_of(later, None)


@pytest.mark.parametrize(
    "run",
    [_run(), _run(done=5), _run(updated_at=AT + timedelta(minutes=1))],
    ids=["just begun", "no time went by", "nothing was done"],
)
def test_no_speed_is_told_before_there_is_one(run: RunRecord) -> None:
    assert speed_of(run, None) is None


def test_where_nobody_knows_of_how_many_no_end_is_told() -> None:
    speed = speed_of(_run(done=60, updated_at=AT + timedelta(minutes=1)), None)
    assert speed is not None
    assert (speed.a_minute, speed.left) == (60, None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (1, "1 second"), (89, "89 seconds"), (120, "2 minutes"), (7200, "2 hours"), (400_000, "5 days")],
)
def test_spans_are_told_in_words(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_every_way_to_end_has_a_word() -> None:
    words = {badge_of(_run(state=store.State.ENDED, exit_code=int(code)))[0] for code in ExitCode}
    assert {"done", "failed", "could not see", "waits for approval"} <= words
    assert badge_of(_run(state=store.State.ABANDONED)) == ("abandoned", "bad")
    assert badge_of(_run()) == ("running", "info")


def test_a_place_in_a_list_is_read_as_it_was_told() -> None:
    place = (AT, "r1")
    assert place_of(told(place)) == place
    assert told(None) == ""
    for nonsense in ("", "~", "x~y", "2026-11-21~r1", f"{AT.isoformat()}~"):
        assert place_of(nonsense) is None


def test_pages_of_several_groups_show_every_run_once_newest_first(database: Database) -> None:
    with database.write() as connection:
        for number in range(25):
            at = AT + timedelta(minutes=number // 2)
            group = (GROUP, OTHER_GROUP, "third")[number % 3]
            store.begin(connection, RunRecord(f"r{number:02}", group, "observe", "ada", "here", at, at))
    for groups, expected in ((None, 25), ([GROUP, OTHER_GROUP], 17), ([GROUP], 9), ([], 0)):
        seen: list[RunRecord] = []
        place = None
        while True:
            found = newest_runs(database, groups, limit=4, before=place)
            seen += found.rows
            if (place := found.older) is None:
                break
        assert len(seen) == len({run.id for run in seen}) == expected
        assert [run.began_at for run in seen] == sorted((run.began_at for run in seen), reverse=True)

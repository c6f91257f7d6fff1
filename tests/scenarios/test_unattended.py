"""Nobody watches: reconcile as cron calls it, in processes of its own, disturbed as such processes are."""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle, running_sandbox
from tests.scenarios.folder import GROUP, HASTY, Ended, Folder, make_folder
from tests.scenarios.killing import Moment, assert_evidence_verifies, assert_nothing_lost_nothing_twice, killed, rows

OTHER = "prospect-openreach"
PEOPLE = 150
GUARD = "params: {guard-additions: {max_growth_percent: 400}}"

pytestmark = pytest.mark.slow


def until(holds: Callable[[], bool], within: float = 60) -> None:
    """Wait until something holds; fail the test when it does not in time."""
    give_up = time.monotonic() + within
    while not holds():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.02)


def holder(union: Folder, process: "subprocess.Popen[str]") -> str:
    """Return who holds the group; fails when the process has ended before anybody did."""
    assert process.poll() is None, union.finish(process)
    found = rows(union.database, "SELECT holder FROM lease")
    return str(found[0][0]) if found else ""


@pytest.fixture
def many(union: Folder) -> list[str]:
    """People to add, on a roster whose group may grow that much."""
    found = [str(person["email"]) for person in union.sandbox.addable()][:PEOPLE]
    union.write_group(GUARD)
    union.write_roster([*union.former, *found])
    return found


@pytest.fixture
def second(union: Folder) -> Folder:
    """The folder with a second group, of another employer, beside the first; its file and roster."""
    tenant = union.sandbox.tenant("openreach")
    place = f'base_url: "{union.sandbox.url}", group_id: "{tenant.prospect_group}"'
    lines = [
        "kind: Group",
        f"name: {OTHER}",
        "title: Prospect in Openreach",
        "tenant: openreach",
        f"platform: {{type: workplace, {place}, token_env: WORKPLACE_TOKEN_OPENREACH}}",
        "link: https://openreach.workplace.example.org/groups/prospect",
        "roster: [{addresses: []}]",
    ]
    (union.home / "config" / "groups" / f"{OTHER}.yaml").write_text("\n".join(lines) + "\n")
    with (union.home / ".env").open("a") as file:
        file.write(f"WORKPLACE_TOKEN_OPENREACH={tenant.token}\n")
    return union


def by_group(ended: Ended) -> dict[str, dict[str, object]]:
    """Return what is told of each group."""
    return {one["group"]: one for one in ended.json["groups"]}


def test_of_two_runs_at_once_one_does_it_and_the_other_says_who_holds_the_group(union: Folder, many: list[str]) -> None:
    union.configure(READ_TIMEOUT="20", PATIENCE_SECONDS="20")
    union.sandbox.fault("latency", ms=2_000)
    first = union.start("reconcile", GROUP, "--by", "cron")
    until(lambda: holder(union, first) == "cron")
    others = [union.start("reconcile", GROUP, *more) for more in (("--by", "timer"), ("--quiet",))]
    told, quiet = [union.finish(process) for process in others]
    assert (told.code, told.out, quiet.code, quiet.out, quiet.err) == (75, "", 75, "", "")
    assert "cron" in told.err
    union.sandbox.control("DELETE", "faults")
    ended = union.finish(first)
    assert ended.code == 0, ended
    assert f"{len(many)} added" in ended.out
    assert set(union.added().values()) == {1}


def test_one_group_is_blind_and_the_other_is_brought_in_step(second: Folder, many: list[str]) -> None:
    second.sandbox.fault("token_revoked", tenant="openreach")
    ended = second.run("reconcile", "--all", "-o", "json")
    told = by_group(ended)
    assert (ended.code, told[OTHER]["exit_code"], told[GROUP]["exit_code"]) == (6, 6, 0)
    assert told[GROUP]["added"] == len(many)
    again = second.run("reconcile", "--all", "--quiet")
    assert (again.code, again.out, again.err) == (6, "", "")  # it was told when it began
    second.sandbox.control("DELETE", "faults")
    assert second.run("reconcile", "--all").code == 0


def test_a_group_without_its_token_or_with_a_faulty_file_stops_no_other(second: Folder, many: list[str]) -> None:
    second.configure()  # writes .env anew, without the second token
    ended = second.run("reconcile", "--all")
    assert ended.code == 1
    assert "WORKPLACE_TOKEN_OPENREACH" in ended.err
    assert f"{len(many)} added" in ended.out
    file = second.home / "config" / "groups" / f"{OTHER}.yaml"
    file.write_text(file.read_text().replace("tenant:", "tennant:"))
    ended = second.run("reconcile", "--all", "-o", "json")
    told = by_group(ended)
    assert (ended.code, told[GROUP]["exit_code"], told[OTHER]["exit_code"]) == (1, 0, 1)
    assert "tennant" in str(told[OTHER]["faults"])
    assert second.run("reconcile", GROUP).code == 0


def test_two_files_for_one_group_are_told_and_only_the_first_is_heeded(union: Folder) -> None:
    union.write_roster(union.former)
    file = union.home / "config" / "groups" / f"{GROUP}.yaml"
    (file.parent / "prospect-copy.yaml").write_text(file.read_text().replace(f"name: {GROUP}", "name: prospect-copy"))
    ended = union.run("reconcile", "--all", "-o", "json")
    told = by_group(ended)
    assert ended.code == 1, ended
    assert {name: one["exit_code"] for name, one in told.items()} == {GROUP: 0, "prospect-copy": 1}


def test_every_faulty_row_of_a_roster_is_told_and_the_group_is_watched_all_the_same(union: Folder) -> None:
    union.write_roster(["nobody", *union.former])
    ended = union.run("reconcile", GROUP)
    assert (ended.code, ended.out) == (1, "")
    assert "rosters/bt.csv:2" in ended.err
    assert rows(union.database, "SELECT count(*) FROM snapshot") == [(1,)]


def test_without_a_group_or_all_nothing_is_done(union: Folder) -> None:
    for arguments in ((), (GROUP, "--all"), ("prospect-b",)):
        assert union.run("reconcile", *arguments).code == 64
    assert rows(union.database, "SELECT 1 FROM run") == []


def test_what_is_held_is_told_once_approved_by_somebody_and_then_carried_out(union: Folder) -> None:
    union.write_group("params: {guard-additions: {per_run: 5}}")
    union.write_roster([*union.former, *[str(one["email"]) for one in union.sandbox.addable()][:8]])
    held = union.run("reconcile", GROUP, "-o", "json", "--by", "cron")
    told = by_group(held)[GROUP]
    assert (held.code, told["waiting"], told["new_plan"]) == (4, 8, True)
    quiet = union.run("reconcile", GROUP, "-q", "--by", "cron")
    assert (quiet.code, quiet.out, quiet.err) == (4, "", "")
    assert union.run("approve", str(told["plan"]), "--by", "cron").code == 1  # who asked for it cannot
    assert union.run("approve", str(told["plan"]), "--by", "grace").code == 0
    assert "8 added" in union.run("reconcile", GROUP, "--by", "cron").out
    assert union.run("reconcile", GROUP, "-q", "--by", "cron").code == 0


def test_evidence_that_does_not_verify_ends_everything_before_it_begins(union: Folder, many: list[str]) -> None:
    (union.home / "var" / "checkpoint.txt").write_text("nothing that anybody signed\n")
    ended = union.run("reconcile", "--all", "--quiet")
    assert ended.code == 7
    assert "Error:" in ended.err
    assert union.added().total() == 0 < len(many)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_a_run_that_is_ended_gives_its_group_back_and_the_next_goes_on(
    union: Folder, many: list[str], stop: signal.Signals
) -> None:
    union.configure(THREADS="1", READ_TIMEOUT="30", PATIENCE_SECONDS="5")
    union.sandbox.fault("latency", ms=8_000, on="write", skip=1, calls=1)  # the signal comes before the last batch
    process = union.start("reconcile", GROUP)
    until(lambda: union.added().total() > 0 or process.poll() is not None)
    process.send_signal(stop)
    ended = union.finish(process)
    assert ended.code == 130, ended
    union.assert_discreet(ended)
    assert rows(union.database, "SELECT exit_code, state FROM run") == [(130, "ended")]
    assert union.added().total() < len(many)
    union.sandbox.control("DELETE", "faults")
    assert union.apart("reconcile", GROUP).code == 0
    assert union.added().total() == len(many)
    assert set(union.added().values()) == {1}


@pytest.fixture
def slow_town() -> Iterator[SandboxHandle]:
    """A platform that takes its time to answer."""
    with running_sandbox(people="bt=500", latency_ms=30) as handle:
        yield handle


def test_killed_again_and_again_it_goes_on_and_adds_nobody_twice(tmp_path: Path, slow_town: SandboxHandle) -> None:
    settings = HASTY | {"READ_TIMEOUT": "20", "THREADS": "2", "LEASE_SECONDS": "1", "CONNECT_TIMEOUT": "1"}
    folder = make_folder(tmp_path / "union", slow_town, settings=settings, group_lines=(GUARD,))
    wanted = [str(person["email"]) for person in slow_town.addable()][:150]
    folder.write_roster([*folder.former, *wanted])
    for moment in (Moment(3, 0.02), Moment(8, 0.03), Moment(10, 0.01)):
        assert killed(folder, folder.start("reconcile", GROUP), moment)
        _expire(folder)
    ended = folder.apart("reconcile", GROUP, "-o", "json")
    assert ended.code == 0, ended
    assert_nothing_lost_nothing_twice(folder, wanted)
    assert_evidence_verifies(folder)


def _expire(folder: Folder) -> None:
    """Let the lease of the killed run be as old as if its time had passed."""
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute("DELETE FROM lease")
        connection.commit()

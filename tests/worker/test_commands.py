"""The commands around the queue: putting in, listing, taking back, and a worker that does what is there."""

import pytest

from tests.scenarios.folder import GROUP, HASTY, Folder
from workplace_sync.errors import ExitCode
from workplace_sync.store import queue
from workplace_sync.store.database import Database
from workplace_sync.store.queue import Job, Task


def people(union: Folder, number: int) -> list[str]:
    return [str(person["email"]) for person in union.sandbox.addable()][:number]


def test_a_worker_does_what_was_put_in_and_leaves_nothing(union: Folder) -> None:
    wanted = [*union.former, *people(union, 7)]
    union.write_roster(wanted)
    put_in = union.run("enqueue", GROUP, "--by", "ada")
    assert (put_in.code, put_in.out) == (0, f"reconcile {GROUP}: job 1.\n")
    ended = union.apart("worker", "--drain")
    assert ended.code == 0, ended.err
    assert union.really_in() == {address.casefold() for address in wanted}
    assert union.run("jobs", "list", "-o", "json").json["rows"] == []
    [run] = union.run("runs", "list", "-o", "json").json["rows"]
    assert (run["verb"], run["group"], run["exit_code"]) == ("reconcile", GROUP, 0)


def test_an_approved_plan_is_carried_out_by_a_worker(union: Folder) -> None:
    wanted = [*union.former, *people(union, 120)]
    union.write_roster(wanted)
    digest = union.plan()
    union.approve(digest)
    assert union.run("enqueue", "--apply", digest[:12], "--by", "ada").out == f"apply {GROUP}: job 1.\n"
    [listed] = union.run("jobs", "list", "-o", "json").json["rows"]
    assert (listed["task"], listed["plan"], listed["state"]) == ("apply", digest[:12], "waits")
    assert union.apart("worker", "--drain").code == 0
    assert union.really_in() == {address.casefold() for address in wanted}


def test_observing_changes_nothing(union: Folder) -> None:
    union.write_roster([*union.former, *people(union, 3)])
    assert union.run("enqueue", "--all", "--observe", "--by", "ada").code == 0
    assert union.apart("worker", "--drain").code == 0
    assert union.really_in() == {address.casefold() for address in union.former}
    [run] = union.run("runs", "list", "-o", "json").json["rows"]
    assert (run["verb"], run["exit_code"]) == ("observe", 0)


def test_the_same_job_waits_once_and_can_be_taken_back(union: Folder) -> None:
    union.run("enqueue", GROUP)
    assert union.run("enqueue", GROUP).out == f"reconcile {GROUP}: waits already.\n"
    assert union.run("jobs", "cancel", "1").out == "Job 1 is taken back.\n"
    assert union.run("jobs", "cancel", "1").code == ExitCode.USAGE
    assert "cancelled" in union.run("jobs", "list", "--group", GROUP).out


def test_a_job_that_fails_stays_in_the_list(union: Folder, books: Database) -> None:
    with books.write() as connection:
        queue.enqueue(connection, Job(Task.RECONCILE, "no-such-group"))
    ended = union.apart("worker", "--drain")
    assert ended.code == 0
    assert "There is no group no-such-group" in ended.err
    [listed] = union.run("jobs", "list", "-o", "json").json["rows"]
    assert (listed["group"], listed["state"]) == ("no-such-group", "failed")


def test_who_asks_is_in_no_log_line(union: Folder) -> None:
    union.write_roster(union.former)
    put_in = union.run("enqueue", GROUP, "--by", "grace.of.the.committee", "--verbose")
    told = union.apart("worker", "--drain", "--verbose").err
    assert "The job is done" in told
    assert "grace" not in told + put_in.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["worker"],
        ["worker", "--drain"],
        ["enqueue", GROUP],
        ["enqueue", "--all"],
        ["jobs", "list"],
        ["jobs", "cancel", "1"],
    ],
    ids=" ".join,
)
def test_on_sqlite_there_is_no_queue_and_cron_is_named(union: Folder, arguments: list[str]) -> None:
    union.settings.pop("DATABASE_URL")
    union.configure(**HASTY)
    assert union.run("db", "upgrade").code == 0
    ended = union.run(*arguments)
    assert ended.code == ExitCode.USAGE
    assert "PostgreSQL" in ended.err
    assert "cron" in ended.err


@pytest.mark.parametrize(
    "arguments", [[], [GROUP, "--all"], [GROUP, "--apply", "12345678"], ["--apply", "12345678", "--observe"]]
)
def test_what_cannot_be_meant_is_a_usage_error(union: Folder, arguments: list[str]) -> None:
    assert union.run("enqueue", *arguments).code == ExitCode.USAGE


def test_a_group_that_is_none_is_told_before_anything_is_put_in(union: Folder) -> None:
    ended = union.run("enqueue", GROUP, "prospect-bd")
    assert ended.code == ExitCode.USAGE
    assert GROUP in ended.err
    assert union.run("jobs", "list", "-o", "json").json["rows"] == []

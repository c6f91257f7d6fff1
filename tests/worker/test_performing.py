"""What a worker asks again before it does a job, with files that may have changed since it was put in."""

import pytest

from tests.notices.servers import receiver
from tests.scenarios.folder import GROUP, Folder
from workplace_sync.app import Application
from workplace_sync.errors import ExitCode
from workplace_sync.jobs import accounts
from workplace_sync.settings import load_settings
from workplace_sync.store.queue import Job, Task
from workplace_sync.worker.performing import Done, perform

PLANNERS = ("ada", "grace")


def write_people(union: Folder, **roles: str) -> None:
    people = [f"{{name: {name}, roles: [{role}], groups: ['*']}}" for name, role in roles.items()]
    (union.home / "config" / "people.yaml").write_text(f"people: [{', '.join(people)}]\n", encoding="utf-8")


@pytest.fixture
def digest(union: Folder) -> str:
    """A plan that puts three people in."""
    write_people(union, **dict.fromkeys(PLANNERS, "admin"))
    wanted = [str(person["email"]) for person in union.sandbox.addable()][:3]
    union.write_roster([*union.former, *wanted])
    return union.plan()


def applied(union: Folder, digest: str, by: str) -> Done:
    return perform(load_settings(union.home), Job(Task.APPLY, GROUP, by, digest), lambda: False)


def enter(union: Folder, name: str) -> None:
    with Application(load_settings(union.home), actor="ada") as app:
        assert accounts.enter(app.office, name, "f" * 64) is not None


def test_an_admin_by_single_sign_on_alone_gets_their_plan_applied(union: Folder, digest: str) -> None:
    enter(union, "simone")
    done = applied(union, digest, "simone")
    assert done.code is ExitCode.DONE, done.summary
    assert len(union.added()) == 3


def test_who_was_taken_off_their_role_gets_nothing_applied_any_more(union: Folder, digest: str) -> None:
    enter(union, "ada")
    write_people(union, ada="rep", grace="admin")
    done = applied(union, digest, "ada")
    assert (done.code, union.added()) == (ExitCode.ERROR, {})
    assert "have not the role admin or owner" in done.summary


def test_who_is_in_no_file_and_comes_by_no_sign_on_gets_nothing_applied(union: Folder, digest: str) -> None:
    write_people(union, grace="admin")
    done = applied(union, digest, "ada")
    assert (done.code, union.added()) == (ExitCode.ERROR, {})


def test_whose_account_was_disabled_gets_nothing_applied_any_more(union: Folder, digest: str) -> None:
    enter(union, "simone")
    with Application(load_settings(union.home), actor="ada") as app:
        accounts.disable(app.office, "simone")
    assert applied(union, digest, "simone").code is ExitCode.ERROR
    assert not union.added()


def test_a_plan_that_is_stale_is_not_tried_again(union: Folder, digest: str) -> None:
    (union.home / "policies" / "union" / "opt-out.yaml").unlink()
    done = applied(union, digest, "ada")
    assert (done.code, done.lasting) == (ExitCode.ERROR, True), done.summary


@pytest.mark.parametrize("task", list(Task))
def test_without_a_token_nothing_is_tried_again(union: Folder, digest: str, task: Task) -> None:
    file = union.home / ".env"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("WORKPLACE_TOKEN")))
    done = perform(load_settings(union.home), Job(task, GROUP, "ada", digest), lambda: False)
    assert (done.code, done.lasting) == (ExitCode.ERROR, True), done.summary


@pytest.mark.parametrize("task", [Task.RECONCILE, Task.OBSERVE])
def test_a_platform_that_is_not_there_may_come_back(union: Folder, task: Task) -> None:
    union.sandbox.fault("html", on="read", calls=None, http_status=503)
    done = perform(load_settings(union.home), Job(task, GROUP, "ada"), lambda: False)
    assert (done.code, done.lasting) == (ExitCode.BLIND, False), done.summary


def test_the_watcher_of_runs_is_told_of_each_reconcile_and_of_none_that_goes_back_into_the_queue(
    union: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    union.write_roster(union.former)
    with receiver() as watcher:
        union.configure(PING_URL=f"{watcher.url}/ping")

        def reconciled(*, stop: bool = False) -> ExitCode:
            return perform(load_settings(union.home), Job(Task.RECONCILE, GROUP), lambda: stop).code

        union.run("db", "upgrade")
        assert reconciled() is ExitCode.DONE
        assert reconciled(stop=True) is ExitCode.INTERRUPTED
        union.sandbox.fault("token_revoked", tenant="bt")
        assert reconciled() is ExitCode.BLIND
        (union.home / "var" / "checkpoint.txt").write_text("nothing that anybody signed\n")
        assert reconciled() is ExitCode.EVIDENCE
        assert perform(load_settings(union.home), Job(Task.OBSERVE, GROUP), lambda: False).code is ExitCode.EVIDENCE
        told = [one.path.removeprefix("/ping/") for one in watcher.requests]
    assert told == ["start", "0", "start", "start", "6", "start", "7"]

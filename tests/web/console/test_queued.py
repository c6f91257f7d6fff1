"""A console on PostgreSQL leaves what takes long to the workers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.web.console.at_work import everybody, people
from tests.web.console.running import ConsoleHandle, console_on
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.plan import make_plan
from workplace_sync.jobs.rosters import import_rosters
from workplace_sync.store import queue

GROUP = "prospect-bt"


@pytest.fixture
def many(sandbox: SandboxHandle, tmp_path: Path, postgres_url: str) -> Iterator[ConsoleHandle]:
    """A console of a test's own whose books are on PostgreSQL."""
    with console_on(tmp_path / "union", sandbox, datetime.now(UTC), DATABASE_URL=postgres_url) as handle:
        yield handle


def _jobs(console: ConsoleHandle) -> list[tuple[str, str, str]]:
    with console.app.database.connect() as connection:
        return [(job.task, job.group, job.plan) for job in queue.jobs(connection)]


def test_bringing_a_group_in_step_goes_into_the_queue_once(many: ConsoleHandle) -> None:
    (ada,) = people(many, "ada")
    assert "Bring it in step now" in ada.get(f"/groups/{GROUP}").text
    shown = ada.follow(ada.post("/plans", {"group": GROUP}))
    assert "in the queue" in shown.text
    assert "In the queue" in shown.text
    assert _jobs(many) == [("reconcile", GROUP, "")]
    assert "waits in the queue already" in ada.follow(ada.post("/plans", {"group": GROUP})).text
    assert len(_jobs(many)) == 1


def test_an_approved_plan_goes_into_the_queue(many: ConsoleHandle) -> None:
    many.folder.write_roster(everybody(many)[:150])
    group, app = many.app.group(GROUP), many.app
    with app.platform(group) as platform, app.sources(group, platform) as sources:
        import_rosters(app.office, group.managed, sources)
        snapshot = observe(app.office, group.managed, platform.reader()).require_complete()
    plan = make_plan(app.office, group.managed, app.rules, snapshot, valid=timedelta(hours=72)).record
    ada, grace = people(many, "ada", "grace")
    assert ada.post(f"/plans/{plan.id}/apply").status_code == 409
    assert _jobs(many) == []
    grace.post(f"/plans/{plan.id}/approve", {"reason": "as decided"})
    ada.post(f"/plans/{plan.id}/apply")
    assert _jobs(many) == [("apply", GROUP, plan.digest)]
    assert not many.folder.added(), "the worker does it, and there is none"

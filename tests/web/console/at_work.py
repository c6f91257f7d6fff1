"""Waiting for what the console does by itself, and short ways to the pages of a test's own console."""

import re
import time
from collections.abc import Iterator

import pytest

from tests.web.console.running import Browser, ConsoleHandle, invite
from workplace_sync.store import plans, runs
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.runs import RunRecord, State

_LONG = 60.0


def everybody(console: ConsoleHandle) -> list[str]:
    """Return who of the tenant is not in the group."""
    return [str(person["email"]) for person in console.folder.sandbox.addable()]


def people(console: ConsoleHandle, *names: str) -> Iterator[Browser]:
    """Yield a browser for each of these, with an account made for them."""
    for name in names:
        invite(console.app, name)
        yield console.browser(name)


def ended(console: ConsoleHandle, address: str) -> RunRecord:
    """Wait until the run at an address of the console has ended, and return it."""
    found = re.fullmatch(r"/runs/([0-9a-f]+)", address)
    assert found, address
    until = time.monotonic() + _LONG
    while time.monotonic() < until:
        with console.app.database.connect() as connection:
            run = runs.find(connection, found[1])
        if run is not None and run.state is not State.RUNNING:
            return run
        time.sleep(0.05)
    pytest.fail(f"the run goes on for more than {_LONG:.0f} seconds")


def newest(console: ConsoleHandle, group: str = "prospect-bt") -> PlanRecord:
    """Return the plan that was made last."""
    with console.app.database.connect() as connection:
        return plans.recent(connection, group, limit=1)[0]


def planned(console: ConsoleHandle, browser: Browser, group: str = "prospect-bt") -> PlanRecord:
    """Have a plan made through the console, and return it."""
    answer = browser.post("/plans", {"group": group})
    run = ended(console, answer.headers["Location"])
    assert run.exit_code in {0, 5}, run.summary
    return newest(console, group)

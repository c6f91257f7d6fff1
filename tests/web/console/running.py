"""A console over a union's folder, served over loopback, and people who log in to it as browsers do."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sqlalchemy import delete

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import HASTY, Folder, make_folder
from tests.world import Clock
from workplace_sync.app import Application
from workplace_sync.jobs import accounts
from workplace_sync.jobs.apply import ApplyOptions, apply_plan
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.plan import make_plan
from workplace_sync.jobs.review import approve
from workplace_sync.jobs.rosters import import_rosters
from workplace_sync.jobs.running import Verb
from workplace_sync.settings import load_settings
from workplace_sync.store.console_tables import TryRow
from workplace_sync.store.plans import PlanRecord
from workplace_sync.web.console.application import make_console
from workplace_sync.web.console.desk import Console
from workplace_sync.web.server import listen, make_server

Form = Mapping[str, object] | Iterator[bytes]
PASSWORD = "seven quiet badgers dancing"
TRIES = TryRow.__table__  # type: ignore[attr-defined]
OTHER_GROUP = "prospect-openreach"

PEOPLE: Mapping[str, tuple[str, str]] = {
    "rosa": ("rep", "[prospect-bt]"),
    "ada": ("admin", "[prospect-bt]"),
    "grace": ("admin", "['*']"),
    "joan": ("admin", "['*']"),
    "olga": ("rep", f"[{OTHER_GROUP}]"),
    "audrey": ("auditor", "['*']"),
    "omar": ("officer", "['*']"),
    "wanda": ("owner", "['*']"),
}
"""Everybody who can log in: their role and groups. Ada asks for plans; grace and joan may approve them."""


@dataclass(slots=True)
class Browser:
    """Somebody at a browser: a session that sends what browsers send."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **headers: str) -> requests.Response:
        """Open a page, without following where it leads."""
        return self._send("GET", path, None, {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"} | headers)

    def post(self, path: str, data: Form | None = None, **headers: str) -> requests.Response:
        """Send a form from one of the console's own pages."""
        own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Origin": self.url}
        return self._send("POST", path, data, own | headers)

    def follow(self, answer: requests.Response) -> requests.Response:
        """Open the page that an answer leads to."""
        assert answer.is_redirect, f"{answer.status_code}: {answer.text[:500]}"
        return self.get(answer.headers["Location"])

    def log_in(self, name: str, password: str = PASSWORD) -> requests.Response:
        """Log in."""
        return self.post("/login", {"name": name, "password": password})

    def _send(self, method: str, path: str, data: Form | None, headers: Mapping[str, str]) -> requests.Response:
        address = path if path.startswith("http") else self.url + path
        return self.session.request(
            method,
            address,
            data=data,
            headers=dict(headers),
            allow_redirects=False,
            timeout=60,
        )


@dataclass(slots=True)
class ConsoleHandle:
    """A console that is being served, the folder it is over, and the application, whose clock a test moves."""

    url: str
    folder: Folder
    app: Application
    clock: Clock
    stack: ExitStack
    console: Console
    plan: PlanRecord | None = None
    _known: dict[str, Browser] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The host and port."""
        return urlsplit(self.url).netloc

    def browser(self, name: str = "") -> Browser:
        """Return a new browser, in which somebody is logged in if they are named."""
        browser = Browser(self.url)
        browser.session.trust_env = False
        self.stack.enter_context(browser.session)
        if name:
            self._forget_tries()
            answer = browser.log_in(name)
            assert answer.status_code == 303, answer.text
        return browser

    def _forget_tries(self) -> None:
        """Begin to count logins anew: all tests of a process come from one address."""
        with self.app.database.write() as connection:
            connection.execute(delete(TRIES))

    def known(self, name: str) -> Browser:
        """Return a browser in which somebody is logged in, the same one each time."""
        if name not in self._known:
            self._known[name] = self.browser(name)
        return self._known[name]

    def secret(self, name: str) -> str:
        """Return the session's secret of somebody who is logged in, for another kind of browser."""
        return str(self.known(name).session.cookies["workplace-sync"])


def write_people(folder: Folder, people: Mapping[str, tuple[str, str]] = PEOPLE) -> None:
    """Write the people file."""
    lines = ["kind: People", "people:"]
    lines += [f"  - {{name: {name}, roles: [{role}], groups: {groups}}}" for name, (role, groups) in people.items()]
    (folder.home / "config" / "people.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_other_group(folder: Folder) -> None:
    """Write a second group's file, for the other tenant of the sandbox."""
    tenant = folder.sandbox.tenant("openreach")
    text = (
        f"kind: Group\nname: {OTHER_GROUP}\ntitle: Prospect in Openreach\ntenant: openreach\n"
        f'platform: {{type: workplace, base_url: "{folder.sandbox.url}", group_id: "{tenant.prospect_group}",'
        " token_env: WORKPLACE_TOKEN_OPENREACH}\nroster: [{addresses: [amina.quill@openreach.example.org]}]\n"
    )
    (folder.home / "config" / "groups" / f"{OTHER_GROUP}.yaml").write_text(text, encoding="utf-8")


def invite(app: Application, name: str, password: str = PASSWORD) -> None:
    """Make an account with a password."""
    accounts.set_up(app.office, accounts.invite(app.office, name).secret, password)


@contextmanager
def console_on(home: Path, sandbox: SandboxHandle, at: datetime, **settings: str) -> Iterator[ConsoleHandle]:
    """Serve a console over a new folder with two groups and a people file; its clock stands at `at`. Nobody has an account."""
    folder = make_folder(home, sandbox, settings=HASTY | settings)
    write_other_group(folder)
    write_people(folder)
    with served(folder, at) as handle:
        yield handle


@contextmanager
def served(folder: Folder, at: datetime) -> Iterator[ConsoleHandle]:
    """Serve a console over a folder in a thread of this process."""
    clock = Clock(at)
    with (
        ExitStack() as stack,
        Application(load_settings(folder.home), actor="ada", now=clock) as app,
        listen("127.0.0.1", 0) as listening,
    ):
        made = make_console(app)
        server = make_server(made, proxies=app.settings.console_proxies)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            yield ConsoleHandle(url, folder, app, clock, stack, made.state.console)
        finally:
            server.should_exit = True
            thread.join()


def play_story(handle: ConsoleHandle) -> PlanRecord:
    """Fill the books: two months in which a plan was approved and applied, and people taken out; then a plan that is held.

    Returns the plan that waits.
    """
    folder, app = handle.folder, handle.app
    group = app.group("prospect-bt")
    everybody = [str(person["email"]) for person in folder.sandbox.addable()]
    with app.platform(group) as platform:

        def read() -> None:
            observe(app.office, group.managed, platform.reader())

        def planned(addresses: list[str]) -> PlanRecord:
            folder.write_roster(addresses)
            with app.sources(group, platform) as sources:
                import_rosters(app.office, group.managed, sources)
            snapshot = observe(app.office, group.managed, platform.reader()).require_complete()
            return make_plan(app.office, group.managed, app.rules, snapshot, valid=timedelta(hours=72)).record

        def carried_out(plan: PlanRecord) -> None:
            for name in ("grace", "joan"):
                with Application(app.settings, actor=name, now=handle.clock) as another:
                    approve(another.office, plan, approvers=(), reason="as decided", valid=timedelta(hours=24))
            sides = (platform.reader(), platform.writer())
            apply_plan(app.office, group.managed, app.rules, plan, sides, ApplyOptions())

        read()
        for week in range(1, 6):
            handle.clock.advance(timedelta(days=6))
            plan = planned(everybody[: week * 25])
            if plan.counts["held"] or plan.header.effect.value == "hold":
                carried_out(plan)
            else:
                apply_plan(
                    app.office, group.managed, app.rules, plan, (platform.reader(), platform.writer()), ApplyOptions()
                )
            handle.clock.advance(timedelta(days=2))
            read()
        handle.clock.advance(timedelta(days=3))
        inside = folder.sandbox.members(folder.group_id)
        gone = [member["id"] for member in inside if member["email"] in set(everybody[10:70])]
        folder.sandbox.control("POST", "employer/remove", {"group": folder.group_id, "ids": gone})
        read()
        for _ in range(3):
            handle.clock.advance(timedelta(days=3))
            with app.running(group.managed.name, Verb.OBSERVE) as run:
                observe(run.office, group.managed, platform.reader())
        handle.clock.advance(timedelta(hours=6))
        return planned(everybody)

"""Where every page of the console is on a console whose books are filled: an address for each route of its table."""

import csv
import io
import re
from collections.abc import Callable, Mapping

from tests.web.console.calling import WORDS
from tests.web.console.running import ConsoleHandle
from workplace_sync.cases.escalation import Report
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs import accounts
from workplace_sync.jobs.escalations import open_case
from workplace_sync.jobs.identity import Identity
from workplace_sync.store import audit, incidents, runs

BT = "prospect-bt"
OWNER = "wanda"


def gone(console: ConsoleHandle) -> audit.AuditRow:
    """Return the newest entry of somebody who was taken out."""
    with console.app.database.connect() as connection:
        return audit.list_entries(connection, group=BT, kind=Kind.MEMBER_DEPARTED, limit=1)[0]


def person(console: ConsoleHandle) -> str:
    """Return the reference of that person."""
    answer = console.known(OWNER).post("/people", {"address": gone(console).subject})
    return answer.headers["Location"].removeprefix("/people/")


def upload(console: ConsoleHandle) -> str:
    """Hand in a roster of which a row is wrong, and return its number."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(("email", "status", "consent", "consent_at", "consent_basis"))
    for row in ("somebody.new@bt.example.org", "somebody else entirely"):
        writer.writerow((row, "active", "yes", "2026-01-05", "joining form"))
    browser = console.known(OWNER)
    answer = browser.session.post(
        f"{console.url}/roster/{BT}",
        files={"file": ("members.csv", stream.getvalue().encode(), "text/csv")},
        data={"source": "0"},
        headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Origin": console.url},
        allow_redirects=False,
        timeout=60,
    )
    return answer.headers["Location"].rsplit("/", 1)[1]


def run(console: ConsoleHandle) -> str:
    """Return the number of a run."""
    with console.app.database.connect() as connection:
        return runs.recent(connection, None, limit=1)[0].id


def incident(console: ConsoleHandle) -> str:
    """Return the number of the incident."""
    with console.app.database.connect() as connection:
        return incidents.listed(connection, BT)[0].id


def plan(console: ConsoleHandle) -> str:
    """Return the number of the plan that waits."""
    assert console.plan is not None
    return console.plan.id


def case(console: ConsoleHandle) -> str:
    """Call something out, and return the case's number."""
    desk = console.app.case_desk(Role.OFFICER).as_reporter()
    report = Report("forced-distribution", "networks")
    return open_case(desk, report, WORDS, identity=Identity("Dilys Quarrie", "07700 900123")).case


def quarter(console: ConsoleHandle) -> str:
    """Have a report of the quarter made for the committee, and return which quarter that is."""
    case(console)
    now = console.app.now()
    this = f"{now.year}-Q{(now.month + 2) // 3}"
    answer = console.known("omar").post("/reports", {"quarter": this, "version": "committee"})
    assert answer.headers["Location"] == f"/reports/{this}/committee"
    return this


def is_of_cases(route: str) -> bool:
    """Whether a route is about members' cases, which not every console takes."""
    return route.startswith(("GET /call-it-out", "GET /escalations", "GET /reports"))


PARTS: Mapping[str, Callable[[ConsoleHandle], str]] = {
    "digest": lambda _: "0",
    "name": lambda _: "console.css",
    "secret": lambda console: accounts.invite(console.app.office, "omar").secret,
    "group": lambda _: BT,
    "plan_id": plan,
    "run_id": run,
    "upload_id": upload,
    "seq": lambda console: str(gone(console).seq),
    "person": person,
    "incident_id": incident,
    "form": lambda _: "txt",
    "ref": case,
    "quarter": quarter,
    "version": lambda _: "committee",
    "file_id": lambda _: "none",
    "policy_id": lambda _: "union-consent",
}
"""What stands in an address for each parameter of a route. A route with one that is not in here fails its test."""


def address(console: ConsoleHandle, route: str) -> str:
    """Return where a route's page is, for a route like "GET /plans/{plan_id}"."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: PARTS[found[1]](console), route.partition(" ")[2])

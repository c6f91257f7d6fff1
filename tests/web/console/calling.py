"""A console on which members call things out, with two officers who have keys; and the pages' forms as a browser sends them."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.sandbox_server import running_sandbox
from tests.web.console.running import PEOPLE, Browser, ConsoleHandle, console_on, invite, write_people
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.jobs.case_desk import CaseDesk

OFFICERS = ("omar", "odile")
AREAS = "areas: [{id: networks, title: Networks}, {id: consumer, title: Consumer}]"
WORDS = "The ratings of the whole team were moved on Tuesday, to fit the curve. I saw the zebra spreadsheet."
REPORT = {
    "tone": "bad",
    "category": "forced-distribution",
    "area": "networks",
    "treatment": "not_named",
    "words": WORDS,
}
_RECEIPT = re.compile(r"\b(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}\b")


@dataclass(slots=True)
class Calling:
    """The console, and the officers' keys, which the console never has."""

    console: ConsoleHandle
    keys: dict[str, X25519PrivateKey] = field(default_factory=dict)
    _nobody: Browser | None = None

    @property
    def nobody(self) -> Browser:
        """A browser of nobody's; it has no cookie, so it might be another one each time."""
        if self._nobody is None:
            self._nobody = self.console.browser()
        return self._nobody

    def slip(self, path: str = "/call-it-out", *, browser: Browser | None = None, wait: int = 10) -> str:
        """Open the form at a path as somebody new, let a person's time go by, and return the slip that it carries."""
        page = (browser or self.nobody).get(path)
        assert page.status_code == 200, page.text
        self.console.clock.advance(timedelta(seconds=wait))
        return slip_in(page)

    def send(self, files: list[tuple[str, bytes]] | None = None, **given: str) -> requests.Response:
        """Send a report, as a browser sends the form."""
        return self.posted("/call-it-out", REPORT | {"form": self.slip()} | given, files)

    def posted(
        self,
        path: str,
        data: dict[str, str],
        files: list[tuple[str, bytes]] | None = None,
        browser: Browser | None = None,
    ) -> requests.Response:
        """Send a form of several parts; where no file was chosen a browser sends one without a name."""
        browser = browser or self.nobody
        parts = [("files", one) for one in files or [("", b"")]]
        own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Origin": browser.url}
        return browser.session.post(
            browser.url + path, data=data, files=parts, headers=own, allow_redirects=False, timeout=60
        )

    def receipt(self, **given: str) -> str:
        """Report something, and return the receipt."""
        answer = self.send(None, **given)
        assert answer.status_code == 200, answer.text
        return receipt_in(answer.text)

    def look(self, receipt: str) -> requests.Response:
        """Come back with a receipt."""
        return self.nobody.post("/call-it-out/receipt", {"receipt": receipt})

    def desk(self, name: str = "omar") -> CaseDesk:
        """Return the desk with an officer at it, as the command line opens it."""
        desk = self.console.app.case_desk(Role.OFFICER)
        return replace(desk, office=replace(desk.office, actor=name))


def slip_in(page: requests.Response) -> str:
    """Return the slip of the form in a page."""
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def receipt_in(text: str) -> str:
    """Return the receipt that a page shows."""
    found = _RECEIPT.search(text)
    assert found, text
    return found[0]


@contextmanager
def calling_on(home: Path) -> Iterator[Calling]:
    """Serve a console with the public page switched on."""
    keys = {name: X25519PrivateKey.generate() for name in OFFICERS}
    with (
        running_sandbox(people="bt=20,openreach=5") as sandbox,
        console_on(home, sandbox, datetime.now(UTC), CALL_IT_OUT="true") as console,
    ):
        write_people(console.folder, {**PEOPLE, "odile": ("officer", "['*']")})
        shown = [
            f'  - {{name: {name}, public_key: "{base64.b64encode(key.public_key().public_bytes_raw()).decode()}"}}'
            for name, key in keys.items()
        ]
        text = "\n".join(["kind: Escalations", AREAS, "officers:", *shown, ""])
        (home / "config" / "escalations.yaml").write_text(text, encoding="utf-8")
        for name in (*PEOPLE, "odile"):
            invite(console.app, name)
        yield Calling(console, keys)

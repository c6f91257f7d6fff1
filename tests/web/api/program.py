"""Programs with tokens, which ask over HTTP as any program does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import requests

from tests.web.console.running import ConsoleHandle
from workplace_sync.jobs import api_tokens
from workplace_sync.web.console.permissions import Permission

EVERY = tuple(sorted(scope.value for scope in Permission if scope is not Permission.PUBLIC))


@dataclass(slots=True)
class Program:
    """A program; `secret` is its token, '' for none."""

    url: str
    secret: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def get(
        self, path: str, params: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        return self.send("GET", path, params=params, headers=headers or {})

    def post(self, path: str, body: object = None) -> requests.Response:
        return self.send("POST", path, json=body if body is not None else {})

    def read(self, path: str, **params: object) -> Any:  # noqa: ANN401 - what JSON is
        answer = self.get(path, params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 - what requests takes
        headers = dict(more.pop("headers", {}))
        if self.secret:
            headers["Authorization"] = f"Bearer {self.secret}"
        address = path if path.startswith("/api") else f"/api/v1{path}"
        return self.session.request(
            method, self.url + address, headers=headers, timeout=60, allow_redirects=False, **more
        )


Ask = Callable[..., Program]


@contextmanager
def asking_as(handle: ConsoleHandle) -> Iterator[Ask]:
    """Lend what makes programs; one a name and scopes, made once."""
    known: dict[tuple[str, Sequence[str]], Program] = {}

    def ask(name: str = "", *scopes: str) -> Program:
        chosen = scopes or EVERY
        if (name, chosen) not in known:
            secret = (
                api_tokens.issue(handle.app.office, name, "a test", chosen, timedelta(days=300)).secret if name else ""
            )
            session = requests.Session()
            session.trust_env = False
            known[name, chosen] = Program(handle.url, secret, session)
        return known[name, chosen]

    yield ask
    for one in known.values():
        one.session.close()

"""The plainest client: it sends what it is told to and hides nothing."""

import json
from types import TracebackType
from typing import Any, Self

import requests

from tests.sandbox_server import SandboxHandle

TIMEOUT = 10


class Graph:
    """Calls the Graph paths with one tenant's token. Every method returns the answer as it came."""

    def __init__(self, sandbox: SandboxHandle, tenant: str = "bt") -> None:
        self.sandbox = sandbox
        self.tenant = sandbox.tenant(tenant)
        self.group = self.tenant.prospect_group
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {self.tenant.token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:  # noqa: ANN401 - requests' own options
        address = path if path.startswith("http") else f"{self.sandbox.url}/{path}"
        return self.session.request(method, address, timeout=options.pop("timeout", TIMEOUT), **options)

    def get(self, path: str, **params: object) -> dict[str, Any]:
        answer = self.call("GET", path, params={name: str(value) for name, value in params.items()})
        assert answer.status_code == requests.codes.ok, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def error(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - requests' own options
        answer = self.call(method, path, **options)
        assert not answer.ok, answer.text
        error: dict[str, Any] = answer.json()["error"]
        return {**error, "status": answer.status_code}

    def add(self, email: str, group: str | None = None) -> requests.Response:
        return self.call("POST", f"{group or self.group}/members", params={"email": email})

    def remove(self, email: str, group: str | None = None) -> requests.Response:
        return self.call("DELETE", f"{group or self.group}/members", params={"email": email})

    def batch(self, operations: list[dict[str, Any]], **more: str) -> requests.Response:
        return self.call("POST", "", data={"batch": json.dumps(operations), **more})

    def walk(self, path: str, **params: object) -> list[list[dict[str, Any]]]:
        """Follow `next` to the end and return the pages' rows."""
        page = self.get(path, **params)
        pages = [page["data"]]
        while "next" in page.get("paging", {}):
            page = self.get(page["paging"]["next"])
            pages.append(page["data"])
        return pages


def add_operation(group: str, email: str, **more: object) -> dict[str, Any]:
    """Return the batch operation that adds a person."""
    return {"method": "POST", "relative_url": f"{group}/members", "body": f"email={email}", **more}

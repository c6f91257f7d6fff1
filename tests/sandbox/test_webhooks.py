"""Webhooks of the sandbox, taken in by a plain server of this test's own."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.graph_client import Graph, add_operation
from tests.sandbox_server import SandboxHandle

VERIFY_TOKEN = "sesame"


@dataclass
class Address:
    """A callback address. `statuses` are given out first, one a delivery; then 200."""

    url: str = ""
    questions: list[dict[str, list[str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    challenge: str = "{}"  # how the challenge is answered

    @property
    def values(self) -> list[dict[str, Any]]:
        """The value of the first change of each delivery."""
        return [json.loads(body)["entry"][0]["changes"][0]["value"] for body in self.bodies]


@pytest.fixture
def address() -> Iterator[Address]:
    known = Address()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            known.questions.append(query)
            self._say(200, known.challenge.format(query["hub.challenge"][0]).encode())

        def do_POST(self) -> None:
            known.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            known.headers.append(dict(self.headers))
            self._say(known.statuses.pop(0) if known.statuses else 200, b"")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?of=bt"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield known
        server.shutdown()
        thread.join()


def subscribe(sandbox: SandboxHandle, address: Address, **more: object) -> None:
    document = {"tenant": "bt", "callback_url": address.url.partition("?")[0], "verify_token": VERIFY_TOKEN, **more}
    assert sandbox.control("POST", "webhooks", document) == {"success": True}


def sent(sandbox: SandboxHandle) -> list[dict[str, Any]]:
    assert sandbox.control("POST", "webhooks/settle", {"seconds": 10}) == {"waiting": 0}
    found: list[dict[str, Any]] = sandbox.control("GET", "webhooks")["deliveries"]
    return found


def remove_one(sandbox: SandboxHandle, place: int = 5) -> dict[str, Any]:
    group = sandbox.tenant().prospect_group
    member: dict[str, Any] = sandbox.members(group)[place]
    sandbox.control("POST", "employer/remove", {"group": group, "ids": [member["id"]]})
    return member


def test_the_question_comes_first_and_names_the_token(sandbox: SandboxHandle, address: Address) -> None:
    subscribe(sandbox, address)
    (question,) = address.questions
    assert question["hub.mode"] == ["subscribe"]
    assert question["hub.verify_token"] == [VERIFY_TOKEN]
    assert question["hub.challenge"][0].isdigit()


@pytest.mark.parametrize("challenge", ["", '"{}"', "{}\n"])
def test_an_address_that_does_not_say_the_challenge_bare_gets_nothing(
    sandbox: SandboxHandle, address: Address, challenge: str
) -> None:
    address.challenge = challenge
    document = {"tenant": "bt", "callback_url": address.url.partition("?")[0], "verify_token": VERIFY_TOKEN}
    answer = requests.post(f"{sandbox.url}/_control/webhooks", json=document, timeout=60)
    assert answer.status_code == 422
    remove_one(sandbox)
    assert sent(sandbox) == []


@pytest.mark.parametrize(
    "document",
    [
        {"tenant": "nobody", "callback_url": "http://127.0.0.1:1/"},
        {"tenant": "bt", "callback_url": "http://127.0.0.1:1/"},
        {"tenant": "bt", "callback_url": "ftp://x"},
        {"tenant": "bt", "callback_url": "http://127.0.0.1:1/", "fields": ["posts"]},
        {"tenant": "bt", "callback_url": "http://127.0.0.1:1/", "retry_after": [-1]},
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(sandbox: SandboxHandle, document: dict[str, object]) -> None:
    answer = requests.post(f"{sandbox.url}/_control/webhooks", json={"verify_token": "x", **document}, timeout=60)
    assert answer.status_code in {404, 422}
    assert sandbox.control("GET", "webhooks")["subscriptions"] == {}


def test_every_change_of_a_membership_is_told_with_its_actor(graph: Graph, address: Address) -> None:
    sandbox, tenant = graph.sandbox, graph.tenant
    subscribe(sandbox, address)
    gone = remove_one(sandbox)
    leaver = sandbox.members(graph.group)[6]
    sandbox.control("POST", "member/leave", {"group": graph.group, "email": leaver["email"]})
    newcomer = sandbox.addable()[-1]
    graph.batch([add_operation(graph.group, newcomer["email"])])
    graph.add(newcomer["email"])  # is in already: no change
    sent(sandbox)
    by_member = {value["member"]["id"]: value for value in address.values}
    assert by_member.keys() == {gone["id"], leaver["id"], newcomer["id"]}
    assert {key: value["verb"] for key, value in by_member.items()} == {
        gone["id"]: "remove",
        leaver["id"]: "remove",
        newcomer["id"]: "add",
    }
    assert by_member[leaver["id"]]["actor"]["id"] == leaver["id"]
    assert by_member[newcomer["id"]]["actor"]["id"] == tenant.app_id
    assert by_member[gone["id"]]["actor"]["id"] not in {gone["id"], tenant.app_id}
    envelope = json.loads(address.bodies[0])
    assert (envelope["object"], envelope["entry"][0]["id"]) == ("group", graph.group)
    assert isinstance(envelope["entry"][0]["time"], int)


@pytest.mark.parametrize(("said", "kind"), [("object", dict), ("id", str), ("absent", type(None))])
def test_an_actor_comes_in_the_shape_that_is_set(
    sandbox: SandboxHandle, address: Address, said: str, kind: type[object]
) -> None:
    subscribe(sandbox, address)
    sandbox.switch(webhook_actor=said, webhook_removal_verb="delete")
    remove_one(sandbox)
    sent(sandbox)
    (value,) = address.values
    assert type(value.get("actor")) is kind
    assert ("actor" in value) == (said != "absent")
    assert value["verb"] == "delete"


def test_accounts_that_are_switched_off_are_told_to_their_own_company(sandbox: SandboxHandle, address: Address) -> None:
    subscribe(sandbox, address)
    person, elsewhere = sandbox.addable()[0], sandbox.people("openreach")[0]
    for _ in range(2):  # the second time changes nothing
        sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "ids": [person["id"]]})
    sandbox.control("POST", "employer/deactivate", {"tenant": "openreach", "ids": [elsewhere["id"]]})
    sent(sandbox)
    (value,) = address.values
    assert (value["event"], value["target_id"]) == ("ADMIN_DEACTIVATE_ACCOUNT", person["id"])
    assert value["actor_id"] != person["id"]
    assert json.loads(address.bodies[0])["object"] == "workplace_security"


def test_only_the_fields_that_were_asked_for_are_sent(sandbox: SandboxHandle, address: Address) -> None:
    subscribe(sandbox, address, fields=["admin_activity"])
    remove_one(sandbox)
    assert sent(sandbox) == []
    sandbox.control("DELETE", "webhooks")
    sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "ids": [sandbox.addable()[0]["id"]]})
    assert sent(sandbox) == []


@pytest.mark.parametrize("which", ["both", "sha1", "sha256"])
def test_deliveries_are_signed_over_the_raw_body(sandbox: SandboxHandle, address: Address, which: str) -> None:
    subscribe(sandbox, address)
    sandbox.switch(webhook_signatures=which)
    remove_one(sandbox)
    sent(sandbox)
    body, headers, secret = address.bodies[0], address.headers[0], sandbox.tenant().app_secret.encode()
    sha1 = "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest()
    sha256 = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    assert headers.get("X-Hub-Signature") == (sha1 if which != "sha256" else None)
    assert headers.get("X-Hub-Signature-256") == (sha256 if which != "sha1" else None)


def test_what_is_not_taken_is_sent_again_and_then_given_up(sandbox: SandboxHandle, address: Address) -> None:
    subscribe(sandbox, address, retry_after=[0, 0.02])
    address.statuses = [500, 503]
    remove_one(sandbox)
    assert [one["attempts"] for one in sent(sandbox)] == [[500, 503, 200]]
    assert len(set(address.bodies)) == 1
    address.statuses = [403] * 3
    remove_one(sandbox)
    assert [(one["attempts"], one["done"]) for one in sent(sandbox)[1:]] == [([403] * 3, True)]


@pytest.mark.parametrize(("kind", "number"), [("webhook_lost", 0), ("webhook_duplicate", 2), (None, 1)])
def test_deliveries_are_lost_or_doubled_on_demand(
    sandbox: SandboxHandle, address: Address, kind: str | None, number: int
) -> None:
    subscribe(sandbox, address)
    if kind:
        sandbox.fault(kind, calls=1)
    remove_one(sandbox)
    sent(sandbox)
    assert len(address.bodies) == number
    remove_one(sandbox)
    sent(sandbox)
    assert len(address.bodies) == number + 1


def test_a_wrong_signature_and_an_old_time_come_on_demand(sandbox: SandboxHandle, address: Address) -> None:
    subscribe(sandbox, address)
    sandbox.fault("webhook_bad_signature", calls=1)
    remove_one(sandbox)
    remove_one(sandbox)
    sandbox.fault("webhook_late", seconds=86_400, tenant="bt")
    remove_one(sandbox)
    sent(sandbox)
    secret = sandbox.tenant().app_secret.encode()
    good = [
        headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        for body, headers in zip(address.bodies, address.headers, strict=True)
    ]
    assert sorted(good) == [False, True, True]
    times = sorted(json.loads(body)["entry"][0]["time"] for body in address.bodies)
    assert times[1] - times[0] >= 86_000


def test_any_body_is_sent_as_it_stands(sandbox: SandboxHandle, address: Address) -> None:
    refused = requests.post(f"{sandbox.url}/_control/webhooks/send", json={"tenant": "bt", "body": "x"}, timeout=60)
    assert refused.status_code == 422
    subscribe(sandbox, address)
    sandbox.control("POST", "webhooks/send", {"tenant": "bt", "body": "[not json"})
    sent(sandbox)
    assert address.bodies == [b"[not json"]


def test_a_bulk_removal_is_told_member_by_member(sandbox: SandboxHandle, address: Address) -> None:
    subscribe(sandbox, address)
    group = sandbox.tenant().prospect_group
    ids = [member["id"] for member in sandbox.members(group)]
    sandbox.control("POST", "employer/remove", {"group": group, "ids": ids})
    assert len(sent(sandbox)) == len(ids)
    assert {value["member"]["id"] for value in address.values} == set(ids)


def test_a_reset_forgets_the_address(sandbox: SandboxHandle, address: Address) -> None:
    subscribe(sandbox, address)
    sandbox.reset()
    remove_one(sandbox)
    assert sandbox.control("GET", "webhooks") == {"subscriptions": {}, "deliveries": []}
    assert address.bodies == []

"""The receiver, spoken to over a socket by a sender and by the sandbox."""

import json
import socket
import time
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deliveries import content_of
from tests.sandbox_server import SandboxHandle
from tests.web.receiver import VERIFY_TOKEN, ReceiverHandle, make_home, receiver_here, receiver_process, signatures
from workplace_sync.app import Application
from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode
from workplace_sync.evidence.entry import Kind
from workplace_sync.settings import load_settings
from workplace_sync.store import audit, webhooks
from workplace_sync.store.audit import AuditRow
from workplace_sync.store.webhooks import Delivery, Hint, Status

Caught = pytest.CaptureFixture[str]
QUESTION = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}


def kept(home: Path) -> list[Delivery]:
    """Return what a receiver kept, newest first."""
    with Application(load_settings(home)) as app, app.database.connect() as connection:
        return webhooks.newest(connection, limit=100_000)


def hints(home: Path, group: str = "prospect-bt") -> list[Hint]:
    """Return what was said of a group's members."""
    with Application(load_settings(home)) as app, app.database.connect() as connection:
        return webhooks.hints_for(connection, group, app.now().replace(year=2020))


def entries(home: Path) -> list[AuditRow]:
    """Return the entries about webhooks."""
    with Application(load_settings(home)) as app, app.database.connect() as connection:
        return audit.list_entries(connection, kind=Kind.WEBHOOK_RECEIVED, limit=100_000)


def subscribe(sandbox: SandboxHandle, receiver: ReceiverHandle, tenant: str = "bt") -> None:
    """Let the sandbox send a tenant's webhooks to the receiver."""
    document = {"tenant": tenant, "callback_url": receiver.url, "verify_token": VERIFY_TOKEN, "retry_after": [0, 0.05]}
    assert sandbox.control("POST", "webhooks", document) == {"success": True}


def sent(sandbox: SandboxHandle) -> list[dict[str, Any]]:
    """Return everything that the sandbox sent, once it was answered or given up."""
    assert sandbox.control("POST", "webhooks/settle", {"seconds": 20}) == {"waiting": 0}
    found: list[dict[str, Any]] = sandbox.control("GET", "webhooks")["deliveries"]
    return found


# the question


def test_the_platforms_question_is_answered_with_the_bare_challenge(receiver: ReceiverHandle) -> None:
    answer = receiver.session.get(receiver.url, params=QUESTION, timeout=60)
    assert (answer.status_code, answer.text) == (HTTPStatus.OK, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "query",
    [
        {**QUESTION, "hub.verify_token": "sesame"},
        {**QUESTION, "hub.verify_token": ""},
        {**QUESTION, "hub.verify_token": VERIFY_TOKEN + "é"},
        {**QUESTION, "hub.verify_token": [VERIFY_TOKEN, VERIFY_TOKEN]},
        {**QUESTION, "hub.mode": "unsubscribe"},
        {**QUESTION, "hub.challenge": ""},
        {**QUESTION, "hub.challenge": "x" * 2_000},
        {},
    ],
    ids=["wrong", "empty", "odd", "twice", "mode", "no challenge", "long challenge", "nothing"],
)
def test_any_other_question_is_refused(receiver: ReceiverHandle, query: dict[str, Any]) -> None:
    assert receiver.session.get(receiver.url, params=query, timeout=60).status_code == HTTPStatus.FORBIDDEN
    assert VERIFY_TOKEN not in receiver.log()


def test_there_is_nothing_else_at_this_server(receiver: ReceiverHandle) -> None:
    root = receiver.url.removesuffix("/webhooks/workplace")
    for path in ("/", "/docs", "/openapi.json", "/webhooks", "/webhooks/workplace/x"):
        assert receiver.session.get(root + path, timeout=60).status_code == HTTPStatus.NOT_FOUND
    assert receiver.session.put(receiver.url, timeout=60).status_code == HTTPStatus.METHOD_NOT_ALLOWED


# the sandbox sends, the receiver takes in


def test_what_the_employer_does_arrives_as_hints_with_the_actor(
    sandbox: SandboxHandle, receiver: ReceiverHandle
) -> None:
    subscribe(sandbox, receiver)
    group = sandbox.tenant().prospect_group
    gone = [member["id"] for member in sandbox.members(group)[5:9]]
    sandbox.control("POST", "employer/remove", {"group": group, "ids": gone})
    assert [one["attempts"] for one in sent(sandbox)] == [[200]] * 4
    receiver.read_all()
    found = hints(receiver.home)
    assert sorted(hint.member_platform_id for hint in found) == sorted(gone)
    assert {(hint.direction, hint.timing, bool(hint.actor_platform_id)) for hint in found} == {("out", "fresh", True)}
    assert {hint.actor_platform_id for hint in found}.isdisjoint(gone)
    assert {entry.outcome for entry in entries(receiver.home)} == {"used"}


def test_without_an_actor_a_hint_names_none(sandbox: SandboxHandle, receiver: ReceiverHandle) -> None:
    subscribe(sandbox, receiver)
    sandbox.switch(webhook_actor="absent", webhook_removal_verb="expelled")
    group = sandbox.tenant().prospect_group
    sandbox.control("POST", "employer/remove", {"group": group, "ids": [sandbox.members(group)[5]["id"]]})
    sent(sandbox)
    receiver.read_all()
    assert [(hint.verb, hint.direction, hint.actor_platform_id) for hint in hints(receiver.home)] == [
        ("expelled", "unknown", "")
    ]


def test_a_webhook_makes_the_group_wanted_until_it_was_read(
    sandbox: SandboxHandle, receiver: ReceiverHandle, capsys: Caught
) -> None:
    subscribe(sandbox, receiver)
    group = sandbox.tenant().prospect_group
    home = ["--home", str(receiver.home), "-o", "json"]
    sandbox.control("POST", "employer/remove", {"group": group, "ids": [sandbox.members(group)[5]["id"]]})
    sent(sandbox)
    receiver.read_all()
    assert main([*home, "webhooks", "wanted"]) == 0
    assert [one["group"] for one in json.loads(capsys.readouterr().out)["groups"]] == ["prospect-bt"]
    assert main([*home, "observe", "prospect-bt"]) == 0
    capsys.readouterr()
    assert main([*home, "webhooks", "wanted"]) == 0
    assert json.loads(capsys.readouterr().out)["groups"] == []


def test_an_account_that_the_employer_switched_off_is_a_hint_about_its_owner(
    sandbox: SandboxHandle, receiver: ReceiverHandle, capsys: Caught
) -> None:
    main(["--home", str(receiver.home), "observe", "prospect-bt"])
    capsys.readouterr()
    subscribe(sandbox, receiver)
    inside = sandbox.members(sandbox.tenant().prospect_group)[7]
    outside = sandbox.addable()[0]
    accounts = {"tenant": "bt", "ids": [inside["id"], outside["id"]]}
    sandbox.control("POST", "employer/deactivate", accounts)
    assert len(sent(sandbox)) == 2
    receiver.read_all()
    (hint,) = hints(receiver.home)
    assert (hint.about, hint.direction, hint.member_platform_id) == ("account", "deactivated", inside["id"])
    assert hint.actor_platform_id
    assert Counter(one.status for one in kept(receiver.home)) == {Status.USED: 1, Status.NOT_OURS: 1}


def test_duplicates_are_answered_and_dropped(sandbox: SandboxHandle, receiver: ReceiverHandle) -> None:
    subscribe(sandbox, receiver)
    sandbox.fault("webhook_duplicate", times=3)
    group = sandbox.tenant().prospect_group
    sandbox.control("POST", "employer/remove", {"group": group, "ids": [sandbox.members(group)[5]["id"]]})
    assert [one["attempts"] for one in sent(sandbox)] == [[200]] * 3
    receiver.read_all()
    assert [one.times for one in kept(receiver.home)] == [3]
    assert len(hints(receiver.home)) == len(entries(receiver.home)) == 1


def test_deliveries_with_a_wrong_signature_are_refused_and_only_counted(
    sandbox: SandboxHandle, receiver: ReceiverHandle, capsys: Caught
) -> None:
    subscribe(sandbox, receiver)
    sandbox.fault("webhook_bad_signature")
    group = sandbox.tenant().prospect_group
    sandbox.control("POST", "employer/remove", {"group": group, "ids": [sandbox.members(group)[5]["id"]]})
    assert [one["attempts"] for one in sent(sandbox)] == [[403, 403, 403]]
    receiver.read_all()
    assert kept(receiver.home) == []
    assert main(["--home", str(receiver.home), "webhooks", "list", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["refused_in_7_days"] == {"signature": 3}


def test_one_tenants_app_cannot_speak_about_another_tenants_group(
    sandbox: SandboxHandle, receiver: ReceiverHandle
) -> None:
    value = {"verb": "remove", "member": {"id": "1"}}
    change = {"field": "membership", "value": value}
    entry = {"id": sandbox.tenant("bt").prospect_group, "time": int(time.time()), "changes": [change]}
    assert receiver.deliver(json.dumps({"object": "group", "entry": [entry]}).encode(), "openreach") == HTTPStatus.OK
    receiver.read_all()
    assert [one.status for one in kept(receiver.home)] == [Status.NOT_OURS]
    assert hints(receiver.home) == []


def test_a_replayed_delivery_of_long_ago_is_flagged(sandbox: SandboxHandle, receiver: ReceiverHandle) -> None:
    subscribe(sandbox, receiver)
    sandbox.fault("webhook_late", seconds=200_000)
    group = sandbox.tenant().prospect_group
    sandbox.control("POST", "employer/remove", {"group": group, "ids": [sandbox.members(group)[5]["id"]]})
    sent(sandbox)
    receiver.read_all()
    assert [(one.timing, one.status) for one in kept(receiver.home)] == [("old", Status.USED)]


# single deliveries


@pytest.mark.parametrize("body", [b"", b"not json", b"\x00\xff", b"[[[[", b'{"object":"group","entry":{}}', b"null"])
def test_a_good_signature_is_enough_for_a_body_of_any_shape_to_be_kept(receiver: ReceiverHandle, body: bytes) -> None:
    assert receiver.deliver(body) == HTTPStatus.OK
    receiver.read_all()
    (delivery,) = kept(receiver.home)
    assert delivery.status is Status.KEPT
    with Application(load_settings(receiver.home)) as app:
        assert content_of(app.office, delivery) == body


def test_a_storm_of_shapes_changes_nothing_in_the_receiver(receiver: ReceiverHandle) -> None:
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["object", "entry", "changes", "field", "value", "id", "time"]), inner)
        ),
        max_leaves=25,
    )

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=100))
    def storm(body: bytes) -> None:
        assert receiver.deliver(body) == HTTPStatus.OK

    storm()
    receiver.read_all()
    assert {one.status for one in kept(receiver.home)} <= {Status.KEPT, Status.NOT_OURS}
    assert "cannot be read" not in receiver.log()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, HTTPStatus.FORBIDDEN),
        ({"X-Hub-Signature-256": "sha256=" + "0" * 64}, HTTPStatus.FORBIDDEN),
        ({"X-Hub-Signature-256": ""}, HTTPStatus.FORBIDDEN),
        ({"X-Hub-Signature-256": "sha256=\xe9"}, HTTPStatus.FORBIDDEN),
    ],
)
def test_without_a_good_signature_nothing_is_kept(
    receiver: ReceiverHandle, headers: dict[str, str], status: HTTPStatus
) -> None:
    assert receiver.post(b"{}", headers) == status
    receiver.read_all()
    assert kept(receiver.home) == []


def test_where_both_signatures_are_there_one_good_one_is_not_enough(
    sandbox: SandboxHandle, receiver: ReceiverHandle
) -> None:
    secret = sandbox.tenant().app_secret
    mixed = signatures(b"{}", secret, "sha256") | signatures(b"{ }", secret, "sha1")
    assert receiver.post(b"{}", mixed) == HTTPStatus.FORBIDDEN
    assert receiver.deliver(b"{}", which="sha256") == HTTPStatus.OK


def test_sha1_alone_suffices_only_where_it_is_said_so(sandbox: SandboxHandle, tmp_path: Path) -> None:
    answers = {}
    for said in ("no", "yes"):
        home = make_home(tmp_path / said, sandbox, WEBHOOK_SHA1_SUFFICES=said)
        with receiver_here(home, sandbox) as receiver:
            answers[said] = receiver.deliver(b"{}", which="sha1")
    assert answers == {"no": HTTPStatus.FORBIDDEN, "yes": HTTPStatus.OK}


def test_a_body_beyond_the_limit_is_refused_told_or_streamed(sandbox: SandboxHandle, tmp_path: Path) -> None:
    home = make_home(tmp_path / "union", sandbox, WEBHOOK_BODY_LIMIT="1000")
    with receiver_here(home, sandbox) as receiver:
        assert receiver.deliver(b"x" * 1_000) == HTTPStatus.OK
        large = b"x" * 1_001
        assert receiver.deliver(large) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        headers = signatures(large, sandbox.tenant().app_secret)
        pieces = (large[at : at + 100] for at in range(0, len(large), 100))
        answer = receiver.session.post(receiver.url, data=pieces, headers=headers, timeout=60)
        assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        receiver.read_all()
    assert [one.size for one in kept(home)] == [1_000]


def test_a_sender_that_breaks_off_is_survived(sandbox: SandboxHandle, receiver: ReceiverHandle) -> None:
    parts = urlsplit(receiver.url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: 500\r\n\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as line:
        line.sendall(head.encode() + b"half")
    assert receiver.deliver(b"{}") == HTTPStatus.OK
    receiver.read_all()
    assert "Traceback" not in receiver.log()
    assert len(kept(receiver.home)) == 1
    assert sandbox.process.poll() is None


def test_a_second_header_of_the_same_name_is_refused(sandbox: SandboxHandle, receiver: ReceiverHandle) -> None:
    parts = urlsplit(receiver.url)
    good = signatures(b"{}", sandbox.tenant().app_secret, "sha256")["X-Hub-Signature-256"]
    twice = f"X-Hub-Signature-256: {good}\r\nX-Hub-Signature-256: sha256=00\r\n"
    head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{twice}Content-Length: 2\r\n\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as line:
        line.sendall(head.encode() + b"{}")
        assert line.recv(100).startswith(b"HTTP/1.1 403 ")


# the process


@pytest.mark.slow
def test_the_sandbox_and_the_receiver_are_processes_and_a_kill_loses_nothing_that_was_answered(
    sandbox: SandboxHandle, tmp_path: Path
) -> None:
    home = make_home(tmp_path / "union", sandbox)
    group = sandbox.tenant().prospect_group
    gone = [member["id"] for member in sandbox.members(group)[2:38]]
    with receiver_process(home, sandbox) as (receiver, process):
        subscribe(sandbox, receiver)
        sandbox.control("POST", "employer/remove", {"group": group, "ids": gone})
        assert {tuple(one["attempts"]) for one in sent(sandbox)} == {(200,)}
        process.kill()
        process.wait()
    assert len(kept(home)) == len(gone)
    with receiver_process(home, sandbox) as (again, _):
        again.read_all()
        assert again.log() == ""
    assert {one.status for one in kept(home)} == {Status.USED}
    assert sorted(hint.member_platform_id for hint in hints(home)) == sorted(gone)
    assert len(entries(home)) == len(gone)
    assert main(["--home", str(home), "evidence", "verify"]) == 0


def test_while_another_run_writes_the_platform_is_asked_to_come_again(
    sandbox: SandboxHandle, receiver: ReceiverHandle
) -> None:
    with Application(load_settings(receiver.home)) as app, app.database.write():
        assert receiver.deliver(b"{}") == HTTPStatus.SERVICE_UNAVAILABLE
    assert receiver.deliver(b"{}") == HTTPStatus.OK
    assert sandbox.process.poll() is None


def test_no_log_line_holds_a_name_an_address_or_a_secret(sandbox: SandboxHandle, receiver: ReceiverHandle) -> None:
    subscribe(sandbox, receiver)
    group = sandbox.tenant().prospect_group
    members = sandbox.members(group)[5:8]
    sandbox.control("POST", "employer/remove", {"group": group, "ids": [one["id"] for one in members]})
    sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "ids": [one["id"] for one in members]})
    sandbox.control("POST", "webhooks/send", {"tenant": "bt", "body": members[0]["email"]})
    sandbox.fault("webhook_bad_signature")
    sandbox.control("POST", "webhooks/send", {"tenant": "bt", "body": members[1]["email"]})
    sent(sandbox)
    receiver.read_all()
    log = receiver.log()
    people = {str(person["name"]) for person in sandbox.people("bt")} | {one["email"] for one in members}
    secrets = {VERIFY_TOKEN, sandbox.tenant().app_secret, sandbox.tenant().token}
    assert "Deliveries were refused" in log
    assert [word for word in people | secrets | {one["id"] for one in members} if word in log] == []


def test_a_list_of_a_status_that_is_none_is_refused(receiver: ReceiverHandle, capsys: Caught) -> None:
    assert main(["--home", str(receiver.home), "webhooks", "list", "--status", "lost"]) == ExitCode.USAGE
    assert "not_ours" in capsys.readouterr().err

"""What becomes of a verified delivery: hints, evidence, the wish to read a group again, and what is forgotten."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.deliveries import content_of
from tests.world import START, World
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs import webhooks
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.jobs.webhooks import WatchedGroup, keep, process_waiting, received, wishes
from workplace_sync.platforms.workplace.webhooks import Proof, Reading, Verified, read_delivery
from workplace_sync.store import audit
from workplace_sync.store import webhooks as store
from workplace_sync.store.audit import AuditRow
from workplace_sync.store.webhooks import Delivery, Status

SECRET = "SECRET_BT"


def body(group: str, *members: str, verb: str = "remove", at: datetime = START, **value: object) -> bytes:
    """Return a membership delivery."""
    changes = [
        {"field": "membership", "value": {"verb": verb, "member": {"id": one, "name": "Bob Test"}, **value}}
        for one in members
    ]
    return json.dumps(
        {"object": "group", "entry": [{"id": group, "time": int(at.timestamp()), "changes": changes}]}
    ).encode()


def deactivated(member: str) -> bytes:
    """Return a security delivery."""
    value = {"event": "ADMIN_DEACTIVATE_ACCOUNT", "target_id": member, "actor_id": "1009"}
    entry = {"id": "5001", "time": int(START.timestamp()), "changes": [{"field": "admin_activity", "value": value}]}
    return json.dumps({"object": "workplace_security", "entry": [entry]}).encode()


def watched(world: World, secret: str = SECRET) -> list[WatchedGroup]:
    """Return the world's group as it is watched."""
    return [WatchedGroup(world.group.name, world.group.platform_id, secret)]


def take(world: World, *bodies: bytes, by: str = SECRET) -> list[Delivery]:
    """Keep and read bodies, and return what became of all there are, newest first."""
    verified = Verified(Proof.BOTH, (by,))
    keep(world.office.database, [received(one, verified, world.clock()) for one in bodies])
    while process_waiting(world.office, watched(world)):
        pass
    with world.office.database.connect() as connection:
        return store.newest(connection)


def hints(world: World, since: datetime = START - timedelta(days=1)) -> list[store.Hint]:
    """Return what was said of the group's members."""
    with world.office.database.connect() as connection:
        return store.hints_for(connection, world.group.name, since)


def entries(world: World) -> list[AuditRow]:
    """Return the entries about webhooks, oldest first."""
    with world.office.database.connect() as connection:
        return audit.list_entries(connection, kind=Kind.WEBHOOK_RECEIVED)[::-1]


def member(world: World, place: int = 5) -> dict[str, str]:
    """Return a member of the group."""
    found: dict[str, str] = world.sandbox.members(world.group.platform_id)[place]
    return found


def test_a_delivery_becomes_a_hint_an_entry_and_a_wish(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    world.observe()
    gone = member(world)
    raw = body(world.group.platform_id, gone["id"], actor={"id": "1009", "name": "Eve Admin"})
    (delivery,) = take(world, raw)
    (hint,) = hints(world)
    assert (hint.member_platform_id, hint.direction, hint.verb, hint.about) == (
        gone["id"],
        "out",
        "remove",
        "membership",
    )
    assert (hint.actor_platform_id, hint.happened_at, hint.timing) == ("1009", START, "fresh")
    assert hint.digest == delivery.digest == hashlib.sha256(raw).hexdigest()
    assert (delivery.status, delivery.body, delivery.topic) == (Status.USED, None, "group")
    (entry,) = entries(world)
    assert (entry.group, entry.subject, entry.outcome) == (world.group.name, gone["email"].casefold(), "used")
    assert (entry.data["digest"], entry.data["proof"], entry.data["topic"]) == (hint.digest, "sha1+sha256", "group")
    assert hashlib.sha256(str(entry.data["body"]).encode()).hexdigest() == entry.data["digest"]
    assert [wish.group for wish in wishes(world.office)] == [world.group.name]


def test_a_complete_reading_fulfils_the_wish_and_a_later_webhook_makes_it_anew(world: World) -> None:
    take(world, body(world.group.platform_id, "1"))
    world.observe()
    assert wishes(world.office) == []
    take(world, body(world.group.platform_id, "2"), body(world.group.platform_id, "3"))
    (wish,) = wishes(world.office)
    assert wish.deliveries == 2
    assert wish.since < wish.latest


def test_a_reading_that_is_not_complete_leaves_the_wish(world: World) -> None:
    take(world, body(world.group.platform_id, "1"))
    world.sandbox.fault("token_revoked")
    assert not world.observe().snapshot.complete
    assert wishes(world.office)


def test_what_was_said_while_the_group_was_being_read_still_wants_a_reading(world: World) -> None:
    began = world.clock()
    take(world, body(world.group.platform_id, "1"))
    with world.office.database.write() as connection:
        store.fulfil(connection, world.group.name, began)
    assert wishes(world.office)


def test_a_delivery_that_comes_again_is_dropped_and_counted(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    raw = body(world.group.platform_id, "1")
    take(world, raw, raw)
    (delivery,) = take(world, raw)
    assert delivery.times == 3
    assert len(hints(world)) == len(entries(world)) == 1
    assert [wish.deliveries for wish in wishes(world.office)] == [1]


def test_an_old_delivery_is_flagged_and_no_more_than_a_hint_of_its_time(world: World) -> None:
    then = START - timedelta(days=3)
    (delivery,) = take(world, body(world.group.platform_id, "1", at=then))
    assert delivery.timing == "old"
    assert hints(world) == []
    assert [hint.timing for hint in hints(world, since=then)] == ["old"]
    assert "older than" in sentence_of(entries(world)[0])


@pytest.mark.parametrize(
    "raw", [b"not json", b"\xff\xfe", b"{}", b"[" * 100_000, b'{"object":"group","entry":[7]}', b'"\\ud800"']
)
def test_a_shape_that_is_not_known_is_kept_for_later_byte_for_byte(world: World, raw: bytes) -> None:
    (delivery,) = take(world, raw)
    assert (delivery.status, delivery.body) == (Status.KEPT, None)
    assert content_of(world.office, delivery) == raw
    assert sentence_of(entries(world)[0])
    assert wishes(world.office) == []


def test_an_unknown_shape_about_our_group_makes_it_wanted(world: World) -> None:
    take(world, json.dumps({"object": "group", "entry": [{"id": world.group.platform_id, "surprise": 1}]}).encode())
    assert [wish.group for wish in wishes(world.office)] == [world.group.name]


@pytest.mark.parametrize(
    "raw",
    [
        body("999", "1"),
        deactivated("1"),
        b'{"object":"page","entry":[{"id":"1","messaging":[{"message":{"text":"private"}}]}]}',
        b'{"object":"group","entry":[{"id":"1","changes":[{"field":"posts","value":{"message":"private"}}]}]}',
    ],
)
def test_what_is_about_others_is_forgotten(world: World, raw: bytes) -> None:
    (delivery,) = take(world, raw)
    assert (delivery.status, delivery.body) == (Status.NOT_OURS, None)
    assert hints(world) == []
    assert entries(world) == []
    assert wishes(world.office) == []


def test_whoever_signs_with_another_apps_secret_says_nothing_about_our_group(world: World) -> None:
    (delivery,) = take(world, body(world.group.platform_id, "1"), by="SECRET_OF_ANOTHER")
    assert delivery.status is Status.NOT_OURS
    assert hints(world) == []
    assert wishes(world.office) == []


def test_an_account_that_was_closed_is_a_hint_where_its_owner_was_seen(world: World) -> None:
    world.observe()
    gone = member(world)
    take(world, deactivated(gone["id"]))
    (hint,) = hints(world)
    assert (hint.about, hint.direction, hint.verb) == ("account", "deactivated", "ADMIN_DEACTIVATE_ACCOUNT")
    assert (hint.member_platform_id, hint.actor_platform_id) == (gone["id"], "1009")
    assert wishes(world.office)


def test_one_delivery_about_many_members_names_no_single_subject(world: World) -> None:
    world.observe()
    ids = [member(world, place)["id"] for place in range(3, 9)]
    take(world, body(world.group.platform_id, *ids))
    assert [hint.member_platform_id for hint in hints(world)] == ids
    assert [entry.subject for entry in entries(world)] == [""]


def test_many_deliveries_are_read_in_turns_oldest_first(world: World) -> None:
    turns: list[int] = []

    @contextmanager
    def turn() -> Iterator[None]:
        turns.append(1)
        yield

    verified = Verified(Proof.SHA256, (SECRET,))
    bodies = [body(world.group.platform_id, str(number)) for number in range(1, 26)]
    keep(world.office.database, [received(one, verified, world.clock()) for one in bodies])
    read = [process_waiting(world.office, watched(world), limit=10, turn=turn) for _ in range(4)]
    assert (read, len(turns)) == ([10, 10, 5, 0], 3)
    assert sorted(int(hint.member_platform_id) for hint in hints(world)) == list(range(1, 26))
    order = [str(entry.data["digest"]) for entry in entries(world)]
    assert order == [hashlib.sha256(one).hexdigest() for one in bodies]


def test_a_delivery_that_cannot_be_read_is_set_aside_and_the_others_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbling(raw: bytes) -> Reading:
        if b"poison" in raw:
            raise ZeroDivisionError("poison")
        return read_delivery(raw)

    monkeypatch.setattr("workplace_sync.jobs.webhooks.read_delivery", stumbling)
    found = take(world, body(world.group.platform_id, "1"), b'"poison"', body(world.group.platform_id, "2"))
    assert sorted(one.status.value for one in found) == ["failed", "used", "used"]
    (failed,) = [one for one in found if one.status is Status.FAILED]
    assert failed.body == b'"poison"'


def test_nothing_is_lost_while_the_evidence_log_cannot_be_written(world: World, tmp_path: Path) -> None:
    world.observe()
    raw = body(world.group.platform_id, "1")
    keep(world.office.database, [received(raw, Verified(Proof.BOTH, (SECRET,)), world.clock())])
    checkpoint = tmp_path / "checkpoint.txt"
    checkpoint.rename(tmp_path / "away.txt")
    with pytest.raises(EvidenceError):
        process_waiting(world.office, watched(world))
    assert hints(world) == []
    (tmp_path / "away.txt").rename(checkpoint)
    assert process_waiting(world.office, watched(world)) == 1
    assert len(hints(world)) == len(entries(world)) == 1


def test_refusals_add_up_by_day_and_reason(world_on_each_engine: World) -> None:
    database = world_on_each_engine.office.database
    webhooks.count_refused(database, START, {"signature": 2, "too_large": 1})
    webhooks.count_refused(database, START, {"signature": 3})
    webhooks.count_refused(database, START - timedelta(days=9), {"signature": 100})
    with database.connect() as connection:
        assert store.refused(connection, "2026-11-21") == {"signature": 5, "too_large": 1}
        assert store.refused(connection, "2020-01-01")["signature"] == 105


def test_reading_webhooks_keeps_the_log_verifiable(world: World) -> None:
    take(world, *(body(world.group.platform_id, str(number)) for number in range(30)), b"\xff")
    report = world.office.log.audit()
    assert (report.ok, report.openings) == (True, report.size)

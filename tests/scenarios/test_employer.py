"""The platform's owner may do as they please, also while we work: it is recorded, and the next plan makes good what may be."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.scenarios.folder import GROUP, Ended, Folder
from tests.scenarios.killing import rows

PEOPLE = 150  # three batches, sent one after the other
PARTIAL, BLIND = 3, 6

pytestmark = pytest.mark.slow


@pytest.fixture
def slow(union: Folder) -> Folder:
    """A folder with 150 people to add to a platform that can be asked to take its time over a batch."""
    union.configure(THREADS="1", PATIENCE_SECONDS="0.5", READ_TIMEOUT="20")
    union.write_group("params: {guard-additions: {max_growth_percent: 400}}")
    union.write_roster([*union.former, *wanted(union)])
    return union


def wanted(union: Folder) -> list[str]:
    return [str(person["email"]) for person in union.sandbox.addable()][:PEOPLE]


@contextmanager
def hand(union: Folder, act: Callable[[], object]) -> Iterator[None]:
    """Let the employer act once the first batch has taken effect, while the second is on its way."""
    acted = threading.Event()

    def watch() -> None:
        give_up = time.monotonic() + 30
        while union.added().total() < 50 and time.monotonic() < give_up:
            time.sleep(0.005)
        act()
        acted.set()

    union.sandbox.fault("latency", ms=2_000, on="write", skip=1, calls=1)
    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()
    assert acted.is_set()
    union.sandbox.control("DELETE", "faults")


def control(union: Folder, path: str, **document: object) -> Callable[[], object]:
    return lambda: union.sandbox.control("POST", path, document)


def applied_under(union: Folder, act: Callable[[], object]) -> Ended:
    digest = union.plan()
    with hand(union, act):
        return union.run("apply", digest, "--by", "ada", "-o", "json")


def assert_made_good(union: Folder, *but: str) -> None:
    """Plan and apply once more, and fail unless everybody wanted is in, and was put in once."""
    assert union.run("apply", union.plan(), "--by", "ada", "-o", "json").code == 0
    everybody = {address.casefold() for address in [*wanted_of(union), *union.former]}
    assert union.really_in() == everybody - {address.casefold() for address in but}
    assert set(union.added().values()) == {1}
    assert union.run("evidence", "verify", "-q").code == 0


def wanted_of(union: Folder) -> list[str]:
    return [str(row[0]) for row in rows(union.database, "SELECT key FROM desired")]


def test_a_group_archived_half_way_fails_nobody(slow: Folder) -> None:
    ended = applied_under(slow, control(slow, "employer/archive", group=slow.group_id))
    assert ended.code == BLIND, ended
    assert "archived" in ended.json["blind"]
    assert (ended.json["refused"], ended.json["left"]) == (0, 100)
    assert slow.run("plan", GROUP).code == BLIND
    assert slow.run("observe", GROUP).code == BLIND
    slow.sandbox.control("POST", "employer/archive", {"group": slow.group_id, "archived": False})
    assert_made_good(slow)


def test_a_group_deleted_half_way_is_blindness_and_nobody_is_said_to_have_left(slow: Folder) -> None:
    ended = applied_under(slow, control(slow, "employer/delete-group", group=slow.group_id))
    assert ended.code == BLIND, ended
    assert ended.json["refused"] == 0
    for command in (("plan", GROUP), ("observe", GROUP)):
        blind = slow.run(*command)
        assert blind.code == BLIND
        assert "does not exist" in blind.err
    assert rows(slow.database, "SELECT * FROM departure") == []
    assert slow.run("evidence", "verify", "-q").code == 0


def test_accounts_deactivated_half_way_are_named_and_the_others_are_added(slow: Folder) -> None:
    closed = wanted(slow)[-30:]
    ended = applied_under(slow, control(slow, "employer/deactivate", tenant="bt", emails=closed))
    assert ended.code == PARTIAL, ended
    named = {failure["address"] for failure in ended.json["failures"]}
    assert named
    assert named <= {address.casefold() for address in closed}
    slow.sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "emails": closed, "active": True})
    assert_made_good(slow)


def test_people_taken_out_half_way_are_told_and_on_record(slow: Folder) -> None:
    taken: list[str] = []

    def take_out() -> None:
        taken.extend(list(slow.added())[:10])
        slow.sandbox.control("POST", "employer/remove", {"group": slow.group_id, "emails": taken})

    ended = applied_under(slow, take_out)
    assert ended.code == PARTIAL, ended
    assert set(ended.json["unseen"]) == set(taken)
    assert ended.json["seen"] == PEOPLE - len(taken)
    assert slow.run("evidence", "verify", "-q").code == 0


def test_a_token_revoked_half_way_stops_and_the_same_plan_goes_on_with_a_new_one(slow: Folder) -> None:
    digest = slow.plan()
    with hand(slow, lambda: slow.sandbox.fault("token_revoked")):
        ended = slow.run("apply", digest, "--by", "ada", "-o", "json")
    assert ended.code == BLIND, ended
    assert "token" in ended.json["stopped"]
    assert slow.run("apply", digest, "--by", "ada", "-o", "json").json["done"] == PEOPLE
    assert_made_good(slow)


def test_members_of_before_who_are_taken_out_are_departures_and_not_put_back_unasked(union: Folder) -> None:
    union.write_roster(union.former)
    assert union.run("observe", GROUP).code == 0
    gone = union.former[-7:]
    union.sandbox.control("POST", "employer/remove", {"group": union.group_id, "emails": gone})
    seen = union.run("observe", GROUP, "-o", "json")
    assert (seen.code, seen.json["departed_not_by_us"]) == (0, 7)
    planned = union.run("plan", GROUP, "--by", "ada", "-o", "json")
    assert (planned.json["counts"]["added"], planned.json["counts"]["held"]) == (0, 7)
    assert union.run("apply", planned.json["digest"], "--by", "ada").code == 4
    assert not union.added()


def test_a_member_whose_address_is_hidden_is_not_removed_as_a_stranger(union: Folder) -> None:
    union.write_group("removals: {not_eligible: true}")
    union.write_roster(union.former)
    nameless = next(p for p in union.sandbox.people() if p["active"] and "emailless" in p["email"])
    added = requests.post(
        f"{union.sandbox.url}/{union.group_id}/members",
        data={"member": nameless["id"]},
        headers={"Authorization": f"Bearer {union.token}"},
        timeout=60,
    )
    assert added.json() == {"success": True}
    planned = union.run("plan", GROUP, "-o", "json")
    assert (planned.code, planned.json["counts"]["changes"]) == (0, 0)
    union.write_roster(union.former[:-1])
    planned = union.run("plan", GROUP, "-o", "json")
    assert planned.json["counts"]["changes"] == 1  # the stranger with an address is seen for what they are

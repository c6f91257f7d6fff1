"""Reviewing from the command line: by whom, how many, what is told of a plan, and that a no stays a no."""

import sqlite3
from contextlib import closing

import pytest

from tests.scenarios.folder import GROUP, Ended, Folder

ERROR, HELD, USAGE = 1, 4, 64

PEOPLE = """\
people:
  - {name: ada, roles: [admin], groups: [prospect-bt]}
  - {name: grace, roles: [admin], groups: ["*"]}
  - {name: olga, roles: [owner]}
  - {name: rita, roles: [rep], groups: [prospect-bt]}
"""

DOOR = """\
kind: MembershipPolicy
metadata: {id: door, version: 1, title: Each is looked at, owner: the committee,
           source: {title: Minute 8}, effective_from: 2020-03-01T00:00:00Z}
match: {actions: [add]}
rules:
  - id: each
    title: Each is looked at
    conditions: [{name: inside, expression: subject.is_member}]
    effect: hold
    message: Each is looked at by a second person.
"""


def good(ended: Ended) -> Ended:
    assert ended.code == 0, ended
    return ended


def wanted(union: Folder, number: int) -> list[str]:
    """Put so many on the roster besides those in the group, and return their addresses."""
    found = [str(person["email"]) for person in union.sandbox.addable()][:number]
    union.write_roster([*union.former, *found])
    return found


def held_plan(union: Folder, number: int = 3) -> tuple[str, list[str]]:
    """Plan to add people, each of whom a rule holds; return the digest and their addresses."""
    (union.home / "policies" / "union" / "door.yaml").write_text(DOOR)
    found = wanted(union, number)
    digest = union.plan()
    assert union.run("plans", "show", digest, "-o", "json").json["counts"]["held"] == number
    return digest, found


def state(union: Folder) -> str:
    return str(union.run("plans", "-o", "json").json["rows"][0]["state"])


@pytest.mark.parametrize("command", ["plan", "approve", "reject", "apply"])
def test_only_an_admin_or_an_owner_decides_where_people_are_named(command: str, union: Folder) -> None:
    wanted(union, 90)
    digest = union.plan()
    (union.home / "config" / "people.yaml").write_text(PEOPLE)
    more = ("--reason", "no") if command == "reject" else ()
    what = GROUP if command == "plan" else digest
    for name in ("rita", "mallory"):
        refused = union.run(command, what, "--by", name, *more)
        assert (refused.code, "people.yaml" in refused.err) == (ERROR, True)
    assert not union.added()
    for name in ("grace", "olga")[: 1 if command == "reject" else 2]:
        assert union.run(command, what, "--by", name, *more).code in {0, HELD}


def test_a_fault_of_the_people_file_stops_before_anything_is_read(union: Folder) -> None:
    wanted(union, 2)
    (union.home / "config" / "people.yaml").write_text("people: [{name: ada, roles: [admn], groups: ['*']}]\n")
    ended = union.run("plan", GROUP, "--by", "ada")
    assert ended.code == ERROR
    assert "people.yaml:1:" in ended.err
    assert "did you mean 'admin'?" in ended.err


def test_two_approvals_are_counted_out_to_those_who_give_them(union: Folder) -> None:
    union.configure(SECOND_APPROVER_FROM="50")
    wanted(union, 90)
    digest = union.plan()
    first = good(union.run("approve", digest, "--by", "grace"))
    assert "1 of 2 approvals. Next: workplace-sync approve" in first.out
    assert union.run("apply", digest, "--by", "ada").code == HELD
    assert state(union) == "held, 1 of 2 approved"
    second = union.run("approve", digest, "--by", "joan", "-o", "json").json
    assert (second["approvals"], second["needed"]) == (2, 2)
    good(union.run("apply", digest, "--by", "ada"))
    told = good(union.run("audit", "list", "--kind", "operation.outcome", "--limit", "1")).out
    assert "approved by grace, joan" in told


def test_a_plan_is_shown_whole(union: Folder) -> None:
    digest, addresses = held_plan(union)
    good(union.run("approve", digest, "--by", "grace", "--reason", "minute 7"))
    told = good(union.run("plans", "show", digest[:10])).out
    for words in (
        f"Plan {digest[:12]} for {GROUP}: approved.",
        "asked for by ada on ",
        "held                      3",
        "approved by grace on ",
        ": minute 7",
        "Approvals: 1 of 1 that count, until ",
        "3 changes waiting",
        "Nothing has moved since: all 3 changes stand as planned.",
    ):
        assert words in told
    assert "@" not in told.replace("@1/", "").replace("@2/", "").replace("@3/", "")  # nobody is named unasked
    named = good(union.run("plans", "show", digest, "--people"))
    assert all(address in named.out for address in addresses)
    people = union.run("plans", "show", digest, "--people", "-o", "json").json["people"]
    assert {one["address"] for one in people} == set(addresses)


def test_what_moved_is_shown_with_examples_and_ends_the_approval_when_it_is_applied(union: Folder) -> None:
    addresses = wanted(union, 90)
    digest = union.plan()
    good(union.run("approve", digest, "--by", "grace"))
    good(union.run("consent", "withdraw", addresses[0]))
    few = good(union.run("plans", "show", digest)).out
    assert "No longer as planned: 1 of 90 changes:" in few
    assert f"    add {addresses[0]}: consent withdrawn or ended" in few
    for address in addresses[1:30]:
        good(union.run("consent", "withdraw", address))
    shown = good(union.run("plans", "show", digest, "-o", "json")).json
    assert (shown["approvals"]["voided"], shown["drift"]["moved"]) == (True, 30)
    refused = union.run("apply", digest, "--by", "ada")
    assert refused.code == ERROR
    assert "30 of 90 changes no longer stand as planned" in refused.err
    assert state(union) == "held"
    assert "Approvals of plan" in good(union.run("audit", "list", "--kind", "plan.approval_voided")).out
    assert not union.added()


def test_a_no_stays_a_no_until_somebody_takes_it_back(union: Folder) -> None:
    digest, _ = held_plan(union)
    told = good(union.run("reject", digest, "--by", "grace", "--reason", "who are they?")).out
    assert "stays rejected until" in told
    assert state(union) == "rejected"
    again = good(union.run("plan", GROUP, "--by", "ada")).out
    assert "rejected by grace on " in again
    assert ": who are they?" in again
    assert "approve" not in again
    assert state(union) == "nothing to do"
    lifted = good(union.run("reject", digest, "--take-back", "--by", "grace", "--reason", "they are from Leeds")).out
    assert lifted.startswith("3 changes rejected")
    assert union.run("plan", GROUP, "--by", "ada", "-o", "json").json["counts"]["held"] == 3
    assert union.run("reject", digest, "--take-back", "--by", "grace", "--reason", "x").code == ERROR


def test_one_change_is_rejected_and_the_rest_goes(union: Folder) -> None:
    digest, addresses = held_plan(union)
    stranger = union.run("reject", digest, "--by", "grace", "--reason", "no", "--change", "nobody@bt.example.org")
    assert (stranger.code, "Of 1 of these people" in stranger.err) == (USAGE, True)
    told = good(union.run("reject", digest, "--by", "grace", "--reason", "left", "--change", addresses[0])).out
    assert "grace rejected 1 change of plan" in told
    good(union.run("approve", digest, "--by", "grace"))
    good(union.run("apply", digest, "--by", "ada"))
    assert set(union.added()) == {address.casefold() for address in addresses[1:]}
    story = good(union.run("audit", "person", addresses[0])).out
    assert "rejected by grace" in story


def test_plans_alone_lists_them_and_so_does_a_group_s_name(union: Folder) -> None:
    wanted(union, 2)
    union.plan()
    rows = [union.run(*words, "-o", "json").json["rows"] for words in (("plans",), ("plans", "list"), ("plans", GROUP))]
    assert rows[0] == rows[1] == rows[2]
    assert len(rows[0]) == 1
    assert union.run("plans", "no-such-group", "-o", "json").json["rows"] == []


def test_a_mistyped_address_is_no_run_that_failed(union: Folder) -> None:
    digest, addresses = held_plan(union)
    said_no = ("--by", "grace", "--reason", "no", "--change")
    assert union.run("reject", digest, *said_no, "nobody@bt.example.org").code == USAGE
    with closing(sqlite3.connect(union.database)) as connection:
        assert connection.execute("SELECT count(*) FROM run WHERE verb = 'review'").fetchone() == (0,)
        good(union.run("reject", digest, *said_no, addresses[0]))
        assert connection.execute("SELECT exit_code FROM run WHERE verb = 'review'").fetchall() == [(0,)]

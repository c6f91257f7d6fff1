"""A person asks why, on a folder as a union has it: the answer is the plan's own, and it names nobody."""

import sqlite3
from contextlib import closing

from tests.scenarios.folder import GROUP, Folder

USAGE = 64


def test_a_plan_explains_itself_and_a_member_learns_that_nothing_is_to_be_done(union: Folder) -> None:
    wanted = str(union.sandbox.addable()[0]["email"])
    union.write_roster([*union.former, wanted], consent="")
    digest = union.plan()
    ended = union.run("policy", "explain", GROUP, wanted, "--plan", digest)
    assert ended.code == 0, ended
    assert f"plan {digest[:12]}" in ended.out
    assert "union-consent@1/consent: A consent to be added is on record [deny]" in ended.out
    assert "If a consent to be added were on record, this person could be added." in ended.out
    union.assert_discreet(ended)
    assert wanted.split("@", maxsplit=1)[0] not in ended.out
    told = union.run("policy", "explain", GROUP, union.former[0], "-o", "json")
    assert (told.code, told.json["explanation"]) == (0, None)
    assert "nothing is to be done" in told.json["about"][0]
    assert "nothing is to be done" in union.run("policy", "explain", GROUP, union.former[0]).out


def test_a_plan_for_another_group_is_not_explained_under_this_name(union: Folder) -> None:
    union.write_roster([*union.former, str(union.sandbox.addable()[0]["email"])])
    digest = union.plan()
    ended = union.run("policy", "explain", "prospect-openreach", "amina@bt.example.org", "--plan", digest)
    assert ended.code == USAGE
    assert f"That plan is for {GROUP}" in ended.err


def test_to_explain_writes_nothing(union: Folder) -> None:
    wanted = str(union.sandbox.addable()[0]["email"])
    union.write_roster([*union.former, wanted])
    union.plan()
    with closing(sqlite3.connect(union.database)) as connection:
        before = list(connection.iterdump())
        assert union.run("policy", "explain", GROUP, wanted, "--at", "2024-03-01").code == 0
        assert union.run("policy", "explain", GROUP, wanted).code == 0
        assert list(connection.iterdump()) == before

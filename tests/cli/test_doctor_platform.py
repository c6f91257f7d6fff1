"""The doctor and the platform: a token, permissions, a group or a clock that is not as it should be."""

from pathlib import Path

import pytest

from tests.cli.doctoring import BT, ONE_GROUP, PLATFORM, Caught, Union, add_openreach, free_port
from tests.platforms.scripted import GROUP, Received, Reply, Script, described, served
from workplace_sync.cli.main import main
from workplace_sync.doctor.platform import NEEDED
from workplace_sync.errors import ExitCode


def test_a_revoked_token_leaves_the_group_unseen(union: Union) -> None:
    union.sandbox.fault("token_revoked", tenant="bt")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["access"])
    assert {found.bt(each) for each in ("permissions", "group", "addresses")} == {"skipped"}
    assert found.message("group", "prospect-bt") == "because `access` is red"
    assert (found.bt("platform"), found.bt("clock")) == ("ok", "ok")


def test_a_permission_to_manage_that_was_taken_away_is_named_as_the_panel_names_it(union: Union) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="manage_group")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["permissions"])
    assert "manage_group" in found.message("permissions", "prospect-bt")
    assert "Manage groups" in found.advice("permissions", "prospect-bt")


def test_without_the_permission_to_read_groups_nothing_is_seen(union: Union) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="read_group")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["permissions", "group"])
    assert found.bt("addresses") == "skipped"


def test_without_the_permission_to_read_members_nobody_is_seen(union: Union) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="read_group_membership")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["group"])
    assert "read their members" in found.advice("group", "prospect-bt")


def test_addresses_that_are_not_shown_are_red(union: Union) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="read_user_email")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["permissions", "addresses"])
    assert "No address of 40 members" in found.message("addresses", "prospect-bt")


def test_people_without_an_address_are_counted_and_no_reason_for_alarm(union: Union) -> None:
    tenant = union.sandbox.tenant()
    union.edit(tenant.prospect_group, tenant.source_group)
    found = union.doctor()
    assert found.bt("addresses") == "ok"
    assert "without an address" in found.message("addresses", "prospect-bt")


def test_a_platform_that_does_not_list_permissions_is_no_fault(union: Union) -> None:
    union.sandbox.switch(me_permissions=False)
    found = union.doctor()
    assert (found.code, found.bt("permissions")) == (ExitCode.DONE, "skipped")


@pytest.mark.parametrize("which", ["community_id", "child_community"])
def test_a_community_is_no_group(which: str, union: Union) -> None:
    tenant = union.sandbox.tenant()
    union.edit(tenant.prospect_group, getattr(tenant, which))
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["group"])
    assert "community" in found.message("group", "prospect-bt")


def test_an_archived_group_is_red(union: Union) -> None:
    union.sandbox.control("POST", "employer/archive", {"group": union.sandbox.tenant().prospect_group})
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["group"])
    assert "archived" in found.message("group", "prospect-bt")


def test_a_group_that_is_gone_is_unseen(union: Union) -> None:
    union.sandbox.control("POST", "employer/delete-group", {"group": union.sandbox.tenant().prospect_group})
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["group"])


def test_a_platform_that_nobody_reaches_skips_what_rests_on_it(union: Union) -> None:
    union.edit(union.sandbox.url, f"http://127.0.0.1:{free_port()}")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["platform"])
    assert {found.bt(each) for each in PLATFORM[1:]} == {"skipped"}
    assert found.message("clock", "prospect-bt") == "because `platform` is red"


@pytest.mark.parametrize("fault", ["html", "broken_json", "rate_limit", "close_connection"])
def test_a_platform_out_of_order_is_red_and_a_single_hiccup_is_not(fault: str, union: Union) -> None:
    union.sandbox.fault(fault, tenant="bt")
    assert union.doctor().reds == []
    union.sandbox.fault(fault, tenant="bt", calls=None)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["platform"])


def test_a_platform_that_fails_half_way_is_red_where_it_fails(union: Union) -> None:
    union.sandbox.fault("error", tenant="bt", calls=None, skip=3, code=2)
    found = union.doctor()
    assert found.code == ExitCode.BLIND
    assert found.reds == ["addresses"]


def test_a_list_of_members_that_does_not_end_is_red(union: Union) -> None:
    union.sandbox.fault("short_pages_ok", tenant="bt", rows=0, empty_every=1, calls=None)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["addresses"])


def test_a_group_that_shows_nobody_is_a_warning_and_a_platform_without_a_clock_is_no_fault(union: Union) -> None:
    def answer(request: Received) -> Reply:
        return Reply({"data": []}) if request.path.endswith(("/members", "/permissions")) else described(request)

    script = Script()
    script.read = answer
    with served(script) as url:
        union.edit(union.sandbox.url, url)
        union.edit(union.sandbox.tenant().prospect_group, GROUP)
        found = union.doctor()
    assert (found.bt("addresses"), found.bt("clock"), found.bt("group")) == ("warning", "skipped", "ok")
    assert all(name in found.message("permissions", "prospect-bt") for name in NEEDED)
    assert {request.method for request in script.received} == {"GET"}


@pytest.mark.parametrize(
    ("seconds", "status", "code"),
    [(2, "ok", 0), (30, "warning", 0), (-30, "warning", 0), (600, "red", 1), (-600, "red", 1)],
)
def test_a_clock_that_is_off_is_told(seconds: int, status: str, code: int, union: Union) -> None:
    union.sandbox.fault("clock_skew", seconds=seconds)
    found = union.doctor()
    assert (found.code, found.bt("clock")) == (code, status)
    if status != "ok":
        assert ("behind" if seconds > 0 else "ahead") in found.message("clock", "prospect-bt")


def test_a_clock_that_spoils_the_proof_is_told_beside_the_refusal(union: Union) -> None:
    union.edit("# app_secret_env:", "app_secret_env:")
    assert union.doctor().bt("token") == "red"
    union.set("WORKPLACE_APP_SECRET_BT", union.sandbox.tenant().app_secret)
    assert union.doctor().reds == []
    union.sandbox.fault("clock_skew", seconds=600)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["access", "clock"])


def test_a_missing_token_is_named(union: Union) -> None:
    union.unset("WORKPLACE_TOKEN_BT")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["token"])
    assert "WORKPLACE_TOKEN_BT" in found.message("token", "prospect-bt")
    assert {found.bt(each) for each in PLATFORM} == {"skipped"}


def test_an_address_that_no_token_may_go_to_is_a_fault_of_the_file(union: Union) -> None:
    union.edit(union.sandbox.url, "http://graph.example.org")
    found = union.doctor()
    assert found.reds == ["file"]
    assert {found.bt(each) for each in ONE_GROUP[1:]} == {"skipped"}


def test_a_number_that_is_no_groups_is_told_before_anything_is_sent(union: Union) -> None:
    union.edit(union.sandbox.tenant().prospect_group, "7" * 40)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["platform"])
    assert {found.bt(each) for each in PLATFORM[1:]} == {"skipped"}


def test_each_group_is_looked_at_whatever_is_wrong_with_another(union: Union) -> None:
    add_openreach(union)
    union.edit("kind: Group", "kind: Grope")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["file"])
    assert f"{BT}:" in found.message("file", "prospect-bt")
    assert {found.status(each, "prospect-openreach") for each in PLATFORM} == {"ok"}


def test_only_the_groups_named_are_looked_at(union: Union) -> None:
    add_openreach(union)
    union.sandbox.fault("token_revoked", tenant="bt")
    found = union.doctor("prospect-openreach", "prospect-openreach")
    assert (found.code, {group for group, _ in found.findings}) == (ExitCode.DONE, {"", "prospect-openreach"})
    assert union.doctor().code == ExitCode.BLIND


def test_a_name_that_is_no_group_is_a_mistake_of_the_call(union: Union, capsys: Caught) -> None:
    assert main(["doctor", "prospect-bt", "prospect-pt"]) == ExitCode.USAGE
    assert union.sandbox.url not in capsys.readouterr().err


def test_one_thing_unseen_and_another_broken_is_an_error(union: Union) -> None:
    union.sandbox.fault("token_revoked", tenant="bt")
    Path("rosters/bt.csv").unlink()
    assert union.doctor().code == ExitCode.ERROR

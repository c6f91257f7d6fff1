"""The pages about who may log in, and about who read about whom."""

import re

from tests.web.console.running import PASSWORD, ConsoleHandle, invite, write_people
from workplace_sync.store import access_reads


def test_an_owner_invites_somebody_of_the_people_file(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "wanda")
    owner = fresh.browser("wanda")
    assert "without an account: rosa, ada" in owner.get("/accounts").text
    made = owner.post("/accounts/invite", {"name": "rosa"}).text
    link = re.search(rf"<code>({re.escape(fresh.url)}/setup/[\w-]{{43}})</code>", made)
    assert link is not None
    assert link[1] not in owner.get("/accounts").text
    rosa = fresh.browser()
    assert rosa.post(link[1], {"password": PASSWORD, "again": PASSWORD}).status_code == 303
    assert "rep for prospect-bt" in owner.get("/accounts").text


def test_an_owner_shuts_somebody_out_and_logs_somebody_out(fresh: ConsoleHandle) -> None:
    for name in ("wanda", "rosa", "ada"):
        invite(fresh.app, name)
    owner, rosa, ada = fresh.browser("wanda"), fresh.browser("rosa"), fresh.browser("ada")
    assert "cannot log in any more" in owner.follow(owner.post("/accounts/disable", {"name": "rosa"})).text
    assert rosa.get("/account").status_code == 303
    assert "was logged out" in owner.follow(owner.post("/accounts/sessions", {"name": "ada"})).text
    assert ada.get("/account").status_code == 303
    assert fresh.browser().log_in("ada").status_code == 303


def test_nobody_shuts_themselves_out(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "wanda")
    owner = fresh.browser("wanda")
    assert "cannot shut yourself out" in owner.follow(owner.post("/accounts/disable", {"name": "wanda"})).text
    assert owner.get("/accounts").status_code == 200


def test_an_owner_of_one_group_gives_nobody_an_account(fresh: ConsoleHandle) -> None:
    write_people(fresh.folder, {"wanda": ("owner", "[prospect-bt]")})
    invite(fresh.app, "wanda")
    owner = fresh.browser("wanda")
    assert owner.get("/accounts").status_code == 403
    assert owner.post("/accounts/invite", {"name": "zoe"}).status_code == 403
    assert owner.get("/reads").status_code == 403


def test_what_is_no_name_is_told(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "wanda")
    answer = fresh.browser("wanda").post("/accounts/invite", {"name": "rosa@union.example.org"})
    assert answer.status_code == 422
    assert "not a name for an account" in answer.text


def test_who_read_is_listed_and_about_whom_is_masked(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "audrey")
    with fresh.app.database.write() as connection:
        for number in range(120):
            keys = [f"person{number:03}@bt.example.org"]
            access_reads.add(connection, fresh.clock(), "rosa", "audit list", "prospect-bt", keys)
        access_reads.add(connection, fresh.clock(), "ada", "person", "prospect-bt", ["zed@bt.example.org"])
    browser = fresh.browser("audrey")
    first = browser.get("/reads").text
    assert "z…@bt.example.org" in first
    assert "zed@" not in first
    assert first.count("audit list") == 99
    older = re.search(r'href="(/reads\?before=\d+)"', first)
    assert older is not None
    assert browser.get(older[1]).text.count("audit list") == 21
    assert "audit list" not in browser.get("/reads?reader=ada").text

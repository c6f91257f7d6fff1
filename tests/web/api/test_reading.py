"""What programs read: the same as the pages show, masked and hidden alike."""

import base64
import json
from typing import Any

import pytest

from tests.web.api.program import Ask, Program
from tests.web.console.running import OTHER_GROUP, ConsoleHandle
from workplace_sync.evidence.proof import parse_consistency, parse_inclusion
from workplace_sync.groups import FileSource
from workplace_sync.store import access_reads

GROUP = "prospect-bt"


def _all(program: Program, path: str, **params: object) -> list[Any]:
    """Return all of a list, page by page."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = program.read(path, **params, cursor=cursor)
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = page["next"]


def test_groups_stand_as_the_books_say(program: Ask) -> None:
    (found,) = program("rosa").read("/groups")["items"]
    assert (found["name"], found["open_incidents"]) == (GROUP, 1)
    whole = program("rosa").read(f"/groups/{GROUP}")
    assert whole["members"] == found["members"] == whole["history"][-1]["members"]
    status = program("rosa").read("/status")
    assert (status["groups"], status["troubled"]) == (1, [GROUP])


def test_an_auditor_reads_of_every_group(program: Ask) -> None:
    assert [one["name"] for one in program("audrey").read("/groups")["items"]] == [GROUP, OTHER_GROUP]


def test_another_group_is_as_one_that_is_not_there(served: ConsoleHandle, program: Ask) -> None:
    assert served.plan is not None
    incident = program("rosa").read("/incidents")["items"][0]["id"]
    seq = program("rosa").read("/audit", group=GROUP)["items"][0]["seq"]
    hidden = [f"/groups/{GROUP}", f"/plans/{served.plan.id}", f"/plans/{served.plan.id}/changes"]
    hidden += [f"/incidents/{incident}", f"/incidents/{incident}/people", f"/audit/{seq}", f"/audit/{seq}/proof"]
    for path in hidden:
        theirs, nowhere = program("olga").get(path), program("olga").get("/groups/nowhere")
        assert (theirs.status_code, theirs.json()) == (404, nowhere.json()), path
        assert program("rosa").get(path).status_code == 200, path
    for path in ("/plans", "/audit", "/incidents", "/runs"):
        assert program("olga").read(path)["items"] == [], path
        assert program("olga").get(path, {"group": GROUP}).status_code == 404


def test_a_plan_tells_what_it_would_do_and_why(served: ConsoleHandle, program: Ask) -> None:
    assert served.plan is not None
    found = program("rosa").read(f"/plans/{served.plan.digest[:12]}")
    assert (found["id"], found["digest"]) == (served.plan.id, served.plan.digest)
    assert found["state"].startswith("held")
    assert found["waiting"] == found["counts"]["held"] + found["counts"]["added"]
    assert found["approvals"]["given"] == 0
    assert found["approvals"]["needed"] > 0


def test_a_plans_changes_come_page_by_page_each_once(served: ConsoleHandle, program: Ask) -> None:
    assert served.plan is not None
    changes = _all(program("ada"), f"/plans/{served.plan.id}/changes", limit=37)
    assert len({one["number"] for one in changes}) == len(changes) == served.plan.counts["changes"]
    held = _all(program("ada"), f"/plans/{served.plan.id}/changes", effect="hold", limit=200)
    assert {one["effect"] for one in held} <= {"hold"}


def test_a_rep_sees_addresses_masked_and_an_admin_whole(served: ConsoleHandle, program: Ask) -> None:
    assert served.plan is not None
    path = f"/plans/{served.plan.id}/changes"
    masked, whole = program("rosa").read(path)["items"], program("ada").read(path)["items"]
    assert all("…@" in one["person"]["shown"] for one in masked)
    assert all("…" not in one["person"]["shown"] for one in whole)
    assert [one["person"]["reference"] for one in masked] == [one["person"]["reference"] for one in whole]


def test_without_the_scope_for_addresses_a_token_of_an_admin_shows_none(served: ConsoleHandle, program: Ask) -> None:
    assert served.plan is not None
    found = program("ada", "plans:read").get(f"/plans/{served.plan.id}/changes")
    assert {one["person"]["reference"] for one in found.json()["items"]} == {""}
    assert all("…@" in one["person"]["shown"] for one in found.json()["items"])


def test_no_rep_reads_an_address_anywhere(served: ConsoleHandle, program: Ask) -> None:
    assert served.plan is not None
    reader, writer = program("rosa"), program("ada")
    address = writer.read(f"/plans/{served.plan.id}/changes")["items"][0]["person"]["shown"]
    domain = address.partition("@")[2]
    incident = reader.read("/incidents")["items"][0]["id"]
    found = reader.post("/people/search", {"address": address}).json()
    paths = ["/groups", "/plans", "/audit?limit=200", "/runs", f"/incidents/{incident}/people?limit=200", "/policies"]
    paths += [f"/people/{found['person']['reference']}", f"/people/{found['person']['reference']}/why?group={GROUP}"]
    for path in paths:
        text = json.dumps(reader.read(path), ensure_ascii=False)
        assert text.count(f"@{domain}") == text.count(f"…@{domain}"), path


def test_the_log_comes_page_by_page_each_entry_once(program: Ask) -> None:
    entries = _all(program("audrey"), "/audit", limit=200)
    assert [one["seq"] for one in entries] == list(range(len(entries) - 1, -1, -1))
    kinds = _all(program("audrey"), "/audit", kind="member.departed", limit=25)
    assert [one["seq"] for one in kinds] == [one["seq"] for one in entries if one["kind"] == "member.departed"]


def test_a_person_is_found_by_address_and_their_story_goes_on(program: Ask) -> None:
    entry = program("ada").read("/audit", kind="member.departed")["items"][0]
    found = program("ada").post("/people/search", {"address": entry["person"]["shown"]}).json()
    assert found["person"] == entry["person"]
    assert found["groups"][0]["departed_at"] is not None
    path = f"/people/{entry['person']['reference']}"
    told: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = program("ada").read(path, limit=2, cursor=cursor)["history"]
        told, cursor = told + page["items"], page["next"]
    assert told == found["history"]["items"]
    about = program("ada").post("/audit/search", {"address": entry["person"]["shown"], "kind": "member.departed"})
    assert [one["seq"] for one in about.json()["items"]] == [entry["seq"]]


def test_who_reads_about_a_person_is_written_down(served: ConsoleHandle, program: Ask) -> None:
    entry = program("ada").read("/audit", kind="member.departed")["items"][1]
    program("ada").post("/people/search", {"address": entry["person"]["shown"]})
    with served.app.database.connect() as connection:
        reads = access_reads.listed(connection, key=entry["person"]["shown"], limit=10)
    assert ("ada", "person") in {(one.reader, one.kind) for one in reads}


def test_why_somebody_was_not_added_is_explained(program: Ask) -> None:
    entry = program("ada").read("/audit", kind="member.departed")["items"][0]
    found = program("ada").read(f"/people/{entry['person']['reference']}/why", group=GROUP)
    assert found["sentences"]


def test_an_entry_comes_with_a_proof_that_verifies(served: ConsoleHandle, program: Ask) -> None:
    entry = program("ada").read("/audit", kind="member.departed")["items"][0]
    found = program("ada").read(f"/audit/{entry['seq']}/proof")
    proof = parse_inclusion(found["proof"])
    checkpoint = proof.verify(base64.b64decode(found["entry"]), served.app.log.keys)
    assert (proof.index, checkpoint.size) == (entry["seq"], served.app.log.size)
    assert base64.b64decode(found["opening"]) == served.app.log.opening(entry["seq"])
    masked = program("rosa").read(f"/audit/{entry['seq']}/proof")
    assert (masked["proof"], masked["opening"]) == (found["proof"], None)


def test_the_log_is_shown_to_begin_as_it_was(served: ConsoleHandle, program: Ask) -> None:
    old = served.app.log.checkpoint(None)
    size = program("rosa").read("/evidence")["size"]
    found = program("rosa").read("/evidence/consistency", old=size)
    assert parse_consistency(found["proof"]).verify(old, served.app.log.keys).size >= size
    assert program("rosa").get("/evidence/consistency", {"old": 2**31 - 1}).status_code == 404


def test_an_incident_tells_its_people_page_by_page(program: Ask) -> None:
    (short,) = program("rosa").read("/incidents", state="open")["items"]
    whole = program("rosa").read(f"/incidents/{short['id']}")
    people = _all(program("rosa"), f"/incidents/{short['id']}/people", limit=7)
    assert sum(whole["causes"].values()) == len({one["number"] for one in people}) == short["people"]


def test_policies_are_told_as_they_hold_and_as_they_held(program: Ask) -> None:
    now = program("rosa").read("/policies")
    assert now["policies"]
    assert {one["shelf"] for one in program("rosa").read("/policies", at="2015-01-01")["policies"]} <= {"built-in"}
    first = now["policies"][0]
    found = program("rosa").read(f"/policies/{first['id']}")
    assert (found["version"], found["hash"]) == (first["version"], first["hash"])
    assert program("rosa").get(f"/policies/{first['id']}", {"version": 999}).status_code == 404


def test_runs_are_told_with_how_they_ended(program: Ask) -> None:
    runs = _all(program("rosa"), "/runs", limit=2)
    assert runs
    assert program("rosa").read(f"/runs/{runs[0]['id']}") == runs[0]
    assert {one["word"] for one in runs} == {"done"}


@pytest.mark.parametrize(
    "path", ["/groups", "/plans", "/audit", "/incidents", "/policies", "/evidence", "/runs", "/status"]
)
def test_what_has_not_changed_is_not_sent_again(program: Ask, path: str) -> None:
    first = program("rosa").get(path)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    again = program("rosa").get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert program("rosa").get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_roster_file_is_tried_and_not_taken(served: ConsoleHandle, program: Ask) -> None:
    file = served.app.group(GROUP).sources[0]
    assert isinstance(file, FileSource)
    path = served.folder.home / file.path
    before = path.read_bytes()
    lines = before.decode().splitlines()
    tried = "\n".join([*lines[:-2], lines[-1].replace("@", " at ")]).encode()
    found = program("ada").send("POST", f"/roster/{GROUP}/preview", data=tried)
    assert found.status_code == 200, found.text
    told = found.json()
    assert (told["fault_count"], told["faults"][0]["line"], told["come"], told["go"]) == (1, len(lines) - 1, 0, 2)
    assert "@bt" not in found.text
    assert path.read_bytes() == before
    assert program("ada").send("POST", f"/roster/{GROUP}/preview?source=9", data=tried).status_code == 404
    assert program("ada").send("POST", f"/roster/{GROUP}/preview", data=b"PK\x03\x04\xff").json()["good"] == 0

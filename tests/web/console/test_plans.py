"""Plans in the console: read, found, made, approved, rejected and carried out."""

import re
from collections.abc import Iterator

import pytest

from tests.web.console.at_work import ended, everybody, newest, people, planned
from tests.web.console.running import OTHER_GROUP, Browser, ConsoleHandle
from workplace_sync.jobs.review import state_of
from workplace_sync.jobs.running import Verb
from workplace_sync.store import plans as store
from workplace_sync.store.plans import PlanRecord

GROUP = "prospect-bt"


@pytest.fixture
def held(fresh: ConsoleHandle) -> tuple[ConsoleHandle, Browser, PlanRecord]:
    """A console of a test's own with a plan of 150 additions, which a guard holds; ada has asked for it."""
    fresh.folder.write_roster(everybody(fresh)[:150])
    (ada,) = people(fresh, "ada")
    return fresh, ada, planned(fresh, ada)


def _state(console: ConsoleHandle, plan: PlanRecord) -> str:
    return state_of(console.app.database, plan, console.app.now(), console.app.stakes)


def test_the_list_shows_plans_newest_first_and_how_each_stands(console: ConsoleHandle) -> None:
    text = console.known("rosa").get("/plans").text
    digests = re.findall(r'class="mono" href="/plans/[0-9a-f]+">([0-9a-f]{12})<', text)
    assert console.plan is not None
    assert digests[0] == console.plan.digest[:12]
    assert len(digests) == 6
    for state in ("applied", "held"):
        assert state in text


def test_the_list_can_be_narrowed_to_a_group_and_to_what_has_not_expired(console: ConsoleHandle) -> None:
    auditor = console.known("audrey")
    assert auditor.get("/plans?group=prospect-bt&only=open").text.count('scope="row"') == 1
    assert "There is no plan like that." in auditor.get(f"/plans?group={OTHER_GROUP}").text


def test_plans_of_other_groups_are_not_there(console: ConsoleHandle) -> None:
    assert console.plan is not None
    olga = console.known("olga")
    assert "There is no plan like that." in olga.get("/plans").text
    assert olga.get("/plans?group=prospect-bt").status_code == 404
    for path in ("", "/drift"):
        assert olga.get(f"/plans/{console.plan.id}{path}").status_code == 404
    assert olga.post(f"/plans/{console.plan.id}/person", {"address": "a@bt.example.org"}).status_code == 404


def test_a_plan_that_is_not_there_looks_like_one_of_another_group(console: ConsoleHandle) -> None:
    assert console.plan is not None
    olga = console.known("olga")
    missing = "0" * len(console.plan.id)
    pages = [olga.get(f"/plans/{name}").text.replace(name, "") for name in (console.plan.id, missing)]
    assert pages[0] == pages[1]
    assert olga.post(f"/plans/{missing}/person", {"address": "a@bt.example.org"}).status_code == 404


def test_a_plan_tells_its_reasons_with_their_numbers_and_rules(console: ConsoleHandle) -> None:
    assert console.plan is not None
    answer = console.known("grace").get(f"/plans/{console.plan.id}")
    assert answer.status_code == 200, answer.text
    for sign in (
        "The plan is held as a whole.",
        "Wait for approval",
        "0 of 1 approvals",
        console.plan.digest,
        "What moved since",
    ):
        assert sign in answer.text, sign
    assert "asked for by ada" in answer.text.lower()


def test_the_people_of_a_plan_are_masked_for_a_rep_and_whole_for_an_admin(console: ConsoleHandle) -> None:
    assert console.plan is not None
    rep = console.known("rosa").get(f"/plans/{console.plan.id}").text
    admin = console.known("grace").get(f"/plans/{console.plan.id}").text
    with console.app.database.connect() as connection:
        first = next(store.changes(connection, console.plan.id))
    assert first.address in admin
    assert first.address not in rep
    assert "…@bt.example.org" in rep


def test_the_people_come_in_pages_and_every_one_of_them_once(console: ConsoleHandle) -> None:
    assert console.plan is not None
    browser, address, seen = console.known("grace"), f"/plans/{console.plan.id}", []
    for _ in range(20):
        text = browser.get(address).text
        seen += re.findall(r'<th scope="row"><a href="/people/[^"]+">([^<]+)</a>', text)
        onward = re.search(r'href="([^"#]+)#people" rel="next"', text)
        if onward is None:
            break
        address = onward[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == console.plan.counts["changes"]


def test_the_people_of_one_reason_or_decision_can_be_looked_at_alone(console: ConsoleHandle) -> None:
    assert console.plan is not None
    browser, address = console.known("grace"), f"/plans/{console.plan.id}"
    text = browser.get(address).text
    number = int(re.search(r'\?reason=0#people"[^>]*>([\d,]+)<', text)[1].replace(",", ""))  # type: ignore[index]
    alone = browser.get(f"{address}?reason=0").text
    assert "Only those of whom this is said" in alone
    assert len(re.findall(r'href="/people/', alone)) == min(number, 50)
    assert "Nobody of this plan is like that." in browser.get(f"{address}?effect=excepted").text
    assert browser.get(f"{address}?reason=9999").status_code == 200
    assert browser.get(f"{address}?after=99999").status_code == 200
    assert browser.get(f"{address}?after=x").status_code == 422


def test_a_person_is_found_in_a_plan_without_their_address_in_the_address_bar(console: ConsoleHandle) -> None:
    assert console.plan is not None
    with console.app.database.connect() as connection:
        last = list(store.changes(connection, console.plan.id))[-1]
    browser = console.known("grace")
    answer = browser.post(f"/plans/{console.plan.id}/person", {"address": f" {last.address.upper()} "})
    assert "@" not in answer.headers["Location"]
    text = browser.follow(answer).text
    assert last.address in text
    assert len(re.findall(r'href="/people/', text)) == 1
    nobody = browser.follow(browser.post(f"/plans/{console.plan.id}/person", {"address": "no.one@bt.example.org"}))
    assert "Nobody of this plan is like that." in nobody.text
    assert browser.get(f"/plans/{console.plan.id}?person=made-up").status_code == 404


def test_who_read_about_whom_in_a_plan_is_on_record(console: ConsoleHandle) -> None:
    assert console.plan is not None
    with console.app.database.connect() as connection:
        key = next(store.changes(connection, console.plan.id)).key
    audrey = console.known("audrey")
    audrey.get(f"/plans/{console.plan.id}")
    audrey.follow(audrey.post(f"/plans/{console.plan.id}/person", {"address": key}))
    with console.app.database.connect() as connection:
        read = connection.exec_driver_sql(
            "SELECT DISTINCT key FROM access_read WHERE reader = 'audrey' AND kind = 'plan'"
        )
        assert {row[0] for row in read} == {"", key}


def test_a_rep_sees_no_button_and_is_refused(console: ConsoleHandle) -> None:
    assert console.plan is not None
    rosa, address = console.known("rosa"), f"/plans/{console.plan.id}"
    text = rosa.get(address).text
    for what in ("approve", "reject", "reject-changes", "take-back", "apply"):
        assert f"{address}/{what}" not in text
        assert rosa.post(f"{address}/{what}", {"reason": "because"}).status_code == 403
    assert rosa.post("/plans", {"group": GROUP}).status_code == 403


def test_an_admin_of_another_group_decides_nothing_here(held: tuple[ConsoleHandle, Browser, PlanRecord]) -> None:
    console, _, plan = held
    file = console.folder.home / "config" / "people.yaml"
    file.write_text(
        file.read_text("utf-8").replace(
            "name: joan, roles: [admin], groups: ['*']", f"name: joan, roles: [admin], groups: [{OTHER_GROUP}]"
        ),
        "utf-8",
    )
    (joan,) = people(console, "joan")
    for what in ("approve", "reject", "reject-changes", "apply"):
        assert joan.post(f"/plans/{plan.id}/{what}", {"reason": "because"}).status_code == 404
    assert joan.post("/plans", {"group": GROUP}).status_code == 404
    assert _state(console, plan) == "held"


def test_the_one_who_asked_has_no_button_and_is_refused(held: tuple[ConsoleHandle, Browser, PlanRecord]) -> None:
    console, ada, plan = held
    text = ada.get(f"/plans/{plan.id}").text
    assert "somebody else has to approve it" in text
    assert f"/plans/{plan.id}/approve" not in text
    answer = ada.post(f"/plans/{plan.id}/approve", {"reason": "mine"})
    assert answer.status_code == 409
    assert "asked for this plan and cannot approve it" in answer.text
    assert _state(console, plan) == "held"


def test_what_is_held_cannot_be_carried_out(held: tuple[ConsoleHandle, Browser, PlanRecord]) -> None:
    console, ada, plan = held
    assert f"/plans/{plan.id}/apply" not in ada.get(f"/plans/{plan.id}").text
    assert ada.post(f"/plans/{plan.id}/apply").status_code == 409
    assert not console.folder.added()


def test_a_second_admin_approves_and_the_plan_is_carried_out_with_its_progress_shown(
    held: tuple[ConsoleHandle, Browser, PlanRecord],
) -> None:
    console, ada, plan = held
    (grace,) = people(console, "grace")
    assert f"/plans/{plan.id}/approve" in grace.get(f"/plans/{plan.id}").text
    approved = grace.follow(grace.post(f"/plans/{plan.id}/approve", {"reason": "as decided on Monday"}))
    assert "1 of 1 approvals are given" in approved.text
    assert "as decided on Monday" in approved.text
    assert f"/plans/{plan.id}/approve" not in approved.text
    assert grace.post(f"/plans/{plan.id}/approve", {"reason": "again"}).status_code == 409
    begun = ada.post(f"/plans/{plan.id}/apply")
    run = ended(console, begun.headers["Location"])
    assert run.exit_code == 0, run.summary
    assert (run.actor, run.verb) == ("ada", "apply")
    assert sum(console.folder.added().values()) == 150
    text = ada.get(f"/plans/{plan.id}").text
    assert "applied" in text
    assert f"/plans/{plan.id}/apply" not in text
    assert plan.digest[:12] in ada.get(begun.headers["Location"]).text


def test_a_group_that_is_held_by_another_run_is_said_to_be_busy(
    held: tuple[ConsoleHandle, Browser, PlanRecord],
) -> None:
    console, ada, _ = held
    with console.app.running(GROUP, Verb.OBSERVE):
        answer = ada.follow(ada.post("/plans", {"group": GROUP}))
        assert 'role="alert"' in answer.text
        assert "Observe is running" in answer.text


def test_planning_a_faulty_roster_says_so_on_the_page_of_the_run(
    held: tuple[ConsoleHandle, Browser, PlanRecord],
) -> None:
    console, ada, plan = held
    (console.folder.home / "rosters" / "bt.csv").write_text("email\nnot an address\n", "utf-8")
    at = ada.post("/plans", {"group": GROUP}).headers["Location"]
    assert ended(console, at).exit_code == 1
    page = ada.get(at)
    assert "rows of the roster are faulty" in page.text
    assert "not an address" not in page.text
    assert newest(console).id == plan.id


def test_planning_wants_a_group_that_is_the_visitors(held: tuple[ConsoleHandle, Browser, PlanRecord]) -> None:
    _, ada, _ = held
    assert ada.post("/plans").status_code == 404
    assert ada.post("/plans", {"group": OTHER_GROUP}).status_code == 404


def test_a_plan_is_rejected_with_a_reason_and_not_without(held: tuple[ConsoleHandle, Browser, PlanRecord]) -> None:
    console, ada, plan = held
    without = ada.follow(ada.post(f"/plans/{plan.id}/reject", {"reason": "  "}))
    assert "Say why" in without.text
    assert _state(console, plan) == "held"
    rejected = ada.follow(ada.post(f"/plans/{plan.id}/reject", {"reason": "last month's list"}))
    assert "cannot be carried out any more" in rejected.text
    assert "last month&#39;s list" in rejected.text
    assert _state(console, plan) == "rejected"
    (grace,) = people(console, "grace")
    assert grace.post(f"/plans/{plan.id}/approve").status_code == 409
    back = ada.follow(ada.post(f"/plans/{plan.id}/take-back", {"reason": "it was the right one"}))
    assert "150 changes may be asked again" in back.text


def test_single_changes_are_rejected_and_the_rest_stays(held: tuple[ConsoleHandle, Browser, PlanRecord]) -> None:
    console, ada, plan = held
    text = ada.get(f"/plans/{plan.id}").text
    some = re.findall(r'name="person" value="([^"]+)"', text)[:3]
    assert len(some) == 3
    nobody = ada.follow(ada.post(f"/plans/{plan.id}/reject-changes", {"reason": "left the union"}))
    assert "Nobody was ticked" in nobody.text
    done = ada.follow(ada.post(f"/plans/{plan.id}/reject-changes", {"person": some, "reason": "left the union"}))
    assert "3 changes rejected" in done.text
    assert done.text.count("left out") >= 3
    assert _state(console, plan) == "held"
    assert ada.post(f"/plans/{plan.id}/reject-changes", {"person": some, "reason": "again"}).status_code == 422
    assert ada.post(f"/plans/{plan.id}/reject-changes", {"person": ["made-up"], "reason": "x"}).status_code == 404


def test_what_moved_since_is_told_and_whom_it_is_about(held: tuple[ConsoleHandle, Browser, PlanRecord]) -> None:
    console, ada, plan = held
    assert "Nothing moved." in ada.get(f"/plans/{plan.id}/drift").text
    console.folder.write_roster(everybody(console)[2:150])
    planned(console, ada)
    assert "2 no longer on the roster" in ada.get(f"/plans/{plan.id}").text
    whom = ada.get(f"/plans/{plan.id}/drift").text
    assert "2 no longer on the roster" in whom
    assert everybody(console)[0] in whom


def _paths(plan: PlanRecord) -> Iterator[str]:
    yield from ("/plans", f"/plans/{plan.id}", f"/plans/{plan.id}/drift", "/groups/prospect-bt", "/runs", "/consent")
    yield "/roster/prospect-bt"


def test_the_pages_take_as_many_queries_for_many_as_for_few(held: tuple[ConsoleHandle, Browser, PlanRecord]) -> None:
    from sqlalchemy import event  # noqa: PLC0415

    console, ada, plan = held
    counted: dict[str, int] = {}
    asked = [0]

    def count(*_arguments: object) -> None:
        asked[0] += 1

    event.listen(console.app.database.engine, "before_cursor_execute", count)
    try:
        for path in _paths(plan):
            ada.get(path)
            asked[0] = 0
            assert ada.get(path).status_code == 200
            counted[path] = asked[0]
    finally:
        event.remove(console.app.database.engine, "before_cursor_execute", count)
    assert max(counted.values()) <= 40, counted

"""The page of a group."""

from tests.web.console.running import OTHER_GROUP, ConsoleHandle


def test_a_group_shows_how_it_stands_and_what_binds_it(console: ConsoleHandle) -> None:
    answer = console.known("rosa").get("/groups/prospect-bt")
    assert answer.status_code == 200, answer.text
    for sign in ("Prospect in BT", "<svg", "Wait for approval", "Last runs", "observe", "Incidents", "Not allowed"):
        assert sign in answer.text, sign
    for policy in ("consent", "guard-additions", "the program&#39;s own"):
        assert policy in answer.text, policy
    assert console.plan is not None
    assert f"/plans/{console.plan.digest}" in answer.text, "what waits is one click away"


def test_a_group_that_was_never_read_says_so(console: ConsoleHandle) -> None:
    text = console.known("olga").get(f"/groups/{OTHER_GROUP}").text
    assert "never read" in text
    assert "No plan was made yet." in text
    assert "It could always be read." in text


def test_a_group_of_others_looks_as_if_it_were_not_there(console: ConsoleHandle) -> None:
    other = console.known("rosa").get(f"/groups/{OTHER_GROUP}")
    nowhere = console.known("rosa").get("/groups/prospect-nowhere")
    assert other.status_code == nowhere.status_code == 404
    assert "not one of your groups" in other.text


def test_only_who_may_plan_is_offered_to(console: ConsoleHandle) -> None:
    assert "Make a plan now" in console.known("ada").get("/groups/prospect-bt").text
    for name in ("rosa", "audrey"):
        text = console.known(name).get("/groups/prospect-bt").text
        assert "Make a plan now" not in text
        assert "/roster/" not in text


def test_the_overview_leads_to_each_group(console: ConsoleHandle) -> None:
    assert '<a href="/groups/prospect-bt">' in console.known("rosa").get("/").text


def test_no_address_is_on_the_page_of_a_group(console: ConsoleHandle) -> None:
    text = console.known("ada").get("/groups/prospect-bt").text
    assert "@bt.example.org" not in text

"""The first page."""

from tests.web.console.running import OTHER_GROUP, ConsoleHandle


def test_the_overview_tells_how_each_group_stands(console: ConsoleHandle) -> None:
    answer = console.known("audrey").get("/")
    assert answer.status_code == 200, answer.text
    for sign in ("Prospect in BT", "Prospect in Openreach", "waits for approval", "people were removed", "never read"):
        assert sign in answer.text, sign
    assert "<svg" in answer.text
    assert "The numbers" in answer.text


def test_a_rep_sees_their_own_group_alone(console: ConsoleHandle) -> None:
    assert OTHER_GROUP not in console.known("rosa").get("/").text
    other = console.known("olga").get("/").text
    assert OTHER_GROUP in other
    assert "prospect-bt" not in other


def test_an_officer_without_a_group_to_read_is_told_so(console: ConsoleHandle) -> None:
    assert "There is no group to show" in console.known("omar").get("/").text

"""One person in the console: how they are found, what is shown to whom, and that it is kept who looked."""

import re
from datetime import timedelta

from tests.web.console.running import Browser, ConsoleHandle
from workplace_sync.evidence.entry import Kind
from workplace_sync.store import access_reads, audit

BT = "prospect-bt"


def _somebody(console: ConsoleHandle, kind: Kind = Kind.MEMBER_DEPARTED) -> str:
    with console.app.database.connect() as connection:
        return audit.list_entries(connection, group=BT, kind=kind, limit=1)[0].subject


def _path(browser: Browser, address: str) -> str:
    answer = browser.post("/people", {"address": address})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_a_person_who_was_removed_has_their_whole_story(console: ConsoleHandle) -> None:
    address = _somebody(console)
    page = console.known("audrey").get(_path(console.known("audrey"), address)).text
    for sign in (
        address,
        "Seen in the group for the first time",
        "No longer in the group",
        "Addition done",
        "add → ",
        "in force from",
        "Gone from the group without an operation of ours",
    ):
        assert sign in page, sign


def test_no_address_is_in_an_address_or_a_title(console: ConsoleHandle) -> None:
    address = _somebody(console)
    path = _path(console.known("audrey"), address)
    assert address not in path
    assert address.partition("@")[0] not in path
    title = re.search("<title>(.*)</title>", console.known("audrey").get(path).text)
    assert title
    assert "@" not in title[1]


def test_one_person_has_one_reference_and_a_forged_one_opens_nothing(console: ConsoleHandle) -> None:
    address = _somebody(console)
    audrey = console.known("audrey")
    path = _path(audrey, address.upper())
    assert path == _path(console.known("rosa"), f" {address} ")
    first = path.removeprefix("/people/")[0]
    forged = path.replace(f"/{first}", "/B" if first == "A" else "/A")
    for wrong in (forged, "/people/x", "/people/" + "A" * 3000, "/people/%F0%9F%98%80"):
        assert audrey.get(wrong).status_code == 404, wrong


def test_a_rep_sees_the_address_masked_on_every_page_of_a_person(console: ConsoleHandle) -> None:
    address = _somebody(console)
    rosa = console.known("rosa")
    path = _path(rosa, address)
    for each in (path, f"{path}/why"):
        page = rosa.get(each)
        assert page.status_code == 200, page.text
        assert address not in page.text
        assert f"{address[0]}…@" in page.text


def test_somebody_in_other_groups_alone_looks_like_nobody(console: ConsoleHandle) -> None:
    address = _somebody(console)
    olga = console.known("olga")
    hidden, nobody = (olga.post("/people", {"address": each}) for each in (address, "nobody.at.all@bt.example.org"))
    assert (hidden.status_code, hidden.text) == (nobody.status_code, nobody.text)
    path = _path(console.known("audrey"), address)
    assert olga.get(path).status_code == 404
    assert olga.get(f"{path}/why").status_code == 404


def test_what_is_no_address_is_told_at_the_field(console: ConsoleHandle) -> None:
    page = console.known("rosa").post("/people", {"address": "somebody"}).text
    assert "not an e-mail address" in page
    assert 'aria-invalid="true"' in page


def test_why_somebody_was_not_added_is_told_in_words(console: ConsoleHandle) -> None:
    audrey = console.known("audrey")
    path = _path(audrey, _somebody(console))
    page = audrey.get(f"{path}/why?group={BT}")
    assert page.status_code == 200, page.text
    assert "What would change it" in page.text
    long_ago = (console.app.now() - timedelta(days=400)).date()
    earlier = audrey.get(f"{path}/why?group={BT}&at={long_ago}").text
    assert "No policies were in use by then" in earlier
    assert audrey.get(f"{path}/why?group=no-such-group").status_code == 404
    assert audrey.get(f"{path}/why?group={BT}&at=yesterday").status_code == 422


def test_each_look_is_kept_and_shown_to_who_may_see_it(console: ConsoleHandle) -> None:
    address = _somebody(console)
    path = _path(console.known("rosa"), address)
    with console.app.database.connect() as connection:
        before = len(access_reads.listed(connection, key=address, reader="rosa", limit=10_000))
    console.known("rosa").get(path)
    console.known("rosa").get(f"{path}/why")
    with console.app.database.connect() as connection:
        reads = access_reads.listed(connection, key=address, reader="rosa", limit=10_000)
    assert len(reads) == before + 2
    assert {reads[0].kind, reads[1].kind} == {"person", "explanation"}
    assert "Who looked this person up" in console.known("audrey").get(path).text
    assert "Who looked this person up" not in console.known("ada").get(path).text


def test_too_many_look_ups_are_refused_for_a_while(console: ConsoleHandle) -> None:
    joan = console.known("joan")
    answers = [joan.post("/people", {"address": "x"}).status_code for _ in range(61)]
    assert answers[0] == 200
    assert answers[-1] == 429


def test_a_long_story_comes_in_parts(console: ConsoleHandle) -> None:
    audrey = console.known("audrey")
    path = _path(audrey, _somebody(console))
    whole = audrey.get(path).text
    number = int(re.findall(r"([\d,]+) things are on record", whole)[0].replace(",", ""))
    part = audrey.get(f"{path}?before=2").text
    assert part.count('<li class="') + part.count("<li>\n<time") >= 1
    assert 'rel="prev"' in part
    assert number > 2

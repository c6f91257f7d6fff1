"""A roster is handed in, looked through, and taken wholly or not at all; and consent is recorded."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from tests.web.console.at_work import everybody, people
from tests.web.console.running import OTHER_GROUP, Browser, ConsoleHandle
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.consent import consent_of
from workplace_sync.jobs.running import Verb
from workplace_sync.store import audit

GROUP = "prospect-bt"
AT = f"/roster/{GROUP}"


def _csv(addresses: Sequence[str], consent: str = "yes") -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(("email", "status", "consent", "consent_at", "consent_basis"))
    writer.writerows((one, "active", consent, "2026-01-05", "joining form") for one in addresses)
    return stream.getvalue().encode()


def _hand_in(browser: Browser, content: bytes, name: str = "members.csv", group: str = GROUP) -> requests.Response:
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Origin": browser.url}
    return browser.session.post(
        f"{browser.url}/roster/{group}",
        files={"file": (name, content, "text/csv")},
        data={"source": "0"},
        headers=own,
        allow_redirects=False,
        timeout=60,
    )


def _file(console: ConsoleHandle) -> Path:
    return console.folder.home / "rosters" / "bt.csv"


def _uploads(console: ConsoleHandle) -> list[Path]:
    return list((console.folder.home / "var" / "uploads").glob("*.roster"))


def _imports(console: ConsoleHandle) -> list[audit.AuditRow]:
    with console.app.database.connect() as connection:
        return audit.list_entries(connection, group=GROUP, kind=Kind.ROSTER_IMPORTED)


@pytest.fixture
def ada(fresh: ConsoleHandle) -> Browser:
    """Ada, logged in to a console of the test's own."""
    return next(people(fresh, "ada"))


def test_a_roster_is_checked_shown_and_then_taken(fresh: ConsoleHandle, ada: Browser) -> None:
    before, new = _file(fresh).read_bytes(), _csv(everybody(fresh)[:30])
    answer = _hand_in(ada, new)
    assert re.fullmatch(AT + "/[0-9a-f]+", answer.headers["Location"])
    shown = ada.follow(answer)
    assert "can be taken" in shown.text
    assert "New on the roster: 30" in shown.text
    assert everybody(fresh)[0] in shown.text
    assert _file(fresh).read_bytes() == before, "looking changes nothing"
    assert not _imports(fresh)
    taken = ada.follow(ada.post(answer.headers["Location"], {"sure": "yes"}))
    assert "30 people are wanted in the group now" in taken.text
    assert _file(fresh).read_bytes() == new
    (entry,) = _imports(fresh)
    assert (entry.actor, entry.data["people"]) == ("ada", 30)
    assert not _uploads(fresh), "what was taken does not lie around"
    former = list(_file(fresh).parent.glob("bt.until-*.csv"))
    assert [one.read_bytes() for one in former] == [before]


def test_a_second_roster_tells_who_comes_and_who_goes(fresh: ConsoleHandle, ada: Browser) -> None:
    some = everybody(fresh)
    first = _hand_in(ada, _csv(some[:20])).headers["Location"]
    ada.post(first, {"sure": "yes"})
    text = ada.follow(_hand_in(ada, _csv(some[5:22], consent="no"))).text
    assert "New on the roster: 2" in text
    assert "No longer on the roster: 5" in text
    assert "Who want to be left out, by what the file says: 17" in text


def test_what_is_wrong_is_listed_by_its_line_with_what_to_do_and_nothing_is_taken(
    fresh: ConsoleHandle, ada: Browser
) -> None:
    before = _file(fresh).read_bytes()
    bad = _csv([*everybody(fresh)[:3], "nobody at all", everybody(fresh)[0]])
    answer = _hand_in(ada, bad)
    shown = ada.follow(answer)
    assert "cannot be taken" in shown.text
    assert "Take it as the roster" not in shown.text
    assert re.search(r'class="number">5</th>\s*<td>email</td>', shown.text)
    assert re.search(r'class="number">6</th>', shown.text)
    assert "nobody at all" not in shown.text
    forced = ada.follow(ada.post(answer.headers["Location"], {"sure": "yes"}))
    assert "cannot be taken as it is" in forced.text
    assert _file(fresh).read_bytes() == before
    assert not _imports(fresh)


def test_an_empty_list_is_not_taken_for_a_roster(ada: Browser) -> None:
    assert "cannot be taken" in ada.follow(_hand_in(ada, _csv([]))).text
    assert "No file was chosen, or it is empty" in ada.follow(_hand_in(ada, b"")).text
    assert "No file was chosen" in ada.follow(ada.post(AT)).text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("members.pdf", b"%PDF-1.7", "neither a CSV file nor an Excel workbook"),
        ("members", b"email\n", "neither a CSV file nor an Excel workbook"),
        ("members.xlsx", b"PK\x03\x04rest", "Save it as .csv"),
        ("members.csv", b"PK\x03\x04rest", "its content says that it is not"),
        ("../../etc/passwd.csv", b"PK\x03\x04", "its content says that it is not"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    fresh: ConsoleHandle, ada: Browser, name: str, content: bytes, told: str
) -> None:
    assert told in ada.follow(_hand_in(ada, content, name)).text
    assert not _uploads(fresh)


def test_a_file_that_is_too_large_is_refused(fresh: ConsoleHandle, ada: Browser) -> None:
    assert _hand_in(ada, b"x" * 20_000_001).status_code == 413
    assert not _uploads(fresh)


def test_a_file_is_for_the_one_who_handed_it_in_and_for_an_hour(fresh: ConsoleHandle, ada: Browser) -> None:
    (grace,) = people(fresh, "grace")
    at = _hand_in(ada, _csv(everybody(fresh)[:2])).headers["Location"]
    assert grace.get(at).status_code == 404
    assert grace.post(at, {"sure": "yes"}).status_code == 404
    assert grace.get(at.replace(GROUP, OTHER_GROUP)).status_code == 404
    fresh.clock.advance(timedelta(minutes=59))
    assert ada.get(at).status_code == 200
    fresh.clock.advance(timedelta(minutes=2))
    (ada,) = [fresh.browser("ada")]
    assert ada.get(at).status_code == 404
    _hand_in(ada, _csv(everybody(fresh)[:2]))
    assert len(_uploads(fresh)) == 1, "the one that was left is thrown away"


def test_it_is_taken_only_when_somebody_is_sure_and_can_be_thrown_away(fresh: ConsoleHandle, ada: Browser) -> None:
    at = _hand_in(ada, _csv(everybody(fresh)[:2])).headers["Location"]
    assert "Nothing was changed" in ada.follow(ada.post(at)).text
    assert "thrown away" in ada.follow(ada.post(f"{at}/drop")).text
    assert ada.post(at, {"sure": "yes"}).status_code == 404
    assert not _imports(fresh)


def test_where_reading_in_fails_the_former_file_is_back(fresh: ConsoleHandle, ada: Browser) -> None:
    fresh.folder.write_group(roster="{file: rosters/bt.csv, tenant: bt}, {file: rosters/absent.csv, tenant: bt}")
    before = _file(fresh).read_bytes()
    at = _hand_in(ada, _csv(everybody(fresh)[:2])).headers["Location"]
    assert ada.post(at, {"sure": "yes"}).status_code == 500
    assert _file(fresh).read_bytes() == before
    assert [one.name for one in _file(fresh).parent.iterdir()] == ["bt.csv"]
    assert not _imports(fresh)
    assert ada.get(at).status_code == 200, "so that it can be tried again"


def test_while_another_run_has_the_group_nothing_is_taken(fresh: ConsoleHandle, ada: Browser) -> None:
    before = _file(fresh).read_bytes()
    at = _hand_in(ada, _csv(everybody(fresh)[:2])).headers["Location"]
    with fresh.app.running(GROUP, Verb.OBSERVE):
        assert ada.post(at, {"sure": "yes"}).status_code == 503
    assert _file(fresh).read_bytes() == before


def test_reps_and_auditors_hand_in_nothing(console: ConsoleHandle) -> None:
    for name in ("rosa", "audrey"):
        assert console.known(name).get(AT).status_code == 403
        assert _hand_in(console.known(name), b"email\n").status_code == 403
    assert console.known("ada").get(f"/roster/{OTHER_GROUP}").status_code == 404


def test_a_roster_that_is_no_file_cannot_be_handed_in(console: ConsoleHandle) -> None:
    grace = console.known("grace")
    assert "there is nothing to hand in" in grace.get(f"/roster/{OTHER_GROUP}").text
    assert _hand_in(grace, b"email\na@b.example.org\n", group=OTHER_GROUP).status_code == 404


def _consent(address: str, **more: str) -> dict[str, str]:
    return {
        "address": address,
        "scope": GROUP,
        "kind": "withdrawn",
        "source": "phone call",
        "day": "",
        "basis": "",
    } | more


def test_an_opt_out_is_asked_for_twice_and_then_on_record(fresh: ConsoleHandle, ada: Browser) -> None:
    address = everybody(fresh)[0]
    asked = ada.post("/consent/check", _consent(address))
    assert asked.status_code == 200
    assert "does not want to be in" in asked.text
    assert "nothing is on record" in asked.text
    assert not consent_of(fresh.app.office, address.casefold(), GROUP).opted_out, "it was only asked"
    done = ada.post("/consent", _consent(address))
    assert "@" not in done.headers["Location"]
    assert "is on record, under your name" in ada.follow(done).text
    assert consent_of(fresh.app.office, address.casefold(), GROUP).opted_out
    with fresh.app.database.connect() as connection:
        (entry,) = audit.list_entries(connection, kind=Kind.CONSENT_CHANGED)
    assert (entry.actor, entry.data["source"]) == ("ada", "phone call")
    assert "opted out" in ada.post("/consent/check", _consent(address)).text


def test_a_consent_says_how_we_know_and_lifts_an_opt_out(fresh: ConsoleHandle, ada: Browser) -> None:
    address = everybody(fresh)[0]
    ada.post("/consent", _consent(address))
    given = _consent(address, kind="given", basis="joining form")
    assert "Say how we know" in ada.post("/consent/check", given | {"source": " "}).text
    fresh.clock.advance(timedelta(minutes=1))
    ada.post("/consent", given)
    assert not consent_of(fresh.app.office, address.casefold(), GROUP).opted_out


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("address", "nobody", "Give the whole e-mail address"),
        ("address", "", "Give the whole e-mail address"),
        ("kind", "perhaps", "Choose what they said"),
        ("scope", "", "Choose a group"),
        ("day", "2999-01-01", "lies in the future"),
        ("day", "yesterday", "Give the day like"),
    ],
)
def test_what_is_missing_is_told_at_its_field_and_nothing_is_recorded(
    console: ConsoleHandle, field: str, value: str, told: str
) -> None:
    ada, form = console.known("ada"), _consent("a.person@bt.example.org") | {field: value}
    assert told in ada.post("/consent/check", form).text
    assert "Nothing was recorded" in ada.follow(ada.post("/consent", form)).text


def test_consent_is_recorded_for_ones_own_groups_alone(console: ConsoleHandle) -> None:
    for scope in (OTHER_GROUP, "*"):
        form = _consent("a.person@bt.example.org", scope=scope)
        assert console.known("ada").post("/consent", form).status_code == 403
        assert console.known("ada").post("/consent/check", form).status_code == 403
    assert "every group" in console.known("grace").get("/consent").text
    for name in ("rosa", "audrey", "omar"):
        assert console.known(name).post("/consent", _consent("a.person@bt.example.org")).status_code == 403

"""`observe` and `incident` from the command line: what they show, and how they end."""

import pytest

from tests.scenarios.conftest import union as union  # noqa: PLC0414 - a fixture of the scenarios
from tests.scenarios.folder import GROUP, Folder
from workplace_sync.jobs.office import Confirmation

__all__ = ["union"]


@pytest.fixture
def robbed(union: Folder) -> Folder:
    """A folder whose group was read, and from which the employer then took 30 of 70 members, 20 of them added by us."""
    wanted = [str(person["email"]) for person in union.sandbox.addable()][:30]
    union.write_roster([*union.former, *wanted])
    digest = union.plan()
    assert union.run("apply", digest, "--by", "ada").code == 0
    gone = {"group": union.group_id, "emails": [*wanted[:20], *union.former[10:20]]}
    union.sandbox.control("POST", "employer/remove", gone)
    return union


def test_observe_tells_of_the_incident_it_opens(robbed: Folder) -> None:
    told = robbed.run("observe", GROUP, "--engagement", "--weeks", "20")
    assert told.code == 0, told.err
    assert "30 of them without an operation of ours" in told.out
    assert "Why, as far as can be seen: 30 removed by other." in told.out
    assert "Incident opened, 30 people: workplace-sync incident show" in told.out
    assert "12 posts since" in told.out
    again = robbed.run("observe", GROUP, "-o", "json").json
    assert (again["departed_not_by_us"], again["incident"], again["suspected"], again["causes"]) == (0, None, 0, {})


def test_observe_that_cannot_confirm_ends_blind_and_says_what_is_open(
    robbed: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revoke(_seconds: float) -> None:
        robbed.sandbox.fault("token_revoked")

    monkeypatch.setattr("workplace_sync.app.Confirmation", lambda reads, _pause: Confirmation(reads, 1.0, revoke))
    told = robbed.run("observe", GROUP)
    assert told.code == 6
    assert "30 are missing and not yet confirmed to be gone, as the reading to confirm it failed" in told.out
    assert robbed.run("incident", "list", "-o", "json").json["rows"] == []


def test_the_file_of_an_incident_is_shown_noted_and_closed(robbed: Folder) -> None:
    robbed.run("observe", GROUP)
    (row,) = robbed.run("incident", "list", "--open", "-o", "json").json["rows"]
    assert (row["people"], row["members"], row["signs"], row["state"]) == (30, 70, "threshold", "open")
    name = row["incident"]
    shown = robbed.run("incident", "show", name[:6])
    assert "30 of 70 members gone" in shown.out
    assert "sign: 30 of 70 members went within 1 day" in shown.out
    assert "had come in: 20 by plan" in shown.out
    assert "example.org" not in shown.out.replace("telecom.example.org", "")
    named = robbed.run("incident", "show", name, "--people", "-o", "json").json
    assert len(named["removed"]) == 30
    assert {one["cause"] for one in named["removed"]} == {"removed_by_other"}
    assert robbed.run("incident", "note", name, "Asked for the reasons.", "--by", "grace").code == 0
    assert robbed.run("incident", "close", name, "--outcome", "They were put back.").code == 0
    assert robbed.run("incident", "close", name, "--outcome", "Again.").code == 64
    closed = robbed.run("incident", "show", name).out
    assert "by grace: Asked for the reasons." in closed
    assert "They were put back." in closed
    assert robbed.run("incident", "list", "--open", "-o", "json").json["rows"] == []
    assert robbed.run("evidence", "verify").code == 0


@pytest.mark.parametrize(
    "arguments", [("show", "nothing"), ("note", "nothing", "text"), ("close", "nothing", "--outcome", "x")]
)
def test_an_incident_that_is_not_there_is_a_usage_error(union: Folder, arguments: tuple[str, ...]) -> None:
    ended = union.run("incident", *arguments)
    assert ended.code == 64
    assert "There is no such incident." in ended.err


def test_who_was_in_can_be_asked_as_it_was_known(robbed: Folder) -> None:
    robbed.run("observe", GROUP)
    now = robbed.run("audit", "who", GROUP, "-o", "json").json
    assert now["members"] == 40
    past = robbed.run("audit", "who", GROUP, "--at", now["at"], "--known-at", "2020-01-01")
    assert past.code == 64

"""What programs do in somebody's name: verdicts on plans, and what people said of being added."""

from datetime import timedelta

from tests.web.api.program import Ask
from tests.web.console.running import ConsoleHandle
from workplace_sync.evidence.entry import Kind
from workplace_sync.store import audit


def test_a_plan_is_approved_by_another_person_about_what_they_read(own: tuple[ConsoleHandle, Ask]) -> None:
    handle, program = own
    assert handle.plan is not None
    path = f"/plans/{handle.plan.id}"
    read = program("grace").read(path)
    wrong = program("grace").post(f"{path}/approve", {"digest": "0" * 64, "reason": "as decided"})
    assert wrong.status_code == 409
    same = program("ada").post(f"{path}/approve", {"digest": read["digest"]})
    assert (same.status_code, "ada asked for this plan" in same.json()["detail"]) == (409, True)
    after = program("grace").post(f"{path}/approve", {"digest": read["digest"], "reason": "as decided"})
    assert after.status_code == 200, after.text
    assert after.json()["approvals"]["given"] == 1
    assert [one["reviewed_by"] for one in after.json()["reviews"]] == ["grace"]
    again = program("grace").post(f"{path}/approve", {"digest": read["digest"]})
    assert again.status_code == 409
    done = program("joan").post(f"{path}/approve", {"digest": read["digest"]})
    assert done.json()["approvals"]["enough"]

    rejected = program("joan").post(f"{path}/reject", {"digest": read["digest"], "reason": ""})
    assert rejected.status_code == 409
    rejected = program("joan").post(f"{path}/reject", {"digest": read["digest"], "reason": "not now"})
    assert rejected.json()["state"].startswith("rejected")


def test_an_opt_out_is_put_on_record_in_the_name_of_the_token(own: tuple[ConsoleHandle, Ask]) -> None:
    handle, program = own
    address = "somebody@bt.example.org"
    said = {"address": address, "scope": "prospect-bt", "kind": "withdrawn", "source": "a phone call"}
    found = program("ada").post("/consent", said)
    assert found.status_code == 200, found.text
    assert (found.json()["state"], found.json()["person"]["shown"]) == ("withdrawn", address)
    with handle.app.database.connect() as connection:
        (entry,) = audit.list_entries(connection, subject=address, kind=Kind.CONSENT_CHANGED)
    assert (entry.actor, entry.outcome) == ("ada", "withdrawn")

    for changed, status in (
        ({"scope": "*"}, 403),
        ({"scope": "prospect-openreach"}, 404),
        ({"kind": "given", "source": " "}, 422),
        ({"address": "no address"}, 422),
        ({"day": str((handle.clock() + timedelta(days=2)).date())}, 422),
        ({"sure": True}, 422),
    ):
        assert program("ada").post("/consent", said | changed).status_code == status, changed
    assert program("grace").post("/consent", said | {"scope": "*"}).status_code == 200


def test_a_token_ends_when_it_is_revoked_and_when_its_time_is_over(own: tuple[ConsoleHandle, Ask]) -> None:
    handle, program = own
    assert program("rosa").get("/groups").status_code == 200
    handle.clock.advance(timedelta(days=301))
    assert program("rosa").get("/groups").status_code == 401

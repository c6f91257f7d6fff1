"""Escalations where they meet the rest: incidents that become issues, and notices of what is late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.jobs.case_room import Room, room
from workplace_sync.cases.escalation import Kind, Link, LinkKind
from workplace_sync.cases.escalation_steps import Deadlines, Role
from workplace_sync.cases.notice import Matter
from workplace_sync.errors import CaseError, InputError, UsageError
from workplace_sync.jobs.escalations import list_cases, read_case
from workplace_sync.jobs.notices import Notifier
from workplace_sync.jobs.raise_incident import raise_incident
from workplace_sync.store.case_key import BLOCK, CaseKey
from workplace_sync.store.database import Database
from workplace_sync.store.incidents import Incident

DIGEST = "5f" * 32


@pytest.fixture
def office_of(sqlite_database: Database, tmp_path: Path) -> Room:
    return room(sqlite_database, tmp_path)


def incident(one: Room) -> Incident:
    now = one.clock()
    return Incident("5f1c", "prospect-bt", now, now - timedelta(days=3), now - timedelta(days=1), 30, 70, ())


def test_an_incident_becomes_a_systemic_issue_once_with_its_bundle(office_of: Room) -> None:
    desk = office_of.at("bryn")
    case = raise_incident(desk, incident(office_of), DIGEST, "It goes to the group level.", area="networks")
    file = read_case(desk, case)
    assert file.case.kind is Kind.SYSTEMIC
    assert set(file.case.links) == {Link(LinkKind.INCIDENT, "5f1c"), Link(LinkKind.BUNDLE, DIGEST)}
    assert file.events[0].words == "30 of 70 members were gone from prospect-bt together. It goes to the group level."
    with pytest.raises(UsageError, match="already"):
        raise_incident(desk, incident(office_of), DIGEST, area="networks")
    with pytest.raises(UsageError, match="SHA-256"):
        raise_incident(desk, incident(office_of), "no digest", area="networks")
    assert len(list_cases(desk)) == 1


class BreakingOff(CaseKey):
    """A key that ends the program at what comes after the first event of a case."""

    def seal(self, label: str, content: bytes, block: int = BLOCK) -> bytes:
        if label.endswith("/1"):
            raise ZeroDivisionError
        return super().seal(label, content, block)


def test_an_issue_that_was_not_linked_to_its_incident_was_not_opened_either(office_of: Room) -> None:
    desk = office_of.at("bryn")
    with pytest.raises(ZeroDivisionError):
        raise_incident(replace(desk, key=BreakingOff(desk.key.path)), incident(office_of), DIGEST, area="networks")
    assert list_cases(desk) == []
    case = raise_incident(desk, incident(office_of), DIGEST, area="networks")
    assert [one.id for one in list_cases(desk)] == [case]
    assert office_of.desk.office.log.audit().ok


def test_an_admin_does_not_raise_incidents(office_of: Room) -> None:
    with pytest.raises(CaseError):
        raise_incident(office_of.at("ada", Role.ADMIN), incident(office_of), DIGEST, area="networks")


def notifier(one: Room, deadlines: Callable[[], Deadlines] = Deadlines) -> Notifier:
    office = one.desk.office
    return Notifier(office.database, office.now, list, lambda: None, deadlines=deadlines)


def test_notices_say_how_many_cases_are_late_and_not_which(office_of: Room) -> None:
    cases = [office_of.report().case, office_of.report().case]
    assert notifier(office_of).tell().episodes == ()
    office_of.clock.advance(timedelta(days=8))
    [episode] = notifier(office_of).tell().episodes
    assert (episode.matter, episode.counts) == (Matter.ESCALATION, {"cases": 2})
    assert not any(case in repr(episode) for case in cases)
    assert not notifier(office_of, lambda: Deadlines(validate=timedelta(days=30))).tell().episodes


def test_faulty_rules_of_escalations_keep_no_other_notice_back(office_of: Room) -> None:
    def faulty() -> Deadlines:
        raise InputError("config/escalations.yaml cannot be used as written.")

    assert notifier(office_of, faulty).tell().unknown == (Matter.ESCALATION,)

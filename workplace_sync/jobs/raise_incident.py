"""Makes a systemic issue of an incident: removals that went together are a thing to raise with the employer, with evidence."""

import re

from workplace_sync.cases.escalation import Confidentiality, Kind, Link, LinkKind, Period, Report, Step
from workplace_sync.errors import UsageError
from workplace_sync.jobs.case_desk import CaseDesk, all_cases, make_key
from workplace_sync.jobs.case_steps import writing
from workplace_sync.jobs.escalations import enter_case, first_event, take_step
from workplace_sync.store.incidents import Incident

CATEGORY = "group-removal"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def raise_incident(
    desk: CaseDesk, incident: Incident, bundle_sha256: str, words: str = "", *, area: str = "", category: str = CATEGORY
) -> str:
    """Open a systemic issue about an incident, linked to it and to its bundle, and return the case's id.

    Nobody reported it, so nothing is sealed and there is no receipt. Raises UsageError where there is a case for that
    incident already, or the rules have no such area or category; CaseError where the one who asks is no officer.
    """
    desk.require_sight()
    if not _SHA256.fullmatch(bundle_sha256):
        raise UsageError("That is no SHA-256.", hint="Give the bundle's file.")
    link = Link(LinkKind.INCIDENT, incident.id)
    report = Report(
        category,
        area,
        Kind.SYSTEMIC,
        confidentiality=Confidentiality.NOT_NAMED,
        happened=Period(incident.began_at.date(), incident.last_gone_at.date()),
        via="incident",
    )
    told = f"{incident.people} of {incident.size_before} members were gone from {incident.group} together."
    event = first_event(desk, report, f"{told} {words}".strip())
    make_key(desk)
    with writing(desk) as transaction:  # the case with its links, or nothing: without them it would be opened twice
        known = next((one.id for one in all_cases(transaction.connection).values() if link in one.links), None)
        if known:
            raise UsageError(f"Incident {incident.id} is case {known} already.", hint="Go on with that case.")
        case = enter_case(desk, transaction, report, event)
        for one in (link, Link(LinkKind.BUNDLE, bundle_sha256)):
            take_step(desk, transaction, case, Step.LINKED, facts=one)
    return case

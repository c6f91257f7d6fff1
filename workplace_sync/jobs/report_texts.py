"""Texts that go with a quarterly report: what in one could give somebody away, and an officer's approval of it.

A text is approved for one quarter, exactly as it is; ends of lines at its end do not count. The approval is an entry of
the evidence log, by the text's SHA-256.
"""

from dataclasses import dataclass

from workplace_sync.cases import gate_text
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.cases.gate_text import Approved, Finding
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.report import Version
from workplace_sync.errors import CaseError, UsageError
from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.jobs.case_steps import writing
from workplace_sync.store import reports


@dataclass(frozen=True, slots=True)
class Marked:
    """Something that was found in a text, at a line and a column from 1 on."""

    line: int
    column: int
    finding: Finding


def check_text(desk: CaseDesk, text: str) -> list[Marked]:
    """Return what in a text could give somebody away, in its order; names and addresses on every roster are looked for.

    Raises CaseError for somebody who may not see cases.
    """
    desk.require_sight()
    return [_place(text, one) for one in _findings(desk, text.rstrip())]


def approve_text(desk: CaseDesk, quarter: Quarter, text: str, *, despite: bool = False) -> Approved:
    """Approve a text to leave with a quarter's report; `despite` says that the officer has seen what was found in it.

    Raises CaseError where the one who asks is no officer, the text is empty, or may not leave (as `gate_text.approve`);
    UsageError where the quarter was published for the employer already.
    """
    if desk.having_role() is not Role.OFFICER:
        raise CaseError("Only an officer lets a text out of the union.", hint="Say with --by which officer this is.")
    plain = text.rstrip()
    if not plain:
        raise CaseError("The text is empty.", hint="Name the file that holds it.")
    found = _findings(desk, plain)
    approved = gate_text.approve(plain, found, by=desk.actor, at=desk.office.now(), despite=despite)
    with writing(desk) as transaction:
        if reports.newest(transaction.connection, str(quarter), Version.EMPLOYER):
            raise UsageError(f"The report of {quarter} was published already.", hint="Approve it for the next quarter.")
        if reports.put_text(transaction.connection, str(quarter), plain, approved):
            data: dict[str, JsonValue] = {
                "despite": approved.despite,
                "digest": approved.digest,
                "quarter": str(quarter),
            }
            transaction.log(
                Record(Kind.REPORT_TEXT_APPROVED, approved.at, actor=desk.actor, outcome="approved", data=data)
            )
    return approved


def _findings(desk: CaseDesk, text: str) -> list[Finding]:
    names: set[str] = set()
    addresses: set[str] = set()
    with desk.office.database.connect() as connection:
        for address, name in reports.people_on_rosters(connection):
            addresses.add(address)
            names.update(gate_text.normalised(name))
    sites = [area.title for area in desk.rulebook.areas]
    return gate_text.findings(text, names, addresses, sites)


def _place(text: str, finding: Finding) -> Marked:
    before = text[: finding.start]
    return Marked(before.count("\n") + 1, finding.start - (before.rfind("\n") + 1) + 1, finding)

"""Duplicates become one systemic issue. Each report stays what it was, with its receipt; it goes on as the issue does.

A merged report is still counted as a report, in its own category, area and quarter: somebody told the union. State, kind
and outcome are those of the issue. Its receipt still works and shows the issue's state; what other reporters
wrote is never shown to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.cases.escalation import Escalation, Event, Kind, Merge, Outcome, State, Step
from workplace_sync.cases.escalation_steps import Role, step
from workplace_sync.errors import CaseError


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands, by the issue it is part of or by itself: what its receipt shows, and what is counted."""

    case: str
    kind: Kind
    state: State
    since: datetime
    outcome: Outcome | None


def merge(duplicate: Escalation, issue: Escalation, *, by: str, role: Role, at: datetime) -> tuple[Event, Event]:
    """Return the events of merging: the first for the duplicate, the second for the issue that absorbs it.

    Only an open case goes into another, and only into an open systemic issue that was not merged itself; so no chain
    ever comes back to where it began. Raises CaseError where that does not hold, or as `step` does.
    """
    if issue.kind is not Kind.SYSTEMIC:
        raise CaseError(
            f"Case {issue.id} is about one person; nothing is merged into it.",
            hint="Merge into a systemic issue; open one if there is none.",
        )
    if issue.state is State.MERGED:
        raise CaseError(
            f"Case {issue.id} is part of case {issue.merged_into} already.", hint=f"Merge into {issue.merged_into}."
        )
    leaves = step(duplicate, Step.MERGED, by=by, role=role, at=at, facts=Merge(issue.id))
    takes = step(issue, Step.ABSORBED, by=by, role=role, at=at, facts=Merge(duplicate.id))
    return leaves, takes


def root_of(case: str, cases: Mapping[str, Escalation]) -> str:
    """Return the id of the issue that a case is part of, through all merges; its own where it is part of none.

    Raises CaseError when a case on the way is not among `cases`, or when the merges go round in a circle.
    """
    seen = [case]
    while True:
        found = cases.get(seen[-1])
        if found is None:
            raise CaseError(f"Case {seen[-1]} is not there, and case {case} was merged into it.")
        if not found.merged_into:
            return found.id
        if found.merged_into in seen:
            raise CaseError(f"Case {case} was merged into itself, by way of others.")
        seen.append(found.merged_into)


def standing(case: str, cases: Mapping[str, Escalation]) -> Standing:
    """Return how a report stands; raises CaseError as `root_of` does."""
    root = cases[root_of(case, cases)]
    return Standing(root.id, root.kind, root.state, root.since, root.outcome)

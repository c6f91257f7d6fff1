"""What the quarterly report counts of a group: growth, additions, removals, incidents, blindness, policies in force."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection

from workplace_sync.cases.gate_text import digest_of
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.report_groups import BlindFigure, GroupFigures, IncidentFigure, PolicyFigure
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.plan import Rules
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.removals import Cause, Confidence
from workplace_sync.membership.timeline import BLIND_WORDS
from workplace_sync.policy.decision import Effect
from workplace_sync.store import audit, blind, incidents, reports, snapshots
from workplace_sync.store.audit import AuditFilter

_METHODS = {
    "roster_file": "roster file",
    "command_line": "named one by one",
    "group_copy": "copied from another group",
    "": "by the union, in a way no longer on record",
}
_OTHERWISE = "not by the union: by themselves or by others"
_NO_OBJECTION = "every policy in force, none of which held or denied it"
_BY_EXCEPTION = "by an exception from a policy"
_BY_US = "removed by the union"
_CAUSES = {
    Cause.OWN_OPERATION: _BY_US,
    Cause.LEFT: "left by themselves",
    Cause.ACCOUNT_DEACTIVATED: "account deactivated",
    Cause.ACCOUNT_GONE: "account gone",
    Cause.REMOVED_BY_ADMIN: "removed by an account that the platform named",
    Cause.REMOVED_BY_OTHER: "removed by somebody else",
    Cause.GROUP_ARCHIVED: "went while the group was archived or gone",
    Cause.UNKNOWN: "cause unknown",
}


def group_figures(
    connection: Connection,
    group: ManagedGroup,
    rules: Rules,
    quarter: Quarter,
    approved: Collection[str] | None = None,
) -> GroupFigures:
    """Return a group's figures of a quarter, as they stood at its end.

    How an incident ended is a text that somebody wrote. Where `approved` is given, it is told only if its digest is in
    there, as in what leaves the union.
    """
    first, end = quarter.begins_at, quarter.ends_at
    sizes = [size for at, size in snapshots.sizes(connection, group.name) if first <= at < end]
    done = reports.operations_done(connection, group.name, first, end)
    methods, policies = _additions(connection, group.name, done.get("add", 0), first, end)
    if others := reports.came_otherwise(connection, group.name, first, end):
        methods[_OTHERWISE] += others
    causes = Counter({_BY_US: done["remove"]} if "remove" in done else {})
    for (cause, confidence), people in reports.removals_by_cause(connection, group.name, first, end).items():
        causes[_cause(cause, confidence)] += people
    return GroupFigures(
        name=group.name,
        title=group.title,
        size_first=sizes[0] if sizes else None,
        size_last=sizes[-1] if sizes else None,
        methods=methods,
        policies=policies,
        causes=causes,
        incidents=tuple(_incidents(connection, group.name, quarter, approved)),
        blind=tuple(_blind(connection, group.name, quarter)),
        in_force=tuple(_in_force(rules, group.name, quarter)),
    )


def _additions(
    connection: Connection, group: str, number: int, first: datetime, end: datetime
) -> tuple[Counter[str], Counter[str]]:
    """Return our additions by method and by policy; those whose entries were erased since have no policy."""
    methods: Counter[str] = Counter()
    policies: Counter[str] = Counter()
    wanted = AuditFilter(group, kind=Kind.OPERATION_OUTCOME, outcome="done", since=first, until=end)
    for row in audit.iterate_entries(connection, wanted):
        if row.data["action"] == "add":
            method = str(row.data["method"])
            methods[_METHODS.get(method, method.replace("_", " "))] += 1
            policies[_policy(row.data)] += 1
    if (erased := number - methods.total()) > 0:
        methods[_METHODS[""]] += erased
    return methods, policies


def _policy(data: Mapping[str, object]) -> str:
    rules = data["rules"]
    if data["effect"] == Effect.EXCEPTED:  # the rule that did not hold is the one it was freed from: it decided nothing
        return _BY_EXCEPTION
    return str(rules[0]).partition("/")[0] if isinstance(rules, list) and rules else _NO_OBJECTION


def _cause(cause: str, confidence: str) -> str:
    if Confidence(confidence) is Confidence.UNKNOWN:
        return _CAUSES[Cause.UNKNOWN]
    sure = "" if Confidence(confidence) is Confidence.CERTAIN else f" ({confidence})"
    return f"{_CAUSES[Cause(cause)]}{sure}"


def _incidents(
    connection: Connection, group: str, quarter: Quarter, approved: Collection[str] | None
) -> Iterator[IncidentFigure]:
    for one in reversed(incidents.listed(connection, group)):
        if quarter.begins_at <= one.opened_at < quarter.ends_at:
            closed = one.closed_at is not None and one.closed_at < quarter.ends_at
            told = approved is None or digest_of(one.outcome.rstrip()) in approved
            outcome = (one.outcome.rstrip() if told else "closed") if closed else ""
            yield IncidentFigure(one.id, one.opened_at, one.people, outcome)


def _blind(connection: Connection, group: str, quarter: Quarter) -> Iterator[BlindFigure]:
    for period in blind.periods(connection, group, since=quarter.begins_at):
        seen = period.blind
        if seen.began_at < quarter.ends_at:
            ended = seen.ended_at if seen.ended_at is not None and seen.ended_at < quarter.ends_at else None
            yield BlindFigure(BLIND_WORDS[seen.cause], seen.began_at, ended)


def _in_force(rules: Rules, group: str, quarter: Quarter) -> Iterator[PolicyFigure]:
    begun = [one for one in rules.policies.policies if quarter.begins_at <= one.begins < quarter.ends_at]
    for one in sorted(begun, key=lambda policy: (policy.begins, policy.id)):
        if not one.is_floor and one.document.match.fits(group):
            about = one.document.metadata
            yield PolicyFigure(f"{one.id}@{one.version}", about.title, about.owner, one.begins)

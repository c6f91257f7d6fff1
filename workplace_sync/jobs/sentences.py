"""An entry of the log as one sentence, for reps who read the audit log. No sentence holds an address."""

from collections.abc import Callable, Mapping
from typing import cast

from workplace_sync.evidence.entry import JsonValue, Kind
from workplace_sync.store.audit import AuditRow

Data = Mapping[str, JsonValue]


def sentence_of(row: AuditRow) -> str:
    """Return what happened, in words."""
    if row.erased:
        return "Something was recorded here; its content has been erased since."
    return _SENTENCES[Kind(row.kind)](row, row.data)


def _operation(row: AuditRow, data: Data) -> str:
    did = {"add": "Addition", "remove": "Removal"}[str(data["action"])]
    ended = {"done": "done", "failed": "refused by the platform", "skipped": "not carried out"}[row.outcome]
    approved = f", approved by {data['approved_by']}" if data["approved_by"] else ""
    reason = f": {data['reason']}" if data["reason"] else ""
    method = f" by {str(data['method']).replace('_', ' ')} ({data['source']})" if data["method"] else ""
    return f"{did} {ended}{method}, asked for by {data['requested_by']}{approved}{reason}."


def _roster(_row: AuditRow, data: Data) -> str:
    return f"Roster imported: {data['people']} people wanted, {data['consent_statements']} new statements of consent."


def _consent(row: AuditRow, data: Data) -> str:
    where = "every group" if data["scope"] == "*" else str(data["scope"])
    return f"Consent {row.outcome} for {where}."


def _policies(_row: AuditRow, data: Data) -> str:
    policies = data["policies"]
    number = len(policies) if isinstance(policies, list) else 0
    return f"Policies came into use: {number} policies, revision {str(data['revision'])[:19]}."


def _snapshot(_row: AuditRow, data: Data) -> str:
    return f"Group read completely: {data['members']} members."


def _blind(_row: AuditRow, data: Data) -> str:
    return f"Group could not be read completely from now on ({data.get('cause', 'read_failed')}): {data['shortfall']}."


def _sighted(_row: AuditRow, data: Data) -> str:
    since = _minute(data["blind_since"])
    return f"Group read completely again, after nothing could be seen of it since {since} UTC."


_CAUSES: Mapping[str, str] = {
    "left": "left by themselves",
    "account_deactivated": "account deactivated",
    "account_gone": "account gone",
    "removed_by_admin": "removed by an account that a signed webhook names",
    "removed_by_other": "removed by somebody else",
    "group_archived": "went while the group was archived or gone",
}


def _departed(_row: AuditRow, data: Data) -> str:
    cause, confidence = str(data["cause"]), str(data.get("confidence", "unknown"))
    why = "cause unknown" if confidence == "unknown" else f"{_CAUSES.get(cause, cause)} ({confidence})"
    return f"Gone from the group without an operation of ours; last seen {_minute(data['last_seen_at'])} UTC, {why}."


def _incident_opened(_row: AuditRow, data: Data) -> str:
    return (
        f"Incident {data['incident']} opened: {data['people']} people gone together, of {data['size_before']} members,"
        f" after {_minute(data['began_at'])} UTC."
    )


def _incident_updated(row: AuditRow, data: Data) -> str:
    if row.outcome == "noted":
        return f"Note written into the file of incident {data['incident']}."
    return f"Incident {data['incident']} goes on: {data['more']} more people, {data['people']} in all."


def _incident_closed(_row: AuditRow, data: Data) -> str:
    return f"Incident {data['incident']} closed: {data['outcome']}"


def _engagement(_row: AuditRow, data: Data) -> str:
    return f"Engagement with {data['posts']} posts taken, as counts without names."


def _minute(time: JsonValue) -> str:
    return str(time)[:16].replace("T", " ")


def _plan(row: AuditRow, data: Data) -> str:
    counts = cast("Mapping[str, int]", data["counts"])
    return (
        f"Plan {str(data['digest'])[:12]} made: {counts['added']} to add, {counts['removed']} to remove, "
        f"{counts['held']} held, {counts['denied']} denied; as a whole: {row.outcome}."
    )


def _review(row: AuditRow, data: Data) -> str:
    reason = f": {data['reason']}" if data["reason"] else ""
    return f"Plan {str(data['digest'])[:12]} {row.outcome}{reason}."


def _voided(_row: AuditRow, data: Data) -> str:
    return f"Approvals of plan {str(data['digest'])[:12]} ended: {data['reason']}"


def _rejection_lifted(_row: AuditRow, data: Data) -> str:
    reason = f": {data['reason']}" if data["reason"] else ""
    return f"Of what was rejected in plan {str(data['digest'])[:12]}, {data['changes']} may be asked again{reason}."


def _invited(_row: AuditRow, data: Data) -> str:
    return f"Invitations made for {data['number']} people."


def _verified(row: AuditRow, _data: Data) -> str:
    return f"Evidence log checked: {row.outcome}."


def _published(_row: AuditRow, data: Data) -> str:
    place = f", {data['place']}" if data["place"] else ""
    return f"Checkpoint of {data['size']} entries published{place}."


def _witness(_row: AuditRow, data: Data) -> str:
    return f"Witness {data['witness']} added."


def _exported(_row: AuditRow, data: Data) -> str:
    return f"{data['entries']} entries handed out to {data['recipient']}: {data['purpose']} ({data['basis']})."


def _rotated(_row: AuditRow, data: Data) -> str:
    return f"The log's key was changed, from {str(data['old'])[:12]} to {str(data['new'])[:12]}."


def _in_use(_row: AuditRow, data: Data) -> str:
    return f"The log's new key {str(data['fingerprint'])[:12]} is in use."


def _created(_row: AuditRow, _data: Data) -> str:
    return "Evidence log begun."


def _erased(_row: AuditRow, data: Data) -> str:
    return f"The content of {data['number']} entries about one person erased, authorised by {data['authorised_by']}: {data['basis']}."


def _erasure_refused(_row: AuditRow, data: Data) -> str:
    return f"Erasure refused because of a legal hold; asked for on the authority of {data['authorised_by']}: {data['basis']}."


def _replayed(_row: AuditRow, data: Data) -> str:
    return (
        f"Earlier erasures carried out again on a database that was put back: the content of {data['number']} entries."
    )


def _retention(_row: AuditRow, data: Data) -> str:
    return f"The content of {data['number']} entries erased, as they were older than they are to be kept."


def _access(_row: AuditRow, data: Data) -> str:
    return f"Everything held on a person written out for {data['recipient']}."


def _audit_exported(row: AuditRow, data: Data) -> str:
    groups = data["groups"]
    of = ", ".join(map(str, groups)) if isinstance(groups, list) else "every group"
    who = ", about one person" if row.subject else ""
    return f"Entries of {of}{who} taken out of the audit log as {str(data['form']).upper()}."


def _hold_placed(row: AuditRow, data: Data) -> str:
    return f"Legal hold {data['hold']} placed on {'one person' if row.subject else 'everybody'}: {data['reason']}."


def _hold_lifted(row: AuditRow, data: Data) -> str:
    return f"Legal hold {data['hold']} on {'one person' if row.subject else 'everybody'} lifted: {data['reason']}."


def _lease_released(_row: AuditRow, data: Data) -> str:
    return f"The group was taken by hand from a run ({data['verb']}) of {data['holder']} on {data['host']}: {data['reason']}."


def _account(row: AuditRow, data: Data) -> str:
    return f"The console's account of {data['account']}: {row.outcome}."


def _token(row: AuditRow, data: Data) -> str:
    return f"A token for programs, in the name of {data['account']}, was {row.outcome}."


def _webhook(_row: AuditRow, data: Data) -> str:
    when = {
        "old": " Its time is older than the platform's repetitions can explain.",
        "ahead": " Its time lies ahead.",
        "untimed": " It tells no time.",
    }.get(str(data["timing"]), "")
    about = f"about {data['topic']}" if data["topic"] else "of a form that is not known"
    return f"The platform sent a webhook {about}, signature {data['proof']} good: a hint, not proof.{when}"


def _escalation(row: AuditRow, data: Data) -> str:
    step, state = (str(word).replace("_", " ") for word in (row.outcome, data["state"]))
    return f"Case {data['case']}: {step}; it is now {state}. What was written is not in this log."


def _unseal(row: AuditRow, data: Data) -> str:
    both = f"{data['asked_by']} and {data['second']}" if data["second"] else str(data["asked_by"])
    did = "opened" if row.outcome == "unsealed" else "asked to open"
    return f"Who reported case {data['case']} was {did} by {both}: {data['reason']}"


def _resealed(_row: AuditRow, data: Data) -> str:
    return f"Sealed identities moved to new keys: {data['moved']}; shared out anew: {data['shared']}."


def _escalation_held(row: AuditRow, data: Data) -> str:
    return f"Case {data['case']}: legal hold {row.outcome}."


def _escalations_erased(_row: AuditRow, data: Data) -> str:
    return f"Texts, files, receipts and identities of {data['number']} closed cases erased, as their time was over."


def _report(_row: AuditRow, data: Data) -> str:
    return f"The quarterly report {data['quarter']} for the {data['version']} was written, with digest {str(data['digest'])[:12]}."


def _report_text(_row: AuditRow, data: Data) -> str:
    return f"A text of {data['quarter']} was approved to leave, despite {data['despite']} marks that were found in it."


_SENTENCES: Mapping[Kind, Callable[[AuditRow, Data], str]] = {
    Kind.LOG_CREATED: _created,
    Kind.POLICIES_ACTIVATED: _policies,
    Kind.ROSTER_IMPORTED: _roster,
    Kind.CONSENT_CHANGED: _consent,
    Kind.SNAPSHOT_TAKEN: _snapshot,
    Kind.GROUP_BLIND: _blind,
    Kind.GROUP_SIGHTED: _sighted,
    Kind.MEMBER_DEPARTED: _departed,
    Kind.INCIDENT_OPENED: _incident_opened,
    Kind.INCIDENT_UPDATED: _incident_updated,
    Kind.INCIDENT_CLOSED: _incident_closed,
    Kind.ENGAGEMENT_TAKEN: _engagement,
    Kind.PLAN_MADE: _plan,
    Kind.PLAN_APPROVED: _review,
    Kind.PLAN_REJECTED: _review,
    Kind.PLAN_APPROVAL_VOIDED: _voided,
    Kind.PLAN_REJECTION_LIFTED: _rejection_lifted,
    Kind.OPERATION_OUTCOME: _operation,
    Kind.INVITATIONS_MADE: _invited,
    Kind.EVIDENCE_VERIFIED: _verified,
    Kind.WEBHOOK_RECEIVED: _webhook,
    Kind.CHECKPOINT_PUBLISHED: _published,
    Kind.WITNESS_ADDED: _witness,
    Kind.BUNDLE_EXPORTED: _exported,
    Kind.KEY_ROTATED: _rotated,
    Kind.KEY_IN_USE: _in_use,
    Kind.ERASURE_DONE: _erased,
    Kind.ERASURE_REFUSED: _erasure_refused,
    Kind.ERASURE_REPLAYED: _replayed,
    Kind.RETENTION_APPLIED: _retention,
    Kind.ACCESS_GIVEN: _access,
    Kind.AUDIT_EXPORTED: _audit_exported,
    Kind.HOLD_PLACED: _hold_placed,
    Kind.HOLD_LIFTED: _hold_lifted,
    Kind.LEASE_RELEASED: _lease_released,
    Kind.ACCOUNT_INVITED: _account,
    Kind.ACCOUNT_SET_UP: _account,
    Kind.ACCOUNT_DISABLED: _account,
    Kind.TOKEN_ISSUED: _token,
    Kind.TOKEN_REVOKED: _token,
    Kind.ESCALATION_RECEIVED: _escalation,
    Kind.ESCALATION_STEP: _escalation,
    Kind.ESCALATION_UNSEAL_ASKED: _unseal,
    Kind.ESCALATION_UNSEALED: _unseal,
    Kind.ESCALATION_RESEALED: _resealed,
    Kind.ESCALATION_HELD: _escalation_held,
    Kind.ESCALATION_ERASED: _escalations_erased,
    Kind.REPORT_PUBLISHED: _report,
    Kind.REPORT_TEXT_APPROVED: _report_text,
}

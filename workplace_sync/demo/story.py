"""The story: a messy roster, a plan held and approved, five thousand people added, taken out by the employer, and proved."""

import shutil
import subprocess
import tarfile
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from workplace_sync.app import Application
from workplace_sync.demo.called_out import act_eight_the_report, act_seven_called_out
from workplace_sync.demo.employer import employer_platform
from workplace_sync.demo.roster_file import Mixture, write_roster
from workplace_sync.demo.stage import Stage, Tell, Told, fresh_folder, set_stage
from workplace_sync.errors import SyncError
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.apply import ApplyOptions, ApplyReport, apply_plan
from workplace_sync.jobs.bundle import export_bundle, make_bundle
from workplace_sync.jobs.consent import record_consent
from workplace_sync.jobs.incidents import find_incident
from workplace_sync.jobs.invite import invitations_for, record_invitations
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.plan import make_plan
from workplace_sync.jobs.review import approve
from workplace_sync.jobs.rosters import import_rosters
from workplace_sync.jobs.selection import entries_of_incident
from workplace_sync.jobs.statement import make_statement
from workplace_sync.jobs.story import members_at, story_of
from workplace_sync.jobs.verify import verify_evidence, write_openssl_kit
from workplace_sync.membership.removals import Cause
from workplace_sync.papers.statement import statement_html, statement_text
from workplace_sync.roster.consent import EVERY_GROUP, ConsentKind
from workplace_sync.roster.person import person_key
from workplace_sync.store import audit, incidents, plans

_SEED = 2020
_PEOPLE = "bt=8000,openreach=3000"


def play(folder: Path, policies: Path, tell: Tell, *, port: int = 0) -> Told:
    """Play the story in a fresh `folder` with the policies of that shelf, and return what came of it.

    Raises UsageError when the folder holds something else than an earlier demo, and SyncErrors where a step fails.
    """
    begun = time.monotonic()
    fresh_folder(folder, policies)
    with (
        employer_platform(_PEOPLE, _SEED, folder / "sandbox.jsonl", port) as employer,
        set_stage(folder, employer, tell) as stage,
    ):
        good = _act_one_the_roster(stage)
        plan = _act_two_the_plan(stage, good)
        _act_three_the_adding(stage, plan)
        _act_four_the_employer(stage, good)
        _act_five_the_proof(stage)
        _act_six_the_bundle(stage)
        act_seven_called_out(stage)
        act_eight_the_report(stage)
        stage.told.requests_sent = stage.platform.requests_sent
        told = stage.told
    told.seconds = round(time.monotonic() - begun, 1)
    return told


def _act_one_the_roster(stage: Stage) -> list[str]:
    tenants = stage.employer.tenants
    number = {name: len(stage.employer.people(name)) for name in tenants}
    stage.tell(
        f"The employer's platform runs at {stage.employer.url}: {number['bt']:,} BT-like and"
        f" {number['openreach']:,} Openreach-like people with accounts. All of them are invented."
    )
    today = stage.app.now().date()
    good = write_roster(stage.folder / "rosters" / "bt.csv", stage.employer, Mixture(), today)
    phoned = good.pop()
    record_consent(stage.app.office, phoned, ConsentKind.WITHDRAWN, scope=EVERY_GROUP, source="phone call")
    stage.tell("One member phones: please do not add me. It is recorded, and will win over the roster, which says yes.")
    return good


def _act_two_the_plan(stage: Stage, good: list[str]) -> plans.PlanRecord:
    app, group = stage.app, stage.group.managed
    with app.sources(stage.group, stage.platform) as sources:
        report = import_rosters(app.office, group, sources)
    stage.tell(
        f"The roster of {report.rows:,} rows is read: {report.rejected} rows are faulty and left out,"
        f" the first because {report.faults[0].message} (line {min(fault.line for fault in report.faults)})."
    )
    snapshot = observe(app.office, group, stage.platform.reader()).require_complete()
    plan = make_plan(app.office, group, app.rules, snapshot, valid=app.plan_valid).record
    counts = plan.counts
    reasons: Counter[str] = Counter()
    with app.database.connect() as connection:
        for change in plans.changes(connection, plan.id, effects=("hold", "deny")):
            reasons[change.rules[0]] += 1
    shown = ", ".join(f"{number:,} by {rule}" for rule, number in reasons.most_common(5))
    stage.tell(f"The plan: {counts['added']:,} may be added; {counts['denied']:,} may not: {shown}.")
    stage.tell(f"But it is held as a whole: {' '.join(plan.header.why)}")
    if counts["added"] != len(good):
        raise SyncError(f"The plan adds {counts['added']} people where the roster has {len(good)} to add.")
    stage.told.denied, stage.told.invited = counts["denied"], counts["invited"]
    return plan


def _act_three_the_adding(stage: Stage, plan: plans.PlanRecord) -> None:
    app = stage.app
    waiting = _apply(stage, plan)
    stage.told.held = waiting.waiting
    stage.tell(f"Ada, who asked for it, cannot let it go: {waiting.waiting:,} additions wait for a second person.")
    for name in ("grace", "joan"):  # so many at once need two
        with Application(app.settings, actor=name) as another:
            approve(another.office, plan, approvers=(), reason="as the committee decided", valid=timedelta(hours=1))
    stage.tell(f"Grace and Joan read the plan and approve it, by its digest {plan.digest[:12]}: so many need two.")
    stage.added_since = app.now()
    begun = time.monotonic()
    report = _apply(stage, plan)
    seconds = time.monotonic() - begun
    stage.told.added = report.seen
    stage.tell(
        f"Applied in {seconds:.1f} s: {report.asked:,} asked, {report.accepted:,} accepted, {report.seen:,} seen in the"
        " group when it was read again."
    )
    requests = stage.platform.requests_sent
    again = _apply(stage, plan)
    stage.tell(
        f"Applied again: nothing is left to do, and {again.asked} people were asked for"
        f" ({stage.platform.requests_sent - requests} requests sent)."
    )
    made = invitations_for(app.office, stage.group.managed)
    record_invitations(app.office, stage.group.managed, made)
    stage.tell(
        f"{len(made.invitees):,} who may not be added are to be sent the group's link instead; none of them opted out."
    )


def _act_four_the_employer(stage: Stage, good: list[str]) -> None:
    app, group = stage.app, stage.group.managed
    before = app.now()
    if stage.added_since is None:
        raise SyncError("Nobody was added.")
    stage.employer.take_out_everybody_added_since(group.platform_id, stage.added_since)
    stage.tell("The employer, who owns the platform, takes everybody out whom the union had added.")
    seen = observe(app.office, group, stage.platform.reader())
    told = stage.told
    told.removals_confirmed = len(seen.departures)
    told.cause_counts = dict(Counter(one.finding.cause.value for one in seen.departures))
    told.removed_by_others = told.cause_counts.get(Cause.REMOVED_BY_OTHER.value, 0)
    stage.tell(
        f"The next reading of the group misses {len(seen.departures):,} people whom no operation of ours removed, and a"
        " second one confirms it. Each is an entry of the evidence log."
    )
    if seen.episode is None:
        raise SyncError("No incident was opened.")
    told.incident = seen.episode.incident.id
    certainty = Counter(one.finding.confidence.value for one in seen.departures)
    stage.tell(
        f"Their accounts are looked at: {_listed(told.cause_counts)} ({_listed(certainty)}). That so many went at once"
        " opens an incident, with a file of its own."
    )
    then = members_at(app.office, group.name, before)
    stage.tell(f"Asked who was in the group a minute before, the audit log names {len(then.members):,} people.")
    chapters = story_of(app.office, person_key(good[0]), group.name)
    steps = " -> ".join(dict.fromkeys(chapter.kind for chapter in chapters))
    stage.tell(f"The story of one of them, on record: {steps}.")


def _act_five_the_proof(stage: Stage) -> None:
    log = stage.app.office.log
    report = verify_evidence(log, record_as=stage.app.actor)
    stage.told.evidence_verified, stage.told.evidence_size = report.ok, log.size
    stage.tell(
        f"The evidence log is hashed again: {report.size:,} entries under {report.checkpoints:,} signed checkpoints,"
        f" {'all verify' if report.ok else 'and it does NOT verify'}."
    )
    with stage.app.database.connect() as connection:
        (entry,) = audit.list_entries(connection, kind=Kind.MEMBER_DEPARTED, limit=1)
    kit = stage.folder / "proof"
    write_openssl_kit(log, kit, entry.seq)
    fingerprint = log.verifier.fingerprint
    stage.told.openssl_verified = _foreign_verifier(kit, fingerprint)
    stage.tell(
        f"Entry {entry.seq}, a removal, is proved by openssl and sha256sum alone, without this program:"
        f" {'verified' if stage.told.openssl_verified else 'NOT verified'}"
        " (sh proof/verify.sh, with the published fingerprint)."
    )


def _act_six_the_bundle(stage: Stage) -> None:
    app, group = stage.app, stage.group.managed
    incident = find_incident(app.office, stage.told.incident)
    with app.database.connect() as connection:
        keys = incidents.keys(connection, incident.id)
    about = f"the {len(keys):,} people of incident {incident.id}"
    made = make_statement(app.office, group, app.rules, keys, about=about, day=incident.began_at)
    figures = dict(made.figures)
    stage.tell(
        f"A statement says how they had been added: {figures['additions by the union on record']:,} on record,"
        f" {figures['with a consent on record when they were added']:,} with consent,"
        f" {figures['approved by a second person']:,} approved by a second person, all by published rules."
    )
    papers = {"statement.html": statement_html(made).encode(), "statement.txt": statement_text(made).encode()}
    seqs = entries_of_incident(app.office, incident)
    bundle = make_bundle(
        app.office,
        seqs,
        recipient="an arbitrator",
        purpose="the removals of this incident",
        basis="legal claims, Art. 9(2)(f)",
        extra=papers,
    )
    file = stage.folder / "incident.tar"
    export_bundle(app.office, bundle, file)
    unpacked = stage.folder / "incident"
    with tarfile.open(file) as tar:
        tar.extractall(unpacked, filter="data")
    told = stage.told
    told.bundle, told.bundle_entries = str(file), len(bundle.seqs)
    told.bundle_openssl_verified = _foreign_verifier(unpacked, app.log.keys.newest.fingerprint)
    stage.tell(
        f"It goes with {len(bundle.seqs):,} entries into one file, incident.tar, which an arbitrator verifies offline with"
        f" openssl and sha256sum: {'verified' if told.bundle_openssl_verified else 'NOT verified'}."
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {word.replace('_', ' ')}" for word, number in sorted(counts.items()))


def _foreign_verifier(kit: Path, fingerprint: str) -> bool:
    if shutil.which("openssl") is None or shutil.which("sha256sum") is None:
        raise SyncError("openssl or sha256sum is not installed.", hint="Install them: outsiders verify with them.")
    done = subprocess.run(  # noqa: S603 - the script we just wrote, with our own argument
        ["/bin/sh", "verify.sh", fingerprint], cwd=kit, capture_output=True, check=False
    )
    return done.returncode == 0


def _apply(stage: Stage, plan: plans.PlanRecord) -> ApplyReport:
    sides = (stage.platform.reader(), stage.platform.writer())
    return apply_plan(stage.app.office, stage.group.managed, stage.app.rules, plan, sides, ApplyOptions())

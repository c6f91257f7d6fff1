"""The story goes on: the incident is raised with the employer, members report, and the quarter's report tells of it."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from workplace_sync.app import Application
from workplace_sync.cases.escalation import (
    Answer,
    Confidentiality,
    Facts,
    Kind,
    Outcome,
    OutcomeFact,
    Raising,
    Report,
    Step,
    Tone,
    Validation,
)
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.report import Version
from workplace_sync.demo.stage import Stage
from workplace_sync.jobs import word_back
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.jobs.escalations import Opened, act, open_case
from workplace_sync.jobs.identity import Identity
from workplace_sync.jobs.incidents import find_incident
from workplace_sync.jobs.officer_keys import make_officer_key
from workplace_sync.jobs.quarterly import publish_report, verify_report
from workplace_sync.jobs.quarterly import word_back as drafts_of
from workplace_sync.jobs.raise_incident import raise_incident

_OFFICERS = ("bryn", "cass")
_BAD = "In the calibration meeting the ratings of our team were moved down until they fitted the curve."
_GOOD = "Since March our team plans its own shifts. Fewer people are ill, and nobody had to ask twice."
_AFTER = timedelta(days=4, hours=9)

_Steps = Iterable[tuple[Step, Facts, str]]


def act_seven_called_out(stage: Stage) -> None:
    """Raise the incident as a systemic issue with its bundle, and carry two members' reports to their outcome."""
    _name_officers(stage)
    with Application(stage.app.settings, actor="bryn") as app:
        desk, today = app.case_desk(), app.now().date()
        incident = find_incident(app.office, stage.told.incident)
        bundle = hashlib.sha256(Path(stage.told.bundle).read_bytes()).hexdigest()
        issue = raise_incident(desk, incident, bundle, area="across")
        _carry(desk, issue, [*_found(today, "The bundle proves it."), _raised(today, Kind.SYSTEMIC, "BT-GROUP-1")])
        stage.tell(
            "Bryn, an officer, raises the incident with the employer as a systemic issue, with the bundle by its"
            " SHA-256. Each step is an entry of the evidence log, without content."
        )
        bad = _report(desk, "forced-distribution", "networks", Tone.BAD, Confidentiality.NOT_NAMED, _BAD)
        good = _report(desk, "improvement", "consumer", Tone.GOOD, Confidentiality.NAMED, _GOOD)
        stage.tell(
            "Two members report: one a forced distribution of ratings, not to be named; one something that got better, and"
            " may be named. Who they are is sealed to the officers' keys; the first opens to two officers together only."
        )
        _carry(desk, bad.case, _to_the_end(today, Outcome.CHANGED, answered=True))
        _carry(desk, good.case, _to_the_end(today, Outcome.ACKNOWLEDGED, answered=False))
        view = word_back.look(desk, bad.receipt)
        stage.tell(f"The first comes back with the receipt, and reads: {' '.join(view.sentences)}")
    stage.told.escalations = 3


def act_eight_the_report(stage: Stage) -> None:
    """Write the quarter's report, for the committee and for the employer, on a day after its end."""
    quarter = Quarter.of(stage.app.now())
    morning = quarter.ends_at + _AFTER
    folder = stage.folder / "reports"
    folder.mkdir(mode=0o700)
    with Application(stage.app.settings, actor="bryn", now=lambda: morning) as app:
        desk = app.case_desk()
        groups = [one.managed for _, one in sorted(app.groups().items())]
        for version in (Version.COMMITTEE, Version.EMPLOYER):
            made = publish_report(desk, quarter, version, groups, app.rules, pdf=False)
            for form, content in made.files.items():
                (folder / f"quarterly-{quarter}-{version.value}.{form}").write_bytes(content)
        for name, text in drafts_of(desk, quarter).items():
            (folder / name).write_text(text, encoding="utf-8")
        paper = folder / f"quarterly-{quarter}-employer.html"
        logged = verify_report(app.office, paper.read_bytes())
    stage.told.report, stage.told.report_sha256 = str(paper), logged.digest
    stage.tell(
        f"The quarter ends; the demo puts its clock forward to {morning:%Y-%m-%d}. The report for the committee has every"
        " number. The employer's says how the group fared, and of the cases only that they are too few to be shown: three"
        " could give somebody away, so they are counted with the next quarter."
    )
    stage.tell(
        f"The employer's report is known again by its SHA-256 in entry {logged.entry} of the log; a changed byte would"
        " be found. Drafts of the word back to members lie beside it."
    )


def _name_officers(stage: Stage) -> None:
    folder = stage.folder / "officers"
    folder.mkdir(mode=0o700)
    lines = ["kind: Escalations", "areas:"]
    for name, title in (("networks", "Networks"), ("consumer", "Consumer"), ("across", "Across the business")):
        lines.append(f"  - {{id: {name}, title: {title}}}")
    lines.append("officers:")
    for name in _OFFICERS:  # each on a machine of their own; nobody opens anything here, so the passphrase is forgotten
        public = make_officer_key(folder / f"{name}.key", name, secrets.token_urlsafe(24))
        lines.append(f'  - {{name: {name}, public_key: "{public}"}}')
    (stage.folder / "config" / "escalations.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _report(desk: CaseDesk, category: str, area: str, tone: Tone, treatment: Confidentiality, words: str) -> Opened:
    report = Report(category, area, tone=tone, confidentiality=treatment, via="console")
    return open_case(desk.as_reporter(), report, words, identity=Identity("Somebody Invented", "after work"))


def _carry(desk: CaseDesk, case: str, steps: _Steps) -> None:
    for step, facts, words in steps:
        act(desk, case, step, facts=facts, words=words)


def _found(today: date, finding: str) -> list[tuple[Step, Facts, str]]:
    return [(Step.VALIDATION_NOTED, Validation(today), finding), (Step.SUBSTANTIATED, None, "")]


def _raised(today: date, kind: Kind, reference: str) -> tuple[Step, Facts, str]:
    return (Step.RAISED, Raising(kind, "the employer's group level", "letter", today, reference), "")


def _to_the_end(today: date, outcome: Outcome, *, answered: bool) -> _Steps:
    steps = _found(today, "A conversation bears it out.")
    if answered:
        steps += [
            _raised(today, Kind.INDIVIDUAL, "BT-GROUP-2"),
            (Step.ANSWERED, Answer(today), "It will be put right."),
        ]
    return [*steps, (Step.OUTCOME_RECORDED, OutcomeFact(outcome), ""), (Step.REPORTED_BACK, None, "Thank you for it.")]

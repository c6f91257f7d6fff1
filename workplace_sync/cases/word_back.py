"""The word back: what a reporter reads with the receipt, and drafts for the group and for an e-mail once a quarter.

A reporter is told how their report stands, also when it became a part of a larger issue, and never what others told. The
drafts are made of the employer's version of the report alone, so there is nothing in them that has not been through the gate.
"""

from collections.abc import Iterator, Mapping

from workplace_sync.cases.escalation import Escalation, Outcome, State
from workplace_sync.cases.merging import standing
from workplace_sync.cases.report import Report, Version

_STATES = {
    State.RECEIVED: "The union has your report. An officer will read it, and may leave a question for you here.",
    State.IN_VALIDATION: "An officer is looking into it.",
    State.SUBSTANTIATED: "The officer finds that there is something in it. The union is preparing to raise it.",
    State.NOT_SUBSTANTIATED: "The officer could not find that it is so. You can add what you know, here.",
    State.RAISED: "The union has raised it with the employer.",
    State.ANSWERED: "The employer has answered. The union is considering the answer.",
    State.OUTCOME: "There is an outcome.",
    State.REPORTED_BACK: "There is nothing more that the union will do about it now.",
    State.CLOSED: "It is closed. If it goes on, add it here.",
}
_OUTCOMES = {
    Outcome.CHANGED: "What came of it: the employer changed it.",
    Outcome.PARTLY_CHANGED: "What came of it: the employer changed a part of it.",
    Outcome.EXPLAINED: "What came of it: the employer explained it, and the union accepts the explanation.",
    Outcome.ACKNOWLEDGED: "What came of it: the employer acknowledged it.",
    Outcome.REFUSED: "What came of it: the employer refused to change it.",
    Outcome.NO_ANSWER: "What came of it: the employer gave no answer.",
    Outcome.WITHDRAWN: "What came of it: it was withdrawn.",
}


def word_to_reporter(case: str, cases: Mapping[str, Escalation]) -> tuple[str, ...]:
    """Return the sentences that a reporter reads; raises CaseError as `merging.root_of` does."""
    own, now = cases[case], standing(case, cases)
    sentences = [_STATES[now.state]]
    if own.merged_into:
        sentences.append("The union treats it as a part of a larger issue, and this is how that stands.")
    if now.outcome:
        sentences.append(_OUTCOMES[now.outcome])
    if own.asked:
        sentences.append("An officer has asked you something: please answer below.")
    return tuple(sentences)


def draft_post(report: Report) -> str:
    """Return the draft of a post for the group; raises ValueError for a report that has not been through the gate."""
    return "\n".join(
        (
            f"What you called out, and what came of it: {report.quarter}",
            "",
            *_body(report),
            "",
            "If you hear of attempts to fix ratings or of targets for exits, or if something got better: call it out.",
            "You can do so without being named.",
        )
    )


def draft_email(report: Report) -> tuple[str, str]:
    """Return the subject and the text of an e-mail for members; raises ValueError as `draft_post` does."""
    text = "\n".join(
        (
            "Dear members,",
            "",
            f"this is what members called out, and what came of it, at the end of {report.quarter}.",
            "",
            *_body(report),
            "",
            "We count nothing that would tell who reported: small numbers are put together or left out.",
        )
    )
    return f"What was called out, and what came of it: {report.quarter}", text


def _body(report: Report) -> Iterator[str]:
    if report.version is not Version.EMPLOYER:
        raise ValueError("word back is made of the version that has been through the gate")
    for key, none in (
        ("trend", "No numbers can be shown yet."),
        ("category", "What it was about cannot be shown for this quarter."),
        ("progress", "How far it came cannot be shown yet."),
        ("improvements", ""),
    ):
        table = report.table(key)
        rows = [row for row in table.rows if row[-1]] if table else []
        if rows or none:
            yield f"{table.title if table else key}:" if rows else none
        for row in rows:
            yield f"- {', '.join(str(cell) for cell in row[:-1])}: {row[-1]}"

"""Writes the facts of an event as plain texts, as they are stored, and reads them back."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date

from workplace_sync.cases.escalation import (
    FACTS_OF,
    Answer,
    Confidentiality,
    Facts,
    Kind,
    Link,
    LinkKind,
    Merge,
    Outcome,
    OutcomeFact,
    Period,
    Raising,
    Recusal,
    Report,
    Step,
    Tone,
    Unsealing,
    Validation,
)
from workplace_sync.errors import CaseError

Plain = Mapping[str, str | list[str]]


def write_facts(facts: Facts) -> dict[str, str | list[str]]:
    """Return the facts as texts and lists of texts; an empty mapping for none."""
    if facts is None:
        return {}
    if isinstance(facts, Report):
        return _report(facts)
    return {item.name: _text(getattr(facts, item.name)) for item in fields(facts)}


def _text(value: date | str) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _report(report: Report) -> dict[str, str | list[str]]:
    happened = report.happened
    return {
        "category": report.category,
        "area": report.area,
        "kind": report.kind.value,
        "tone": report.tone.value,
        "confidentiality": report.confidentiality.value,
        "happened": [happened.first.isoformat(), happened.last.isoformat()] if happened else [],
        "recused": list(report.recused),
        "via": report.via,
    }


def read_facts(step: Step, plain: Plain) -> Facts:
    """Return the facts that `write_facts` wrote for a step; raises CaseError for texts that are not of it."""
    try:
        return _read(step, plain)
    except (KeyError, ValueError):
        raise CaseError(f"What is stored of a step ({step.value}) of a case cannot be read.") from None


_READ: Mapping[type, Callable[[Mapping[str, str]], Facts]] = {
    Validation: lambda text: Validation(date.fromisoformat(text["held_on"])),
    Answer: lambda text: Answer(date.fromisoformat(text["on"])),
    Raising: lambda text: Raising(
        Kind(text["kind"]), text["to"], text["channel"], date.fromisoformat(text["on"]), text["reference"]
    ),
    OutcomeFact: lambda text: OutcomeFact(Outcome(text["outcome"])),
    Link: lambda text: Link(LinkKind(text["kind"]), text["ref"]),
    Recusal: lambda text: Recusal(text["officer"]),
    Merge: lambda text: Merge(text["other"]),
    Unsealing: lambda text: Unsealing(text["second"]),
}


def _read(step: Step, plain: Plain) -> Facts:
    text = {name: value for name, value in plain.items() if isinstance(value, str)}
    if step is Step.RECEIVED:
        return _read_report(plain, text)
    return _READ[FACTS_OF[step]](text) if step in FACTS_OF else None


def _read_report(plain: Plain, text: Mapping[str, str]) -> Report:
    days = [date.fromisoformat(day) for day in plain["happened"]]
    return Report(
        category=text["category"],
        area=text["area"],
        kind=Kind(text["kind"]),
        tone=Tone(text["tone"]),
        confidentiality=Confidentiality(text["confidentiality"]),
        happened=Period(days[0], days[-1]) if days else None,
        recused=tuple(plain["recused"]),
        via=text["via"],
    )

"""An explanation in words that a member understands, and a rep can check: one text for both."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from workplace_sync.policy.case_words import condition_lines, value_text
from workplace_sync.policy.decision import Decision, Effect, Finding, Mode
from workplace_sync.policy.document import PlatformDocument, PlatformMetadata
from workplace_sync.policy.explain import Explanation, Flip
from workplace_sync.policy.looking import ConditionSeen, RuleSeen
from workplace_sync.policy.moves import Move

_DONE = {"add": "added", "remove": "taken out"}
_MOVES: Mapping[str, str] = {
    "listed": "the roster listed this person as an active member who works here",
    "consented": "a consent to be added were on record",
    "consented_anew": "a new consent to be added were on record",
    "own_word": "the record said that the consent came from this person",
    "dated_right": "the consent were dated rightly, and not in the future",
    "status": "the roster gave this person's status as {detail!r}",
    "same_tenant": "the roster showed that this person works for {detail!r}, where the group is",
    "from_roster": "this person were wanted by a roster file, and not by a copy of another group",
    "role": "the roster gave this person the role {detail!r}",
    "domain": "this person's work address ended in {detail}",
    "opted_out": "this person said that they do not want to be added",
    "ran_out": "this person's consent ran out",
    "status_lost": "the roster no longer gave this status of this person",
    "other_tenant": "this person worked somewhere else",
    "left": "this person left the group by themselves",
    "unprotected": "the group's configuration did not protect this member",
    "no_administrator": "this member were not an administrator of the group",
    "asked_out": "this member had asked to be out, and that were on record",
    "others": "there were other members in the group",
    "protected": "the group's configuration protected this member",
    "administrator": "this member were an administrator of the group",
}


def explanation_lines(told: Explanation) -> Iterator[str]:
    """Yield the whole text, a line at a time."""
    yield outcome_sentence(told)
    deciding = {found.cite for found in told.decision.findings}
    audited = {found.cite for found in told.decision.audited}
    excepted = {found.cite for found in told.decision.excepted}
    said = {found.cite: found for found in _findings(told.decision)}
    for title, cites in (
        ("What decided:", deciding),
        ("What an exception frees from:", excepted),
        ("What is only listed, and does not decide:", audited),
    ):
        if cites:
            yield from ("", title)
        for rule in told.seen:
            if rule.cite in cites:
                yield from _rule_lines(rule, said[rule.cite])
    yield from _satisfied(told, deciding | audited | excepted)
    yield from ("", "What would change it:", *(f"  {sentence}" for sentence in flip_sentences(told)))


def outcome_sentence(told: Explanation) -> str:
    """Return what would become of the person, in a sentence."""
    done = _DONE[told.action]
    match told.decision.acts_as:
        case Effect.ALLOW:
            return f"This person would be {done}: no rule is against it."
        case Effect.EXCEPTED:
            return f"This person would be {done}, by an exception from a rule."
        case Effect.WARN:
            return f"This person would be {done}, with a warning."
        case Effect.HOLD:
            return f"This person would not be {done} before a second person of the committee agrees."
        case _:
            return f"This person would not be {done}."


def flip_sentences(told: Explanation) -> list[str]:
    """Return the smallest changes that would turn the decision, a sentence each."""
    if told.flips:
        return [_flip_sentence(told, flip) for flip in told.flips]
    if told.passes:
        return ["None of the changes that were tried, alone or two together, would stop it."]
    return ["None of the changes that were tried would be enough, alone or two together."]


def _flip_sentence(told: Explanation, flip: Flip) -> str:
    clauses = " and if ".join(_MOVES[move.name].format(detail=move.detail) for move in flip.moves)
    time = f"{flip.at.astimezone(UTC):%d %B %Y, %H:%M:%S} UTC".lstrip("0") if flip.at else ""
    if time and clauses:
        begin = f"From {time} on, if {clauses},"
    elif time:
        begin = f"From {time} on, if nothing else changes,"
    else:
        begin = f"If {clauses},"
    return f"{begin} this person {_then(told.action, flip.decision)}."


def _then(action: str, decision: Decision) -> str:
    done = _DONE[action]
    match decision.acts_as:
        case Effect.ALLOW:
            return f"could be {done}"
        case Effect.EXCEPTED:
            return f"could be {done}, by an exception from a rule"
        case Effect.WARN:
            return f"could be {done}, with a warning"
        case Effect.HOLD:
            return f"could only be {done} if a second person of the committee agreed"
        case _:
            return f"could not be {done}"


def _findings(decision: Decision) -> tuple[Finding, ...]:
    return (*decision.findings, *decision.audited, *decision.excepted)


def _rule_lines(rule: RuleSeen, found: Finding) -> Iterator[str]:
    by = f", by the exception {found.exception}" if found.exception else ""
    yield f"  {rule.cite}: {rule.decider.title} [{found.effect}{by}]"
    yield f"    {found.message}"
    yield from (f"    {line}" for line in published_lines(rule))
    for condition in (*rule.guards, *rule.conditions):
        yield from (f"    {line}" for line in condition_lines(condition))


def _satisfied(told: Explanation, named: set[str]) -> Iterator[str]:
    rest = [rule for rule in told.seen if rule.cite not in named]
    if rest:
        yield from ("", "What was looked at too, and is no obstacle:")
    for rule in rest:
        state = "holds" if rule.applies else "does not apply here"
        audit = "; only listed" if rule.decider.mode is Mode.AUDIT else ""
        yield f"  {rule.cite}: {rule.decider.title} ({state}{audit})"
        for condition in (*rule.guards, *rule.conditions):
            yield from (f"    {line}" for line in condition_lines(condition))


def published_lines(rule: RuleSeen) -> Iterator[str]:
    """Yield the published text behind a rule: its title and address, its dates, and the clause word for word."""
    data = published(rule)
    yield f"published as: {data['title']} {data['url']}".rstrip()
    printed = f"published {data['published']}; " if data["published"] else ""
    until = f" until {data['in_force_until']}" if data["in_force_until"] else ""
    yield f"{printed}in force from {data['in_force_from']}{until}"
    if data["clause"]:
        yield f"clause {data['clause']}: {' '.join(str(data['clause_text']).split())}"


def published(rule: RuleSeen) -> dict[str, str]:
    """Return the published text behind a rule, as JSON has it; what is not known is an empty text."""
    document = rule.policy.document
    about = document.metadata
    clauses = document.clauses if isinstance(document, PlatformDocument) else ()
    text = next((clause.text for clause in clauses if clause.id == rule.rule.clause), "")
    return {
        "title": about.source.title,
        "url": about.source.url,
        "sha256": about.source.sha256,
        "published": about.published.isoformat() if isinstance(about, PlatformMetadata) else "",
        "in_force_from": _day(rule.policy.begins),
        "in_force_until": _day(rule.policy.ends),
        "clause": rule.rule.clause,
        "clause_text": text,
    }


def explanation_data(told: Explanation) -> dict[str, object]:
    """Return the explanation as JSON has it, with the same sentences."""
    said = {found.cite: found for found in _findings(told.decision)}
    return {
        "action": told.action,
        "at": told.now,
        "effect": told.decision.effect,
        "acts_as": told.decision.acts_as,
        "would_pass": told.passes,
        "sentence": outcome_sentence(told),
        "remedy": told.decision.remedy,
        "deciding": [found.cite for found in told.decision.findings],
        "excepted": [found.excepted_cite for found in told.decision.excepted],
        "audited": [found.cite for found in told.decision.audited],
        "rules": [_rule_data(rule, said.get(rule.cite)) for rule in told.seen],
        "what_would_change_it": [
            {
                "sentence": sentence,
                "changes": _moves_data(flip.moves),
                "facts": {name: _plain(value) for name, value in sorted(flip.changed.items())},
                "from": flip.at,
                "then": flip.decision.acts_as,
            }
            for sentence, flip in zip(
                flip_sentences(told), told.flips, strict=False
            )  # one sentence where there is none
        ],
    }


def _rule_data(rule: RuleSeen, found: Finding | None) -> dict[str, object]:
    return {
        "rule": rule.cite,
        "title": rule.decider.title,
        "effect": found.effect if found else "",
        "message": found.message if found else "",
        "mode": rule.decider.mode,
        "applies": rule.applies,
        "holds": rule.holds,
        "conditions": [_condition_data(condition) for condition in (*rule.guards, *rule.conditions)],
        "published": published(rule),
    }


def _condition_data(condition: ConditionSeen) -> dict[str, object]:
    return {
        "name": condition.name,
        "expression": condition.expression,
        "value": condition.outcome,
        "facts": {name: _plain(condition.facts[name]) if name in condition.facts else None for name in condition.reads},
    }


def _moves_data(moves: Sequence[Move]) -> list[str]:
    return [f"{move.name}:{move.detail}" if move.detail else move.name for move in moves]


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int | str | list) else value_text(value)


def _day(time: datetime | None) -> str:
    return "" if time is None else time.astimezone(UTC).date().isoformat()

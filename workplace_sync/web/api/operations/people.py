"""One person: how they stand, their whole history, and why they were not added. Who asks is written down."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.explain import explain_person
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.jobs.person_file import InGroup, PersonFile
from workplace_sync.jobs.story import Chapter
from workplace_sync.policy.explain_words import explanation_lines
from workplace_sync.web.api.calling import (
    AT_ONCE,
    V1,
    AtOnce,
    Called,
    Cursor,
    Day,
    Reference,
    Word,
    list_at,
    next_page,
    went_before,
)
from workplace_sync.web.api.parts import Listing, Part, PersonShown, Wanted
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.references import reference, referred
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import begin_of, day_given
from workplace_sync.web.console.views.person import file_of, person_seen

_AT = f"{V1}/people"


class Standing(Part):
    """How a person stands in a group now; `consent` is none, opted_in, withdrawn or expired."""

    group: str
    in_roster: bool
    is_member: bool
    added_by_us: bool
    departed_at: datetime | None
    departed_cause: str
    consent: str
    consent_at: datetime | None


class Happened(Part):
    """One thing on record. `entry` is its number in the evidence log, null for what is kept outside of it."""

    at: datetime
    group: str
    kind: str
    sentence: str
    entry: int | None
    rules: list[str]


class Person(Part):
    """A person, as far as the visitor may see them, with the newest of their history first."""

    person: PersonShown
    groups: list[Standing]
    history: Listing[Happened]


class Explained(Part):
    """What the rules make of a person in a group, as sentences."""

    person: PersonShown
    group: str
    sentences: list[str]


class PersonSought(Wanted):
    """Somebody, by their address."""

    address: Annotated[str, Field(min_length=1, max_length=320)]


@page(f"{_AT}/search", Permission.PEOPLE_READ, method="POST", api=True)
def find_person(ask: Called, wanted: PersonSought) -> Person:
    """Look somebody up; 404 where nothing is on record in the visitor's groups."""
    ask.limited(SEARCH)
    return _person(ask, key_of(wanted.address.strip()), "", AT_ONCE)


@page(f"{_AT}/{{person}}", Permission.PEOPLE_READ, api=True)
def get_person(ask: Called, person: Reference, cursor: Cursor = "", limit: AtOnce = AT_ONCE) -> Person:
    """Tell how a person stands and what is on record, newest first; the reference is from an answer before."""
    return _person(ask, referred(ask, person), went_before(ask, cursor), limit)


@page(f"{_AT}/{{person}}/why", Permission.PEOPLE_READ, api=True)
def explain(ask: Called, person: Reference, group: Word, at: Day = "") -> Explained:
    """Explain what the rules make of a person in a group, now or on a day."""
    ask.require_group(group)
    key = referred(ask, person)
    file = _known(ask, key)
    ask.noted_read("explanation", group, [key])
    found = explain_person(
        ask.app.office, ask.groups[group].managed, ask.console.rules(), key, at=begin_of(day_given(at))
    )
    lines = [] if found.explanation is None else explanation_lines(found.explanation)
    return Explained(person=_shown(ask, key, file), group=group, sentences=[line for line in lines if line])


def _person(ask: Ask, key: str, place: str, limit: int) -> Person:
    file = _known(ask, key)
    ask.noted_read("person", "", [key])
    last = min(int(place), len(file.chapters)) if place else len(file.chapters)
    first = max(0, last - limit)
    shown = _shown(ask, key, file)
    of = list_at(f"{_AT}/{shown.reference}", {})
    history = Listing[Happened](
        items=[_happened(one) for one in file.chapters[first:last][::-1]],
        next=next_page(ask, str(first) if first else "", of=of),
    )
    return Person(person=shown, groups=[_standing(one) for one in file.groups], history=history)


def _known(ask: Ask, key: str) -> PersonFile:
    file = file_of(ask, key)
    if not file.known:
        raise not_found()
    return file


def _shown(ask: Ask, key: str, file: PersonFile) -> PersonShown:
    return PersonShown(shown=person_seen(ask, key, file), reference=reference(ask, key))


def _standing(one: InGroup) -> Standing:
    stands, consent = one.person, one.consent
    return Standing(
        group=one.group,
        in_roster=stands.in_roster,
        is_member=stands.is_member,
        added_by_us=stands.added_by_us,
        departed_at=stands.departed_at,
        departed_cause=stands.departed_cause,
        consent=consent.state.value,
        consent_at=consent.at,
    )


def _happened(one: Chapter) -> Happened:
    return Happened(
        at=one.at,
        group=one.group,
        kind=one.kind,
        sentence=one.sentence,
        entry=one.seq,
        rules=[rule.cite for rule in one.rules],
    )

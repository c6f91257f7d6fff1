"""One person: how they stand, their whole history, and why they were not added. Who looks is written down."""

from typing import Annotated

from fastapi import Form, Query
from starlette.responses import Response

from workplace_sync.errors import UsageError
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.explain import explain_person
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.jobs.person_file import PersonFile, read_person
from workplace_sync.policy.explain_words import explanation_lines
from workplace_sync.store import access_reads
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.keeping import rule_texts
from workplace_sync.web.console.masking import mask_address
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.references import person_path, referred
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import begin_of, day_asked, groups_seen, in_full

_AT = "/people"
_AT_ONCE = 100
_READS = 20
_DEEPER = " " * 3  # indented below a point, which is by two

Point = tuple[str, list[str]]


@page(_AT, Permission.PEOPLE_READ, menu=Menu("People", 40), help="person")
def people(ask: Asked) -> Response:
    """Show the form with which somebody is looked up."""
    return ask.show("people.html", title="People", fault="")


@page(_AT, Permission.PEOPLE_READ, method="POST", help="person")
def look_up(ask: Asked, address: Annotated[str, Form()] = "") -> Response:
    """Go on to the page about a person. Somebody in other groups alone looks like somebody who is in none."""
    ask.limited(SEARCH)
    try:
        key = key_of(address.strip())
    except UsageError as error:
        return ask.show("people.html", title="People", fault=f"{error.message} {error.hint}".strip())
    if not file_of(ask, key).known:
        return ask.show("people.html", title="People", fault="Nothing is on record about this address in your groups.")
    return ask.done("", person_path(ask, key))


@page(f"{_AT}/{{person}}", Permission.PEOPLE_READ, help="person")
def person(ask: Asked, person: str, before: Annotated[int | None, Query(ge=1, le=10**9)] = None) -> Response:
    """Show how a person stands and what is on record, newest first, a hundred things at a time."""
    key, file = _known(ask, person)
    ask.noted_read("person", "", [key])
    last = len(file.chapters) if before is None else min(before, len(file.chapters))
    first = max(0, last - _AT_ONCE)
    at = f"{_AT}/{person}"
    return ask.show(
        "person.html",
        title="A person",
        crumbs=[("People", _AT)],
        shown=person_seen(ask, key, file),
        reference=person,
        file=file,
        titles={name: group.managed.title for name, group in ask.groups.items()},
        chapters=file.chapters[first:last][::-1],
        number=len(file.chapters),
        older=f"{at}?before={first}" if first else "",
        newer=f"{at}?before={last + _AT_ONCE}" if last < len(file.chapters) else "",
        reads=_reads(ask, key),
    )


@page(f"{_AT}/{{person}}/why", Permission.PEOPLE_READ, help="person")
def why(ask: Asked, person: str, group: str = "", at: str = "") -> Response:
    """Explain what the rules make of a person in a group, now or on a day: why they were not added, and what would help."""
    key, file = _known(ask, person)
    names = sorted(ask.groups)
    chosen = group or next((one.group for one in file.groups if one.known), names[0] if names else "")
    ask.require_group(chosen)
    then = begin_of(day_asked(at))  # before it is noted, as what is refused is not read
    ask.noted_read("explanation", chosen, [key])
    told = explain_person(ask.app.office, ask.groups[chosen].managed, ask.console.rules(), key, at=then)
    lines = [] if told.explanation is None else list(explanation_lines(told.explanation))
    return ask.show(
        "person-why.html",
        title="Why, or why not",
        crumbs=[("People", _AT), ("A person", f"{_AT}/{person}")],
        shown=person_seen(ask, key, file),
        reference=person,
        told=told,
        parts=parts_of(lines),
        groups=names,
        at=at,
    )


def parts_of(lines: list[str]) -> list[tuple[str, list[Point]]]:
    """Return an explanation's lines as parts: a heading ('' for the first), and points, each with what is indented below."""
    parts: list[tuple[str, list[Point]]] = [("", [])]
    for line in filter(None, lines):
        if line.endswith(":") and not line.startswith(" "):
            parts.append((line.removesuffix(":"), []))
        elif line.startswith(_DEEPER) and parts[-1][1]:
            parts[-1][1][-1][1].append(line.strip())
        else:
            parts[-1][1].append((line.strip(), []))
    return [(heading, found) for heading, found in parts if heading or found]


def file_of(ask: Ask, key: str) -> PersonFile:
    """Return all about a person that the visitor may see."""
    everything = groups_seen(ask) is None
    return read_person(ask.app.office, key, sorted(ask.groups), others=everything, texts=rule_texts(ask))


def _known(ask: Ask, reference: str) -> tuple[str, PersonFile]:
    """Return a person's key and file; refuses with 404 where nothing is on record in the visitor's groups."""
    key = referred(ask, reference)
    file = file_of(ask, key)
    if not file.known:
        raise not_found()
    return key, file


def person_seen(ask: Ask, key: str, file: PersonFile) -> str:
    """Return the address, whole where the visitor may see it for one of the groups that the person has to do with."""
    groups = [one.group for one in file.groups if one.known] + [one.group for one in file.chapters]
    return key if any(in_full(ask, group) for group in set(groups) - {"*"}) else mask_address(key)


def _reads(ask: Ask, key: str) -> list[access_reads.AccessRead]:
    if not ask.may(Permission.ACCESS_READ):
        return []
    with ask.app.database.connect() as connection:
        return access_reads.listed(connection, key=key, limit=_READS)

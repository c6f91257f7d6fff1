"""Record that somebody wants to be left out, or agrees to be added: asked for twice, as it wins over every rule."""

from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from workplace_sync.jobs.consent import consent_of, history_of, key_of, record_consent
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.roster.consent import EVERY_GROUP, ConsentKind
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import forbidden
from workplace_sync.web.console.sight import day_given

_AT = "/consent"
_KINDS = {ConsentKind.WITHDRAWN.value: "does not want to be in", ConsentKind.GIVEN.value: "agrees to be added"}
_LONGEST = 1_000

Text = Annotated[str, Form(max_length=_LONGEST)]


@page(_AT, Permission.CONSENT_WRITE, menu=Menu("Consent", 40), help="consent")
def consent(ask: Asked) -> Response:
    """Show the form."""
    return ask.show(
        "consent.html", title="Consent", scopes=_scopes(ask), kinds=list(_KINDS.items()), given={}, faults={}
    )


@page(f"{_AT}/check", Permission.CONSENT_WRITE, method="POST", help="consent")
def check(
    ask: Asked,
    address: Text = "",
    scope: Text = "",
    kind: Text = "",
    day: Text = "",
    source: Text = "",
    basis: Text = "",
) -> Response:
    """Show how consent stands and what is about to be recorded; nothing is recorded by that."""
    ask.limited(SEARCH)
    given = {"address": address.strip(), "scope": scope, "kind": kind, "day": day, "source": source, "basis": basis}
    if faults := _faults(ask, given):
        return ask.show(
            "consent.html",
            title="Consent",
            scopes=_scopes(ask),
            kinds=list(_KINDS.items()),
            given=given,
            faults=faults,
        )
    key, group = key_of(given["address"]), None if scope == EVERY_GROUP else scope
    ask.noted_read("consent", group or "", [key])
    return ask.show(
        "consent-check.html",
        title="Is that right?",
        crumbs=[("Consent", _AT)],
        given=given,
        scope_word=dict(_scopes(ask))[scope],
        kind_word=_KINDS[kind],
        day=day_given(day),
        now_stands=consent_of(ask.desk, key, group),
        events=history_of(ask.desk, key, group),
    )


@page(_AT, Permission.CONSENT_WRITE, method="POST", help="consent")
def record(
    ask: Asked,
    address: Text = "",
    scope: Text = "",
    kind: Text = "",
    day: Text = "",
    source: Text = "",
    basis: Text = "",
) -> Response:
    """Record it."""
    given = {"address": address.strip(), "scope": scope, "kind": kind, "day": day, "source": source, "basis": basis}
    if faults := _faults(ask, given):
        return ask.done(f"{' '.join(faults.values())} Nothing was recorded.", _AT, kind="fault")
    said = day_given(day)
    at = None if said is None or said == ask.app.now().date() else datetime.combine(said, time(), UTC)
    record_consent(
        ask.desk,
        given["address"],
        ConsentKind(kind),
        scope=scope,
        at=at,
        basis=basis.strip(),
        source=source.strip(),
    )
    where = "every group" if scope == EVERY_GROUP else scope
    word = "opt-out" if kind == ConsentKind.WITHDRAWN else "consent"
    return ask.done(f"The {word} for {where} is on record, under your name. The next plan heeds it.", _AT)


def _scopes(ask: Ask) -> list[tuple[str, str]]:
    """Return for which groups the visitor may record it: each of theirs, or all at once where all are."""
    every = [(EVERY_GROUP, "every group")] if ask.may(Permission.CONSENT_WRITE, EVERY_GROUP) else []
    return every + [(name, ask.groups[name].managed.title) for name in sorted(ask.groups)]


def _faults(ask: Ask, given: dict[str, str]) -> dict[str, str]:
    """Return what is wrong, by field; refuses with 403 a group that is not the visitor's."""
    if given["scope"] and given["scope"] not in dict(_scopes(ask)):
        raise forbidden()
    faults = {}
    if "@" not in given["address"]:
        faults["address"] = "Give the whole e-mail address, as it is on the roster."
    else:
        key_of(given["address"])
    if not given["scope"]:
        faults["scope"] = "Choose a group."
    if given["kind"] not in _KINDS:
        faults["kind"] = "Choose what they said."
    day = day_given(given["day"])
    if given["day"].strip() and day is None:
        faults["day"] = "Give the day like 2026-11-21."
    elif day is not None and day > ask.app.now().date():
        faults["day"] = "That day lies in the future."
    if given["kind"] == ConsentKind.GIVEN and not given["source"].strip():
        faults["source"] = "Say how we know that they agree."
    return faults

"""The desk at which escalations are worked on: who asks, as what, by which rules; and the cases as they are read there.

Officers and the owner see cases; nobody else does, however much else they may do here. An officer whom a case is about, or
who stood aside, does not see it either.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

from sqlalchemy import Connection

from workplace_sync.cases.categories import Officer, Rulebook
from workplace_sync.cases.escalation import Escalation, Event, Link, LinkKind, Raising, escalation_of
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.errors import CaseError, UsageError
from workplace_sync.jobs.office import Office
from workplace_sync.store import cases as store
from workplace_sync.store.case_key import CaseKey
from workplace_sync.store.cases import Keeping

SEES = frozenset({Role.OFFICER, Role.OWNER})
_TWICE = 2


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """What every job on escalations needs.

    `role` is what the one who asks (`office.actor`) is here, None where they are nothing. `officers` are all who are
    officers, by name; `rulebook.officers` has the keys. `entropy` gives random bytes, `unseal_valid` is how long an
    officer has to answer when asked to open an identity together.
    """

    office: Office
    rulebook: Rulebook
    key: CaseKey
    role: Role | None
    officers: frozenset[str] = frozenset()
    unseal_valid: timedelta = timedelta(hours=72)
    entropy: Callable[[int], bytes] = os.urandom

    @property
    def actor(self) -> str:
        """Who asks, by name; '' for who reported."""
        return "" if self.role is Role.REPORTER else self.office.actor

    def as_reporter(self) -> "CaseDesk":
        """Return the desk for somebody who reports, or comes back with a receipt: they have no name here."""
        return replace(self, role=Role.REPORTER)

    def having_role(self) -> Role:
        """Return the role of the one who asks; raises CaseError where they have none."""
        if self.role is None:
            raise CaseError(
                "Only officers work on members' cases.",
                hint="Say with --by who this is; officers are in config/people.yaml and config/escalations.yaml.",
            )
        return self.role

    def require_sight(self) -> None:
        """Raise CaseError unless the one who asks may see cases."""
        if self.having_role() not in SEES:
            raise CaseError("Members' cases are seen by officers and the owner alone.", hint="Ask an officer.")

    def keyed(self, name: str) -> Officer:
        """Return an officer with a public key; raises CaseError where that is nobody."""
        found = self.rulebook.officer(name)
        if found is None or name not in self.officers:
            raise CaseError(
                "There is no officer of that name with a key.",
                hint="Officers have the role in config/people.yaml, and their keys in config/escalations.yaml.",
            )
        return found

    def sealers(self, without: frozenset[str] = frozenset()) -> list[tuple[str, bytes]]:
        """Return the officers to whom identities are sealed, each with the public key."""
        return [
            (one.name, one.public_key)
            for one in self.rulebook.officers
            if one.name in self.officers and one.name not in without
        ]


@dataclass(frozen=True, slots=True)
class Body:
    """What was written with an event. `content` is exactly what the evidence log holds the SHA-256 of, '' once erased."""

    words: str = ""
    to: str = ""
    reference: str = ""
    ref: str = ""
    content: bytes = b""

    @classmethod
    def parse(cls, content: bytes) -> "Body":
        """Return what `write_body` wrote."""
        plain = cast("Mapping[str, str]", json.loads(content))
        return cls(plain["words"], plain["to"], plain["reference"], plain["ref"], content)


def write_body(event: Event, files: list[str], salt: bytes) -> bytes:
    """Return what is written with an event; `files` are the SHA-256 of what is attached.

    The salt, 32 random bytes, keeps the words from being guessed by their hash in the evidence log, once they are erased.
    """
    facts = event.facts
    plain = {
        "files": files,
        "ref": facts.ref if isinstance(facts, Link) and facts.kind is LinkKind.PERSON else "",
        "reference": facts.reference if isinstance(facts, Raising) else "",
        "salt": salt.hex(),
        "to": facts.to if isinstance(facts, Raising) else "",
        "words": event.words,
    }
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


def without_body(event: Event) -> Event:
    """Return an event without what `write_body` takes of it: that is kept apart."""
    bare, facts = event.without_words(), event.facts
    if isinstance(facts, Link) and facts.kind is LinkKind.PERSON:
        return replace(bare, facts=replace(facts, ref=""))
    return bare


def with_body(event: Event, body: Body) -> Event:
    """Return an event with what was written with it."""
    facts = event.facts
    if isinstance(facts, Raising):
        facts = replace(facts, to=body.to, reference=body.reference)
    elif isinstance(facts, Link) and facts.kind is LinkKind.PERSON:
        facts = replace(facts, ref=body.ref)
    return replace(event, words=body.words, facts=facts)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all that is known of it. `files` are ids of what is attached, by the number of the event it came with."""

    case: Escalation
    events: tuple[Event, ...]
    keeping: Keeping
    files: Mapping[int, tuple[str, ...]]
    sealed: bool


def label_of(case: str, number: int) -> str:
    """Return the label that the words of an event are bound to."""
    return f"text/{case}/{number}"


def read_events(desk: CaseDesk, connection: Connection, case: str) -> list[Event]:
    """Return the events of a case with what was written; raises UsageError where there is no such case."""
    bare = store.events(connection, case).get(case)
    if bare is None:
        raise no_case()
    bodies = {
        number: Body.parse(desk.key.open(label_of(case, number), sealed))
        for number, sealed in store.texts(connection, case).items()
    }
    return [with_body(event, bodies.get(number, Body())) for number, event in enumerate(bare)]


def all_cases(connection: Connection) -> dict[str, Escalation]:
    """Return every case by its id, without what was written in it."""
    return {case: escalation_of(case, events) for case, events in store.events(connection).items()}


def make_key(desk: CaseDesk) -> None:
    """Make the key for cases where there is no case yet; a lost one is never replaced, and told when it is needed."""
    with desk.office.database.connect() as connection:
        if not store.keeping(connection):
            desk.key.make()


def case_name(given: str) -> str:
    """Return the id that somebody means: small letters and a missing hyphen do not matter."""
    plain = given.strip().upper().replace("-", "")
    half = len(plain) // _TWICE
    return f"{plain[:half]}-{plain[half:]}"


def no_case() -> UsageError:
    """Return that there is no such case."""
    return UsageError("There is no such case.", hint="`workplace-sync escalation list` lists them.")


def require_part(desk: CaseDesk, case: Escalation) -> None:
    """Raise CaseError unless the one who asks may see this case."""
    desk.require_sight()
    if desk.actor in case.recused:
        raise CaseError(
            f"You have no part in case {case.id}: it is about you, or you stood aside.",
            hint="Another officer takes it on.",
        )

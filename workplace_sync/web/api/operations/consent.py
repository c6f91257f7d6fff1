"""Record that somebody wants to be left out, or agrees to be added: it wins over every rule."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from pydantic import Field

from workplace_sync.errors import UsageError
from workplace_sync.jobs.consent import key_of, record_consent
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.roster.consent import EVERY_GROUP, ConsentKind
from workplace_sync.web.api.calling import V1, Called
from workplace_sync.web.api.parts import Part, PersonShown, Wanted, person_in
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission

_Told = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]


class ConsentSaid(Wanted):
    """What somebody said, when, and how we know. `scope` is a group, or `*` for every one; `day` is today unless given."""

    address: Annotated[str, Field(min_length=3, max_length=320)]
    scope: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["given", "withdrawn"]
    day: date | None = None
    source: _Told = ""
    basis: _Told = ""


class ConsentNow(Part):
    """How consent stands for that scope now."""

    person: PersonShown | None
    scope: str
    state: str
    at: datetime | None


@page(f"{V1}/consent", Permission.CONSENT_WRITE, method="POST", api=True)
def put_on_record(ask: Called, said: ConsentSaid) -> ConsentNow:
    """Put what somebody said on record, in the name of whose token it is. The next plan heeds it."""
    ask.limited(SEARCH)
    if said.scope == EVERY_GROUP:
        ask.require_everywhere()
    else:
        ask.require_group(said.scope)
    kind = ConsentKind(said.kind)
    if kind is ConsentKind.GIVEN and not said.source.strip():
        raise UsageError("A consent needs its source.", hint="Say in `source` how we know that they agree.")
    key = key_of(said.address.strip())
    at = None if said.day in {None, ask.app.now().date()} else datetime.combine(said.day or date.min, time(), UTC)
    now = record_consent(
        ask.desk,
        said.address.strip(),
        kind,
        scope=said.scope,
        at=at,
        basis=said.basis.strip(),
        source=said.source.strip(),
    )
    group = "" if said.scope == EVERY_GROUP else said.scope
    return ConsentNow(person=person_in(ask, key, group), scope=said.scope, state=now.state.value, at=now.at)

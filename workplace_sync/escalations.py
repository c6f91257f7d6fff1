"""The file of escalations, config/escalations.yaml: categories, areas, officers and their keys, deadlines, what may leave.

It holds no secret: an officer's private key stays with the officer, and only the public one is here.
"""

import base64
import binascii
import re
from collections.abc import Hashable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from workplace_sync.cases.categories import (
    SHIPPED,
    SMALLEST_K,
    Area,
    Attachments,
    Audience,
    Category,
    Officer,
    Rulebook,
)
from workplace_sync.cases.escalation import Tone
from workplace_sync.cases.escalation_steps import Deadlines
from workplace_sync.errors import Fault, InputError
from workplace_sync.policy.source import Source, checked, read_source

FILE_NAME = "escalations.yaml"
TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf", "text/plain")
"""The types of attachments that can be accepted at all: those that can be cleaned, or hold nothing hidden."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_KEY_BYTES = 32
_LARGEST = 20_000_000


def load_rulebook(config_dir: Path) -> Rulebook:
    """Return how escalations are handled; where there is no file, what is usual, without areas and officers.

    Raises InputError with every fault of the file.
    """
    file = config_dir / FILE_NAME
    if not file.exists():
        return Rulebook()
    try:
        source = read_source(str(file), file.read_bytes())
    except OSError:
        fault = Fault(str(file), 0, 0, "", "cannot be read", "check its rights")
        raise InputError(f"{file} cannot be used as written.", [fault]) from None
    faults = list(_own_faults(source))
    model = None
    try:
        model = checked(source, _File)
    except InputError as error:
        faults += error.faults
    if faults or model is None:
        hint = "Correct what is listed, then try again."
        raise InputError(f"{file} cannot be used as written.", sorted(faults), hint=hint)
    return model.as_rulebook()


def _own_faults(source: Source) -> Iterator[Fault]:
    """Yield what is twice in a list: looked for in the plain data, so that it is told beside all other faults."""
    for part, name in (("categories", "id"), ("areas", "id"), ("officers", "name"), ("officers", "public_key")):
        items = source.data.get(part) if isinstance(source.data, dict) else None
        seen: dict[Hashable, int] = {}
        for index, item in enumerate(items if isinstance(items, list) else ()):
            value = item.get(name) if isinstance(item, dict) else None
            if isinstance(value, str) and seen.setdefault(value, index) != index:
                message = f"is also that of item {seen[value] + 1}"
                yield source.fault((part, index, name), message, "give each its own")


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("must be lower-case letters, digits and hyphens, 40 at most")
    return text


def _key(text: str) -> str:
    # Never repeated: somebody may have put the private key here by mistake.
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise ValueError("must be a public key as `workplace-sync escalation key` prints it: 32 bytes in base64")
    return text


def _type(text: str) -> str:
    if text not in TYPES:
        raise ValueError(f"must be one of {', '.join(TYPES)}")
    return text


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Id = Annotated[str, AfterValidator(_id)]
_Days = Annotated[int, Field(ge=1, le=365)]
_LENIENT = Field(strict=False)  # YAML has lists where we have tuples, and texts where we have words of ours


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Category(_Part):
    id: _Id
    title: _Text
    about: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""
    tones: Annotated[tuple[Annotated[Tone, _LENIENT], ...], _LENIENT, Field(min_length=1)] = (Tone.BAD,)


class _Area(_Part):
    id: _Id
    title: _Text


class _Officer(_Part):
    name: _Text
    public_key: Annotated[str, AfterValidator(_key)]


class _Deadlines(_Part):
    validation: _Days = Field(7, alias="validate")
    raise_it: _Days = Field(14, alias="raise")
    chase: _Days = 28
    settle: _Days = 14
    report_back: _Days = 7


class _Attachments(_Part):
    types: Annotated[tuple[Annotated[str, AfterValidator(_type)], ...], _LENIENT] = Attachments().types
    largest_bytes: Annotated[int, Field(ge=1, le=_LARGEST)] = Attachments().largest
    most: Annotated[int, Field(ge=0, le=10)] = Attachments().most


class _Audience(_Part):
    employer: _Text = Audience().employer
    union: _Text = Audience().union


class _File(_Part):
    kind: Literal["Escalations"]
    categories: Annotated[tuple[_Category, ...], _LENIENT, Field(min_length=1)] | None = None
    areas: Annotated[tuple[_Area, ...], _LENIENT] = ()
    officers: Annotated[tuple[_Officer, ...], _LENIENT] = ()
    smallest_count: Annotated[int, Field(ge=SMALLEST_K, le=100)] = 5
    retention_months: Annotated[int, Field(ge=1, le=120)] = 12
    deadlines_days: _Deadlines = _Deadlines()
    attachments: _Attachments = _Attachments()
    audience: _Audience = _Audience()

    def as_rulebook(self) -> Rulebook:
        return Rulebook(
            categories=_categories(self.categories),
            areas=tuple(Area(one.id, one.title) for one in self.areas),
            officers=tuple(Officer(one.name, base64.b64decode(one.public_key)) for one in self.officers),
            k=self.smallest_count,
            retention=self.retention_months,
            deadlines=_deadlines(self.deadlines_days),
            attachments=Attachments(self.attachments.types, self.attachments.largest_bytes, self.attachments.most),
            audience=Audience(self.audience.employer, self.audience.union),
        )


def _categories(given: Sequence[_Category] | None) -> tuple[Category, ...]:
    if given is None:
        return SHIPPED
    return tuple(Category(one.id, one.title, one.tones, one.about) for one in given)


def _deadlines(given: _Deadlines) -> Deadlines:
    days = (given.validation, given.raise_it, given.chase, given.settle, given.report_back)
    return Deadlines(*(timedelta(days=number) for number in days))

"""The fields of a group file, and what each of them may be."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workplace_sync.groups.cron import cron_line
from workplace_sync.groups.model import (
    AddressSource,
    FileSource,
    GroupFile,
    GroupSource,
    PlatformConfig,
    RosterSource,
    Schedule,
)
from workplace_sync.loopback import LOOPBACK
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.roster.columns import ColumnMapping
from workplace_sync.roster.person import BadAddressError, person_key

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError("must be lower-case letters, digits and hyphens")
    return text


def _variable(text: str) -> str:
    # The value is never repeated: it may be the secret itself.
    if not _VARIABLE.fullmatch(text):
        raise ValueError(
            "must be the name of a variable, such as WORKPLACE_TOKEN_BT; if this is the secret itself, have it replaced"
        )
    return text


def _platform_id(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("must be the group's number, as in its address on the platform")
    return text


def _address(text: str) -> str:
    try:
        person_key(text)
    except BadAddressError as error:
        raise ValueError(f"is no e-mail address: {error}") from None
    return text


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("must be a web address that begins with https://") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or not text.isprintable() or " " in text:
        raise ValueError("must be a web address that begins with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must begin with https://; plain http is for this machine only (127.0.0.1)")
    return text


def _base(text: str) -> str:
    if "?" in text or "#" in text:
        raise ValueError("must hold nothing behind the path")
    return _web_address(text).rstrip("/")


def _each_once(items: tuple[str, ...]) -> tuple[str, ...]:
    keys = [person_key(item) if "@" in item else item for item in items]
    for number, key in enumerate(keys, 1):
        if (first := keys.index(key) + 1) != number:
            raise ValueError(f"has the same as item {first} and as item {number}")
    return items


def _param(value: object) -> object:
    if value is None or isinstance(value, Mapping):
        raise ValueError("must be a text, a number, true, false or a list of texts")
    return value


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_Lower = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=200)]
_Name = Annotated[str, AfterValidator(_name)]
_Variable = Annotated[str, AfterValidator(_variable)]
_PlatformId = Annotated[str, AfterValidator(_platform_id)]
_Link = Annotated[str, AfterValidator(lambda text: text and _web_address(text))]
_Cron = Annotated[str, AfterValidator(cron_line)]
_LENIENT = Field(strict=False)  # YAML has lists where we have tuples
_Texts = Annotated[tuple[_Text, ...], _LENIENT, AfterValidator(_each_once)]
_Addresses = Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], _LENIENT, AfterValidator(_each_once)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Platform(_Part):
    type: Literal["workplace"]
    base_url: Annotated[str, AfterValidator(_base)]
    group_id: _PlatformId
    token_env: _Variable
    app_secret_env: _Variable | None = None


class _Columns(_Part):
    """The fields of ColumnMapping, whose own checks are the ones that count."""

    email: str = ""
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    tenant: str = ""
    status: str = ""
    roles: str = ""
    external_id: str = ""
    consent: str = ""
    consent_at: str = ""
    consent_basis: str = ""
    consent_source: str = ""
    sheet: str = ""
    constants: dict[str, str] = {}
    consent_values: dict[str, str] = {}
    status_values: dict[str, str] = {}
    date_formats: Annotated[tuple[str, ...], _LENIENT] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        self.mapping()
        return self

    def mapping(self) -> ColumnMapping:
        return ColumnMapping(**self.model_dump())


class _RosterSource(_Part):
    file: _Text | None = None
    columns: _Columns = _Columns()
    tenant: _Lower | None = None
    faulty_rows: Literal["refuse", "skip"] = "refuse"
    addresses: _Addresses | None = None
    group: _PlatformId | None = None

    @model_validator(mode="after")
    def _is_one_source(self) -> Self:
        given = {name for name in ("file", "addresses", "group") if getattr(self, name) is not None}
        if len(given) != 1:
            raise ValueError("must have one of file, addresses and group")
        if given != {"file"} and (extra := sorted({"columns", "tenant", "faulty_rows"} & self.model_fields_set)):
            raise ValueError(f"has {' and '.join(extra)}, which only a file can have")
        return self

    def as_source(self) -> RosterSource:
        if self.file is not None:
            skip = self.faulty_rows == "skip"
            return FileSource(Path(self.file), self.columns.mapping(), self.tenant or "", skip)
        return AddressSource(self.addresses) if self.addresses is not None else GroupSource(self.group or "")


class _Removals(_Part):
    opted_out: bool = False
    not_eligible: bool = False


class _Schedule(_Part):
    reconcile: _Cron | None = None
    observe: _Cron | None = None


class GroupForm(_Part):
    """A group file, field by field, with what each may be."""

    kind: Literal["Group"]
    name: _Name
    title: _Text
    tenant: _Lower
    platform: _Platform
    link: _Link = ""
    roster: Annotated[tuple[_RosterSource, ...], _LENIENT, Field(min_length=1)]
    eligible_statuses: Annotated[tuple[_Lower, ...], _LENIENT, Field(min_length=1)] = ("active",)
    removals: _Removals = _Removals()
    protected: _Addresses = ()
    approvers: _Texts = ()
    params: dict[str, dict[str, Annotated[object, AfterValidator(_param)]]] = {}
    schedule: _Schedule = _Schedule()

    def as_group(self, file: Path) -> GroupFile:
        """Return the group that the file describes."""
        return GroupFile(
            file=file,
            managed=ManagedGroup(
                name=self.name,
                title=self.title,
                tenant=self.tenant,
                platform_id=self.platform.group_id,
                link=self.link,
                removals=RemovalRules(**self.removals.model_dump()),
                eligible_statuses=self.eligible_statuses,
                protected=frozenset(map(person_key, self.protected)),
                params=self.params,
            ),
            platform=PlatformConfig(**self.platform.model_dump()),
            sources=tuple(part.as_source() for part in self.roster),
            approvers=self.approvers,
            schedule=Schedule(**self.schedule.model_dump()),
        )

"""The group files, config/groups/<name>.yaml: one for each group that is managed, checked as a whole before any is used.

A file says who may be in, where the group is, and what may be done there. It never holds a secret: only the name of
the variable or file that holds it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workplace_sync.errors import Fault, InputError, UsageError
from workplace_sync.logs import holds_token
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.policy.source import Source, checked, read_source
from workplace_sync.roster.columns import ColumnMapping
from workplace_sync.roster.person import BadAddressError, person_key

T = TypeVar("T")

_LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1"])
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_HAVE_IT_REPLACED = "have it replaced, as files get copied; keep the new one in the environment, and here its name only"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")


@dataclass(frozen=True, slots=True)
class FileSource:
    """A roster file. `path` is relative to the home folder; `tenant` is for the rows that name none.

    `skip_faulty_rows` takes the good rows of a file that has faulty ones, where otherwise the file is refused.
    """

    path: Path
    columns: ColumnMapping
    tenant: str = ""
    skip_faulty_rows: bool = False


@dataclass(frozen=True, slots=True)
class AddressSource:
    """Addresses written in the group file."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupSource:
    """The members of another group on the same platform, by its id there."""

    platform_id: str


RosterSource = FileSource | AddressSource | GroupSource


@dataclass(frozen=True, slots=True)
class PlatformConfig:
    """Where the group is, and the names under which its secrets are found (`Settings.secret`)."""

    type: Literal["workplace"]
    base_url: str
    group_id: str
    token_env: str
    app_secret_env: str | None = None


@dataclass(frozen=True, slots=True)
class GroupFile:
    """A group file as it was read. The first of `sources` that names a person wins.

    `approvers` are those who may approve a plan; where there are none, anyone but the one who asked for it may.
    """

    file: Path
    managed: ManagedGroup
    platform: PlatformConfig
    sources: tuple[RosterSource, ...] = ()
    approvers: tuple[str, ...] = ()


def load_groups(config_dir: Path) -> dict[str, GroupFile]:
    """Read all group files, by name, in the order of their names.

    Raises InputError with every fault of every file, and when two files manage the same group of a platform.
    """
    folder = config_dir / "groups"
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", hint="Make it, with one <name>.yaml for each group.")
    faults = [
        Fault(str(stray), 0, 0, "", "is not read, for its name does not end in .yaml", "rename it")
        for stray in sorted(folder.glob("*.yml"))
    ]
    found: dict[str, GroupFile] = {}
    for file in sorted(folder.glob("*.yaml")):
        try:
            found[file.stem] = _load(file)
        except InputError as error:
            faults += error.faults
    faults += _claimed_twice(list(found.values()))
    if faults:
        raise _unusable(faults)
    return found


def load_group(config_dir: Path, name: str) -> GroupFile:
    """Read one group's file; the others may be faulty.

    Raises UsageError when there is no group of that name, InputError with every fault of the file.
    """
    file = config_dir / "groups" / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not file.is_file():
        raise _unknown(config_dir, name)
    return _load(file)


def _unknown(config_dir: Path, name: str) -> UsageError:
    known = sorted(file.stem for file in (config_dir / "groups").glob("*.yaml"))
    near = get_close_matches(name, known, 1)
    what = f"group {name}" if _NAME.fullmatch(name) else "group of that name"  # it may be anything, an address too
    hint = f"Did you mean {near[0]}? " if near else ""
    hint += (
        f"The groups are: {', '.join(known)}." if known else f"Group files are looked for in {config_dir / 'groups'}."
    )
    return UsageError(f"There is no {what}.", hint=hint)


def _load(file: Path) -> GroupFile:
    try:
        source = read_source(str(file), file.read_bytes())
    except OSError:
        raise _unusable([Fault(str(file), 0, 0, "", "cannot be read", "check its rights")]) from None
    faults = [
        source.fault(path, "looks like a token, and a group file holds no secrets", _HAVE_IT_REPLACED)
        for path, text in _texts(source.data, ())
        if holds_token(text)
    ]
    model = None
    try:
        model = checked(source, _File)
        faults += _own_faults(source, model, file)
    except InputError as error:
        faults += error.faults
    if faults or model is None:
        raise _unusable(faults)
    return model.as_group(file)


def _own_faults(source: Source, model: "_File", file: Path) -> Iterator[Fault]:
    if model.name != file.stem:
        yield source.fault(("name",), f"is not {file.stem!r}, as the file is called", "rename one of them")
    for index, part in enumerate(model.roster):
        if part.group == model.platform.group_id:
            yield source.fault(
                ("roster", index, "group"), "is the managed group itself", "name another group, or remove it"
            )


def _claimed_twice(found: Sequence[GroupFile]) -> Iterator[Fault]:
    first: dict[tuple[str, str], GroupFile] = {}
    for group in found:
        other = first.setdefault((group.platform.base_url, group.platform.group_id), group)
        if other is not group:
            message = f"is managed by {other.file.name} already"
            yield Fault(str(group.file), 0, 0, "platform.group_id", message, "keep one file for a group")


def _unusable(faults: Sequence[Fault]) -> InputError:
    files = sorted({fault.file for fault in faults})
    what = f"{files[0]} cannot" if len(files) == 1 else f"{len(files)} group files cannot"
    return InputError(f"{what} be used as written.", sorted(faults), hint="Correct what is listed, then try again.")


def _texts(data: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, Mapping | list):
        for step, item in data.items() if isinstance(data, Mapping) else enumerate(data):
            yield from _texts(item, (*path, step))


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
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
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
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


class _File(_Part):
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

    def as_group(self, file: Path) -> GroupFile:
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
        )

"""The policies that are in force together: loaded from text, checked as a whole, and named by one revision."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib.resources import files as package_files
from pathlib import PurePosixPath

from pydantic import BaseModel

from workplace_sync.errors import Fault, InputError
from workplace_sync.policy.check import faults_of
from workplace_sync.policy.decision import Shelf
from workplace_sync.policy.document import (
    FLOOR_PREFIX,
    ExceptionDocument,
    MembershipDocument,
    PlatformDocument,
    PolicyDocument,
)
from workplace_sync.policy.exceptions import PolicyException, exception_faults, judgement_faults
from workplace_sync.policy.limits import Limits, check_size
from workplace_sync.policy.params import param_text
from workplace_sync.policy.source import Source, checked, read_sources
from workplace_sync.policy.versions import Policy, version_faults

__all__ = ["FLOOR_PREFIX", "Policy", "PolicyException", "PolicySet", "floor_files", "load_policies"]

_KINDS: Mapping[object, type[PolicyDocument] | type[ExceptionDocument]] = {
    "MembershipPolicy": MembershipDocument,
    "PlatformPolicy": PlatformDocument,
    "PolicyException": ExceptionDocument,
}


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All versions of all policies, in the order of ids and versions, and the exceptions from their rules.

    `revision` is the hash of all that was loaded, in force or not.
    """

    policies: tuple[Policy, ...]
    revision: str
    exceptions: tuple[PolicyException, ...] = ()

    def in_force(self, now: datetime) -> "PolicySet":
        """Return those that hold at a time, under the same revision: it names what was loaded."""
        return replace(
            self,
            policies=tuple(policy for policy in self.policies if policy.in_force(now)),
            exceptions=tuple(exception for exception in self.exceptions if exception.in_force(now)),
        )

    def versions(self, policy: str) -> tuple[Policy, ...]:
        """Return the versions of a policy, oldest first; none when there is no such policy."""
        return tuple(found for found in self.policies if found.id == policy)


def load_policies(files: Mapping[str, bytes], archive: Mapping[str, bytes] | None = None) -> PolicySet:
    """Return the policies in the files (name -> content) together with the built-in floor.

    `archive` are the archived texts, by name; each text that a policy names is compared with its hash. Without an
    archive none is. Raises InputError with every fault of every file, each with line and column where there is one.
    """
    check_size(files)
    reading = _Reading(archive)
    for name, content in sorted(floor_files().items()):
        reading.take(name, content, built_in=True)
    for name in sorted(files):
        reading.take(name, files[name], built_in=False)
    return reading.concluded()


def floor_files() -> dict[str, bytes]:
    """Return the policies that are part of the program, as name -> content."""
    folder = package_files("workplace_sync.policy") / "floor"
    return {f"built-in/{file.name}": file.read_bytes() for file in folder.iterdir() if file.name.endswith(".yaml")}


class _Reading:
    """What was read so far, and every fault of it."""

    def __init__(self, archive: Mapping[str, bytes] | None) -> None:
        self._archive = archive
        self._limits = Limits()
        self._faults: list[Fault] = []
        self._policies: list[tuple[Source, Policy]] = []
        self._exceptions: list[tuple[Source, PolicyException]] = []

    def take(self, name: str, content: bytes, *, built_in: bool) -> None:
        """Read one file."""
        try:
            sources = read_sources(name, content)
        except InputError as error:
            self._faults += error.faults
            return
        for source in sources:
            try:
                document = checked(source, _model(source))
            except InputError as error:
                self._faults += error.faults
                continue
            self._place(source, document, built_in=built_in)

    def concluded(self) -> PolicySet:
        """Return all that was read, checked against each other; raises InputError."""
        faults = self._faults + list(version_faults(self._policies)) + self._exception_faults()
        if faults:
            count = f"{len(faults)} faults" if len(faults) > 1 else "one fault"
            raise InputError(f"The policies have {count}.", sorted(faults), hint="Correct the files and try again.")
        policies = sorted((policy for _, policy in self._policies), key=lambda policy: (policy.id, policy.version))
        exceptions = sorted((exception for _, exception in self._exceptions), key=lambda exception: exception.id)
        contents = [_content(one.document) for one in policies] + [_content(one.document) for one in exceptions]
        return PolicySet(tuple(policies), _hash(contents), tuple(exceptions))

    def _place(self, source: Source, document: PolicyDocument | ExceptionDocument, *, built_in: bool) -> None:
        too_much = self._limits.faults(source, document)
        if too_much:
            self._faults += too_much
            return
        hashed = content_hash(document)
        if isinstance(document, ExceptionDocument):
            self._exceptions.append((source, PolicyException(source.file, document, hashed)))
            return
        self._faults += faults_of(source, document)
        if not built_in and document.shelf is Shelf.BUILT_IN:
            message = f"ids that begin with {FLOOR_PREFIX!r} belong to the program"
            self._faults.append(source.fault(("metadata", "id"), message, "choose another id"))
        self._faults += _folder_faults(source, document)
        if isinstance(document, PlatformDocument) and self._archive is not None:
            self._faults += _archive_faults(source, document, self._archive)
        self._policies.append((source, Policy(source.file, document, hashed)))

    def _exception_faults(self) -> list[Fault]:
        documents = [policy.document for _, policy in self._policies]
        faults: list[Fault] = []
        first: dict[str, str] = {}
        for source, exception in self._exceptions:
            if exception.id in first:
                message = f"the id {exception.id!r} is already in {first[exception.id]}"
                faults.append(source.fault(("id",), message, "an id stands for one exception, for good"))
            first.setdefault(exception.id, exception.file)
            faults += exception_faults(source, exception.document, documents)
        if faults or self._faults:
            return faults  # what faulty rules would say of an exception is not to be known
        for source, exception in self._exceptions:
            approved = exception.document.approved_at
            then = [policy.document for _, policy in self._policies if policy.in_force(approved)]
            faults += judgement_faults(source, exception.document, then)
        return faults


def _model(source: Source) -> type[PolicyDocument] | type[ExceptionDocument]:
    if not isinstance(source.data, dict) or "kind" not in source.data:
        return MembershipDocument  # whose own check says what is missing
    model = _KINDS.get(source.data["kind"]) if isinstance(source.data["kind"], str) else None
    if model is None:
        fault = source.fault(("kind",), "is no kind of policy file", f"use one of {', '.join(map(str, _KINDS))}")
        raise InputError(f"{source.file} cannot be used as it is.", [fault])
    return model


def _folder_faults(source: Source, document: PolicyDocument) -> list[Fault]:
    folders = PurePosixPath(source.file).parts[:-1]
    if document.shelf is Shelf.PLATFORM:
        wanted = ("platform", document.metadata.owner)
        if folders[-2:] != wanted:
            message = f"is not the folder that the file lies in; texts of this owner belong into {'/'.join(wanted)}/"
            return [source.fault(("metadata", "owner"), message, "move the file, or correct the owner")]
    elif "platform" in folders:
        advice = "move the file, or make a PlatformPolicy of it"
        return [source.fault(("kind",), "the folder platform/ is for what the platform's owner published", advice)]
    return []


def _archive_faults(source: Source, document: PlatformDocument, archive: Mapping[str, bytes]) -> list[Fault]:
    published = document.metadata.source
    if not published.archive:
        return []
    name = (PurePosixPath(source.file).parent / published.archive).as_posix()
    path = ("metadata", "source", "archive")
    if name not in archive:
        return [source.fault(path, f"there is no file {name}", "put the archived text there, or leave `archive` out")]
    digest = hashlib.sha256(archive[name]).hexdigest()
    if digest != published.sha256:
        message = f"{name} is not the text that was archived: its SHA-256 is {digest}"
        return [source.fault(("metadata", "source", "sha256"), message, "put the archived text back as it was")]
    return []


def content_hash(part: BaseModel) -> str:
    """Return "sha256:<hex>" of the content of a document or of a part of it."""
    return _hash(_content(part))


def _content(document: BaseModel) -> object:
    """Return what a hash is about; fields at their default are left out, so that a new one changes no old hash."""
    return document.model_dump(mode="python", exclude_defaults=True)


def _hash(content: object) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: date | timedelta) -> object:
    return param_text(value) if isinstance(value, datetime | timedelta) else value.isoformat()

"""The policies that are in force together: loaded from text, checked as a whole, and named by one revision."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.resources import files as package_files

from workplace_sync.errors import Fault, InputError
from workplace_sync.policy.check import faults_of
from workplace_sync.policy.document import PolicyDocument, param_text
from workplace_sync.policy.source import Source, checked, read_source

FLOOR_PREFIX = "floor-"


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy. `hash` is "sha256:<hex>" of its content, whatever its layout and comments."""

    file: str
    document: PolicyDocument
    hash: str

    @property
    def id(self) -> str:
        """The policy's stable name."""
        return self.document.metadata.id

    @property
    def is_floor(self) -> bool:
        """Whether this belongs to the program itself and always holds."""
        return self.id.startswith(FLOOR_PREFIX)

    def in_force(self, now: datetime) -> bool:
        """Whether the policy holds at a time: from effective_from up to, not at, effective_until."""
        dates = self.document.metadata
        begun = dates.effective_from <= now
        return self.is_floor or (begun and (dates.effective_until is None or now < dates.effective_until))


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Policies in the order of their ids. `revision` is the hash of all that were loaded, in force or not."""

    policies: tuple[Policy, ...]
    revision: str

    def in_force(self, now: datetime) -> "PolicySet":
        """Return those that hold at a time, under the same revision: it names what was loaded."""
        return replace(self, policies=tuple(policy for policy in self.policies if policy.in_force(now)))


def load_policies(files: Mapping[str, bytes]) -> PolicySet:
    """Return the policies in the files (name -> content) together with the built-in floor.

    Raises InputError with every fault of every file, each with line and column where there is one.
    """
    faults: list[Fault] = []
    policies = [
        found
        for built_in, shelf in ((True, floor_files()), (False, files))
        for name in sorted(shelf)
        if (found := _policy(name, shelf[name], built_in=built_in, faults=faults))
    ]
    faults += _repeated(policies)
    if faults:
        count = f"{len(faults)} faults" if len(faults) > 1 else "one fault"
        raise InputError(f"The policies have {count}.", sorted(faults), hint="Correct the files and try again.")
    policies.sort(key=lambda policy: policy.id)
    return PolicySet(tuple(policies), _hash([_content(policy.document) for policy in policies]))


def floor_files() -> dict[str, bytes]:
    """Return the policies that are part of the program, as name -> content."""
    folder = package_files("workplace_sync.policy") / "floor"
    return {f"built-in/{file.name}": file.read_bytes() for file in folder.iterdir() if file.name.endswith(".yaml")}


def _policy(name: str, content: bytes, *, built_in: bool, faults: list[Fault]) -> Policy | None:
    try:
        source = read_source(name, content)
        document = checked(source, PolicyDocument)
    except InputError as error:
        faults += error.faults
        return None
    faults += faults_of(source, document)
    if not built_in:
        faults += _reserved(source, document)
    return Policy(name, document, _hash(_content(document)))


def _reserved(source: Source, document: PolicyDocument) -> list[Fault]:
    if not document.metadata.id.startswith(FLOOR_PREFIX):
        return []
    advice = "choose another id"
    return [source.fault(("metadata", "id"), f"ids that begin with {FLOOR_PREFIX!r} belong to the program", advice)]


def _repeated(policies: list[Policy]) -> list[Fault]:
    first: dict[str, str] = {}
    faults = []
    for policy in policies:
        if policy.id in first:
            message = f"the id {policy.id!r} is already that of {first[policy.id]}"
            faults.append(Fault(policy.file, 0, 0, "metadata.id", message, "an id belongs to one policy"))
        first.setdefault(policy.id, policy.file)
    return faults


def _content(document: PolicyDocument) -> object:
    return document.model_dump(mode="python")


def _hash(content: object) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: datetime | timedelta) -> object:
    return param_text(value)

"""Reads a folder of policies as it lies on the disk, whether its files can be used or not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workplace_sync.errors import Fault, InputError, UsageError

_CASES = "tests"


@dataclass(frozen=True, slots=True)
class PolicyFolder:
    """The files of a folder by their name in it: `policies`, `cases` (those below tests/), and what was not read.

    `archive` are the archived texts that the platform's owner published.
    """

    path: Path
    policies: dict[str, bytes]
    cases: dict[str, bytes]
    archive: dict[str, bytes]
    strays: tuple[str, ...]

    def placed(self, fault: Fault) -> Fault:
        """Return the fault with its file named from where we are, for an editor to open; not for built-in files."""
        inside = fault.file in self.policies or fault.file in self.cases or fault.file in self.strays
        name = str(self.path / fault.file) if inside else fault.file
        return Fault(name, fault.line, fault.column, fault.field, fault.message, fault.advice)


def read_folder(path: Path) -> PolicyFolder:
    """Return what a folder holds; raises UsageError where there is none, InputError for a file that cannot be read."""
    if not path.is_dir():
        raise UsageError(f"There is no folder {path}.", hint="Name the folder in which the policies are.")
    faults: list[Fault] = []
    found = dict(_read(path, path.glob("**/*.yaml"), faults))
    archive = dict(_read(path, filter(Path.is_file, path.glob("platform/*/texts/*")), faults))
    if faults:
        raise InputError("The policies cannot be read.", faults)
    cases = {name: content for name, content in found.items() if name.split("/")[0] == _CASES}
    policies = {name: content for name, content in found.items() if name not in cases}
    strays = tuple(sorted(file.relative_to(path).as_posix() for file in path.glob("**/*.yml")))
    return PolicyFolder(path, policies, cases, archive, strays)


def read_draft_files(path: Path, policies: Path) -> tuple[dict[str, bytes], dict[str, bytes] | None]:
    """Return the files of a draft, a file or a folder, and the archived texts beside them where it is a folder.

    A file that lies in the folder `policies` is named as it is there. Raises UsageError where there is none, InputError
    for one that cannot be read.
    """
    if path.is_dir():
        found = read_folder(path)
        return found.policies, found.archive
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", hint="Name a policy's file, or a folder of such.")
    inside = path.resolve().is_relative_to(policies.resolve())
    name = path.resolve().relative_to(policies.resolve()).as_posix() if inside else path.name
    try:
        return {name: path.read_bytes()}, None
    except OSError as error:
        fault = Fault(str(path), 0, 0, "", f"cannot be read: {error.strerror}", "check its rights")
        raise InputError("The draft cannot be read.", [fault]) from None


def _read(folder: Path, files: Iterable[Path], faults: list[Fault]) -> Iterator[tuple[str, bytes]]:
    for file in sorted(files):
        try:
            yield file.relative_to(folder).as_posix(), file.read_bytes()
        except OSError as error:
            faults.append(Fault(str(file), 0, 0, "", f"cannot be read: {error.strerror}", "check its rights"))

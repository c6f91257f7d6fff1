"""Revisions of the policies by name: those that came into use, and what lies on the disk now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workplace_sync.errors import InputError, UsageError
from workplace_sync.jobs.plan import Rules
from workplace_sync.policy.shelf import PolicySet, load_policies
from workplace_sync.store import activations
from workplace_sync.store.database import Database

DISK = "disk"
_PREFIX = "sha256:"
_BUILT_IN = "built-in/"


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision: its name (its hash, or "disk"), its policies, and the texts of its files by name."""

    name: str
    policies: PolicySet
    files: Mapping[str, str]


def find_revision(database: Database, name: str, on_disk: Callable[[], Rules]) -> Revision:
    """Return the revision that the beginning of a hash names, or "disk".

    Raises UsageError when it names none or several, or one whose files this version cannot read.
    """
    if name == DISK:
        rules = on_disk()
        return Revision(DISK, rules.policies, rules.files)
    wanted = _PREFIX + name.removeprefix(_PREFIX)
    with database.connect() as connection:
        found = activations.beginning(connection, wanted) if wanted != _PREFIX else []
        files = activations.files_of(connection, found[0]) if len(found) == 1 else {}
    if len(found) != 1:
        said = "There is no such revision of the policies." if not found else "More than one revision begins like that."
        raise UsageError(
            said, hint="`workplace-sync policy log` lists those that were in use; `disk` is what lies there now."
        )
    try:
        return Revision(found[0], kept_policies(files), files)
    except InputError:
        raise UsageError(
            "The files of that revision cannot be read by this version.",
            hint="They are of an older format; their texts are in the database.",
        ) from None


def kept_policies(files: Mapping[str, str]) -> PolicySet:
    """Return the policies among the files that were kept of a revision, without the published texts beside them.

    Raises InputError for files of an older format.
    """
    return load_policies({name: text.encode() for name, text in files.items() if _is_policy(name)})


def _is_policy(name: str) -> bool:
    return name.endswith(".yaml") and not name.startswith(_BUILT_IN) and "/texts/" not in name

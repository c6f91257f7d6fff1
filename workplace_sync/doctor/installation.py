"""The checks of what all groups share: policies, group files, database, key, evidence log and disk."""

import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from workplace_sync.app import Application
from workplace_sync.doctor.committee import examine_committee
from workplace_sync.doctor.finding import Finding, Verdict, check, ok, red, warning
from workplace_sync.errors import Fault, InputError, StoreError, UsageError
from workplace_sync.groups import load_group, load_groups
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.keys import load_key
from workplace_sync.store.suppression import Veil, stand_ins

MIB = 1024 * 1024
LITTLE_SPACE = 1024 * MIB
NO_SPACE = 100 * MIB  # a plan of some thousand changes writes a few tens of MiB before SQLite gives space back
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SET_UP = "Run `workplace-sync init` in the working folder, or name the folder with --home."


def examine_installation(app: Application) -> Iterator[Finding]:
    """Make all checks that concern no single group, in the order in which to put things right."""
    settings, database = app.settings, app.database
    yield policies(app)
    yield groups(settings.config_dir)
    yield private(settings.state_dir)
    yield (reached := database_reached(database))
    yield (current := schema.after([reached], database))
    yield damage.after([current], database)
    yield (signing := key(settings.key_file, settings.evidence_origin))
    yield suppression_key.after([current], settings.veil_file, database)
    yield from examine_committee(app, current)
    yield (kept := checkpoint.after([current], settings.checkpoint_file, database.file))
    yield evidence.after([current, signing, kept], lambda: app.log)
    yield disk([settings.state_dir, *([database.file] if database.file else []), settings.checkpoint_file])


@check("policies")
def policies(app: Application) -> Verdict:
    """Whether the policies load, how many there are, and under which revision."""
    found = app.rules.policies
    in_force = found.in_force(app.now()).policies
    own = [policy for policy in found.policies if not policy.is_floor]
    text = f"{len(own)} policies and the built-in floor; {len(in_force)} in force; revision {found.revision}"
    if all(policy.is_floor for policy in in_force):
        return warning(f"No policy of yours is in force now ({text}).", "Check their dates; the floor alone holds.")
    return ok(text)


@check("groups")
def groups(config_dir: Path) -> Verdict:
    """Whether there are group files, and what is wrong with them together; each alone is a check of its own."""
    files = sorted((config_dir / "groups").glob("*.yaml"))
    try:
        load_groups(config_dir)
    except InputError as error:
        if not error.faults:
            return red(error.message, _SET_UP)
        alone = set(_faults_alone(config_dir, files))
        together = [fault for fault in error.faults if fault not in alone]
        if together:
            raise InputError("The group files do not go together.", together, hint=error.hint) from None
    if not files:
        return red(f"There is no group file in {config_dir / 'groups'}.", "Run `workplace-sync init --group NAME`.")
    return ok(f"{len(files)} group file{'s' if len(files) > 1 else ''} in {config_dir / 'groups'}")


def _faults_alone(config_dir: Path, files: Sequence[Path]) -> Iterator[Fault]:
    for file in files:
        try:
            load_group(config_dir, file.stem)
        except InputError as error:
            yield from error.faults
        except UsageError:  # its name is none that a group can have, which only the reading of all files tells
            continue


@check("private")
def private(state_dir: Path) -> Verdict:
    """Whether the folder with the database and the key is closed to other users of the machine."""
    if not state_dir.is_dir():
        return red(f"There is no folder {state_dir}.", _SET_UP)
    if state_dir.stat().st_mode & _OTHERS:
        return warning(f"Other users of this machine can look into {state_dir}.", f"Run `chmod 700 {state_dir}`.")
    return ok(f"{state_dir} is closed to other users of this machine")


@check("database")
def database_reached(database: Database) -> Verdict:
    """Whether the database answers."""
    current, _ = database.revision()
    kind = "PostgreSQL" if database.file is None else f"SQLite, {database.file}"
    if current is None:
        return red(f"The database has not been set up ({kind}).", _SET_UP)
    return ok(kind)


@check("schema")
def schema(database: Database) -> Verdict:
    """Whether the database's schema is the one that this version needs."""
    database.require_current()
    return ok(f"schema {database.revision()[1]}, the newest")


@check("damage")
def damage(database: Database) -> Verdict:
    """Whether the tables are as this version makes them, and SQLite's quick check finds nothing."""
    found = database.differences()
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise StoreError(
            f"The database is not as it should be: {found[0]}{more}.",
            hint="Run `workplace-sync db check` to see all; put back the last copy made by `workplace-sync db backup`.",
        )
    return ok("tables as they should be, no damage found")


@check("key")
def key(file: Path, origin: str) -> Verdict:
    """Whether the log's key is there, is one, and can be read by its owner alone."""
    if not file.exists():
        return red(
            f"There is no key at {file}.",
            f"If there never was one: {_SET_UP} Otherwise put it back from its safe copy.",
        )
    return ok(f"{file}, fingerprint {load_key(file, origin).verifier.fingerprint}")


@check("erased")
def suppression_key(file: Path, database: Database) -> Verdict:
    """Whether the key by which erased people are recognised is there and private; without it none can be read in again."""
    with database.connect() as connection:
        erased = len(set(stand_ins(connection).values()))
    if not file.exists() and not erased:
        return ok("nobody was erased, so no key is needed yet")
    Veil(file).check()
    return ok(f"{file}; {erased} {'person was' if erased == 1 else 'people were'} erased")


@check("checkpoint")
def checkpoint(file: Path, database: Path | None) -> Verdict:
    """Whether the last checkpoint is kept outside the database, where an old copy of that does not replace it too."""
    if not file.is_file():
        return red(
            f"There is no checkpoint file at {file}.",
            f"If the log was never begun: {_SET_UP} Otherwise put the file back, or accept the database as the newest "
            "with `workplace-sync evidence verify --restore-checkpoint`.",
        )
    shared = _shared(file, database)
    if shared:
        return warning(
            f"{file} is in the same {shared} as the database: whoever puts an old copy back can replace both.",
            "Move the file to another machine's disk, and set WORKPLACE_SYNC_CHECKPOINT_FILE.",
        )
    return ok(f"{file}, away from the database")


def _shared(file: Path, database: Path | None) -> str:
    if database is None:
        return ""
    here, there = file.resolve().parent, database.resolve().parent
    if here == there or there in here.parents:
        return "folder"
    return "file system" if here.stat().st_dev == there.stat().st_dev else ""


@check("evidence")
def evidence(log: Callable[[], EvidenceLog]) -> Verdict:
    """Whether the evidence log is what was signed last, as every run checks before it begins."""
    opened = log()
    opened.check_start()
    if not opened.size:
        return red("The evidence log has not been begun.", _SET_UP)
    return ok(f"as signed last, at size {opened.size:,}; log {opened.origin}")


@check("disk")
def disk(places: Sequence[Path], free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free) -> Verdict:
    """Whether there is room where the program writes; `free` returns the bytes free at a path."""
    folders = {_existing(place) for place in places}
    least, folder = min((free(folder), folder) for folder in folders)
    text = f"{least // MIB:,} MiB free at {folder}"
    if least < NO_SPACE:
        return red(text, "Make room before anything runs.")
    return warning(text, "Make room soon.") if least < LITTLE_SPACE else ok(text)


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.resolve().parents) if each.is_dir())

"""Reading the group files, config/groups/<name>.yaml, each checked as a whole before any is used."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from workplace_sync.errors import Fault, InputError, UsageError
from workplace_sync.groups.form import NAME, GroupForm
from workplace_sync.groups.model import GroupFile
from workplace_sync.logs import holds_token
from workplace_sync.policy.source import Source, checked, read_source

_HAVE_IT_REPLACED = "have it replaced, as files get copied; keep the new one in the environment, and here its name only"


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
    if not NAME.fullmatch(name) or not file.is_file():
        raise _unknown(config_dir, name)
    return _load(file)


def _unknown(config_dir: Path, name: str) -> UsageError:
    known = sorted(file.stem for file in (config_dir / "groups").glob("*.yaml"))
    near = get_close_matches(name, known, 1)
    what = f"group {name}" if NAME.fullmatch(name) else "group of that name"  # it may be anything, an address too
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
        model = checked(source, GroupForm)
        faults += _own_faults(source, model, file)
    except InputError as error:
        faults += error.faults
    if faults or model is None:
        raise _unusable(faults)
    return model.as_group(file)


def _own_faults(source: Source, model: GroupForm, file: Path) -> Iterator[Fault]:
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

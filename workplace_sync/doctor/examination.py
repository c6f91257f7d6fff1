"""All checks in their order, of the installation and then of each group; several groups are asked at the same time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from workplace_sync.app import Application
from workplace_sync.doctor.finding import Finding, Verdict, check, failed, ok
from workplace_sync.doctor.group import examine_group
from workplace_sync.doctor.installation import examine_installation
from workplace_sync.errors import InputError, SettingsError, UsageError
from workplace_sync.groups import load_group
from workplace_sync.settings import Settings

_AT_ONCE = 8


def examine(app: Application, names: Sequence[str] = ()) -> Iterator[Finding]:
    """Yield a finding for every check; `names` are the groups to look at, all of them where there are none.

    Raises UsageError for a name that is no group's, before anything is looked at.
    """
    config = app.settings.config_dir
    for name in names:
        _is_group(config, name)
    wanted = tuple(dict.fromkeys(names)) or tuple(_all_names(config))
    return _examine(app, wanted)


def _examine(app: Application, names: Sequence[str]) -> Iterator[Finding]:
    yield settings(app.settings)
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # the platforms answer while the installation is looked at
        asked = [pool.submit(examine_group, app.settings, name) for name in names]
        yield from examine_installation(app)
        for one in asked:
            yield from one.result()


@check("settings")
def settings(found: Settings | SettingsError) -> Verdict:
    """Whether the settings can be read."""
    if isinstance(found, SettingsError):
        return failed(found)
    return ok(f"working folder {found.home.resolve()}")


def _all_names(config: Path) -> Iterator[str]:
    for file in sorted((config / "groups").glob("*.yaml")):
        try:
            yield _is_group(config, file.stem)
        except UsageError:  # the file's name is none that a group can have: the check `groups` tells
            continue


def _is_group(config: Path, name: str) -> str:
    """Return the name if there is a file for it, whatever is in there; raise UsageError otherwise."""
    with suppress(InputError):
        load_group(config, name)
    return name

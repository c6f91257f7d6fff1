"""The checks of one group that need no network: its file, its approvers, its rosters, its secrets."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from workplace_sync.doctor.finding import Finding, Verdict, check, ok, red, warning
from workplace_sync.doctor.platform import PLATFORM_CHECKS, examine_platform
from workplace_sync.groups import FileSource, GroupFile, load_group
from workplace_sync.settings import Settings


def examine_group(settings: Settings, name: str) -> Sequence[Finding]:
    """Make all checks of one group."""
    return [replace(finding, group=name) for finding in _examine(settings, name)]


def _examine(settings: Settings, name: str) -> Iterator[Finding]:
    yield (read := file(settings.config_dir, name))
    if not read.stands:
        yield from (each.skipped(read) for each in (approvers, rosters, token, *PLATFORM_CHECKS))
        return
    group = load_group(settings.config_dir, name)
    yield approvers(group)
    yield rosters(settings.home, group)
    yield (told := token(settings, group))
    if told.stands:
        yield from examine_platform(settings, group)
    else:
        yield from (each.skipped(told) for each in PLATFORM_CHECKS)


@check("file")
def file(config_dir: Path, name: str) -> Verdict:
    """Whether the group's file can be used."""
    return ok(str(load_group(config_dir, name).file))


@check("approvers")
def approvers(group: GroupFile) -> Verdict:
    """Whether somebody is named who may approve what is held."""
    if not group.approvers:
        return warning(
            "Nobody is named: whoever did not ask for a plan may approve it.", f"Set `approvers:` in {group.file}."
        )
    return ok(f"{len(group.approvers)} named")


@check("rosters")
def rosters(home: Path, group: GroupFile) -> Verdict:
    """Whether the roster files are there; what is in them is for `roster check`."""
    files = [source.path for source in group.sources if isinstance(source, FileSource)]
    missing = [str(path) for path in files if not (home / path).is_file()]
    if missing:
        return red(f"No such file: {', '.join(missing)}.", f"Put it there, or correct `roster:` in {group.file}.")
    return ok(", ".join(map(str, files)) or "no roster files; the group's file names other sources")


@check("token")
def token(settings: Settings, group: GroupFile) -> Verdict:
    """Whether the secrets are set; what they are is never shown."""
    names = [group.platform.token_env, *filter(None, [group.platform.app_secret_env])]
    for name in names:
        settings.secret(name)
    return ok(f"{' and '.join(names)} set")

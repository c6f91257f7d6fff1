"""Where the story plays: a fresh folder with config, policies and roster, the platform, and who is at the desk."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from workplace_sync.app import Application
from workplace_sync.demo.employer import Employer, Tenant
from workplace_sync.demo.roster_file import HEADER
from workplace_sync.errors import UsageError
from workplace_sync.groups import GroupFile
from workplace_sync.platforms.workplace.platform import WorkplaceGroup
from workplace_sync.settings import load_settings

GROUP = "prospect-bt"
MARK = ".workplace-sync-demo"  # a folder with this file in it was made by a demo, and may be made anew

Tell = Callable[[str], None]


@dataclass(slots=True)
class Told:
    """What the demo found out, as the JSON object shows it."""

    added: int = 0
    held: int = 0
    denied: int = 0
    invited: int = 0
    removed_by_others: int = 0
    removals_confirmed: int = 0
    cause_counts: dict[str, int] = field(default_factory=dict)
    incident: str = ""
    bundle: str = ""
    bundle_entries: int = 0
    bundle_openssl_verified: bool = False
    escalations: int = 0
    report: str = ""
    report_sha256: str = ""
    evidence_size: int = 0
    evidence_verified: bool = False
    openssl_verified: bool = False
    requests_sent: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Stage:
    """Where the story plays: the folder, the platform and who is at the desk."""

    folder: Path
    employer: Employer
    app: Application
    group: GroupFile
    platform: WorkplaceGroup
    tell: Tell
    told: Told = field(default_factory=Told)
    added_since: datetime | None = None


@contextmanager
def set_stage(folder: Path, employer: Employer, tell: Tell) -> Iterator[Stage]:
    """Write the config, set the books up, and open the platform's group, with Ada at the desk."""
    _write_config(folder, employer)
    settings = load_settings(folder)
    with Application(settings, actor="ada") as app:
        app.set_up()
        group = app.group(GROUP)
        with app.platform(group) as platform:
            yield Stage(folder, employer, app, group, platform, tell)


def fresh_folder(folder: Path, policies: Path) -> None:
    """Make the folder anew, with the policies of that shelf.

    Raises UsageError when it is none, holds anything but a demo, or cannot be written.
    """
    hint = "Name another folder with --folder."
    try:
        if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} exists, and no demo made it.", hint=hint)
        if folder.exists():
            shutil.rmtree(folder)
        for name in ("config/groups", "rosters"):
            (folder / name).mkdir(mode=0o700, parents=True)
        (folder / MARK).touch()
        shutil.copytree(policies, folder / "policies")
    except OSError as error:
        why = error.strerror or "its files cannot be copied there"
        raise UsageError(f"{folder} cannot be the demo's folder ({why}).", hint=hint) from None


def _write_config(folder: Path, employer: Employer) -> None:
    secrets = [
        "WORKPLACE_SYNC_PACE_PER_SECOND=off",
        "WORKPLACE_SYNC_CONFIRM_PAUSE_SECONDS=0",
        "WORKPLACE_SYNC_EVIDENCE_ORIGIN=union.example.org/workplace-sync-demo",
    ]
    for name, tenant in employer.tenants.items():
        token = f"WORKPLACE_TOKEN_{name.upper()}"
        secrets.append(f"{token}={tenant.token}")
        file = folder / "config" / "groups" / f"prospect-{name}.yaml"
        file.write_text(_group_file(name, tenant, employer.url, token), encoding="utf-8")
    env = folder / ".env"
    env.touch(mode=0o600)
    env.write_text("\n".join(secrets) + "\n", encoding="utf-8")


def _group_file(name: str, tenant: Tenant, url: str, token: str) -> str:
    title = {"bt": "Prospect in BT", "openreach": "Prospect in Openreach"}[name]
    lines = [
        "kind: Group",
        f"name: prospect-{name}",
        f"title: {title}",
        f"tenant: {name}",
        f'platform: {{type: workplace, base_url: "{url}", group_id: "{tenant.group_id}", token_env: {token}}}',
        f"link: https://{name}.workplace.example.org/groups/prospect",
    ]
    if name == "openreach":
        lines += ["roster:", "  - addresses: []"]
    if name == "bt":
        fields = ("email", "name", "tenant", "status", "consent", "consent_at", "consent_basis")
        columns = ", ".join(f"{field}: {title}" for field, title in zip(fields, HEADER, strict=True))
        lines += [
            "roster:",
            "  - file: rosters/bt.csv",
            "    faulty_rows: skip",
            f'    columns: {{{columns}, date_formats: ["%d/%m/%Y"]}}',
        ]
    return "\n".join(lines) + "\n"

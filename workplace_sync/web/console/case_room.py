"""The desk for members' cases, as pages sit at it: as the officer who looks, or for somebody whom nobody knows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from fastapi import UploadFile

from workplace_sync.cases.categories import Rulebook
from workplace_sync.cases.escalation_steps import Role as CaseRole
from workplace_sync.escalations import FILE_NAME, load_rulebook
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.people import Role
from workplace_sync.store import cases as store
from workplace_sync.store.case_key import CaseKey
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.desk import Fresh
from workplace_sync.web.console.keeping import kept


@dataclass(frozen=True, slots=True)
class CaseRoom:
    """What is the same for all who sit at the desk: the key, and the file of escalations as it is now."""

    key: CaseKey
    rulebook: Callable[[], Rulebook]


def case_room(ask: Ask) -> CaseRoom:
    """Return the room; its rulebook raises InputError for a faulty file."""
    settings = ask.app.settings
    return kept(
        ask,
        CaseRoom,
        lambda: CaseRoom(
            CaseKey(settings.case_key_file),
            Fresh(lambda: load_rulebook(settings.config_dir), lambda: [settings.config_dir / FILE_NAME]),
        ),
    )


def officers_desk(ask: Ask) -> CaseDesk:
    """Return the desk with the visitor at it, who is an officer: the page's permission says so. Raises InputError."""
    return _desk(ask, CaseRole.OFFICER)


def public_desk(ask: Ask) -> CaseDesk:
    """Return the desk for somebody who reports, or comes back with a receipt. Raises InputError.

    A key is made where no case was ever kept, so that a receipt that is none is refused there as it is anywhere.
    """
    desk = _desk(ask, CaseRole.REPORTER)
    if not desk.key.path.exists():
        with desk.office.database.connect() as connection:
            begun = bool(store.keeping(connection))
        if not begun:
            desk.key.make()
    return desk


def contents(files: Iterable[UploadFile]) -> list[bytes]:
    """Return what was sent as files; a field that was left empty is none."""
    found = (file.file.read() for file in files)
    return [content for content in found if content]


def _desk(ask: Ask, role: CaseRole) -> CaseDesk:
    room, people = case_room(ask), ask.console.people()
    rulebook = room.rulebook()
    named = [one.name for one in (people.who_may(Role.OFFICER) if people else rulebook.officers)]
    valid = timedelta(hours=ask.app.settings.unseal_hours)
    return CaseDesk(ask.desk, rulebook, room.key, role, frozenset(named), valid)

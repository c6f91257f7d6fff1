"""The checks of who takes part: the people file, the officers who hear members' cases, and the key for those cases."""

from collections.abc import Iterator

from workplace_sync.app import Application
from workplace_sync.doctor.finding import Finding, Verdict, check, ok, red, warning
from workplace_sync.errors import InputError
from workplace_sync.escalations import load_rulebook
from workplace_sync.groups import load_groups
from workplace_sync.people import People, Role, load_people
from workplace_sync.store import cases
from workplace_sync.store.case_key import CaseKey
from workplace_sync.store.database import Database


def examine_committee(app: Application, database: Finding) -> Iterator[Finding]:
    """Make the checks of people; `database` is the finding that those of what is stored rest on."""
    yield (known := people(app))
    yield officers.after([known], app)
    yield case_key.after([database], CaseKey(app.settings.case_key_file), app.database)


@check("people")
def people(app: Application) -> Verdict:
    """Whether the people file can be used, and whether each group has two who may decide."""
    known = load_people(app.settings.config_dir)
    if known is None:
        return ok("there is no people file: whoever can run the program may do everything, under any name")
    short = [name for name in _groups(app) if len(known.who_may({Role.ADMIN, Role.OWNER}, name)) < 2]  # noqa: PLR2004 - P9
    if short:
        return warning(
            f"Fewer than two people may decide for {', '.join(short)}, so what is held there stays held.",
            f"Add an admin or owner of the group to {known.file}.",
        )
    return ok(f"{len(known.people)} people in {known.file}")


@check("officers")
def officers(app: Application) -> Verdict:
    """Whether the file about escalations can be used, and its officers are officers by the people file too."""
    rulebook = load_rulebook(app.settings.config_dir)
    known: People | None = load_people(app.settings.config_dir)
    strange = [one.name for one in rulebook.officers if known is not None and not known.may(one.name, Role.OFFICER)]
    if strange:
        return red(
            f"{', '.join(strange)} should hear members' cases, and by the people file cannot.",
            "Give them the role officer in config/people.yaml, or take them out of config/escalations.yaml.",
        )
    if not rulebook.officers:
        return ok("nobody is named who hears members' cases")
    if len(rulebook.officers) == 1:
        return warning(
            "There is one officer alone, and who asked not to be named can only be told to two together.",
            "Name a second officer with a key in config/escalations.yaml.",
        )
    return ok(f"{len(rulebook.officers)} officers hear members' cases")


@check("cases")
def case_key(key: CaseKey, database: Database) -> Verdict:
    """Whether the key for the words of cases is there and private; without it nobody can read what members told."""
    with database.connect() as connection:
        number = cases.count(connection)
    if not number and not key.path.exists():
        return ok("there is no case, so no key is needed yet")
    key.check()
    return ok(f"{key.path}; {number} case{'' if number == 1 else 's'}")


def _groups(app: Application) -> list[str]:
    try:
        return list(load_groups(app.settings.config_dir))
    except InputError:  # told by the check of the groups
        return []

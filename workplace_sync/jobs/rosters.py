"""Read a group's roster sources and make them the people wanted in the group: wholly, or not at all."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection

from workplace_sync import __version__
from workplace_sync.errors import Fault, InputError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.observe import read_members
from workplace_sync.jobs.office import Office
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.snapshot import Member
from workplace_sync.platforms.base import GroupReader
from workplace_sync.roster.person import Method, RosterPerson
from workplace_sync.store import audit
from workplace_sync.store import roster as store
from workplace_sync.store.suppression import Suppressed, stand_ins

_AT_ONCE = 5_000
_FAULTS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class RosterSource:
    """A source about to be read.

    `sha256` is that of a file's bytes; `skip_faulty_rows` takes the good rows of a source that has faulty ones, where
    otherwise the whole import is refused. `reading` says in any text of which columns a file is read, and how: the same
    file read otherwise is another roster.
    """

    method: Method
    name: str
    rows: Iterable[RosterPerson | Fault]
    tenant: str = ""
    sha256: str = ""
    skip_faulty_rows: bool = False
    reading: str = ""


@dataclass(slots=True)
class ImportReport:
    """What an import did. `faults` holds the first thousand of `rejected`.

    `suppressed` counts rows about people who were erased; they are not read in, and what they say of consent is not either.
    `unchanged` says that the sources say what they said before, so that nothing was written; then the counts are those
    of what was read, and all 0 where not even that was needed.
    """

    rows: int = 0
    rejected: int = 0
    suppressed: int = 0
    people: int = 0
    consent_statements: int = 0
    unchanged: bool = False
    faults: list[Fault] = field(default_factory=list)


def import_rosters(
    office: Office, group: ManagedGroup, sources: Sequence[RosterSource], *, only_news: bool = False
) -> ImportReport:
    """Read all sources and replace the people wanted in `group` by theirs.

    Raises InputError with the faults of all sources when one that must not have faulty rows has some; nothing is
    changed then. The import is an entry of the evidence log, with the hash of each file.

    With `only_news` nothing is written, and no entry made, where the sources say what they said the last time; files
    that are still the same are not even read.
    """
    report = ImportReport()
    with office.database.connect() as connection:
        read_as = _read_as(connection, sources)
        files_stand = only_news and _files_stand(office, connection, group, sources, read_as)
        connection.rollback()
        if files_stand and all(source.sha256 for source in sources):
            report.unchanged = True
            return report
    with office.database.connect() as connection, store.staged(connection) as staging:
        erased = Suppressed(connection, office.veil)
        imports = [_stage(office, staging, number, source, erased, report) for number, source in enumerate(sources)]
        refused = [
            source.name
            for source, one in zip(sources, imports, strict=True)
            if one.rejected and not source.skip_faulty_rows
        ]
        if refused:
            raise InputError(
                f"{report.rejected} rows of the roster are faulty, so nothing was imported.",
                report.faults,
                hint="Mend the rows, or set `faulty_rows: skip` on the source to take the good ones only.",
            )
        if files_stand and store.says_the_same(connection, group.name):
            report.unchanged = True
            return report
        now = office.now()
        with office.log.transaction(on=connection) as transaction:
            report.people, report.consent_statements = store.put_in_place(
                transaction.connection, group=group.name, imports=imports, at=now, by=office.actor
            )
            transaction.log(
                Record(
                    kind=Kind.ROSTER_IMPORTED,
                    at=now,
                    group=group.name,
                    actor=office.actor,
                    outcome="imported",
                    data={
                        "consent_statements": report.consent_statements,
                        "people": report.people,
                        "read_as": read_as,
                        "suppressed": report.suppressed,
                        "sources": [
                            {
                                "import_id": one.id,
                                "method": one.method,
                                "rejected": one.rejected,
                                "rows": one.rows,
                                "sha256": one.sha256,
                                "source": one.source,
                            }
                            for one in imports
                        ],
                    },
                )
            )
    return report


def _read_as(connection: Connection, sources: Sequence[RosterSource]) -> str:
    """Return a hash of all that decides what the files say, but for their bytes: how they are read, and who was erased."""
    said = [(source.method, source.name, source.tenant, source.skip_faulty_rows, source.reading) for source in sources]
    return hashlib.sha256(repr((__version__, said, sorted(stand_ins(connection)))).encode()).hexdigest()


def _files_stand(
    office: Office, connection: Connection, group: ManagedGroup, sources: Sequence[RosterSource], read_as: str
) -> bool:
    """Whether the last import was of the same files, read the same way.

    A row may be faulty for its date in the future alone, so with faulty rows that holds for a day only.
    """
    newest = audit.list_entries(connection, group=group.name, kind=Kind.ROSTER_IMPORTED, limit=1)
    if not newest or newest[0].data.get("read_as") != read_as:
        return False
    before = newest[0].data["sources"]
    said = [(one["sha256"], one["rejected"]) for one in before] if isinstance(before, list) else []
    if any(rejected for _, rejected in said) and newest[0].at.date() != office.now().date():
        return False
    return [sha256 for sha256, _ in said] == [source.sha256 for source in sources]


def _stage(
    office: Office,
    staging: store.StagedRoster,
    number: int,
    source: RosterSource,
    erased: Suppressed,
    report: ImportReport,
) -> store.RosterImport:
    import_id = office.new_id()
    rows = rejected = 0
    for part in _parts(source.rows):
        people = [row for row in part if isinstance(row, RosterPerson)]
        faulty = {row.line for row in part if isinstance(row, Fault)}
        report.faults.extend(islice((row for row in part if isinstance(row, Fault)), _FAULTS_KEPT - len(report.faults)))
        rejected += len(faulty)
        rows += len({person.line for person in people} | faulty)
        if gone := erased.of(person.key for person in people):
            report.suppressed += sum(person.key in gone for person in people)
            people = [person for person in people if person.key not in gone]
        staging.add(
            people,
            source_no=number,
            tenant=source.tenant,
            method=source.method.value,
            import_id=import_id,
            source=source.name,
        )
    report.rows += rows
    report.rejected += rejected
    return store.RosterImport(import_id, source.method.value, source.name, source.sha256, rows, rejected)


def _parts(rows: Iterable[RosterPerson | Fault]) -> Iterator[list[RosterPerson | Fault]]:
    iterator = iter(rows)
    while part := list(islice(iterator, _AT_ONCE)):
        yield part


def members_as_people(reader: GroupReader) -> Iterator[RosterPerson | Fault]:
    """Yield the members of another group as roster rows; they bring no status and no consent with them.

    An incomplete reading is a fault of the source: copying half a group unnoticed would look like a small group.
    """
    pages: list[Sequence[Member]] = []
    completeness = read_members(reader, pages.append, pages.clear)
    line = 0
    for page in pages:
        for member in page:
            line += 1
            if not member.address_hidden:
                yield RosterPerson(key=member.key, address=member.key, line=line)
    if not completeness.complete:
        yield Fault(
            "group", 0, 0, "", f"the group could not be read completely: {completeness.shortfall}", "try again later"
        )

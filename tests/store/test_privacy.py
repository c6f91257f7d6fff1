"""What is held on a person, how it goes, what stays of it, and how an erasure outlives the database."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Integer, LargeBinary, insert, text
from sqlalchemy.types import TypeEngine

from tests.store.logs import START, add, make_log
from workplace_sync.errors import SettingsError, StoreError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.membership.snapshot import Member
from workplace_sync.store import erasure_journal, holds, privacy, suppression
from workplace_sync.store.database import Database
from workplace_sync.store.erasure_journal import Erasure, JournalFile
from workplace_sync.store.person_tables import ABOUT, HASHES, Way, tables_about
from workplace_sync.store.suppression import Suppressed, Veil
from workplace_sync.store.tables import Instant, metadata

AMINA, BRYN = "amina@bt.example.org", "bryn@bt.example.org"
LATER = START + timedelta(days=1)


@pytest.fixture
def veil(tmp_path: Path) -> Veil:
    made = Veil(tmp_path / "keys" / "suppression.key")
    made.make()
    return made


def _row(name: str, **values: object) -> dict[str, object]:
    """Return a row of the table with something in every column."""
    usual: dict[str, object] = {}
    for column in metadata.tables[name].c:
        if column.name == "id" and isinstance(column.type, Integer):
            continue  # numbered by the database
        kinds: list[tuple[type[TypeEngine[Any]], object]] = [
            (Instant, START),
            (Boolean, False),
            (Integer, 0),
            (LargeBinary, b""),
            (TypeEngine, ""),
        ]
        usual[column.name] = next(value for kind, value in kinds if isinstance(column.type, kind))
    return usual | values


def _put(database: Database, name: str, *rows: dict[str, object]) -> None:
    with database.write() as connection:
        connection.execute(insert(metadata.tables[name]), list(rows))


def _body(key: str, seq: int) -> str:
    return json.dumps(
        {
            "address": key,
            "facts": {"subject.status": "active"},
            "key": key,
            "platform_id": "11",
            "remedy": "invite",
            "seq": seq,
        }
    )


@pytest.fixture
def two_people(database: Database) -> Database:
    """Amina and Bryn in every table that holds people by their keys, Amina with an account that was seen hidden too."""
    for table, about in tables_about(Way.DELETED, Way.STAND_IN, Way.NOBODY):
        if not about.key:
            continue
        rows = []
        for number, key in enumerate((AMINA, BRYN)):
            row = _row(table.name, **{about.key: key})
            row |= dict.fromkeys(about.accounts, f"1{number + 1}")
            row |= {"seq": number} if "seq" in table.c else {}
            row |= {"body": _body(key, number)} if "body" in table.c else {}
            rows.append(row)
        _put(database, table.name, *rows)
    _put(database, "presence", _row("presence", key="id:11", platform_id="11", group_name="other"))
    return database


def test_every_table_says_what_becomes_of_people_in_it() -> None:
    assert set(metadata.tables) - set(ABOUT) == set(), "name the table in store/person_tables.py: does it hold people?"
    assert set(ABOUT) >= HASHES


def test_the_columns_that_say_whom_a_row_is_about_exist() -> None:
    for table, about in tables_about(*Way):
        assert {about.key, *about.accounts} - {""} <= set(table.c.keys()), table.name


def test_a_table_about_nobody_has_no_column_of_people() -> None:
    for table, _ in tables_about(Way.NONE):
        assert not {"key", "subject", "address", "email"} & set(table.c.keys()), table.name


def test_a_person_is_known_by_the_accounts_that_were_seen_with_them(two_people: Database) -> None:
    with two_people.connect() as connection:
        held = privacy.identify(connection, AMINA)
    assert held == privacy.Held(AMINA, (AMINA, "id:11"), ("11",), (AMINA,))


def test_an_erased_person_is_named_in_no_table_and_the_other_one_keeps_everything(two_people: Database) -> None:
    with two_people.write() as connection:
        held, other = privacy.identify(connection, AMINA), privacy.identify(connection, BRYN)
        before = privacy.rows_about(connection, other)
        assert privacy.residue(connection, held).rows.keys() >= {"desired", "change", "presence"}
        counts = privacy.erase_rows(connection, held, "erased-1")
        assert privacy.residue(connection, held) == privacy.Residue()
        assert privacy.count_about(connection, held) == {}
        assert privacy.rows_about(connection, other) == before
    assert counts.keys() == before.keys()
    assert counts["presence"] == 2


def test_what_was_seen_stays_under_the_stand_in(two_people: Database) -> None:
    with two_people.write() as connection:
        privacy.erase_rows(connection, privacy.identify(connection, AMINA), "erased-1")
        rows = connection.execute(text("SELECT key, platform_id FROM presence ORDER BY id")).all()
    assert rows == [("id:erased-1", "erased-1"), (BRYN, "12"), ("id:erased-1", "erased-1")]


def test_a_change_stays_as_somebody_s_and_keeps_no_hash_of_its_line(two_people: Database) -> None:
    with two_people.write() as connection:
        privacy.erase_rows(connection, privacy.identify(connection, AMINA), "erased-1")
        body = connection.execute(text("SELECT body FROM change WHERE key = 'erased'")).scalar_one()
        assert privacy.erased_changes(connection, "") == 1
    nobody = {"address": "", "facts": {}, "key": "erased", "platform_id": "", "remedy": "", "seq": 0}
    assert json.loads(body) == nobody


def test_a_name_in_another_s_text_is_told_whatever_its_case(two_people: Database) -> None:
    _put(two_people, "review", _row("review", reason=f"asked by Amina@BT.example.org, not by {BRYN}"))
    with two_people.write() as connection:
        held = privacy.identify(connection, AMINA)
        privacy.erase_rows(connection, held, "erased-1")
        assert privacy.residue(connection, held).rows == {"review": 1}


def test_contents_that_name_a_person_among_others_are_told_by_their_numbers(database: Database, tmp_path: Path) -> None:
    log = make_log(database, tmp_path / "checkpoint")
    add(log, 20)
    with database.write() as connection:
        held = privacy.identify(connection, "person3@bt.example.org")
        assert [seq for seq, _ in privacy.entries_about(connection, held)] == [3, 10, 17]
        assert privacy.residue(connection, held).entries == [3, 10, 17]
        privacy.delete_openings(connection, [3, 17])
        assert privacy.residue(connection, held).entries == [10]
    assert log.audit().ok
    assert log.audit().erased == 2


def test_contents_that_name_an_account_are_told_where_its_number_is_long_enough(
    database: Database, tmp_path: Path
) -> None:
    log = make_log(database, tmp_path / "checkpoint")
    with log.transaction() as transaction:
        for account in ("100077700011", "1000777000119", "11"):
            transaction.log(Record(Kind.SNAPSHOT_TAKEN, START, data={"members": [{"id": account}]}))
    with database.connect() as connection:
        assert privacy.residue(connection, privacy.Held(AMINA, (AMINA,), ("1000777000119", "11"))).entries == [1]


def test_contents_are_known_again_by_their_commitment_and_not_by_their_number(
    database: Database, tmp_path: Path
) -> None:
    add(make_log(database, tmp_path / "checkpoint"), 20)
    with database.connect() as connection:
        entries = privacy.entries_about(connection, privacy.identify(connection, "person3@bt.example.org"))
        assert privacy.still_there(connection, entries) == [3, 10, 17]
        assert privacy.still_there(connection, [(3, entries[1][1]), (99, entries[0][1])]) == []


def test_sqlite_files_hold_nothing_of_what_was_deleted_once_they_are_scrubbed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'sync.db'}")
    database.upgrade()
    keys = [f"{hash((number, 7)) & 0xFFFFFFFF:08x}.person{number}@bt.example.org" for number in range(4000)]
    for start in range(0, len(keys), 100):  # in no order, so that pages are split again and again
        rows = [_row("desired", group_name="g", key=key, address=key) for key in keys[start : start + 100]]
        _put(database, "desired", *rows)
    gone = keys[::20]
    with database.write() as connection:
        for key in gone:
            privacy.erase_rows(connection, privacy.identify(connection, key), "erased-1")
    assert database.scrub()
    files = b"".join(path.read_bytes() for path in tmp_path.glob("sync.db*"))
    assert [key for key in gone if key.encode() in files] == []
    assert keys[1].encode() in files
    database.close()


def test_scrubbing_tells_that_a_reader_held_it_up(sqlite_database: Database) -> None:
    with sqlite_database.connect() as connection:
        connection.execute(text("SELECT count(*) FROM plan")).all()
        assert not sqlite_database.scrub()
    assert sqlite_database.scrub()


def test_a_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    veil = Veil(tmp_path / "keys" / "suppression.key")
    veil.make()
    digest = veil.digest(AMINA)
    veil.make()
    assert Veil(veil.path).digest(AMINA) == digest
    assert veil.path.stat().st_mode & 0o777 == 0o600
    other = Veil(tmp_path / "other")
    other.make()
    assert other.digest(AMINA) != digest


@pytest.mark.parametrize("content", [b"", b"abc", b"00" * 31])
def test_a_key_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "suppression.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="does not hold the key"):
        Veil(path).digest(AMINA)


def test_a_lost_key_is_told_and_nobody_is_read_in_without_it(database: Database, tmp_path: Path, veil: Veil) -> None:
    with database.write() as connection:
        suppression.suppress(connection, {veil.digest(AMINA): "erased-1"})
        with pytest.raises(SettingsError, match="is not set"):
            Suppressed(connection, None)
        lost = Suppressed(connection, Veil(tmp_path / "lost"))
    with pytest.raises(SettingsError, match="cannot be read"):
        lost.of([BRYN])


def test_the_suppressed_are_known_by_address_or_account_and_nobody_else(database: Database, veil: Veil) -> None:
    with database.write() as connection:
        suppression.suppress(connection, dict.fromkeys((veil.digest(AMINA), veil.digest("id:11")), "erased-1"))
        suppressed = Suppressed(connection, veil)
    assert suppressed.of([AMINA, BRYN]) == {AMINA}
    hidden = Member("erased-1", "id:erased-1")
    page = [Member("11", AMINA), Member("11", "id:11"), Member("99", AMINA), Member("12", BRYN)]
    assert suppressed.hide(page) == [hidden, hidden, hidden, page[3]]


def test_suppression_is_lifted_for_address_and_accounts_together(database: Database, veil: Veil) -> None:
    with database.write() as connection:
        suppression.suppress(connection, dict.fromkeys((veil.digest(AMINA), veil.digest("id:11")), "erased-1"))
        suppression.suppress(connection, {veil.digest(BRYN): "erased-2"})
        assert suppression.lift(connection, veil, "cerys@bt.example.org") is None
        assert suppression.lift(connection, veil, AMINA) == "erased-1"
        assert suppression.stand_ins(connection) == {veil.digest(BRYN): "erased-2"}


def test_the_tables_of_suppression_and_the_journal_name_nobody(database: Database, tmp_path: Path, veil: Veil) -> None:
    erasure = Erasure("e1", START, ((3, "abc"),), {veil.digest(AMINA): "erased-1"}, {"plan.made": LATER})
    journal = JournalFile(tmp_path / "erasures.jsonl")
    with database.write() as connection:
        erasure_journal.record(connection, erasure)
        journal.add(erasure_journal.recorded(connection))
        assert erasure_journal.recorded(connection) == [erasure]
    assert journal.read() == [erasure]
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert b"amina" not in journal.path.read_bytes()
    journal.add([erasure, Erasure("e2", LATER)])
    assert [one.id for one in journal.read()] == ["e1", "e2"]


def test_a_journal_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert JournalFile(tmp_path / "none").read() == []


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"id": 1}', "\udcff"])
def test_a_journal_with_another_line_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "erasures.jsonl"
    path.write_text(Erasure("e1", START).line() + f"\n{line}\n", "utf-8", errors="surrogateescape")
    with pytest.raises(StoreError, match="was changed"):
        JournalFile(path).read()


def test_a_journal_that_cannot_be_written_says_what_is_done_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="All is erased") as raised:
        JournalFile(tmp_path / "file" / "erasures.jsonl").add([Erasure("e1", START)])
    assert "privacy replay" in raised.value.hint


def test_a_hold_is_in_force_until_it_is_lifted_once(database: Database) -> None:
    with database.write() as connection:
        first = holds.place(connection, AMINA, reason="claim", at=START, by="ada")
        second = holds.place(connection, holds.EVERYBODY, reason="strike", at=START, by="ada")
        assert [hold.id for hold in holds.holding(connection, AMINA)] == [first, second]
        assert [hold.id for hold in holds.holding(connection, BRYN)] == [second]
        assert privacy.held_back(connection) == [AMINA]
        lifted = holds.lift(connection, first, reason="settled", at=LATER, by="grace")
        assert lifted is not None
        assert (lifted.lifted_at, lifted.lifted_by, lifted.lifted_because) == (LATER, "grace", "settled")
        assert holds.lift(connection, first, reason="again", at=LATER, by="grace") is None
        assert [hold.id for hold in holds.holds(connection, in_force=True)] == [second]
        assert len(holds.holds(connection)) == 2
        assert privacy.held_back(connection) == []


def test_what_is_past_its_time_goes_by_kind_and_leaves_the_held_back(database: Database, tmp_path: Path) -> None:
    log = make_log(database, tmp_path / "checkpoint")
    add(log, 20)  # a second apart
    before = START + timedelta(seconds=10)
    with database.write() as connection:
        number, oldest = privacy.past_their_time(connection, "operation.outcome", before, [])
        assert (number, oldest) == (10, datetime(2020, 3, 1, 12, tzinfo=UTC))
        kept = ["person3@bt.example.org"]
        assert privacy.past_their_time(connection, "operation.outcome", before, kept)[0] == 9
        assert privacy.past_their_time(connection, "plan.made", before, []) == (0, None)
        assert privacy.delete_past(connection, "operation.outcome", before, kept) == 9
    assert log.audit().ok
    assert log.audit().erased == 9


def test_a_copy_of_a_scrubbed_database_is_whole(sqlite_database: Database, tmp_path: Path) -> None:
    log = make_log(sqlite_database, tmp_path / "checkpoint")
    add(log, 300)
    with sqlite_database.write() as connection:
        privacy.delete_openings(connection, range(0, 300, 2))
    assert sqlite_database.scrub()
    assert sqlite_database.file is not None
    copy = Database(f"sqlite:///{shutil.copy(sqlite_database.file, tmp_path / 'copy.db')}")
    report = make_log(copy, tmp_path / "checkpoint").audit()
    assert (report.ok, report.erased, report.openings) == (True, 150, 150)
    copy.close()

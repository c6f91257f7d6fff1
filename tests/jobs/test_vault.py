"""Who reported: sealed, opened by those who may, and looked for by everybody else with all they can get at."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from tests.jobs.case_room import DANA, OFFICERS, WORDS, Room, public, room
from workplace_sync.cases.categories import Officer
from workplace_sync.cases.escalation import Confidentiality, Recusal, Step
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.errors import CaseError, SettingsError, UsageError
from workplace_sync.jobs import passwords, receipts, vault, word_back
from workplace_sync.jobs.case_keeping import apply_retention
from workplace_sync.jobs.escalations import act, read_case
from workplace_sync.jobs.identity import NOBODY, Identity
from workplace_sync.store import audit, sealing
from workplace_sync.store import cases as cases_store
from workplace_sync.store import vault as store
from workplace_sync.store.case_key import CaseKey
from workplace_sync.store.case_tables import EscalationReceiptRow
from workplace_sync.store.database import Database
from workplace_sync.store.tables import metadata

ALL = tuple(Confidentiality)
TWO_NEEDED = (Confidentiality.NOT_NAMED, Confidentiality.UNION_ONLY)


@pytest.fixture
def office_of(database: Database, tmp_path: Path) -> Room:
    return room(database, tmp_path)


@pytest.fixture
def on_sqlite(sqlite_database: Database, tmp_path: Path) -> Room:
    return room(sqlite_database, tmp_path)


def _sealed(one: Room, case: str) -> sealing.SealedIdentity:
    with one.desk.office.database.connect() as connection:
        found = store.get(connection, case)
    assert found is not None
    return found


def _everything(database: Database) -> str:
    """Return all that the database says, as an attacker reads a dump of it."""
    if database.file is None:
        url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        said = []
        with psycopg.connect(url) as raw:
            for table in metadata.sorted_tables:
                with raw.cursor().copy(f'COPY "{table.name}" TO STDOUT') as rows:
                    said += [bytes(row).decode("latin-1") for row in rows]
        return "\n".join(said)
    with closing(sqlite3.connect(database.file)) as raw:
        dump = "\n".join(raw.iterdump())
    files = [database.file, *database.file.parent.glob(database.file.name + "-*")]
    return dump + "".join(file.read_bytes().decode("latin-1") for file in files)


def _forms(text: str) -> Iterator[str]:
    yield from (text, text.encode().hex(), text.encode().hex().upper(), text.encode("utf-16-le").decode("latin-1"))


@pytest.mark.parametrize("treatment", ALL)
def test_a_dump_of_the_database_says_neither_who_nor_what(office_of: Room, treatment: Confidentiality) -> None:
    opened = office_of.report(treatment)
    word_back.add(office_of.desk, opened.receipt, "Ask in the canteen, Dilys knows.", [b"a text by Quarrie"])
    if treatment is not Confidentiality.NAMED:
        vault.unseal(office_of.at("bryn"), opened.case, "Her zebra is missing.", office_of.keys["bryn"], "cass")
    said = _everything(office_of.desk.office.database)
    plain = receipts.plain(opened.receipt)
    for secret in (
        "Dilys",
        "Quarrie",
        "07700 900123",
        "zebra spread",
        "canteen",
        opened.receipt,
        plain[8:24],
        plain[:8],
    ):
        for form in _forms(secret):
            assert form not in said, secret


def test_neither_logs_nor_the_audit_log_say_who(
    office_of: Room, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    opened = office_of.report(Confidentiality.NAMED)
    assert vault.unseal(office_of.at("bryn"), opened.case, "To ask which week.", office_of.keys["bryn"]) == DANA
    with pytest.raises(CaseError) as refused:
        vault.unseal(office_of.at("cass"), opened.case, "To ask.", office_of.keys["bryn"])
    with office_of.desk.office.database.connect() as connection:
        entries = repr(audit.list_entries(connection, limit=1000))
        tiles = b"".join(content for _, content in office_of.desk.office.log.export_tiles()).decode("latin-1")
    told = "".join(
        (*capfd.readouterr(), caplog.text, entries, tiles, str(refused.value), repr(DANA), repr(opened.case))
    )
    for secret in ("Dilys", "Quarrie", "07700", "zebra", opened.receipt):
        assert secret not in told


def test_sealed_rows_are_of_one_size_whoever_reported_and_whatever_was_said(office_of: Room) -> None:
    for identity in (DANA, NOBODY, Identity("X"), Identity("Y" * 300, "Z" * 300)):
        for treatment in ALL:
            office_of.report(treatment, identity, words="Short." if identity is NOBODY else WORDS * 20)
    with office_of.desk.office.database.connect() as connection:
        for name, column in (("vault", "sealed"), ("vault_share", "sealed"), ("escalation_text", "sealed")):
            table = metadata.tables[name]
            sizes = {len(row[0]) for row in connection.execute(select(table.c[column]))}
            assert len(sizes) == 1, name
        assert len(store.cases(connection)) == 4 * len(ALL)


def test_ids_and_the_order_of_rows_do_not_tell_who_came_first(on_sqlite: Room) -> None:
    cases = [on_sqlite.report().case for _ in range(12)]
    assert cases != sorted(cases)
    with closing(sqlite3.connect(str(on_sqlite.desk.office.database.file))) as raw:
        for table in [name for name in metadata.tables if name.startswith(("escalation", "vault"))]:
            with pytest.raises(sqlite3.OperationalError, match="rowid"):
                raw.execute(f"SELECT rowid FROM {table}")  # noqa: S608 - our own tables
        for table, column in (("vault", "case_id"), ("escalation_receipt", "case_id"), ("escalation", "id")):
            found = [row[0] for row in raw.execute(f"SELECT {column} FROM {table}")]  # noqa: S608 - our own tables
            assert sorted(found) == sorted(cases)
            assert found != cases


def test_the_vault_knows_the_day_and_no_time(office_of: Room) -> None:
    office_of.report()
    vault_table = metadata.tables["vault"]
    with office_of.desk.office.database.connect() as connection:
        [row] = connection.execute(select(vault_table)).mappings()
    assert row["day"] == "2026-11-21"
    assert not [column for column in vault_table.columns if "TIME" in str(column.type).upper()]


@pytest.mark.parametrize("treatment", TWO_NEEDED)
@pytest.mark.parametrize("officer", OFFICERS)
def test_one_officer_alone_cannot_open_with_all_rows_and_the_own_key(
    on_sqlite: Room, treatment: Confidentiality, officer: str
) -> None:
    case = on_sqlite.report(treatment).case
    sealed, key = _sealed(on_sqlite, case), on_sqlite.keys[officer]
    opened = []
    for share in sealed.shares:
        try:
            opened.append(sealing.open_share(share, case, key))
        except CaseError:
            continue
    [own] = opened
    with pytest.raises(CaseError):
        sealing.data_key([own], sealed.needs)
    with pytest.raises(CaseError):
        sealing.data_key([own, own], sealed.needs)
    with pytest.raises(CaseError):  # taking the share itself for the key
        sealing.open_identity(sealed.sealed, case, own.points)
    for name in ("", officer):
        with pytest.raises(CaseError, match="two officers"):
            vault.unseal(on_sqlite.at(officer), case, "Curious.", key, name)
    with pytest.raises(CaseError, match="Nobody asked"):
        vault.confirm(on_sqlite.at(officer), case, key)


def test_an_officer_who_asks_cannot_answer_in_the_name_of_the_other(office_of: Room) -> None:
    case = office_of.report().case
    key = office_of.keys["bryn"]
    asked = vault.unseal(office_of.at("bryn"), case, "To ask which week.", key, "cass")
    assert isinstance(asked, vault.Asked)
    for who in ("bryn", "cass", "dana"):
        with pytest.raises(CaseError):
            vault.confirm(office_of.at(who), case, key)
    with pytest.raises(CaseError):
        vault.confirm(office_of.at("dana"), case, office_of.keys["dana"])
    assert vault.confirm(office_of.at("cass"), case, office_of.keys["cass"]) == DANA
    with pytest.raises(CaseError, match="Nobody asked"):
        vault.confirm(office_of.at("cass"), case, office_of.keys["cass"])


def test_any_two_officers_open_a_case_together_and_it_is_on_record(office_of: Room) -> None:
    case = office_of.report().case
    for first, second in permutations(OFFICERS, 2):
        vault.unseal(office_of.at(first), case, "To ask which week.", office_of.keys[first], second)
        [request] = vault.list_requests(office_of.at(second))
        assert vault.reason_of(office_of.at(second), request) == "To ask which week."
        assert vault.confirm(office_of.at(second), case, office_of.keys[second]) == DANA
    with office_of.desk.office.database.connect() as connection:
        rows = [row for row in audit.list_entries(connection, limit=1000) if row.kind.startswith("escalation.unseal")]
    assert Counter(row.outcome for row in rows) == {"asked": 6, "unsealed": 6}
    assert {(row.data["case"], row.data["reason"]) for row in rows} == {(case, "To ask which week.")}
    assert {(row.data["asked_by"], row.data["second"]) for row in rows} == set(permutations(OFFICERS, 2))
    steps = [event.step for event in read_case(office_of.at("bryn"), case).events]
    assert steps.count(Step.UNSEALED) == 6


def test_a_request_is_over_after_its_time_and_when_its_officer_left(office_of: Room) -> None:
    case = office_of.report().case
    vault.unseal(office_of.at("bryn"), case, "To ask.", office_of.keys["bryn"], "cass")
    gone = replace(office_of.at("cass"), officers=frozenset({"cass", "dana"}))
    with pytest.raises(CaseError, match="Nobody asked"):
        vault.confirm(gone, case, office_of.keys["cass"])
    office_of.clock.advance(timedelta(hours=73))
    assert vault.list_requests(office_of.at("cass")) == []
    with pytest.raises(CaseError, match="Nobody asked"):
        vault.confirm(office_of.at("cass"), case, office_of.keys["cass"])


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR, Role.REP, Role.OWNER, None])
def test_nobody_but_an_officer_opens_even_with_an_officers_key(on_sqlite: Room, role: Role | None) -> None:
    case = on_sqlite.report(Confidentiality.NAMED).case
    for name in ("ada", "bryn"):
        with pytest.raises(CaseError):
            vault.unseal(on_sqlite.at(name, role), case, "Curious.", on_sqlite.keys["bryn"])


def test_a_reason_is_needed_and_a_second_officer_who_is_one(on_sqlite: Room) -> None:
    case, key = on_sqlite.report().case, on_sqlite.keys["bryn"]
    with pytest.raises(UsageError, match="Say why"):
        vault.unseal(on_sqlite.at("bryn"), case, " ", key, "cass")
    with pytest.raises(CaseError):
        vault.unseal(on_sqlite.at("bryn"), case, "To ask.", key, "zoe")
    with pytest.raises(CaseError, match="does not open"):
        vault.unseal(on_sqlite.at("bryn"), case, "To ask.", X25519PrivateKey.generate(), "cass")


def test_whom_a_case_is_about_gets_no_share_of_it(on_sqlite: Room) -> None:
    case = on_sqlite.report(recused=("cass",)).case
    assert {share.officer for share in _sealed(on_sqlite, case).shares} == {"bryn", "dana"}
    with pytest.raises(CaseError):
        vault.unseal(on_sqlite.at("bryn"), case, "To ask.", on_sqlite.keys["bryn"], "cass")
    other = on_sqlite.report().case
    act(on_sqlite.at("bryn"), other, Step.RECUSED, facts=Recusal("cass"))
    assert {share.officer for share in _sealed(on_sqlite, other).shares} == {"bryn", "dana"}
    act(on_sqlite.at("bryn"), other, Step.RECUSED, facts=Recusal("dana"))
    assert len(_sealed(on_sqlite, other).shares) == 2, "or nobody could ever open it"


def test_nobody_says_who_they_are_where_nobody_is_there_to_seal_it_to(on_sqlite: Room) -> None:
    on_sqlite.rules(officers=on_sqlite.desk.rulebook.officers[:1])
    with pytest.raises(CaseError, match="too few officers"):
        on_sqlite.report()
    assert not read_case(on_sqlite.at("bryn"), on_sqlite.report(identity=NOBODY).case).sealed
    assert read_case(on_sqlite.at("bryn"), on_sqlite.report(Confidentiality.NAMED).case).sealed


def test_a_new_key_of_an_officer_takes_over_with_the_old_one_alone(office_of: Room) -> None:
    case = office_of.report().case
    old, new = office_of.keys["bryn"], X25519PrivateKey.generate()
    officers = office_of.desk.rulebook.officers
    office_of.rules(officers=(Officer("bryn", public(new)), *officers[1:]))
    assert vault.reseal(office_of.at("bryn"), {"bryn": old}).moved == [case]
    assert vault.reseal(office_of.at("bryn"), {"bryn": old}).moved == []
    with pytest.raises(CaseError, match="does not open"):
        vault.unseal(office_of.at("bryn"), case, "To ask.", old, "cass")
    vault.unseal(office_of.at("bryn"), case, "To ask.", new, "cass")
    assert vault.confirm(office_of.at("cass"), case, office_of.keys["cass"]) == DANA


def test_who_left_is_shut_out_and_who_came_let_in_by_two_officers_at_one_desk(office_of: Room) -> None:
    case = office_of.report().case
    erin = X25519PrivateKey.generate()
    bryn, cass, _ = office_of.desk.rulebook.officers
    office_of.rules(officers=(bryn, cass, Officer("erin", public(erin))))
    office_of.desk = replace(office_of.desk, officers=frozenset({"bryn", "cass", "erin"}))
    before = _sealed(office_of, case)
    alone = vault.reseal(office_of.at("bryn"), {"bryn": office_of.keys["bryn"]})
    assert (alone.waiting, alone.shared) == ([case], [])
    both = vault.reseal(office_of.at("bryn"), {name: office_of.keys[name] for name in ("bryn", "cass")})
    assert (both.waiting, both.shared) == ([], [case])
    assert {share.officer for share in _sealed(office_of, case).shares} == {"bryn", "cass", "erin"}
    old = next(share for share in before.shares if share.officer == "dana")
    new = next(share for share in _sealed(office_of, case).shares if share.officer == "bryn")
    shares = [
        sealing.open_share(old, case, office_of.keys["dana"]),
        sealing.open_share(new, case, office_of.keys["bryn"]),
    ]
    with pytest.raises(CaseError):
        sealing.open_identity(before.sealed, case, sealing.data_key(shares, 2))
    vault.unseal(office_of.at("erin"), case, "To ask.", erin, "cass")
    assert vault.confirm(office_of.at("cass"), case, office_of.keys["cass"]) == DANA


def test_every_well_formed_receipt_takes_one_slow_check(on_sqlite: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    real = on_sqlite.report().receipt
    other, unknown = on_sqlite.report().receipt, receipts.new_receipt(on_sqlite.desk).shown
    half_right = receipts.plain(real)[:8] + receipts.plain(other)[8:24]
    half_right += receipts._check_character(half_right)  # noqa: SLF001 - to be well-formed
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counting(hasher: PasswordHasher, kept: str, given: str) -> bool:
        verified.append(kept)
        return verify(hasher, kept, given)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    errors = []
    for given in (unknown, half_right):
        with pytest.raises(CaseError) as refused:
            word_back.look(on_sqlite.desk, given)
        errors.append((refused.value.message, refused.value.hint))
    word_back.look(on_sqlite.desk, real.lower().replace("-", " "))
    assert errors[0] == errors[1]
    assert len(verified) == 3
    assert len({kept.split("$")[3] for kept in verified}) == 1, "with the same cost"


def test_a_mistyped_receipt_is_told_as_such_and_not_looked_up(on_sqlite: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "fits", lambda *_: pytest.fail("looked up"))
    on_sqlite.desk.key.make()
    shown = receipts.new_receipt(on_sqlite.desk).shown
    plain = receipts.plain(shown)
    wrong = [plain[:place] + ("0" if plain[place] != "0" else "Z") + plain[place + 1 :] for place in range(len(plain))]
    for given in (*wrong, plain[:-1], plain + "0", "", "?" * 25):
        with pytest.raises(CaseError, match="mistyped"):
            word_back.look(on_sqlite.desk, given)


def test_before_the_first_report_no_receipt_is_known(on_sqlite: Room) -> None:
    with pytest.raises(CaseError, match="no report"):
        word_back.look(on_sqlite.desk, "0" * 25)
    assert not on_sqlite.desk.key.path.exists()


def test_a_lost_key_for_cases_is_not_replaced_by_the_next_report(on_sqlite: Room) -> None:
    on_sqlite.report()
    on_sqlite.desk.key.path.unlink()
    on_sqlite.desk = replace(on_sqlite.desk, key=CaseKey(on_sqlite.desk.key.path))
    with pytest.raises(SettingsError, match="cannot be read"):
        on_sqlite.report()
    assert not on_sqlite.desk.key.path.exists()


def test_receipts_are_long_all_different_and_kept_as_slow_hashes(on_sqlite: Room) -> None:
    made = [on_sqlite.report() for _ in range(3)]
    assert len({one.receipt for one in made}) == 3
    assert all(len(receipts.plain(one.receipt)) == 25 for one in made)
    with on_sqlite.desk.office.database.connect() as connection:
        rows = connection.execute(select(EscalationReceiptRow.__table__)).all()  # type: ignore[attr-defined]
    assert all(row.secret.startswith("$argon2id$") and len(row.lookup) == 64 for row in rows)


def test_what_was_erased_is_in_no_file_of_the_database_even_encrypted(on_sqlite: Room) -> None:
    opened = on_sqlite.report()
    word_back.add(on_sqlite.desk, opened.receipt, "Here.", [b"a text"])
    database = on_sqlite.desk.office.database
    sealed = [_sealed(on_sqlite, opened.case).sealed]
    with database.connect() as connection:
        sealed += [*cases_store.texts(connection, opened.case).values()]
        sealed += [one.sealed for one in cases_store.files(connection, opened.case)]
    assert all(one[:60].hex().upper() in _everything(database) for one in sealed)
    on_sqlite.take(opened.case, Step.CLOSED)
    on_sqlite.clock.advance(timedelta(days=400))
    assert apply_retention(on_sqlite.at("bryn")).clean
    said = _everything(database)
    for one in sealed:
        assert one[:60].hex().upper() not in said
        assert one[:60].decode("latin-1") not in said


def test_a_reader_who_holds_the_erasure_up_is_told_of_and_made_up_for_by_the_next_run(on_sqlite: Room) -> None:
    case = on_sqlite.report().case
    on_sqlite.take(case, Step.CLOSED)
    on_sqlite.clock.advance(timedelta(days=400))
    database = on_sqlite.desk.office.database
    with database.connect() as reader:
        cases_store.keeping(reader)
        held_up = apply_retention(on_sqlite.at("bryn"))
    assert (held_up.erased, held_up.clean) == ((case,), False)
    again = apply_retention(on_sqlite.at("bryn"))
    assert again.clean
    assert again.erased == ()

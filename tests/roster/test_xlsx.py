import io
import re
import zipfile
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.roster.reading import faults, only_fault, only_person, people, read, workbook
from workplace_sync.roster import workbook_guard
from workplace_sync.roster.columns import ColumnMapping
from workplace_sync.roster.person import ConsentClaim
from workplace_sync.roster.readers import FileKind
from workplace_sync.roster.row import Item

ANNA = "anna.example@bt.example.org"
BEN = "ben.example@bt.example.org"
SHEET = "xl/worksheets/sheet1.xml"


def read_book(content: bytes, mapping: ColumnMapping | None = None, name: str = "people.xlsx") -> list[Item]:
    return read(content, mapping, name=name)


def rewrite(content: bytes, changes: dict[str, bytes | None], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The workbook with some parts replaced, added or (None) left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", compression) as new:
        parts = {name: old.read(name) for name in old.namelist()} | changes
        for name, data in parts.items():
            if data is not None:
                new.writestr(name, data)
    return out.getvalue()


def part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def test_every_kind_of_cell_is_read_as_what_a_person_sees() -> None:
    content = workbook(
        ["Email", "Member number", "Consent", "Consent date", "Status", "Name"],
        [ANNA, 12345.0, True, datetime(2021, 3, 4), "Active", "Anna Müller"],  # noqa: DTZ001 - a spreadsheet has no zones
        [BEN, 1.5, 0, date(2021, 3, 5), "", None],
    )
    anna, ben = people(read_book(content))
    assert (anna.external_id, anna.consent, anna.status, anna.name) == (
        "12345",
        ConsentClaim.OPTED_IN,
        "active",
        "Anna Müller",
    )
    assert (anna.consent_at, anna.line) == (datetime(2021, 3, 4, tzinfo=UTC), 2)
    assert (ben.external_id, ben.consent, ben.consent_at) == (
        "1.5",
        ConsentClaim.WITHDRAWN,
        datetime(2021, 3, 5, tzinfo=UTC),
    )


def test_a_formula_counts_with_the_value_it_last_had() -> None:
    plain = workbook(["email", "status"], [ANNA, "x"])
    xml = re.sub(rb'<c r="B2".*?</c>', b'<c r="B2" t="str"><f>A1</f><v>active</v></c>', part(plain, SHEET))
    assert only_person(read_book(rewrite(plain, {SHEET: xml}))).status == "active"


def test_a_formula_that_failed_is_a_fault_and_not_an_empty_cell() -> None:
    plain = workbook([], [None, "email", "consent"], [None, ANNA, "x"], [None, BEN, "no"])
    xml = re.sub(rb'<c r="C3".*?</c>', b'<c r="C3" t="e"><f>1/0</f><v>#DIV/0!</v></c>', part(plain, SHEET))
    found = read_book(
        # An error left of the list, in a cell that calamine does not count, is of no matter.
        rewrite(plain, {SHEET: xml.replace(b'<c r="B4"', b'<c r="A4" t="e"/><c r="B4"')})
    )
    assert [(fault.line, fault.column, fault.field) for fault in faults(found)] == [(3, 3, "consent")]
    assert [person.key for person in people(found)] == [BEN]


def test_lines_and_columns_are_those_of_the_sheet() -> None:
    found = read_book(
        workbook([], [], [None, None, "email", "name"], [None, None, ANNA, "Anna"], [], [None, None, "nobody"])
    )
    assert [person.line for person in people(found)] == [4]
    assert [(fault.line, fault.column) for fault in faults(found)] == [(6, 3)]


def test_characters_that_a_workbook_escapes_are_seen() -> None:
    assert only_fault(read_book(workbook(["email", "name"], [ANNA, "Anna_x000D_"]))).field == "name"
    assert only_person(read_book(workbook(["email", "name"], [ANNA, "Anna_xyz"]))).name == "Anna_xyz"


def test_a_time_of_day_is_no_date_of_consent() -> None:
    buffer = workbook(["email", "consent date", "notes"], [ANNA, "10:30", time(10, 30).isoformat()])
    assert only_fault(read_book(buffer)).field == "consent_at"


def test_very_large_numbers_are_not_made_up() -> None:
    assert only_person(read_book(workbook(["email", "member id"], [ANNA, 1e20]))).external_id == "1e+20"


def test_the_first_sheet_is_read_unless_another_is_named() -> None:
    content = workbook(["email"], [ANNA], sheet="People", before=["Cover"])
    assert "sheet is empty" in only_fault(read_book(content)).message
    assert only_person(read_book(content, ColumnMapping(sheet=" people "))).key == ANNA
    assert '"Staff"' in only_fault(read_book(content, ColumnMapping(sheet="Staff"))).message


def test_faults_of_the_header_and_missing_rows_are_told_as_for_csv() -> None:
    assert only_fault(read_book(workbook(["emial"], [ANNA.split("@", maxsplit=1)[0]]))).field == "header"
    assert "no rows" in only_fault(read_book(workbook(["email", "name"]))).message


def test_duplicates_are_found_in_workbooks_too() -> None:
    found = read_book(workbook(["email", "consent"], [ANNA, "yes"], [ANNA, "no"]))
    assert [person.duplicate_of for person in people(found)] == [0, 2]


def test_the_content_tells_a_workbook_whatever_the_name() -> None:
    content = workbook(["email"], [ANNA])
    assert only_person(read(content, name="people.csv")).key == ANNA
    assert "packed" in only_fault(read(content, kind=FileKind.CSV)).message


@pytest.mark.parametrize("name", ["people.xlsx", "people.XLS", "people.ods"])
def test_a_text_file_named_as_a_workbook_is_a_fault(name: str) -> None:
    assert "not an Excel workbook" in only_fault(read(f"email\n{ANNA}\n", name=name)).message
    assert "not an Excel workbook" in only_fault(read("email\n", kind=FileKind.XLSX)).message


def test_old_and_encrypted_workbooks_are_faults_that_say_so() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert ".xls" in only_fault(read(ole)).message
    assert "password" in only_fault(read(ole + "EncryptedPackage".encode("utf-16-le"))).advice


def test_other_packed_files_are_faults() -> None:
    content = rewrite(workbook(["email"]), {"xl/workbook.xml": None})
    assert "not an Excel workbook" in only_fault(read_book(content)).message


@pytest.mark.parametrize("cut", [10, 100, 2000, -30])
def test_a_file_that_was_cut_off_is_a_fault(cut: int) -> None:
    assert only_fault(read_book(workbook(["email"], [ANNA])[:cut])).message.startswith("the file is damaged")


def test_a_part_that_is_damaged_is_a_fault() -> None:
    content = workbook(["email"], [ANNA])
    assert "damaged" in only_fault(read_book(rewrite(content, {SHEET: b"<worksheet><sheetData><row"}))).message
    missing = rewrite(content, {"xl/_rels/workbook.xml.rels": None})
    assert "damaged" in only_fault(read_book(missing)).message


def test_a_part_that_occurs_twice_is_a_fault() -> None:
    content = rewrite(workbook(["email"], [ANNA]), {"XL/worksheets/Sheet1.xml": b"<worksheet/>"})
    assert "twice" in only_fault(read_book(content)).message


def test_an_encrypted_part_is_a_fault() -> None:
    content = bytearray(workbook(["email"], [ANNA]))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in only_fault(read_book(bytes(content))).message


def test_a_sheet_whose_part_is_elsewhere_is_not_opened_unseen() -> None:
    content = workbook(["email"], [ANNA])
    relations = part(content, "xl/_rels/workbook.xml.rels").replace(b"worksheets/sheet1.xml", b"/xl/other/sheet1.xml")
    moved = rewrite(
        content, {"xl/_rels/workbook.xml.rels": relations, SHEET: None, "xl/other/sheet1.xml": part(content, SHEET)}
    )
    assert "worksheet" in only_fault(read_book(moved)).message


def test_a_list_of_sheets_that_two_readers_see_differently_is_a_fault() -> None:
    content = workbook(["email"], [ANNA])
    book = part(content, "xl/workbook.xml").replace(b"<sheets>", b'<!-- <sheet name="x" r:id="rId1"/> --><sheets>')
    assert "list of sheets" in only_fault(read_book(rewrite(content, {"xl/workbook.xml": book}))).message


def test_relations_without_a_target_are_passed_over() -> None:
    content = workbook(["email"], [ANNA])
    relations = part(content, "xl/_rels/workbook.xml.rels").replace(
        b"<Relationship ", b'<Relationship Id="x"/><Relationship ', 1
    )
    absolute = relations.replace(b'"worksheets/', b'"/xl/worksheets/')
    assert only_person(read_book(rewrite(content, {"xl/_rels/workbook.xml.rels": absolute}))).key == ANNA


@pytest.mark.parametrize("stray", [b'<c r="XFD1048576"><v>1</v></c>', b"<c r = 'xfd1048576'><v>1</v></c>"])
def test_a_stray_cell_in_the_last_corner_is_a_fault_and_not_the_end_of_the_process(stray: bytes) -> None:
    content = workbook(["email"], [ANNA])
    xml = part(content, SHEET).replace(b"</sheetData>", b"<row>" + stray + b"</row></sheetData>")
    assert "row 1048576 and column 16384" in only_fault(read_book(rewrite(content, {SHEET: xml}))).message


def test_a_text_copied_into_very_many_cells_is_a_fault() -> None:
    content = workbook(["email"], *([["x" * 30_000]] * 10_000))
    assert len(content) < 100_000
    assert "too long altogether" in only_fault(read_book(content)).message


def test_longer_shared_texts_in_ordinary_numbers_are_fine() -> None:
    content = workbook(["email", "notes"], [ANNA, "long note " * 100], [BEN, "long note " * 100])
    assert len(people(read_book(content))) == 2


def test_what_unpacks_to_too_much_is_a_fault_whatever_size_it_states(monkeypatch: pytest.MonkeyPatch) -> None:
    content = rewrite(workbook(["email"], [ANNA]), {"xl/media/x.xml": b"<a/>" * 2_000_000})
    lying = content.replace((8_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    monkeypatch.setattr(workbook_guard, "MAX_UNPACKED", 1_000_000)
    assert "too large" in only_fault(read_book(content)).message
    assert "too large" in only_fault(read_book(lying)).message


def test_an_endless_text_without_tags_is_a_fault() -> None:
    content = rewrite(workbook(["email"], [ANNA]), {"docProps/app.xml": b"x" * 2_500_000})
    assert "million" in only_fault(read_book(content)).message


def test_a_workbook_larger_than_the_limit_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workplace_sync.roster.xlsx_reader.MAX_FILE", 1 << 10)
    assert "larger than" in only_fault(read_book(workbook(["email"], [ANNA]))).message


def test_a_workbook_with_uncompressed_parts_is_read() -> None:
    content = rewrite(workbook(["email"], [ANNA]), {}, compression=zipfile.ZIP_STORED)
    assert only_person(read_book(content)).key == ANNA


def test_a_part_that_is_packed_in_another_way_is_a_fault() -> None:
    content = rewrite(workbook(["email"], [ANNA]), {}, compression=zipfile.ZIP_BZIP2)
    assert "packed" in only_fault(read_book(content)).message


def test_a_workbook_without_sheets_is_a_fault() -> None:
    content = workbook(["email"], [ANNA])
    book = re.sub(rb"<sheet .*?/>", b"", part(content, "xl/workbook.xml"))
    assert "list of sheets" in only_fault(read_book(rewrite(content, {"xl/workbook.xml": book}))).message


_GOOD = workbook(["email", "consent"], *([f"a{n}@bt.example.org", "yes"] for n in range(5)))
_PLAIN = rewrite(_GOOD, {}, compression=zipfile.ZIP_STORED)
_EDITS = st.lists(
    st.tuples(st.integers(0, len(_PLAIN)), st.integers(0, 20), st.binary(max_size=8)), min_size=1, max_size=5
)


@given(st.sampled_from([_GOOD, _PLAIN]), _EDITS)
def test_a_damaged_workbook_never_raises(content: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    for start, length, inserted in edits:
        content = content[:start] + inserted + content[start + length :]
    assert read_book(content)

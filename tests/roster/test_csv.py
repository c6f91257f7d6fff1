import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.roster.reading import NOW, csv_text, faults, only_fault, only_person, people, read
from workplace_sync.roster.columns import ColumnMapping
from workplace_sync.roster.person import ConsentClaim
from workplace_sync.roster.readers import FileKind, read_roster

ANNA = "anna.example@bt.example.org"
BEN = "ben.example@bt.example.org"
FULL = (
    "E-Mail;Full name;Employer;Status;Role;Membership number;Consent;Consent date;Basis;Consent source\r\n"
    "Anna.Example@bt.example.org;Anna Müller;BT;Active;Rep, Steward;0017;Yes;2021-03-04;Form 7;website\r\n"
)


def test_every_field_of_a_row_is_read() -> None:
    person = only_person(read(FULL))
    assert person.key == "anna.example@bt.example.org"
    assert person.address == "Anna.Example@bt.example.org"
    assert (person.line, person.name, person.tenant, person.status) == (2, "Anna Müller", "bt", "active")
    assert (person.roles, person.external_id) == (("rep", "steward"), "0017")
    assert (person.consent, person.consent_at) == (ConsentClaim.OPTED_IN, datetime(2021, 3, 4, tzinfo=UTC))
    assert (person.consent_basis, person.consent_source, person.duplicate_of) == ("Form 7", "website", 0)


@pytest.mark.parametrize(
    "content",
    [
        FULL.encode(),
        b"\xef\xbb\xbf" + FULL.encode(),  # Excel, CSV UTF-8
        FULL.encode("cp1252"),  # Excel, CSV
        FULL.replace(";", "\t").encode(),
        FULL.replace(", ", "|").replace(";", ",").encode(),  # Google Sheets
        FULL.replace("\r\n", "\n").encode(),
        FULL.replace("\r\n", "\r").encode(),  # old Excel on a Mac
        ("sep=;\r\n" + FULL).encode(),
        ("\r\n;;;;;;;;;\r\n" + FULL).encode(),
        ";".join(f'"{cell}"' for cell in FULL.split(";"))
        .replace('\r\n"', "\r\n")
        .replace("\r\n", '"\r\n"')
        .encode()[:-1],
    ],
    ids=["utf8", "bom", "cp1252", "tabs", "commas", "unix", "mac", "sep", "blank-top", "quoted"],
)
def test_what_excel_libreoffice_and_google_write_reads_the_same(content: bytes) -> None:
    (person,) = people(read(content))
    assert (person.name, person.roles, person.consent_basis) == ("Anna Müller", ("rep", "steward"), "Form 7")


def test_a_row_is_read_the_same_by_the_quick_and_by_the_careful_way() -> None:
    row = f"{ANNA},Anna Example,bt,active,rep,17,yes,2021-03-04\r\n"
    header = "email,name,tenant,status,role,member id,consent,consent date\r\n"
    first, second = people(read(header + row + row.replace("anna.", "ben.")))  # the first one fills the memory
    assert (first.name, first.roles, first.consent_at) == (second.name, second.roles, second.consent_at)
    assert (second.key, second.line, second.external_id) == ("ben.example@bt.example.org", 3, "17")


def test_names_in_two_columns_become_one() -> None:
    rows = f"email,first name,surname\n{ANNA},Anna,Example\n{BEN},Ben,de Vries\nc@bt.example.org,,Cole\n"
    assert [person.name for person in people(read(rows))] == ["Anna Example", "Ben de Vries", "Cole"]


def test_a_mapped_part_of_the_name_wins_over_an_unmapped_name_column() -> None:
    mapping = ColumnMapping(first_name="vorname", last_name="nachname")
    assert only_person(read(f"email,name,vorname,nachname\n{ANNA},x17,Anna,Example\n", mapping)).name == "Anna Example"


def test_lines_are_physical_lines_whatever_is_quoted() -> None:
    text = f'email,notes\n{ANNA},"one\ntwo\r\nthree"\n\n{BEN},\nnobody,\n'
    found = read(text)
    assert [person.line for person in people(found)] == [2, 6]
    assert [fault.line for fault in faults(found)] == [7]


def test_columns_without_a_field_are_not_looked_at() -> None:
    assert only_person(read(f'email,notes,phone\n{ANNA},"=1+1\x00\n",+44 20\n')).key == ANNA


def test_blank_rows_are_skipped() -> None:
    assert len(people(read(f"email,name\n,\n\n  , \n{ANNA},\n;\n".replace("\n;", "\n")))) == 1


def test_a_constant_stands_for_a_column() -> None:
    mapping = ColumnMapping(constants={"tenant": "BT", "consent": "yes", "consent_basis": "minute 2020/14"})
    person = only_person(read(f"email,tenant\n{ANNA},other\n", mapping))
    assert (person.tenant, person.consent, person.consent_basis) == ("bt", ConsentClaim.OPTED_IN, "minute 2020/14")


def test_headers_are_found_as_mapped_without_regard_to_case_and_spaces() -> None:
    mapping = ColumnMapping(email=" work  MAIL", status="Stand")
    person = only_person(read(f"Work Mail ,email, STAND\n{ANNA},{BEN},Live\n", mapping))
    assert (person.key, person.status) == (ANNA, "live")


@pytest.mark.parametrize(
    ("word", "claim"),
    [
        *((word, ConsentClaim.OPTED_IN) for word in ("yes", "Y", "TRUE", "1", "opted in", "Opted_In", "given")),
        *((word, ConsentClaim.WITHDRAWN) for word in ("no", "N", "false", "0", "opted out", "withdrawn")),
        ("", ConsentClaim.UNKNOWN),
        ("  ", ConsentClaim.UNKNOWN),
    ],
)
def test_the_usual_words_for_consent(word: str, claim: ConsentClaim) -> None:
    assert only_person(read(f"email,consent\n{ANNA},{word}\n")).consent is claim


def test_words_for_consent_can_be_set_and_others_are_then_refused() -> None:
    mapping = ColumnMapping(consent_values={"Ja": "opted_in", "nein": "withdrawn"})
    found = read(f"email,consent\n{ANNA},JA\n{BEN},nein\nc@bt.example.org,yes\n", mapping)
    assert [person.consent for person in people(found)] == [ConsentClaim.OPTED_IN, ConsentClaim.WITHDRAWN]
    (fault,) = faults(found)
    assert (fault.line, fault.column, fault.field) == (4, 2, "consent")
    assert "ja, nein" in fault.advice


def test_words_for_the_status_can_be_set() -> None:
    mapping = ColumnMapping(status_values={"Live": "active", "Ex": "Left"})
    found = read(f"email,status\n{ANNA},live\n{BEN},EX\nc@bt.example.org,\nd@bt.example.org,dead\n", mapping)
    assert [person.status for person in people(found)] == ["active", "left", ""]
    assert "live, ex" in faults(found)[0].advice


def test_a_later_row_with_the_same_address_is_a_fault_that_names_the_first() -> None:
    found = read(f"email,name\n{ANNA},Anna\n{BEN},Ben\n{ANNA.upper()},Anna again\n")
    assert [person.line for person in people(found)] == [2, 3]
    (fault,) = faults(found)
    assert (fault.line, fault.column, fault.field) == (4, 1, "email")
    assert "line 2" in fault.message


def test_a_duplicate_that_withdraws_consent_is_handed_over_after_its_fault() -> None:
    found = read(f"email,consent\n{ANNA},yes\n{ANNA},no\n")
    assert [type(item).__name__ for item in found] == ["RosterPerson", "Fault", "RosterPerson"]
    late = people(found)[1]
    assert (late.duplicate_of, late.line, late.consent) == (2, 3, ConsentClaim.WITHDRAWN)


def test_a_duplicate_of_a_faulty_row_is_not_taken_for_the_right_one() -> None:
    found = read(f"email,consent\n{ANNA},perhaps\n{ANNA},yes\n")
    assert not people(found)
    assert [fault.line for fault in faults(found)] == [2, 3]


def test_a_duplicate_with_another_fault_is_told_with_both() -> None:
    found = read(f"email,consent,consent date\n{ANNA},yes,\n{ANNA},no,someday\n")
    assert [(fault.line, fault.field) for fault in faults(found)] == [(3, "email"), (3, "consent_at")]
    assert len(people(found)) == 1


def test_all_faults_of_a_row_are_told_in_the_order_of_its_columns() -> None:
    row = "=HYPERLINK(),+x,@x,no body,who knows,tomorrow,-\n"
    found = read("status,name,roles,email,consent,consent date,basis\n" + row)
    assert [(fault.column, fault.field) for fault in faults(found)] == [
        (1, "status"),
        (2, "name"),
        (3, "roles"),
        (4, "email"),
        (5, "consent"),
        (6, "consent_at"),
        (7, "consent_basis"),
    ]
    assert not people(found)


@pytest.mark.parametrize(
    "cell",
    [
        "=1",
        "+1",
        "-1",
        "@x",
        " =1",
        "\t=1",
        '"\rx"',
        "\uff1d1",
        "\tx",
        "#REF!",
        "a\x00b",
        '"a\nb"',
        "a\x1bb",
        "a\u202eb",
        "x" * 201,
        "a\u2028b",
    ],
)
@pytest.mark.parametrize("field", ["name", "tenant", "status", "roles", "external id", "first name", "last name"])
def test_a_dangerous_or_broken_cell_is_refused_in_every_field(field: str, cell: str) -> None:
    good = f"{BEN},Ben\n"
    found = read(f"email,{field}\n{ANNA},{cell}\n{good}")
    assert [fault.line for fault in faults(found)] == [2]
    assert faults(found)[0].field == field.replace(" ", "_")
    assert [person.key for person in people(found)] == [BEN]


def test_a_formula_hidden_behind_another_role_is_refused() -> None:
    assert only_fault(read(f"email,roles\n{ANNA},rep;=1+1\n")).field == "roles"


def test_a_formula_in_the_last_name_does_not_hide_behind_the_first() -> None:
    assert only_fault(read(f"email,first name,last name\n{ANNA},Anna,=1+1\n")).field == "last_name"


def test_no_fault_repeats_what_a_cell_holds() -> None:
    secret = "secretperson"
    rows = [f"{secret}@@x,{secret},{secret},{secret}\n", f"{secret}@bt.example.org,=,{secret},\n", f"{secret}@\n"]
    mapping = ColumnMapping(status_values={"live": "active"})
    found = faults(read("email,status,consent,consent date\n" + "".join(rows), mapping))
    assert len(found) >= 6
    assert not any(secret in str(fault) for fault in found)


def test_ragged_rows_are_faults_and_the_others_go_on() -> None:
    found = read(f"email,name\n{ANNA}\n{BEN},Ben,x\nc@bt.example.org,Cem\n")
    assert [(fault.line, fault.field) for fault in faults(found)] == [(2, "row"), (3, "row")]
    assert [person.name for person in people(found)] == ["Cem"]


def test_a_quotation_mark_that_is_not_closed_is_a_fault_that_tells_what_was_lost() -> None:
    found = read(f'email,name\n{ANNA},"Anna\n{BEN},Ben\n')
    (fault,) = faults(found)
    assert (fault.line, fault.field) == (2, "row")
    assert "lines 2 to 3" in fault.message
    assert not people(found)


def test_after_a_broken_quotation_the_next_line_is_read_again() -> None:
    found = read(f'email,name\n{ANNA},"An"na\n{BEN},Ben\n')
    assert [person.line for person in people(found)] == [3]
    assert "quotation" in only_fault([item for item in found if item not in people(found)]).message


def test_a_cell_of_endless_length_is_a_fault_of_its_row() -> None:
    found = read(f"email,notes\n{ANNA},{'x' * 200_000}\n{BEN},y\n")
    assert [(fault.line, fault.message) for fault in faults(found)] == [(2, "a cell is longer than 131072 characters")]
    assert [person.line for person in people(found)] == [3]


def test_a_header_with_an_over_long_cell_is_a_fault_of_its_line() -> None:
    fault = only_fault(read("\n" + "email" * 30_000 + f"\n{ANNA}\n"))
    assert (fault.file, fault.line, fault.field) == ("people.csv", 2, "header")
    assert fault.message == "a cell is longer than 131072 characters"


def test_a_long_header_of_short_cells_is_split_by_its_own_delimiter() -> None:
    header = ";".join(["email", *(f"column {number}" for number in range(12_000))])
    assert len(header) > 131_072
    assert only_person(read(f"{header}\n{ANNA}{';' * 12_000}\n")).key == ANNA


def test_a_line_without_an_end_is_refused_before_it_is_held() -> None:
    fault = only_fault(read(b"email\n" + b"x" * 3_000_000))
    assert "million" in fault.message


def test_broken_bytes_in_a_utf8_file_are_faults_of_their_cells_only() -> None:
    raw = f"email,name\n{ANNA},Zoë Müller\n{BEN},B".encode() + b"\xff\n"
    found = read(raw)
    assert [person.name for person in people(found)] == ["Zoë Müller"]
    assert [(fault.line, fault.field) for fault in faults(found)] == [(3, "name")]
    marked = read(b"\xef\xbb\xbf" + raw.replace("Zoë Müller".encode(), b"Zoe"))
    assert [fault.line for fault in faults(marked)] == [3]


def test_a_byte_that_windows_1252_does_not_have_is_a_fault() -> None:
    assert only_fault(read(f"email,name\n{ANNA},Andr".encode() + b"\xe9 \x81\n")).field == "name"


def test_a_character_cut_off_at_the_end_of_the_file_counts_as_broken() -> None:
    assert only_person(read(f"email,name\n{ANNA},Andr".encode() + b"\xe9")).name == "André"


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n;;;\r\n", b"sep=;\n"])
def test_an_empty_file_is_a_fault(raw: bytes) -> None:
    assert "empty" in only_fault(read(raw)).message


def test_a_header_without_rows_is_a_fault() -> None:
    assert "no rows" in only_fault(read("email,name\n,\n")).message


def test_a_header_with_a_broken_quotation_is_a_fault() -> None:
    assert only_fault(read('email,"name\n')).field == "header"
    assert only_fault(read('"email"x,name\n')).line == 1


@pytest.mark.parametrize(
    "raw", ["email\n".encode("utf-16"), "email\n".encode("utf-16-le"), "email\n".encode("utf-16-be")]
)
def test_utf16_is_refused_with_what_to_do(raw: bytes) -> None:
    assert "UTF-8" in only_fault(read(raw)).advice


def test_a_file_of_one_column_needs_no_delimiter() -> None:
    assert [person.key for person in people(read(f"email\n{ANNA}\n{BEN}\n"))] == [ANNA, BEN]


def test_the_callers_stream_stays_open_and_may_be_read_from_the_middle() -> None:
    stream = io.BytesIO(FULL.encode())
    stream.read(7)
    assert len(list(read_roster(stream, name="x", now=NOW))) == 1
    assert not stream.closed
    reading = read_roster(stream, name="x", now=NOW, kind=FileKind.CSV)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert not stream.closed


def test_a_stream_that_cannot_seek_is_read_all_the_same() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, offset: int, whence: int = 0, /) -> int:
            raise io.UnsupportedOperation(f"{offset} {whence}")

    assert len(list(read_roster(Pipe(FULL.encode()), name="x", now=NOW))) == 1


def test_the_memory_for_repeated_texts_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workplace_sync.roster.row.MAX_REMEMBERED", 3)
    rows = [(f"p{n}@bt.example.org", f"s{n % 7}", f"2021-03-{n % 9 + 1:02d}") for n in range(50)]
    found = read(csv_text(("email", "status", "consent date"), *rows))
    assert [(p.status, p.consent_at and p.consent_at.day) for p in people(found)] == [
        (s, int(d[-2:])) for _, s, d in rows
    ]


@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: f"email,name\n{text}".encode("utf-8", "surrogatepass"))
)
def test_no_bytes_at_all_make_the_reader_raise(raw: bytes) -> None:
    assert read(raw)

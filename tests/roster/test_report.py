from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.roster.reading import NOW, faults, people, read
from workplace_sync.roster.person import ConsentClaim, RosterPerson
from workplace_sync.roster.report import summarise, write_good_rows
from workplace_sync.roster.values import BadValueError, clean_cell

ANNA = "anna.example@bt.example.org"
ROSTER = f"""email,status,consent
{ANNA},active,yes
ben@bt.example.org,active,no
cem@bt.example.org,active,
nobody,=x,yes
,,
dora@bt.example.org,active
{ANNA},active,no
"""


def test_a_roster_is_told_in_numbers() -> None:
    report = summarise(read(ROSTER))
    assert (report.rows, report.good) == (6, 3)
    assert (report.opted_in, report.withdrawn, report.silent, report.late_withdrawals) == (1, 1, 1, 1)
    assert report.fault_count == 4
    assert report.by_field == {"email": 2, "status": 1, "row": 1}
    assert [fault.line for fault in report.faults] == [5, 5, 7, 8]
    assert not report.usable


def test_a_flood_of_faults_is_counted_and_the_first_are_kept() -> None:
    report = summarise(read("email\n" + "nobody\n" * 20), keep=3)
    assert (report.fault_count, len(report.faults), report.rows) == (20, 3, 20)


def test_a_faulty_header_is_no_row() -> None:
    report = summarise(read("emial,name,name\nx,y,z\n"))
    assert (report.rows, report.good, dict(report.by_field)) == (0, 0, {"header": 2})


def test_a_roster_without_a_fault_is_usable_and_an_empty_one_is_not() -> None:
    assert summarise(read(f"email\n{ANNA}\n")).usable
    assert not summarise(read("")).usable
    assert not summarise([]).usable


def test_the_good_rows_are_a_roster_that_reads_the_same_and_still_tells_of_every_opt_out() -> None:
    again = read("".join(write_good_rows(read(ROSTER))))
    assert [(person.key, person.consent) for person in people(again)] == [
        (ANNA, ConsentClaim.OPTED_IN),
        ("ben@bt.example.org", ConsentClaim.WITHDRAWN),
        ("cem@bt.example.org", ConsentClaim.UNKNOWN),
        (ANNA, ConsentClaim.WITHDRAWN),
    ]
    assert [fault.line for fault in faults(again)] == [5]


def test_no_cell_of_the_good_rows_begins_like_a_formula() -> None:
    (header, row) = write_good_rows([RosterPerson(ANNA, ANNA, 2, name="=1+1", status="+x", roles=("@y", "z"))])
    assert header.startswith("email,name,")
    cells = row.strip().split(",")
    assert cells[1] == "'=1+1"
    assert not any(cell[:1] in "=+-@" for cell in cells if cell)


def _clean(text: str) -> bool:
    try:
        return clean_cell(text) == text
    except BadValueError:
        return False


_TEXT = st.text(max_size=20).filter(_clean)
_WORDS = st.text("abcdefghäé ,;'\"", max_size=12).map(str.strip)


people_strategy = st.builds(
    lambda local, **fields: RosterPerson(f"{local.lower()}@bt.example.org", f"{local}@bt.example.org", 2, **fields),
    st.from_regex(r"[A-Za-z0-9]{1,9}", fullmatch=True),
    name=_TEXT,
    tenant=_WORDS,
    status=_WORDS,
    roles=st.lists(st.from_regex(r"[a-z][a-z ]{0,8}[a-z]", fullmatch=True), unique=True, max_size=3).map(tuple),
    external_id=_TEXT,
    consent=st.sampled_from(ConsentClaim),
    consent_at=st.none() | st.datetimes(datetime(1900, 1, 1), NOW.replace(tzinfo=None), timezones=st.just(UTC)),  # noqa: DTZ001
    consent_basis=_TEXT,
    consent_source=_TEXT,
)


@given(people_strategy)
def test_any_good_person_survives_being_written_and_read(person: RosterPerson) -> None:
    assert read("".join(write_good_rows([person]))) == [person]

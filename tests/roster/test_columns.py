from typing import Any

import pytest

from tests.roster.reading import faults, only_fault, read
from workplace_sync.roster.columns import ColumnMapping

ANNA = "anna.example@bt.example.org"


def test_all_missing_columns_are_named_at_once_with_the_nearest_header() -> None:
    mapping = ColumnMapping(email="work mail", status="Stand", consent="OK?")
    found = faults(read("Work Mial,State,x\na,b,c\n", mapping))
    assert [(fault.line, fault.field) for fault in found] == [(1, "header")] * 3
    assert '"work mail"' in found[0].message
    assert 'did you mean "Work Mial"?' in found[0].advice
    assert '"Stand"' in found[1].message
    assert '"OK?"' in found[2].message
    assert "did you mean" not in found[2].advice


def test_a_missing_address_column_names_the_headers_that_are_looked_for() -> None:
    fault = only_fault(read("Emial,Name\nx,y\n"))
    assert '"work email"' in fault.message
    assert 'did you mean "Emial"?' in fault.advice


def test_a_header_that_occurs_twice_is_a_fault_if_a_field_is_under_it() -> None:
    fault = only_fault(read(f"email,status,Status\n{ANNA},a,b\n"))
    assert (fault.line, fault.column) == (1, 3)
    assert "2 and 3" in fault.message
    assert "rename" in fault.advice
    assert not faults(read(f"email,notes,notes\n{ANNA},a,b\n"))


def test_two_columns_that_could_both_be_the_address_must_be_told_apart() -> None:
    text = f"email,work e-mail\nprivate@home.example.org,{ANNA}\n"
    assert "mapping of email" in only_fault(read(text)).advice
    assert not faults(read(text, ColumnMapping(email="work e-mail")))


def test_a_file_without_headers_is_told_so_and_its_first_person_is_not_repeated() -> None:
    fault = only_fault(read(f"{ANNA},Anna\nben@bt.example.org,Ben\n"))
    assert "headers are missing" in fault.message
    assert "anna" not in str(fault)


def test_control_characters_of_a_header_do_not_reach_the_screen() -> None:
    fault = only_fault(read("\x1b[31memail\nx\n"))
    assert "\x1b" not in str(fault)


@pytest.mark.parametrize(
    "settings",
    [
        {"constants": {"email": "a@bt.example.org"}},
        {"constants": {"nickname": "x"}},
        {"constants": {"tenant": "bt"}, "tenant": "Employer"},
        {"consent_values": {"yes": "maybe"}},
        {"date_formats": ("%d/%m/%Y", "%")},
        {"date_formats": ("%Y %Y",)},
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"constant|consent value|date format"):
        ColumnMapping(**settings)

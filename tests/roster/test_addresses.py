from tests.roster.reading import faults, people
from workplace_sync.roster.readers import read_addresses


def test_addresses_of_the_command_line_are_people_in_their_order() -> None:
    found = list(read_addresses(["Anna@bt.example.org", " ben@bt.example.org "]))
    assert [(person.key, person.address, person.line) for person in people(found)] == [
        ("anna@bt.example.org", "Anna@bt.example.org", 1),
        ("ben@bt.example.org", "ben@bt.example.org", 2),
    ]


def test_all_wrong_addresses_are_told_by_their_place() -> None:
    found = list(
        read_addresses(["nobody", "a@bt.example.org", "", "A@bt.example.org", "+x@bt.example.org"], name="--add")
    )
    assert [person.line for person in people(found)] == [2]
    assert [(fault.file, fault.line, fault.field) for fault in faults(found)] == [
        ("--add", 1, "email"),
        ("--add", 3, "email"),
        ("--add", 4, "email"),
        ("--add", 5, "email"),
    ]
    assert "line 2" in faults(found)[2].message
    assert "nobody" not in str(faults(found)[0])

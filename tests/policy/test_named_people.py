"""Whom exceptions name is looked up, however many they name, in the order of the exceptions."""

import hashlib
import time
from datetime import UTC, datetime

from workplace_sync.policy.document import ExceptionDocument, ExceptionMatch
from workplace_sync.policy.exceptions import NamedPeople

AT = datetime(2024, 1, 1, tzinfo=UTC)
BRYN = "bryn@bt.example.org"


def exception(name: str, *people: str) -> ExceptionDocument:
    return ExceptionDocument(
        kind="PolicyException",
        id=name,
        title="T",
        reason="R",
        owner="O",
        approver="P",
        approved_at=AT,
        expires_at=AT,
        rules=("a/b",),
        match=ExceptionMatch(),
        people=people,
    )


def test_all_exceptions_that_name_somebody_are_found_in_their_order() -> None:
    hashed = "sha256:" + hashlib.sha256(BRYN.encode()).hexdigest()
    named = NamedPeople(
        [
            exception("z", "Bryn@BT.example.org"),
            exception("b", "ada@bt.example.org", hashed),
            exception("a", BRYN, hashed, BRYN),
        ]
    )
    assert named.naming(BRYN) == ["z", "b", "a"]
    assert named.naming("ada@bt.example.org") == ["b"]
    assert named.naming("nobody@bt.example.org") == []


def test_addresses_alone_need_no_hash_and_without_names_nobody_is_named() -> None:
    assert NamedPeople([exception("a", BRYN)]).naming(BRYN) == ["a"]
    assert NamedPeople([exception("a")]).naming(BRYN) == []


def test_thousands_of_names_cost_no_more_than_one() -> None:
    named = NamedPeople([exception("a", *(f"p{n}@bt.example.org" for n in range(5_000)))])
    began = time.process_time()
    for number in range(20_000):
        named.naming(f"q{number}@bt.example.org")
    assert time.process_time() - began < 1

"""Receipts: with one a reporter comes back to the case, and nobody else can; it is shown once and never kept.

A receipt is 24 characters of chance and one to find typing errors by. The first eight find it (by a keyed hash, so that
nobody with the database can try them), the other sixteen, 80 bits, prove it against a slow hash. An unknown one is
checked against the hash of nobody's, so that every well-formed receipt takes one slow check, whether it exists or not.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from workplace_sync.errors import CaseError
from workplace_sync.jobs import passwords
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.store import cases as store

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that is taken for another
_TAKEN_FOR = str.maketrans("OIL", "011")
_BYTES, _LOOKUP, _LENGTH, _GROUP, _BITS = 15, 8, 25, 5, 5


@dataclass(frozen=True, slots=True)
class Receipt:
    """A new receipt as it is shown, and what is kept of it."""

    shown: str
    lookup: str
    secret: str


def new_receipt(desk: CaseDesk) -> Receipt:
    """Return a new receipt, like `7KQ2M-9TDX4-...`: 40 bits to find it, 80 to prove it, and a check character."""
    number = int.from_bytes(desk.entropy(_BYTES), "big")
    text = "".join(_LETTERS[number >> _BITS * place & 31] for place in reversed(range(_LENGTH - 1)))
    text += _check_character(text)
    shown = "-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))
    return Receipt(shown, desk.key.digest(text[:_LOOKUP]), passwords.hashed(text[_LOOKUP:]))


def case_of(desk: CaseDesk, connection: Connection, given: str) -> str:
    """Return the case of a receipt as somebody typed it; raises CaseError, the same for an unknown and for a wrong one.

    One that was mistyped is told without looking it up: that says nothing about which exist.
    """
    text = plain(given)
    if len(text) != _LENGTH or set(text) - set(_LETTERS) or text[-1] != _check_character(text[:-1]):
        raise CaseError(
            "That is not a whole receipt: a character is missing or mistyped.",
            hint="It has five groups of five letters and digits.",
        )
    anything = bool(store.keeping(connection))  # before the first report there is no key yet
    lookup = desk.key.digest(text[:_LOOKUP]) if anything else ""
    secret, case = store.find_receipt(connection, lookup)
    if not passwords.fits(secret, text[_LOOKUP:]):
        raise CaseError("There is no report with this receipt.", hint="Check each character, or report it anew.")
    return case


def plain(given: str) -> str:
    """Return a receipt without hyphens and spaces, letters that look like digits taken for these."""
    return "".join(given.split()).replace("-", "").upper().translate(_TAKEN_FOR)


def _check_character(text: str) -> str:
    """Return the character that finds any single mistyped one, and most swapped neighbours (Luhn's, over 32 letters)."""
    total, factor = 0, 2
    for letter in reversed(text):
        value = _LETTERS.index(letter) * factor
        total += value // len(_LETTERS) + value % len(_LETTERS)
        factor = 3 - factor
    return _LETTERS[-total % len(_LETTERS)]

"""The text of one cell: what is refused whatever the field, and how words, roles and dates are read from it.

No message repeats what a cell holds: faults end up in logs and mails, and a shifted column may hold an address.
"""

import re
import unicodedata

MAX_TEXT = 2_000  # characters; a consent wording is the longest text anybody should keep here
MAX_WORD = 200  # characters of a name, a status, a tenant, a number

# What spreadsheets take for the start of a formula, and the full-width forms that some of them fold to it:
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
_FORMULA_OR_BREAK = FORMULA_STARTS | {"\n"}  # behind a break at its beginning a formula is hidden as well
# How Excel, LibreOffice and Sheets write a formula that failed, also into a CSV export.
ERROR_VALUES = frozenset(
    ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#ERROR!"]
)

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ROLE_SEPARATORS = re.compile(r"[|;,]")
_WORD_GAPS = re.compile(r"[\s_-]+")


class BadValueError(ValueError):
    """A text that cannot be the value it stands for; the sentence never repeats it. `advice` says what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def clean_cell(text: str, limit: int = MAX_WORD) -> str:
    """Return the cell's text, trimmed.

    Raises BadValueError for a formula or a spreadsheet's error value, NUL, bytes that are not text, line breaks and
    other control or direction characters, and for more than `limit` characters.
    """
    trimmed = text.strip()
    if text[:1] in FORMULA_STARTS or trimmed[:1] in FORMULA_STARTS:
        raise BadValueError("begins like a formula", "remove the leading = + - @ or tab")
    if not text.isprintable():
        _refuse_unprintable(text)
    if trimmed in ERROR_VALUES:
        raise BadValueError("is a spreadsheet's error and not a value", "repair the formula, then export again")
    if len(trimmed) > limit:
        raise BadValueError(f"is longer than {limit} characters", "shorten it, or check the columns have not shifted")
    return trimmed


def _refuse_unprintable(text: str) -> None:
    if "\0" in text:
        raise BadValueError("holds a NUL byte", "the file is damaged or not a text file: export it again")
    for char in text:
        category = unicodedata.category(char)
        if category == "Cs":
            raise BadValueError("holds bytes that are not text", "save the file as CSV UTF-8")
        if category in ("Cc", "Zl", "Zp") or char in _BIDI:
            raise BadValueError("holds a line break or another control character", "put the value on one plain line")


def safe_cell(value: object) -> object:
    """Return the cell of a CSV file that is written, with an apostrophe before what a spreadsheet would take for a formula.

    Numbers stay. https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA_OR_BREAK else value


def as_word(text: str) -> str:
    """Return the text as words are compared: lower case, with one space for any gap, hyphen or underscore."""
    return _WORD_GAPS.sub(" ", text).strip().casefold()


def parse_roles(text: str) -> tuple[str, ...]:
    """Return the roles of a cell, separated by `|`, `;` or `,`: in lower case, each once, in the cell's order.

    Raises BadValueError when one of them begins like a formula.
    """
    roles = (clean_cell(part).lower() for part in _ROLE_SEPARATORS.split(text))
    return tuple(dict.fromkeys(role for role in roles if role))

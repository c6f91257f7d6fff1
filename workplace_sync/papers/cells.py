"""Cells of a CSV file that a spreadsheet takes as text, and never as formulas."""

from workplace_sync.roster.values import FORMULA_STARTS


def safe_cell(value: object) -> object:
    """Return the cell with an apostrophe before a text that a spreadsheet would take for a formula; numbers stay.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{value}" if isinstance(value, str) and (value[:1] in FORMULA_STARTS or value[:1] == "\n") else value

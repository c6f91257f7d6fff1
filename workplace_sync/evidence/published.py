"""Finding a checkpoint in what somebody kept: a file, a mail, a text typed from paper."""

import re
from itertools import pairwise

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.note import DASH

_QUOTE = re.compile(r"^[\s>|]*|\s*$")
_SIGNED = re.compile(rf"(?:{DASH}|\u2013|--?) (\S+ [A-Za-z0-9+/]+=*)")
_DIGITS = re.compile(r"[0-9]+")


def find_checkpoint(text: str, origin: str) -> str:
    """Return the signed checkpoint of the log `origin` in a text, in its exact form, with all signature lines after it.

    Line ends, quotation marks of a mail and the kind of dash do not matter; what is signed is compared later. Raises
    EvidenceError when there is none.
    """
    lines = [_QUOTE.sub("", line) for line in text.removeprefix("\ufeff").splitlines()]
    for at, (line, size) in enumerate(pairwise(lines)):
        if line == origin and _DIGITS.fullmatch(size):
            signatures = _signatures(lines[at + 3 :])
            if signatures:
                return "\n".join([*lines[at : at + 3], "", *signatures, ""])
    raise EvidenceError(
        "There is no signed checkpoint of this log in the file.",
        hint=f"It begins with the line {origin} and has a line with a signature, which begins with a dash.",
    )


def _signatures(lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        match = _SIGNED.fullmatch(line)
        if match:
            found.append(f"{DASH} {match[1]}")
        elif line:
            break
    return found

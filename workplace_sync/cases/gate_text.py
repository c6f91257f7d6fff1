"""The gate for free text: what in it could give somebody away, and the approval without which it does not leave.

What is found here helps an officer, and does not replace one: a story that only one person can tell has no mark that a
program could find. So every text needs an officer's approval, and the approval holds for that text alone.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from workplace_sync.errors import CaseError


class Mark(StrEnum):
    """What was found in a text."""

    ROSTER_NAME = "roster_name"
    ROSTER_ADDRESS = "roster_address"
    EMAIL = "email"
    PHONE = "phone"
    NATIONAL_INSURANCE = "national_insurance"
    EMPLOYEE_NUMBER = "employee_number"
    POSTCODE = "postcode"
    URL = "url"
    TITLE_AND_SITE = "title_and_site"
    PATTERN = "pattern"


NEVER = frozenset([Mark.ROSTER_ADDRESS, Mark.EMAIL, Mark.PHONE, Mark.NATIONAL_INSURANCE, Mark.EMPLOYEE_NUMBER])
"""What no officer can let through: it names one person, and the text says as much without it."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something in a text, from `start` up to `end`; `label` says which pattern, where it is one of the caller's."""

    start: int
    end: int
    mark: Mark
    label: str = ""

    @property
    def never(self) -> bool:
        """Whether the text cannot leave with it, whoever approves."""
        return self.mark in NEVER


@dataclass(frozen=True, slots=True)
class Approved:
    """An officer's approval of a text, by its digest. `despite` is how many findings they let through."""

    digest: str
    by: str
    at: datetime
    despite: int = 0


_AT = r"\s*(?:@|\(at\)|\[at\])\s*"
_DOT = r"\s*(?:\.|\(dot\)|\[dot\])\s*"
_FORMS: tuple[tuple[Mark, re.Pattern[str]], ...] = (
    (Mark.EMAIL, re.compile(rf"[\w.+'-]{{1,64}}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{1,5}}", re.IGNORECASE)),
    (Mark.URL, re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.)\S+", re.IGNORECASE)),
    (Mark.NATIONAL_INSURANCE, re.compile(r"\b[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]\b", re.IGNORECASE)),
    (Mark.PHONE, re.compile(r"(?<!\w)(?:\+\d|\(?0\d)(?:[\s()./-]{0,3}\d){7,12}(?!\w)")),
    (Mark.EMPLOYEE_NUMBER, re.compile(r"\b[A-Z]{0,4}[-/]?\d{6,12}\b", re.IGNORECASE)),
    (Mark.POSTCODE, re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b", re.IGNORECASE)),
)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_TITLES = re.compile(
    r"\b(?:head|manager|director|lead|leader|supervisor|chief|officer|engineer|analyst|adviser|advisor|architect|"
    r"technician|partner|coordinator|secretary|representative|rep|planner|apprentice|consultant)s?\b",
    re.IGNORECASE,
)
_ALSO_WORDS = frozenset(
    re.findall(
        r"\w+",
        "april art august bill bishop brown carter clay cook dale dean drew faith field fields frank grace grant gray green"
        " grey hill hope hunt joy june king knight lane law long mark may mills miles miller moon new page pat penny price"
        " ray read reed rich rob rose savage short smith stone summer sue sweet taylor violet walker ward waters way west"
        " white will wood woods young",
    )
)
"""Names that are also words: these are found only where they begin with a capital."""


def normalised(text: str) -> tuple[str, ...]:
    """Return the words of a name as texts are searched for them: without accents, all small, of two letters at least."""
    return tuple(word for word in map(_plain, _WORD.findall(text)) if len(word) > 1)


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if letter.isalpha())


def findings(
    text: str,
    names: Collection[str] = (),
    addresses: Collection[str] = (),
    sites: Collection[str] = (),
    patterns: Mapping[str, re.Pattern[str]] | None = None,
) -> list[Finding]:
    """Return what in a text could give somebody away, in its order.

    `names` are words of names on the roster, as `normalised` gives them; `addresses` are e-mail addresses on it, of which
    the part before the @ is looked for too; `sites` are names of places of work; `patterns` are the caller's own, by label.
    """
    found = {Finding(*match.span(), mark) for mark, pattern in _FORMS for match in pattern.finditer(text)}
    found.update(_names(text, frozenset(names)))
    found.update(_addresses(text, addresses))
    found.update(_titles_at_sites(text, sites))
    found.update(
        Finding(*match.span(), Mark.PATTERN, label)
        for label, pattern in (patterns or {}).items()
        for match in pattern.finditer(text)
    )
    return sorted(found)


def _names(text: str, names: frozenset[str]) -> Iterator[Finding]:
    for match in _WORD.finditer(text):
        forms = {_plain(match[0]), *(_plain(part) for part in re.split(r"['\u2019-]", match[0]))}
        known = forms & names
        if known and (match[0][0].isupper() or known - _ALSO_WORDS):
            yield Finding(*match.span(), Mark.ROSTER_NAME)


def _addresses(text: str, addresses: Collection[str]) -> Iterator[Finding]:
    lowered = text.casefold()
    if len(lowered) != len(text):  # a letter that becomes two would move all places
        lowered = text.lower() if len(text.lower()) == len(text) else text
    wanted = {address.casefold() for address in addresses}
    wanted |= {address.partition("@")[0] for address in wanted}
    for match in re.finditer(r"[\w.+'-]+(?:@[\w.-]+)?", lowered):
        if match[0].rstrip(".'-") in wanted:
            yield Finding(*match.span(), Mark.ROSTER_ADDRESS)


def _titles_at_sites(text: str, sites: Collection[str]) -> Iterator[Finding]:
    """Yield sentences that have a job title and a place of work: often one person has that title there."""
    known = [re.compile(rf"\b{re.escape(site)}\b", re.IGNORECASE) for site in sites if site.strip()]
    start = 0
    for gap in (*_SENTENCE_END.finditer(text), None):
        end = gap.start() if gap else len(text)
        sentence = text[start:end]
        if _TITLES.search(sentence) and any(site.search(sentence) for site in known):
            yield Finding(start, end, Mark.TITLE_AND_SITE)
        start = gap.end() if gap else end


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text, in hex: what an approval is for."""
    return sha256(text.encode()).hexdigest()


def approve(text: str, found: Sequence[Finding], *, by: str, at: datetime, despite: bool = False) -> Approved:
    """Return an officer's approval of a text, after a look at what was found in it.

    Raises CaseError where something was found that never leaves, or anything was and `despite` does not say that the
    officer saw it. That `by` is an officer with a part in the case is for the caller to check.
    """
    never = sorted({one.mark.value.replace("_", " ") for one in found if one.never})
    if never:
        raise CaseError(f"The text cannot leave: it holds {', '.join(never)}.", hint="Write it without that.")
    if found and not despite:
        marks = ", ".join(sorted({one.mark.value.replace("_", " ") for one in found}))
        raise CaseError(
            f"The text may give somebody away: {marks}.", hint="Change it, or say that it may leave nevertheless."
        )
    return Approved(digest_of(text), by, at, len(found))


def leaving(text: str, approved: Approved | None) -> str:
    """Return the text that may leave; raises CaseError when nobody approved it, or it was changed since."""
    if approved is None:
        raise CaseError("Nobody approved this text.", hint="An officer looks at it and approves it first.")
    if approved.digest != digest_of(text):
        raise CaseError("The text was changed after it had been approved.", hint="Have it approved again as it is now.")
    return text

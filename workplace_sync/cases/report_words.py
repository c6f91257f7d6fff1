"""How the values that are counted are called in a report."""

from workplace_sync.cases.categories import Rulebook
from workplace_sync.cases.escalation import Tone
from workplace_sync.cases.report_cases import CATEGORY, KIND, tone_of

_KINDS = {"individual": "about one person", "systemic": "about how things are done"}
_PROGRESS = {
    "received": "received",
    "in_validation": "being looked into",
    "substantiated": "found to be so",
    "not_substantiated": "not found to be so",
    "raised": "raised with the employer",
    "answered": "answered by the employer",
    "reported_back": "told to who reported",
    "closed": "closed without outcome",
    "outcome:changed": "outcome: changed",
    "outcome:partly_changed": "outcome: changed in part",
    "outcome:explained": "outcome: explained",
    "outcome:acknowledged": "outcome: acknowledged",
    "outcome:refused": "outcome: refused",
    "outcome:no_answer": "outcome: no answer came",
    "outcome:withdrawn": "outcome: withdrawn",
}


def label_of(dimension: str, value: str, book: Rulebook) -> str:
    """Return how a value of area, category or kind is called; what is no longer in the rulebook, by its id."""
    if dimension == KIND:
        return _KINDS[value]
    if dimension != CATEGORY:
        return book.title(value)
    category = value.partition(":")[2]
    found = book.category(category)
    plain = found is None or found.tones == (Tone(tone_of(value)),)
    return book.title(category) if plain else f"{book.title(category)} ({tone_of(value)} news)"


def progress_label(value: str) -> str:
    """Return how a state or outcome is called."""
    return _PROGRESS[value]

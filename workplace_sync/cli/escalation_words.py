"""Words of a case as they are typed: with hyphens or underscores, in any case."""

from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from workplace_sync.errors import UsageError

W = TypeVar("W", bound=StrEnum)


def word_of(words: type[W], given: str) -> W:
    """Return the word that somebody typed; raises UsageError, with the nearest one, where it is none of them."""
    plain = given.strip().lower().replace("-", "_")
    known = [one.value for one in words]
    if plain in known:
        return words(plain)
    near = get_close_matches(plain, known, 1)
    shown = ", ".join(one.replace("_", "-") for one in known)
    hint = f"Did you mean {near[0].replace('_', '-')}?" if near else f"One of: {shown}."
    raise UsageError("That word is none of those known here.", hint=hint)

"""What may come in to be evaluated: every value is looked at before the CEL engine sees it.

The engine cuts texts at NUL, so that a text with one would equal its beginning; raises on a lone surrogate, which would end a whole batch;
reads a naive time in the process's own zone; takes True for a number; and crashes on a list that holds itself. So only
values of the declared type come in, and no others. tests/policy/test_door.py keeps the proof.
"""

from collections.abc import Callable, Mapping
from datetime import MAXYEAR, UTC, datetime, timedelta
from operator import itemgetter

from workplace_sync.policy.facts import FactValue, Kind

MAX_LIST = 100  # items: keeps exists() inside exists() below the engine's budget of 10,000 loop steps
MAX_TEXT = 4_096  # characters
_MAX_KNOWN = 10_000  # texts remembered as clean
_INT_LIMIT = 2**63


class RefusedError(ValueError):
    """A value that may not reach the engine; the text names the fact and what is wrong, never the value."""


class Door:
    """Lets in of each row the facts that the rules read, after looking at every value. Made for speed, one row at a time.

    `wanted` are the variables to take from rows, `fixed` values that are the same for all rows (looked at once, here).
    Raises RefusedError for a fixed value that may not come in.
    """

    def __init__(self, wanted: Mapping[str, Kind], fixed: Mapping[str, FactValue]) -> None:
        for name in wanted.keys() & fixed.keys():
            _refuse_if(refusal(wanted[name], fixed[name]), name)
        self._fixed: dict[str, object] = {name: fixed[name] for name in wanted if name in fixed}
        self._free = free = {name: kind for name, kind in wanted.items() if name not in fixed}
        self._texts = [name for name, kind in free.items() if kind is Kind.STRING]
        self._flags = [name for name, kind in free.items() if kind is Kind.BOOL]
        self._times = [name for name, kind in free.items() if kind is Kind.TIMESTAMP]
        self._others = [(n, k) for n, k in free.items() if k not in {Kind.STRING, Kind.BOOL, Kind.TIMESTAMP}]
        self._known: set[object] = set()
        names = [*self._texts, *self._flags]
        self._get_key: Callable[[Mapping[str, object]], object] = itemgetter(*names) if names else _no_key

    def admit(self, row: Mapping[str, object]) -> dict[str, object]:
        """Return the values to evaluate on; raises KeyError for a fact that the row lacks, RefusedError for a bad one."""
        data = self._fixed.copy()
        known = self._known
        for name in self._texts:
            data[name] = value = row[name]
            if type(value) is not str or value not in known:
                self._look_at_text(name, value)
        for name in self._flags:
            data[name] = value = row[name]
            if value is not True and value is not False:
                _refuse_if("is not true or false", name)
        for name in self._times:
            data[name] = value = row[name]
            if type(value) is not datetime or value.tzinfo is not UTC or not 1 < value.year < MAXYEAR:
                _refuse_if(refusal(Kind.TIMESTAMP, value), name)
        for name, kind in self._others:
            data[name] = value = row[name]
            _refuse_if(refusal(kind, value), name)
        return data

    def key(self, row: Mapping[str, object]) -> object:
        """Return the row's texts and flags as one hashable value; raises as admit does, for facts and flags.

        Flags are looked at here, because 1 would pass for True in a look-up. Texts are not: an unclean one is never
        among the keys of what was evaluated before.
        """
        for name in self._flags:
            value = row[name]
            if value is not True and value is not False:
                _refuse_if("is not true or false", name)
        return self._get_key(row)

    def admit_known(self, row: Mapping[str, object]) -> tuple[dict[str, object], frozenset[str]]:
        """Return the values of the facts that the row has, and the names of those it lacks; raises RefusedError."""
        missing = frozenset(name for name in self._free if name not in row)
        rest = {name: kind for name, kind in self._free.items() if name not in missing}
        return self._fixed | Door(rest, {}).admit(row), missing

    def _look_at_text(self, name: str, value: object) -> None:
        _refuse_if(refusal(Kind.STRING, value), name)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known.add(value)


class ClosedDoor(Door):
    """A door that lets nothing in, because a value that all rows share is refused."""

    def __init__(self, reason: str) -> None:
        super().__init__({}, {})
        self._reason = reason

    def admit(self, row: Mapping[str, object]) -> dict[str, object]:  # noqa: ARG002 - the row does not matter
        """Raise RefusedError."""
        raise RefusedError(self._reason)

    def admit_known(self, row: Mapping[str, object]) -> tuple[dict[str, object], frozenset[str]]:
        """Raise RefusedError."""
        return self.admit(row), frozenset()


def refusal(kind: Kind, value: object) -> str:
    """Return why a value may not reach the engine as this kind; empty when it may."""
    return _REFUSALS[kind](value)


def _text_refusal(value: object) -> str:
    if not isinstance(value, str):
        return "is not a text"
    if len(value) > MAX_TEXT:
        return f"is longer than {MAX_TEXT} characters"
    return "" if is_clean(value) else "holds a character that is not text"


def _int_refusal(value: object) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return "is not a whole number"
    return "" if -_INT_LIMIT <= value < _INT_LIMIT else "is too large a number"


def _time_refusal(value: object) -> str:
    if not isinstance(value, datetime):
        return "is not a time"
    if value.utcoffset() is None:
        return "is a time without its zone"
    return "" if 1 < value.year < MAXYEAR else "is not a time that can be calculated with"


def _texts_refusal(value: object) -> str:
    if type(value) is not list:
        return "is not a list of texts"
    if len(value) > MAX_LIST:
        return f"has more than {MAX_LIST} items"
    return next((reason for reason in map(_text_refusal, value) if reason), "")


_REFUSALS: Mapping[Kind, Callable[[object], str]] = {
    Kind.STRING: _text_refusal,
    Kind.BOOL: lambda value: "" if isinstance(value, bool) else "is not true or false",
    Kind.INT: _int_refusal,
    Kind.TIMESTAMP: _time_refusal,
    Kind.DURATION: lambda value: "" if isinstance(value, timedelta) else "is not a duration",
    Kind.STRINGS: _texts_refusal,
}


def _no_key(_row: Mapping[str, object]) -> object:
    return ()


def _refuse_if(reason: str, name: str) -> None:
    if reason:
        raise RefusedError(f"{name} {reason}")


def is_clean(text: str) -> bool:
    """Whether the engine sees the text as we do: it cuts at NUL, and raises on a lone surrogate."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

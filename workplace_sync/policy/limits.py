"""How much a shelf may hold before anything of it is compiled, so that a hostile one costs no time.

An honest shelf is a hundredth of this. The numbers were measured: at them, loading and compiling takes about a second
(tests/policy/test_hostile.py). Loops are counted because the engine allows 10,000 steps for each condition.
"""

import re
from collections.abc import Iterator, Mapping

from workplace_sync.errors import Fault, InputError
from workplace_sync.policy.document import ExceptionDocument, PolicyDocument
from workplace_sync.policy.source import Source

MAX_SHELF = 1_000_000  # bytes of all files together
MAX_CONDITIONS = 300
MAX_CHARACTERS = 60_000  # of all expressions together
MAX_PARAMS = 100
MAX_LOOPS = 20
MAX_LOOPS_EACH = 2
_SHELF = 2  # as much as that many policies at their limits, in all

_TEXT = re.compile(r"""\"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|//[^\n]*""")
_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*\(")


def check_size(files: Mapping[str, bytes]) -> None:
    """Raise InputError for more files than could be read in a moment."""
    if sum(map(len, files.values())) > MAX_SHELF:
        message, advice = "all files together are larger than 1 MB", "move what is out of force elsewhere"
        raise InputError("The policies are too large.", [Fault("policies", 0, 0, "", message, advice)])


def loops(expression: str) -> int:
    """Return how many loops an expression has, however deep they are nested."""
    return len(_LOOP.findall(_TEXT.sub("''", expression)))


class Limits:
    """Counts what a shelf holds while it is read."""

    def __init__(self) -> None:
        self._conditions = 0
        self._characters = 0

    def faults(self, source: Source, document: PolicyDocument | ExceptionDocument) -> list[Fault]:
        """Return what is too much of a document, or too much in all together with those before; best not compiled then."""
        texts = list(_expressions(document))
        characters = sum(map(len, texts))
        self._conditions += len(texts)
        self._characters += characters
        most = _SHELF * MAX_CONDITIONS, _SHELF * MAX_CHARACTERS
        params = len(document.params) if isinstance(document, PolicyDocument) else 0
        found = [
            _over(len(texts), MAX_CONDITIONS, "conditions and messages"),
            _over(characters, MAX_CHARACTERS, "characters of expressions"),
            _over(params, MAX_PARAMS, "parameters"),
            _over(sum(map(loops, texts)), MAX_LOOPS, "loops"),
            _over(max(map(loops, texts), default=0), MAX_LOOPS_EACH, "loops in one expression"),
        ]
        whole = [
            _over(self._conditions, most[0], "conditions and messages in all policies"),
            _over(self._characters, most[1], "characters of expressions in all policies"),
        ]
        told = [message for message in found if message] or [message for message in whole if message]
        return [source.fault((), message, "nobody could read it; say it in fewer words") for message in told]


def _over(number: int, most: int, what: str) -> str:
    return f"has {number:,} {what}; {most:,} are the most" if number > most else ""


def _expressions(document: PolicyDocument | ExceptionDocument) -> Iterator[str]:
    yield from (condition.expression for condition in document.match.conditions)
    if isinstance(document, PolicyDocument):
        for rule in document.all_rules:
            yield from (condition.expression for condition in rule.stated)
            if rule.message_expression:
                yield rule.message_expression

"""The only file that knows the CEL engine, with a guard for each of its sharp edges.

cel-expr-python 0.1.3 is fast and type-checks at load, and it is young. Every guard below was proven necessary on exactly
that version (tests/policy/test_cel.py keeps the proof): a null result aborts the process, so only expressions of static
type BOOL or STRING are ever evaluated; an error comes back as a truthy string, so only `is True` counts as true; text is
cut at NUL, so NUL is refused at the door; `has()` returns the value itself, so the macro is switched off; and
deserialised expressions forget their types, so everything is compiled from text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from cel_expr_python import cel

from workplace_sync.policy.door import is_clean
from workplace_sync.policy.facts import Kind

ENGINE = "cel-expr-python 0.1.3"  # what the guards were proven on; a test fails with another installed
MAX_EXPRESSION = 2_000  # characters
_MAX_COMBINED = 50_000  # characters; the engine refuses 100,000
_ENGINE_FAILURES = (RuntimeError, ValueError, TypeError, OverflowError)

_TYPES = {
    Kind.STRING: cel.Type.STRING,
    Kind.BOOL: cel.Type.BOOL,
    Kind.INT: cel.Type.INT,
    Kind.TIMESTAMP: cel.Type.TIMESTAMP,
    Kind.DURATION: cel.Type.DURATION,
    Kind.STRINGS: cel.Type.List(cel.Type.STRING),
}
_STRING_LITERAL = r"""(?:[rR]?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))"""
_LITERAL_CALL = re.compile(rf"\b(?:timestamp|duration)\(\s*{_STRING_LITERAL}\s*\)")
_LITERAL_PATTERN = re.compile(rf"\.\s*matches\(\s*({_STRING_LITERAL})\s*\)")
_UNDECLARED = "undeclared reference to '"
_PROBLEM = re.compile(r"<input>:(-?\d+):(-?\d+): ([^\n]*)")

Outcome = bool | None
"""What became of a condition: true, false, or None where it could not be evaluated."""


class ExpressionError(ValueError):
    """An expression that cannot be used; `problems` are (line, column, message) within it, from 1, 0 = unknown."""

    def __init__(self, *problems: tuple[int, int, str]) -> None:
        super().__init__("; ".join(message for _, _, message in problems))
        self.problems = problems


class _Value(Protocol):
    def plain_value(self) -> object: ...


class _Compiled(Protocol):
    def eval(self, activation: object = None, data: Mapping[str, object] | None = None) -> _Value: ...
    def return_type(self) -> object: ...


class Environment:
    """The variables that expressions may read, and the way to compile them."""

    def __init__(self, variables: Mapping[str, Kind]) -> None:
        self.variables = dict(variables)
        self._env = _environment(variables)
        self._fewer: dict[frozenset[str], cel.Env] = {}
        self._read: dict[str, frozenset[str]] = {}

    def condition(self, text: str) -> "Expression":
        """Compile an expression that is true or false; raises ExpressionError when it is not, or cannot be read."""
        return Expression(self, self._typed(text, cel.Type.BOOL, "must be true or false"))

    def message(self, text: str) -> "Expression":
        """Compile an expression that makes a text; raises ExpressionError."""
        self._typed(text, cel.Type.STRING, "must make a text")
        return Expression(self, self._compile(f"[{text}\n]"))

    def reads(self, text: str) -> frozenset[str]:
        """Return the variables that a compilable expression reads: those it complains of where they are not declared.

        The engine tells twenty complaints at most, so those found are declared and it is asked again.
        """
        if text not in self._read:
            found = frozenset[str]()
            while (more := found | self._undeclared(text, found)) != found:
                found = more
            self._read[text] = found
        return self._read[text]

    def bad_literals(self, text: str) -> list[str]:
        """Return the literal times, durations and patterns in the text that are no such thing.

        The engine's own check lets them pass; they would fail, and so deny, only when somebody is decided on.
        """
        calls = [found.group() for found in _LITERAL_CALL.finditer(text)]
        patterns = [found.group(1) for found in _LITERAL_PATTERN.finditer(text)]
        probes = [(call, f"{call} == {call}") for call in calls] + [(p, f"''.matches({p})") for p in patterns]
        return [shown for shown, probe in probes if self.condition(probe).outcome({}) is None]

    def activation(self, data: Mapping[str, object]) -> object:
        """Bind admitted values once, to evaluate several expressions on them."""
        return self._env.Activation(data)

    def combined(self, texts: Sequence[str]) -> _Compiled:
        """Compile conditions, each of which compiles alone, into one list; a line end closes a trailing comment."""
        return self._compile("[" + "\n, ".join(texts) + "\n]")

    def _typed(self, text: str, wanted: object, complaint: str) -> _Compiled:
        if len(text) > MAX_EXPRESSION:
            raise ExpressionError((0, 0, f"is longer than {MAX_EXPRESSION} characters"))
        if not is_clean(text):
            raise ExpressionError((0, 0, "holds a character that is not text"))
        compiled = self._compile(text)
        if compiled.return_type() != wanted:
            raise ExpressionError((0, 0, f"{complaint}, and is {compiled.return_type()!r}"))
        if self._may_be_null(text):
            raise ExpressionError((0, 0, f"{complaint}, and may be null"))
        return compiled

    def _may_be_null(self, text: str) -> bool:
        """Whether this is a protobuf wrapper: its type is shown as BOOL or STRING, and its null aborts the process.

        Only what may be null can be compared with null; that complaint of the type check is what must be seen.
        """
        try:
            self._compile(f"({text}\n) == null")
        except ExpressionError as error:
            return "no matching overload for '_==_'" not in str(error)
        return True

    def _compile(self, text: str) -> _Compiled:
        try:
            compiled: _Compiled = self._env.compile(text)
        except RuntimeError as error:
            raise ExpressionError(*_problems(str(error))) from None
        return compiled

    def _undeclared(self, text: str, declared: frozenset[str]) -> frozenset[str]:
        if declared not in self._fewer:
            self._fewer[declared] = _environment({name: self.variables[name] for name in declared})
        try:
            self._fewer[declared].compile(text)
        except RuntimeError as error:
            complaints = (message for _, _, message in _problems(str(error)))
            named = frozenset(message.removeprefix(_UNDECLARED).rstrip("'") for message in complaints)
            return named & self.variables.keys()
        return frozenset()


class Expression:
    """A compiled expression. Reads only admitted values (see Door)."""

    def __init__(self, env: Environment, compiled: _Compiled) -> None:
        self._env = env
        self._compiled = compiled

    def outcome(self, data: Mapping[str, object]) -> Outcome:
        """Evaluate a condition on its own."""
        return self.outcome_in(self._env.activation(data))

    def outcome_in(self, activation: object) -> Outcome:
        """Evaluate a condition on values bound before; anything that is not exactly true or false is None."""
        value = self._value(activation)
        return value if isinstance(value, bool) else None

    def text(self, data: Mapping[str, object]) -> str | None:
        """Evaluate a message; None where that fails.

        An error is a string too, so the message is made as a list of one: an error is never a list.
        """
        value = self._value(self._env.activation(data))
        return value[0] if isinstance(value, list) else None

    def _value(self, activation: object) -> object:
        try:
            return self._compiled.eval(activation).plain_value()
        except _ENGINE_FAILURES:
            return None


class Combined:
    """Many conditions evaluated at once: one crossing into the engine for each row, which is what makes it fast."""

    def __init__(self, env: Environment, texts: Sequence[str]) -> None:
        self._env = env
        self._alone = [env.condition(text) for text in texts]
        self._lists = [env.combined(chunk) for chunk in _chunks(texts)]

    def outcomes(self, data: Mapping[str, object]) -> tuple[Outcome, ...]:
        """Return the outcome of every condition, in order. `data` comes from a Door."""
        outcomes: tuple[Outcome, ...] = ()
        for together in self._lists:
            try:
                values = together.eval(data=data).plain_value()
            except _ENGINE_FAILURES:
                values = None
            if type(values) is not list:  # an error of at least one condition: look at each alone
                return self.outcomes_without(data, (False,) * len(self._alone))
            outcomes += tuple(values)
        return outcomes

    def outcomes_without(self, data: Mapping[str, object], skip: Sequence[bool]) -> tuple[Outcome, ...]:
        """Return the outcomes, where those marked in `skip` count as not evaluated."""
        activation = self._env.activation(data)
        pairs = zip(self._alone, skip, strict=True)
        return tuple(None if skipped else condition.outcome_in(activation) for condition, skipped in pairs)


def _chunks(texts: Sequence[str]) -> Iterable[Sequence[str]]:
    """Cut a long list of conditions into lists that the engine accepts; an empty one stays one list."""
    chunk: list[str] = []
    for text in texts:
        if chunk and sum(map(len, chunk)) + len(text) > _MAX_COMBINED:
            yield chunk
            chunk = []
        chunk.append(text)
    yield chunk


def _environment(variables: Mapping[str, Kind]) -> cel.Env:
    config = cel.NewEnvConfigFromYaml("stdlib:\n  exclude_macros: [has]\n")
    return cel.NewEnv(config=config, variables={name: _TYPES[kind] for name, kind in variables.items()})


def _problems(text: str) -> Iterable[tuple[int, int, str]]:
    found = [(max(int(line), 0), max(int(column), 0), _plain(said)) for line, column, said in _PROBLEM.findall(text)]
    return found or [(0, 0, _plain(text.splitlines()[0]))]


def _plain(message: str) -> str:
    for noise in (" (in container '')", " [INVALID_ARGUMENT]", " [CANCELLED]"):
        message = message.replace(noise, "")
    return message.partition(" expecting {")[0]

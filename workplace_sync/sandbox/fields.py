"""The `fields` language: `a,b{c,d},edge.limit(3).summary(true){e}.as(other)`."""

from dataclasses import dataclass
from functools import lru_cache

from workplace_sync.sandbox.failures import GraphError, parameter

_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Field:
    """One field wanted. `shown` is its name in the answer; `fields` None means the node's usual ones."""

    name: str
    shown: str
    modifiers: tuple[tuple[str, str], ...] = ()
    fields: "tuple[Field, ...] | None" = None


class _Reader:
    """Reads the text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def fail(self, wanted: str) -> GraphError:
        return parameter(f"Syntax error: expected {wanted} at character {self.place} of the fields")

    def peek(self) -> str:
        while self.text[self.place : self.place + 1].isspace():
            self.place += 1
        return self.text[self.place : self.place + 1]

    def take(self, sign: str) -> bool:
        if self.peek() != sign:
            return False
        self.place += 1
        return True

    def word(self) -> str:
        self.peek()
        start = self.place
        while self.text[self.place : self.place + 1].isalnum() or self.text[self.place : self.place + 1] == "_":
            self.place += 1
        if start == self.place:
            raise self.fail("a name")
        return self.text[start : self.place]

    def argument(self) -> str:
        if not self.take("("):
            raise self.fail("(")
        end = self.text.find(")", self.place)
        if end < 0:
            raise self.fail(")")
        value, self.place = self.text[self.place : end], end + 1
        return value.strip()

    def fields(self, depth: int) -> tuple[Field, ...]:
        if depth > _DEEPEST:
            raise parameter("The fields are nested too deeply")
        found = []
        while self.peek() not in {"", "}"}:
            found.append(self.field(depth))
            if not self.take(","):
                break
        return tuple(found)

    def field(self, depth: int) -> Field:
        name = shown = self.word()
        modifiers: list[tuple[str, str]] = []
        inner: tuple[Field, ...] | None = None
        while True:
            if self.take("."):
                modifier = self.word()
                value = self.argument()
                if modifier == "as":
                    shown = value
                else:
                    modifiers.append((modifier, value))
            elif self.take("{"):
                inner = self.fields(depth + 1)
                if not self.take("}"):
                    raise self.fail("}")
            else:
                return Field(name, shown, tuple(modifiers), inner)


@lru_cache(maxsize=1024)
def parse_fields(text: str) -> tuple[Field, ...]:
    """Return the fields of the text; raises GraphError 100 where it cannot be read."""
    reader = _Reader(text)
    fields = reader.fields(0)
    if reader.peek():
        raise reader.fail("a comma")
    return fields


def write_fields(fields: tuple[Field, ...]) -> str:
    """Return the text of the fields, for the address of the next page."""
    return ",".join(_write(each) for each in fields)


def _write(each: Field) -> str:
    modifiers = "".join(f".{name}({value})" for name, value in each.modifiers)
    shown = f".as({each.shown})" if each.shown != each.name else ""
    return each.name + modifiers + shown + ("" if each.fields is None else f"{{{write_fields(each.fields)}}}")

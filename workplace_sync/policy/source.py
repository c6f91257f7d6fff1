"""Reads the YAML text of a policy or of its tests into a checked model, and knows the place of everything in it.

Only plain data is accepted: no anchors and aliases (they can make a small file huge), no tags, no second document where
one is expected, no repeated keys (YAML would silently keep the last), no NUL. All faults of a file are told at once.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from workplace_sync.errors import Fault, InputError

MAX_BYTES = 250_000
_MAX_NODES = 20_000  # values and keys
_MAX_FAULTS = 200  # told of one document; who has more of them has one great fault
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster; where it lacks, only the words differ
_MAX_DEPTH = 20
_MAX_DOCUMENTS = 1_000

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]


class _Mark(Protocol):
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, from 1. `inside` is the column of its first character, 0 where it spans lines."""

    line: int
    column: int
    inside: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A read file: its plain data, and the place of every key and value by its path."""

    file: str
    data: object
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def fault(self, path: Path, message: str, advice: str = "", *, at: tuple[int, int] = (0, 0)) -> Fault:
        """Return a fault at the value under `path`, or at what holds it; `at` is a line and column within its text."""
        place = self._place(path)
        exact = place.inside and at[0] == 1 and at[1]
        column = place.inside + at[1] - 1 if exact else place.column
        return Fault(self.file, place.line, column, dotted(path), message, advice)

    def key_fault(self, path: Path, message: str, advice: str = "") -> Fault:
        """Return a fault at the key that ends `path`."""
        place = self.keys.get(path) or self._place(path)
        return Fault(self.file, place.line, place.column, dotted(path), message, advice)

    def _place(self, path: Path) -> Place:
        while path not in self.values and path:
            path = path[:-1]
        return self.values.get(path, Place(0, 0))


def dotted(path: Path) -> str:
    """Return a path as people write it: `rules[0].id`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def read_source(file: str, content: bytes) -> Source:
    """Read YAML text of one document into plain data with places; raises InputError with every fault found."""
    (source,) = _sources(file, content, most=1)
    return source


def read_sources(file: str, content: bytes) -> list[Source]:
    """Read YAML text of one or more documents, parted by `---`; raises InputError with every fault found."""
    return _sources(file, content, most=_MAX_DOCUMENTS)


def _sources(file: str, content: bytes, *, most: int) -> list[Source]:
    text = _decoded(file, content)
    try:
        nodes = _composed(file, text, most)
    except (ValueError, yaml.YAMLError) as error:  # ValueError: an escape beyond Unicode
        raise _input_error([_yaml_fault(file, error)]) from None
    sources, faults = [], []
    for node in nodes:
        reading = _Reading(Source(file, None))
        data = reading.plain(node, ())
        faults += reading.faults
        sources.append(Source(file, data, reading.source.keys, reading.source.values))
    if faults:
        raise _input_error(faults)
    return sources


def checked(source: Source, model: type[M]) -> M:
    """Return the data as the model; raises InputError with every fault, each at its line and column."""
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        raise _input_error(
            [_model_fault(source, model, found) for found in _distinct(error.errors(include_url=False)[:_MAX_FAULTS])]
        ) from None


def _input_error(faults: Sequence[Fault]) -> InputError:
    return InputError(f"{faults[0].file} cannot be used as it is.", sorted(faults))


def _decoded(file: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _input_error([Fault(file, 0, 0, "", "the file is larger than 250 kB", "split it, or check what it is")])
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise _input_error([Fault(file, line, 0, "", "a NUL byte is in the text", "save the file as plain UTF-8 text")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _input_error([Fault(file, line, 0, "", "the text is not UTF-8", "save the file as UTF-8")]) from None


def _composed(file: str, text: str, most: int) -> list[yaml.Node]:
    """Return the node trees of the documents, after a pass over the events that lets only plain data through."""
    faults = list(_event_faults(file, text, most))
    if faults:
        raise _input_error(faults)
    nodes = [node for node in yaml.compose_all(text, _LOADER) if not _is_nothing(node)]
    if not nodes:
        raise _input_error([Fault(file, 0, 0, "", "the file is empty")])
    return nodes


def _is_nothing(node: yaml.Node) -> bool:
    """Whether this is the document between two `---`, or before the first, in which nothing is written."""
    return isinstance(node, yaml.ScalarNode) and not node.value and not node.style


def _event_faults(file: str, text: str, most: int) -> Iterator[Fault]:
    depth = documents = nodes = 0
    for event in yaml.parse(text, _LOADER):
        line, column = _line_and_column(event.start_mark)
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            yield Fault(file, line, column, "", "the nesting is too deep", "write plain lists and fields")
            return
        if documents > most:
            message = "a second document begins here" if most == 1 else f"more than {most} documents are in one file"
            yield Fault(file, line, column, "", message, "write it into a file of its own")
            return
        nodes += isinstance(event, yaml.NodeEvent)
        if nodes > _MAX_NODES:
            yield Fault(file, line, column, "", f"more than {_MAX_NODES:,} values are in one file", "split the file")
            return
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            yield Fault(file, line, column, "", "anchors and aliases are not accepted", "write the value out")
        if getattr(event, "tag", None):
            yield Fault(file, line, column, "", "tags are not accepted", "write a plain value")


def _yaml_fault(file: str, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    line, column = _line_and_column(mark)
    return Fault(file, line, column, "", f"this is not YAML: {_problem(error)}", "check indentation, quotes and colons")


def _line_and_column(mark: _Mark | None) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)


class _Reading:
    """One walk over the node tree: plain data, places and faults."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.faults: list[Fault] = []
        self._scalars = yaml.SafeLoader("")

    def plain(self, node: yaml.Node, path: Path) -> object:
        self.source.values[path] = _place(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            place = _place(key)
            if key.tag != "tag:yaml.org,2002:str":
                self._add(place, path, "a key must be plain text", "put it in quotes, or check the indentation")
            elif key.value in found:
                self._add(place, (*path, key.value), "is written twice", "keep one of them")
            else:
                self.source.keys[*path, key.value] = place
                found[key.value] = self.plain(value, (*path, key.value))
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        try:
            value = self._scalars.construct_object(node)
            str(value).encode()
        except UnicodeEncodeError:
            self._add(_place(node), path, "holds a character that is not text", "remove the escape")
        except (ValueError, yaml.YAMLError) as error:
            self._add(_place(node), path, f"is no such value: {_problem(error)}", "correct it, or put it in quotes")
        else:
            if isinstance(value, str) and "\0" in value:
                self._add(_place(node), path, "holds a NUL character", "remove the escape")
            return value
        return None

    def _add(self, place: Place, path: Path, message: str, advice: str) -> None:
        self.faults.append(Fault(self.source.file, place.line, place.column, dotted(path), message, advice))


def _place(node: yaml.Node) -> Place:
    start, end = node.start_mark, node.end_mark
    style = getattr(node, "style", None)
    inside = start.column + (2 if style else 1) if start.line == end.line else 0
    return Place(start.line + 1, start.column + 1, inside)


def _distinct(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where that is only because its items are at fault."""
    paths = [error["loc"] for error in errors]

    def follows(error: ErrorDetails) -> bool:
        size = len(error["loc"])
        return error["type"] == "too_short" and any(p[:size] == error["loc"] and len(p) > size for p in paths)

    return [error for error in errors if not follows(error)]


def _model_fault(source: Source, model: type[BaseModel], error: ErrorDetails) -> Fault:
    path: Path = error["loc"]
    match error["type"]:
        case "missing":
            return source.fault(path, "is missing", "add it")
        case "extra_forbidden":
            return source.key_fault(path, "is not a field that is known here", _suggestion(model, str(path[-1])))
        case "string_type":
            return source.fault(path, "must be text", "put it in quotes")
        case "too_short":
            return source.fault(path, "needs at least one entry")
        case "value_error":
            return source.fault(path, str(error["ctx"]["error"]))
        case _:
            return source.fault(path, error["msg"][:1].lower() + error["msg"][1:])


def _suggestion(model: type[BaseModel], name: str) -> str:
    near = difflib.get_close_matches(name, sorted(_field_names(model)), n=1)
    return f"did you mean {near[0]!r}?" if near else "remove it"


@cache
def _field_names(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of all fields of the model and of the models in it, as its JSON schema lists them."""
    schema = model.model_json_schema()
    objects = [schema, *schema.get("$defs", {}).values()]
    return frozenset(name for found in objects for name in found.get("properties", {}))

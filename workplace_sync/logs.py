"""Log lines: sentences on a terminal, JSON elsewhere; what identifies a person or opens a door never gets into one.

Our lines and those of the libraries go through one chain, in this order: the bound run_id and group, level, UTC time,
a traceback becomes text, *then* everything is redacted, then it is rendered. A value is redacted whole where its key
says that it is an address, a name or a secret; any text is redacted where it looks like one.

A server that sets up logging of its own (uvicorn) must be told not to: `log_config=None`.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from contextvars import copy_context
from functools import cache
from typing import Literal, ParamSpec, TextIO, TypeVar, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

REDACTED = "[redacted]"
Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "text", "json"]

_OURS = "workplace_sync"
_PLAIN = frozenset(["level", "time", "logger", "run_id"])  # made by this file: nothing to look for, and time is saved
_MAX_DEPTH = 8

_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SENSITIVE_WORDS = frozenset(
    [
        "address",
        "addresses",
        "authorization",
        "cookie",
        "dsn",
        "email",
        "emails",
        "mail",
        "name",
        "names",
        "passwd",
        "password",
        "phone",
        "proof",
        "pwd",
        "secret",
        "secrets",
        "token",
        "tokens",
    ]
)

# An address begins where a run of its characters begins, and takes all that hangs on to it; looking only at the
# beginnings of runs keeps the time linear. Beside @ there are its forms in URLs, in JSON as Graph APIs write it
# (\u0040), in HTML, and the wide ones that NFKC folds to it.
_AT = r"(?:@|%(?:25)?40|\\u0040|&#(?:64|x40);|\uff20|\ufe6b)"
_RUN = r"\w.!#$%&'*+/=?^`{|}~\\\-"
_ADDRESS = re.compile(rf'(?:"[^"\n]{{1,64}}"|(?<![{_RUN}])[{_RUN}]+?){_AT}[{_RUN}@:;\uff20\ufe6b\[\]]*', re.IGNORECASE)
_MAYBE_ADDRESS = re.compile(r"@|40|&#64|\uff20|\ufe6b")

_URL_PASSWORD = re.compile(r"(?<=://)[^\s/@:]{0,128}:\S{0,256}?@")

# A value in quotes, in quotes that are themselves escaped (JSON within a text), or bare; the end may be cut off.
_QUOTED = r"""(?:\\"(?:[^"\\]|\\(?!"))*(?:\\")?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)"""
_BARE = r"[^\s\"'&,;)}\]]+"
_WORDY = r"[^\"'&,;)}\]\r\n]+?(?=\s\w{1,30}=|[\"'&,;)}\]\r\n]|$)"  # a bare name has spaces in it
_NAMED = re.compile(
    rf"(?P<scheme>\bBearer\s+)\S+"
    rf"|(?P<header>\b(?:authorization|(?:set-)?cookie)\\?[\"']?\s*[:=]\s*)(?:{_QUOTED}|[^\r\n\"']+)"
    r"|(?P<secret>(?<![a-z_])[a-z_]*(?:token|secret|password|passwd|pwd|proof|api_?key)\\?[\"']?\s*(?:[:=]|%3[AD])\s*)"
    rf"(?:{_QUOTED}|{_BARE})"
    # as a dictionary, a repr or a query spells it; `name: ` in a sentence is no key
    rf"|(?P<person>(?<![a-z_])[a-z_]*(?:name|mail|address)(?:\\?[\"']\s*:\s*|=|%3D))(?:{_QUOTED}|{_WORDY})",
    re.IGNORECASE,
)
_MAYBE_NAMED = re.compile(r"[=:]|%3|bearer\s", re.IGNORECASE)

# Tokens of this platform wherever they stand: those of custom integrations begin DQVJ, Graph's others EAA.
_TOKEN = re.compile(r"(?:DQV[A-Z]|(?<![A-Za-z0-9])EAA)[A-Za-z0-9_-]{8,}")

P = ParamSpec("P")
T = TypeVar("T")


def redact_text(text: str) -> str:
    """Return the text with addresses, tokens, secrets, and the values of personal keys masked. Takes linear time."""
    if "://" in text:
        text = _URL_PASSWORD.sub(f"{REDACTED}@", text)
    if _MAYBE_NAMED.search(text):
        text = _NAMED.sub(_keep_key, text)
    if "DQV" in text or "EAA" in text:
        text = _TOKEN.sub(REDACTED, text)
    if _MAYBE_ADDRESS.search(text):
        text = _ADDRESS.sub(REDACTED, text)
    return text


def holds_token(text: str) -> bool:
    """Whether the text holds something that looks like one of the platform's tokens."""
    return bool(_TOKEN.search(text))


def configure(level: Level = "info", fmt: Format = "auto", stream: TextIO | None = None) -> None:
    """Send all log lines, the libraries' and Python's warnings too, to the stream through the chain.

    Without a stream it is standard error, whatever that is when a line is written: a progress bar may stand in for it.

    Libraries are heard from `warning` on, and from `debug` on when that is the level. Can be called again.
    """
    text = fmt == "text" or (fmt == "auto" and (stream or sys.stderr).isatty())
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                render_text if text else _render_json,
            ],
        )
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if type(old) in {_Handler, logging.StreamHandler}]:
        root.removeHandler(old)
    root.addHandler(handler)
    number = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(logging.DEBUG if level == "debug" else max(number, logging.WARNING))
    logging.getLogger(_OURS).setLevel(number)
    logging.captureWarnings(capture=True)


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger for a module; give it its `__name__`. It may be kept from before `configure`."""
    return cast("FilteringBoundLogger", structlog.stdlib.get_logger(name))


def bound(**values: str) -> AbstractContextManager[None]:
    """Bind values, such as run_id and group, to every line written within the `with`."""
    return cast("AbstractContextManager[None]", structlog.contextvars.bound_contextvars(**values))


def in_context(function: Callable[P, T]) -> Callable[P, T]:
    """Return the function so that another thread runs it with what is bound here; once, as a context runs one at a time."""
    context = copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return context.run(function, *args, **kwargs)

    return run


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask what may not be in a log line, in place: a structlog processor, to stand after the traceback became text."""
    for key, value in event.items():
        if type(value) is str and key not in _PLAIN and not _is_sensitive(key):
            event[key] = redact_text(value)
        elif key not in _PLAIN:
            event[key] = _redacted(key, value, 0)
    return event


def _redacted(key: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool):
        return value
    if depth > _MAX_DEPTH or _is_sensitive(key):
        return REDACTED
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {redact_text(str(name)): _redacted(str(name), item, depth + 1) for name, item in value.items()}
    if isinstance(value, Collection) and not isinstance(value, str | bytes | bytearray):
        return [_redacted("", item, depth + 1) for item in value]
    return redact_text(_as_text(value))


def _as_text(value: object) -> str:
    try:
        if isinstance(value, bytes | bytearray):
            return value.decode("utf-8", "replace")
        return str(value)
    except Exception:  # noqa: BLE001 - a value that cannot even be printed must not cost the line
        return f"<{type(value).__name__}>"


@cache
def _is_sensitive(key: str) -> bool:
    return any(word.lower() in _SENSITIVE_WORDS for word in _WORDS.findall(key))


def _keep_key(match: re.Match[str]) -> str:
    return f"{match[match.lastgroup or 0]}{REDACTED}"


_json = json.JSONEncoder(default=str).encode


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return _json(event)


def render_text(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Return the line as a person reads it: `20:07:06 warning The sentence. (group=prospect-bt)`, traceback below."""
    time, level = str(event.pop("time", ""))[11:19], event.pop("level", "")
    sentence, traceback = event.pop("event", ""), event.pop("exception", "")
    event.pop("logger", None)
    rest = ", ".join(f"{key}={_one_line(value)}" for key, value in event.items())
    line = f"{time} {level:<7} {_one_line(sentence)}{f' ({rest})' if rest else ''}"
    return "\n    ".join([line, *(_one_line(part) for part in str(traceback).splitlines())])


def _one_line(value: object) -> str:
    """Return the value without line breaks or terminal controls, by which one line could pass for two."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class _Handler(logging.StreamHandler[TextIO]):
    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(stream)
        self._follows_stderr = stream is None

    def emit(self, record: logging.LogRecord) -> None:
        if self._follows_stderr:
            self.stream = sys.stderr
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Say that a line was lost, and no more: the standard library would print the line's raw values."""
        if not isinstance(sys.exc_info()[1], BrokenPipeError):
            self.stream.write(f"A log line of {record.name} could not be written.\n")


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.StackInfoRenderer(),
]

structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
)
logging.getLogger(_OURS).addHandler(logging.NullHandler())  # nothing goes out raw before `configure`

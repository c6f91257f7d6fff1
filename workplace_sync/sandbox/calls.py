"""One Graph call, taken apart: a whole HTTP request, or an operation of a batch."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import HTTP
from urllib.parse import parse_qsl, unquote, urlencode

from workplace_sync.sandbox.failures import parameter

Params = dict[str, object]

_VERSION = re.compile(r"v\d+\.\d+")
_TIMES = (
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d",
    "%d-%m-%Y",
)


@dataclass(slots=True)
class Call:
    """A call. `base` is the scheme and host the client used, `at` the server's time in unix seconds."""

    method: str
    version: str
    segments: tuple[str, ...]
    params: Params
    base: str
    at: float
    bearer: str = ""
    batched: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """The token of the call: its own parameter, else the header's."""
        return self.text("access_token") or self.bearer

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter as text."""
        value = self.params.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)

    def flag(self, name: str) -> bool | None:
        """Return a parameter as a yes or no, None where it is not given; clients send `true`, `True` and `1`."""
        return truth(self.params[name]) if name in self.params else None

    def url(self, path: str, params: Mapping[str, object], default_version: str) -> str:
        """Return the full address of another page."""
        return f"{self.base}/{self.version or default_version}/{path}?{urlencode(params)}"


def truth(value: object) -> bool:
    """Read a boolean as clients spell it."""
    return value is True or str(value).lower() in {"true", "1", "yes"}


def split_path(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the version, empty if there is none, and the segments; slashes may be doubled or trail."""
    segments = tuple(segment for segment in path.split("/") if segment)
    version = ""
    if segments and _VERSION.fullmatch(segments[0]):
        version, segments = segments[0], segments[1:]
    if segments and segments[0] == "company":
        segments = ("community", *segments[1:])
    return version, segments


def split_relative(address: str) -> tuple[str, tuple[str, ...], Params]:
    """Return version, segments and parameters of a batch operation's relative_url."""
    path, _, query = address.partition("?")
    version, segments = split_path(unquote(path))
    return version, segments, read_query(query)


def read_query(query: str) -> Params:
    """Return the parameters of a query or a form; of a repeated name the last counts."""
    return dict(parse_qsl(query, keep_blank_values=True))


def read_body(body: bytes, content_type: str) -> Params:
    """Return the parameters of a body: JSON, multipart, or a form; raises GraphError 100 for broken JSON."""
    if not body:
        return {}
    if content_type.startswith("multipart/form-data"):
        return _read_multipart(body, content_type)
    text = body.decode("utf-8", "replace")
    if content_type.startswith("application/json") or text.lstrip()[:1] in {"{", "["}:
        return _read_json(text)
    return read_query(text)


def _read_json(text: str) -> Params:
    try:
        value = json.loads(text)
    except ValueError:
        raise parameter("The body is not JSON") from None
    if isinstance(value, list):
        return {"batch": value}
    if not isinstance(value, dict):
        raise parameter("The body is not a JSON object")
    return value


def _read_multipart(body: bytes, content_type: str) -> Params:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=HTTP)
    params: Params = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            params[name] = bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace").rstrip("\r\n")
    return params


def read_time(text: str) -> int:
    """Return unix seconds from unix seconds or a date as clients write them; raises GraphError 100."""
    if text.lstrip("-").isdigit():
        return int(text)
    for form in _TIMES:
        try:
            read = datetime.strptime(text.strip(), form)  # noqa: DTZ007 - the zone is set below where the text has none
        except ValueError:
            continue
        return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    raise parameter(f"The time {text!r} is not understood")

"""Templates into pages, and the files of the look under addresses that change with their content."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workplace_sync.web.console.masking import mask_address, mask_name

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


class Renderer:
    """Makes pages. Everything in them is escaped, and a value that is missing is a fault and never an empty space."""

    def __init__(self) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals["static"] = self.static
        self.environment.filters.update(
            number=number, day=day, minute=minute, iso=iso, mask=mask_address, initials=mask_name, pretty=pretty
        )

    def render(self, template: str, values: Mapping[str, object]) -> str:
        """Return a page."""
        return self.environment.get_template(template).render(values)

    def static(self, name: str) -> str:
        """Return the address of a file of the look."""
        return f"/static/{self._files[name][0]}/{name}"

    def file(self, digest: str, name: str) -> tuple[bytes, str] | None:
        """Return a file and its type; None where there is none of that name and content."""
        found = self._files.get(name)
        return (found[1], _TYPES[Path(name).suffix]) if found and found[0] == digest else None

    @cached_property
    def _files(self) -> dict[str, tuple[str, bytes]]:
        contents = {file.name: file.read_bytes() for file in (_HERE / "static").iterdir() if file.suffix in _TYPES}
        return {name: (sha256(content).hexdigest()[:16], content) for name, content in contents.items()}

    @cached_property
    def help_topics(self) -> list[str]:
        """The parts of the help, by name; the one about beginning comes first."""
        found = sorted(file.stem for file in (_HERE / "templates" / "help").glob("*.html"))
        return sorted(found, key=lambda name: name != "begin")


def number(value: int) -> str:
    """Return a number with separators, as in 5,239."""
    return f"{value:,}"


def day(at: datetime) -> str:
    """Return a day as in 21 Nov 2026."""
    return f"{at.astimezone(UTC).day} {at.astimezone(UTC):%b %Y}"


def minute(at: datetime) -> str:
    """Return a time as in 21 Nov 2026, 09:05 UTC."""
    return f"{day(at)}, {at.astimezone(UTC):%H:%M} UTC"


def iso(at: datetime) -> str:
    """Return a time for the attribute of a time element."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def pretty(value: object) -> str:
    """Return a value as JSON for people to read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)

"""The pages that people read, and the pieces of them that a test can hold to their word."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox_server import ROOT

README = ROOT / "README.md"
PAGES = (README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("**/*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CALL = re.compile(r"(\S*/)?workplace-sync ")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page: its language, its text, and the page."""

    page: Path
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """What a console block tells to type: the lines after a dollar sign."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]

    @property
    def file(self) -> str:
        """The file that a block says it shows, in the comment on its first line; empty where it says none."""
        found = re.match(r"# (?:a part of )?(\S+\.yaml)\n", self.text)
        return found[1] if found else ""


def blocks(language: str, *pages: Path) -> list[Block]:
    """Return the fenced blocks of one language, of these pages or of all."""
    return [
        Block(page, found[1], found[2])
        for page in pages or PAGES
        for found in _FENCE.finditer(page.read_text("utf-8"))
        if found[1] == language
    ]


def section(page: Path, title: str) -> str:
    """Return what stands under a heading of the second level, up to the next one."""
    _, found, rest = page.read_text("utf-8").partition(f"\n## {title}\n")
    assert found, f"{page.name} has no section {title!r}"
    return rest.partition("\n## ")[0]


def rows(text: str, header: str) -> list[list[str]]:
    """Return the rows of the table with this header line, each as the texts of its cells without code marks."""
    _, found, rest = text.partition(f"{header}\n")
    assert found, f"no table begins with {header!r}"
    lines = rest.splitlines()[1:]  # the first is the line under the header
    until = next((number for number, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[:until]]


def calls() -> Iterator[tuple[Path, list[str]]]:
    """Yield the arguments of every call of the program that a page shows: in a console block, or in a sentence."""
    for block in blocks("console"):
        shown = (line.removeprefix("$").strip() for line in block.text.splitlines())
        yield from ((block.page, arguments) for line in shown if (arguments := _arguments(line)) is not None)
    for page in PAGES:
        prose = _FENCE.sub("", page.read_text("utf-8"))
        spans = (span[1] for span in _CODE.finditer(prose))
        yield from ((page, arguments) for span in spans if (arguments := _arguments(span)) is not None)


def _arguments(line: str) -> list[str] | None:
    words = shlex.split(line) if _CALL.match(line) else []
    return words[1:] or None

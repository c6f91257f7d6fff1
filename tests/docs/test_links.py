"""No link leads nowhere, and nothing in the repository tells of how it was made."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import PAGES
from tests.sandbox_server import ROOT

_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_HERE = Path(__file__).relative_to(ROOT).as_posix()

# Words of a workshop, none of which the product has a use for. Not here: session (of HTTP), agent (of a User-Agent),
# the queue's word, in small letters, for a job that waits.
_WORKSHOP = re.compile(
    r"\b(chatgpt|claude|anthropic|openai|copilot|llms?|language model|subagents?|as an ai|ai[- ](generated|assistant)"
    r"|issue #?\d+|(this|next|earlier|previous|helper) session|helper\.md|(?-i:TODO|FIXME))\b|/work/(main|shared)\b",
    re.IGNORECASE,
)


def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is a copy without its history")
    done = subprocess.run(["/usr/bin/env", "git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = _HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_the_pages_have_links() -> None:
    assert sum(len(_LINK.findall(page.read_text("utf-8"))) for page in PAGES) > 10


def test_the_repository_speaks_of_the_product_alone() -> None:
    found = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text("utf-8")
        except UnicodeDecodeError:
            continue
        lines = enumerate(text.splitlines(), 1)
        found += [f"{name}:{number}: {hit[0]}" for number, line in lines if (hit := _WORKSHOP.search(line))]
    assert [hit for hit in found if not hit.startswith(_HERE)] == []


@pytest.mark.parametrize("text", ["Made with Claude.", "see issue #12", "in this session", "/work/main/x", "an LLM"])
def test_a_word_of_the_workshop_is_found(text: str) -> None:
    assert _WORKSHOP.search(text)


@pytest.mark.parametrize("text", ["requests.Session()", 'scope="session"', "User-Agent", "they issue a token", "daily"])
def test_a_word_of_the_product_is_none_of_the_workshop(text: str) -> None:
    assert not _WORKSHOP.search(text)

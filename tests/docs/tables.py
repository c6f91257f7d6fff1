"""The tables of the pages, as the program has them. `python -m tests.docs.tables` writes them into the pages anew."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.docs.pages import README
from tests.sandbox_server import ROOT
from workplace_sync.cli.catalogue import COMMANDS, load, paths
from workplace_sync.cli.main import EXIT_CODES
from workplace_sync.policy.facts import CHANGE_FACTS, PLAN_FACTS, Fact
from workplace_sync.settings import settings_table

POLICIES = ROOT / "docs" / "policies.md"
Place = tuple[Path, str]  # a page, and the text in it after which the first table is the one


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]], line: str = "") -> str:
    first = ["| " + " | ".join(titles) + " |", line or "|---" * len(titles) + "|"]
    return "\n".join([*first, *("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows)])


def _commands() -> str:
    rows: list[tuple[str, str]] = []
    for name, entry in COMMANDS.items():
        command = load(name)
        rows += [
            (f"`{path}`", entry.summary if leaf is command else str(leaf.short_help))
            for path, leaf in paths(command, name)
        ]
    return _table(("command", "what it does"), rows)


def _settings() -> str:
    shown = [
        (f"`{name}`", default if " " in default else f"`{default}`", text) for name, default, text in settings_table()
    ]
    return _table(("variable", "default", "meaning"), shown)


def _exit_codes() -> str:
    return _table(("code", "meaning"), [(str(int(c)), text) for c, text in EXIT_CODES.items()], "|--:|---|")


def _facts(facts: Mapping[str, Fact]) -> str:
    rows = [(f"`{fact.name}`", fact.kind.value, fact.meaning) for fact in facts.values()]
    return _table(("fact", "type", "meaning"), rows)


def tables() -> dict[Place, str]:
    """Return the tables that the pages are to have, by their places."""
    return {
        (README, "\n## Commands\n"): _commands(),
        (README, "\n## Exit codes\n"): _exit_codes(),
        (README, "\n## Settings\n"): _settings(),
        (POLICIES, "\nA rule in `rules` is about one person:\n"): _facts(CHANGE_FACTS),
        (POLICIES, "\nA rule in `plan_rules` is about the plan as a whole:\n"): _facts(PLAN_FACTS),
    }


def cut(place: Place) -> tuple[str, str, str]:
    """Return what stands before the table of a place, the table, and what stands after it."""
    page, mark = place
    text = page.read_text("utf-8")
    assert text.count(mark) == 1, f"{page.name} has {text.count(mark)} times {mark.strip()!r}"
    start = text.index("\n|", text.index(mark)) + 1
    end = text.find("\n\n", start)
    end = len(text.rstrip("\n")) if end < 0 else end
    return text[:start], text[start:end], text[end:]


if __name__ == "__main__":
    for place, table in tables().items():
        before, _, after = cut(place)
        place[0].write_text(before + table + after, "utf-8")

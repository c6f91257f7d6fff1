"""What pages keep from one request to the next, for as long as the console is served: one of a kind."""

from collections.abc import Callable
from typing import TypeVar

from workplace_sync.jobs.rule_texts import RuleTexts
from workplace_sync.web.console.asking import Ask

T = TypeVar("T")


def kept(ask: Ask, kind: type[T], make: Callable[[], T]) -> T:
    """Return the one thing of its kind, made when it is first asked for. Two threads may each make one; one stays."""
    state = ask.request.app.state
    if not hasattr(state, "kept"):
        state.kept = {}
    found = state.kept.get(kind)
    if found is None:
        found = state.kept.setdefault(kind, make())
    if not isinstance(found, kind):
        raise TypeError(f"what is kept as {kind.__name__} is none")
    return found


def rule_texts(ask: Ask) -> RuleTexts:
    """Return the texts of rules: those of a revision never change, and reading them takes a while."""
    return kept(ask, RuleTexts, lambda: RuleTexts(ask.app.office))

"""Try a draft on stored decisions, in a process of its own so that its peak of memory is its own: seconds and MB, as JSON."""

import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from workplace_sync.jobs.backtest import backtest
from workplace_sync.policy.backtest import read_draft
from workplace_sync.store.database import Database

DRAFT = b"""
kind: MembershipPolicy
metadata: {id: draft, version: 1, title: Draft, owner: bench, source: {title: bench}, effective_from: 2030-01-01T00:00:00Z}
params: {cool: {type: duration, value: 2400h}}
rules:
  - {id: consent, title: t, effect: deny, message: m, conditions: [{name: c, expression: "action.kind == 'remove' || subject.consent == 'opted_in'"}]}
  - {id: recent, title: t, effect: hold, message: m, conditions: [{name: c, expression: "now - subject.consent_at < params.cool"}]}
  - {id: roles, title: t, effect: hold, message: m, conditions: [{name: c, expression: "size(subject.roles) < 3"}]}
"""


def main(folder: Path) -> None:
    """Replay over all that is stored in the folder's database."""
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    began = time.perf_counter()
    found = backtest(
        database, read_draft({"a.yaml": DRAFT}), since=datetime(2020, 1, 1, tzinfo=UTC), params=lambda _: {}, listed=100
    )
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "decisions": found.decisions, "stopped": found.stopped, "mb": peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

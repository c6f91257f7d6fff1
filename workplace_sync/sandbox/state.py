"""The running sandbox: its world and everything that can be set about it."""

import time
from dataclasses import dataclass, field

from workplace_sync.sandbox.building import build_world
from workplace_sync.sandbox.counts import Counts
from workplace_sync.sandbox.faults import Faults
from workplace_sync.sandbox.ledger import Ledger
from workplace_sync.sandbox.options import Options
from workplace_sync.sandbox.switches import Switches
from workplace_sync.sandbox.webhooks import Webhooks
from workplace_sync.sandbox.world import World


@dataclass(slots=True)
class Quota:
    """Calls in the running window, for the switches quota_calls and quota_seconds."""

    began: float = 0.0
    used: int = 0


@dataclass(slots=True)
class Sandbox:
    """The parts that a call works on. `reset` replaces them all, so nobody keeps one over a call."""

    options: Options
    world: World = field(init=False)
    switches: Switches = field(init=False)
    ledger: Ledger = field(init=False)
    faults: Faults = field(init=False)
    counts: Counts = field(init=False)
    quota: Quota = field(init=False)
    webhooks: Webhooks = field(init=False)

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        options = self.options
        self.world = build_world(options.people, options.seed)
        self.switches = Switches()
        self.ledger = Ledger(self.world, self.switches)
        self.faults = Faults(options.seed)
        self.counts = Counts()
        self.quota = Quota()
        if options.state_file is not None:
            self.ledger.open(options.state_file, self._heading())
        self.webhooks = Webhooks(self.world, self.switches, self.faults)
        self.ledger.tell(self.webhooks.hear_membership, self.webhooks.hear_account)

    def _heading(self) -> dict[str, object]:
        return {"sandbox": 1, "people": dict(self.options.people), "seed": self.options.seed}

    def reset(self) -> None:
        """Return to the start world: no faults, no counts, no journal, default switches, an empty state file."""
        at_once = self.counts.at_once
        self.webhooks.office.close()
        self.ledger.forget(self._heading())
        self._begin()
        self.counts.at_once = at_once

    def now(self) -> float:
        """Return the server's clock in unix seconds."""
        skew = self.faults.ambient("clock_skew", None)
        return time.time() + (0 if skew is None else skew.number("seconds") or 0)

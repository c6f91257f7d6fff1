"""The figures as Prometheus reads them: labelled by group, kind and outcome, and never by a person.

Times are told as Unix times, and not as ages: an age in a file that cron wrote would not grow until cron runs again.
An age is `time() - workplace_sync_group_seen_timestamp_seconds`.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from workplace_sync.jobs.figures import Figures, GroupFigures

_PREFIX = "workplace_sync_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Figured(Protocol):
    """Whatever has figures: the application."""

    def figures(self) -> Figures:
        """Return how all groups stand."""
        ...


def prometheus_text(app: Figured) -> bytes:
    """Return the figures in Prometheus's text format. The registry is our own: nothing of the process is in it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(app.figures()))
    return generate_latest(registry)


class _Once(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Yield the families of metrics."""
        yield from _group_gauges(self._figures.groups)
        yield from _runs(self._figures.groups)
        yield _operations(self._figures.groups)
        yield from _whole(self._figures)


def _group_gauges(groups: Iterable[GroupFigures]) -> Iterator[Metric]:
    told: dict[str, tuple[str, Callable[[GroupFigures], float | None]]] = {
        "members": ("Members that the last complete reading showed.", lambda g: g.seen.members if g.seen else None),
        "desired": ("People wanted in the group.", lambda g: g.desired),
        "seen_timestamp_seconds": ("When it was last read completely.", lambda g: _unix(g.seen.at) if g.seen else None),
        "held_changes": ("Changes that wait for approval.", lambda g: g.waiting.changes if g.waiting else 0),
        "held_since_timestamp_seconds": (
            "Since when they wait.",
            lambda g: _unix(g.waiting.since) if g.waiting else None,
        ),
        "open_incidents": ("Incidents that nobody has closed.", lambda g: g.incidents),
        "open_incident_people": ("People removed in them.", lambda g: g.incident_people),
        "blind": ("1 while the group cannot be seen.", lambda g: int(g.blind is not None)),
        "blind_since_timestamp_seconds": ("Since when it cannot.", lambda g: _unix(g.blind.since) if g.blind else None),
        "lease_held": ("1 while a run holds the group.", lambda g: int(g.lease is not None)),
    }
    for name, (help_, value) in told.items():
        family = GaugeMetricFamily(f"{_PREFIX}group_{name}", help_, labels=["group"])
        for group in groups:
            if (number := value(group)) is not None:
                family.add_metric([group.group], number)
        yield family


def _runs(groups: Iterable[GroupFigures]) -> Iterator[Metric]:
    labels = ["group", "kind"]
    began = GaugeMetricFamily(f"{_PREFIX}last_run_timestamp_seconds", "When the last run began.", labels=labels)
    ended = GaugeMetricFamily(
        f"{_PREFIX}last_run_exit_code", "How it ended: an exit code, or -1 where it was killed.", labels=labels
    )
    for group in groups:
        for run in group.runs:
            began.add_metric([group.group, run.verb], _unix(run.began_at))
            if run.ended_at is not None:
                ended.add_metric([group.group, run.verb], -1 if run.exit_code is None else run.exit_code)
    return iter((began, ended))


def _operations(groups: Iterable[GroupFigures]) -> Metric:
    family = CounterMetricFamily(
        f"{_PREFIX}operations", "Changes carried out, by action and state.", labels=["group", "kind", "outcome"]
    )
    for group in groups:
        for (action, state), number in sorted(group.operations.items()):
            family.add_metric([group.group, action, state], number)
    return family


def _whole(figures: Figures) -> Iterator[Metric]:
    yield GaugeMetricFamily(f"{_PREFIX}evidence_entries", "Entries of the evidence log.", figures.evidence_size)
    good = int(not figures.evidence_trouble)
    yield GaugeMetricFamily(f"{_PREFIX}evidence_ok", "1 while the log agrees with its last checkpoints.", good)
    webhooks = GaugeMetricFamily(f"{_PREFIX}webhook_deliveries", "Webhooks that came.", labels=["outcome"])
    for status, number in sorted(figures.deliveries.items()):
        webhooks.add_metric([status], number)
    yield webhooks
    unsent = GaugeMetricFamily(f"{_PREFIX}notices_unsent", "What the committee could not be told.", labels=["kind"])
    for channel, number in sorted(_by_channel(figures).items()):
        unsent.add_metric([channel], number)
    yield unsent
    yield GaugeMetricFamily(f"{_PREFIX}figures_timestamp_seconds", "When this was counted.", _unix(figures.at))


def _by_channel(figures: Figures) -> dict[str, int]:
    found = dict.fromkeys(figures.channels, 0)
    for one in figures.troubled:
        found[one.channel] += 1
    return found


def _unix(at: datetime) -> float:
    return at.timestamp()

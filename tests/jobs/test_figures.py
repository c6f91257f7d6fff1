"""How all groups stand, counted with the same number of queries whatever the number of people, and never by a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from tests.world import World
from workplace_sync.errors import EvidenceError, ExitCode
from workplace_sync.jobs.figures import Figures, figures_of
from workplace_sync.jobs.metrics import prometheus_text
from workplace_sync.membership.timeline import Blind, BlindCause
from workplace_sync.store import incidents, leases, runs
from workplace_sync.store.blind import begin
from workplace_sync.store.incidents import Incident

OTHER = "prospect-openreach"


def good() -> None:
    """Say that the evidence verifies."""


def figures(world: World) -> Figures:
    office = world.office
    return figures_of(office.database, [world.group.name, OTHER], ["email"], good, office.now())


@contextmanager
def counting(world: World) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(world.office.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(world.office.database.engine, "before_cursor_execute", note)


def busy(world: World) -> None:
    """Let everything be the matter at once."""
    name, now = world.group.name, world.clock()
    with world.office.database.write() as connection:
        begin(connection, name, Blind(BlindCause.TOKEN_REVOKED, now), "refused")
        incidents.add(connection, Incident("i1", name, now, now, now, 57, 90, ()))
        incidents.add(connection, Incident("i2", name, now, now, now, 3, 90, ()))
        for number, (verb, code) in enumerate((("observe", 0), ("reconcile", 6), ("reconcile", 3))):
            at = now + timedelta(minutes=number)
            runs.begin(connection, runs.RunRecord(f"r{number}", name, verb, "ada", "here", at, at))
            runs.end(connection, f"r{number}", at, exit_code=code, summary="", counts={})
        claim = leases.Claim(name, "o1", "ada", "here", 1, "p", "apply", "r9", 60)
        assert leases.take(connection, claim, now, None)


def test_everything_that_is_the_matter_is_counted(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    first = world.plan(world.people(5)).record
    world.apply(first)
    world.plan(world.people(60))
    busy(world)
    found = figures(world)
    bt, other = found.groups
    assert (bt.group, bt.desired, bt.incidents, bt.incident_people) == (world.group.name, 60, 2, 60)
    assert bt.seen is not None
    assert bt.seen.members == len(world.really_in())
    assert bt.waiting is not None
    assert bt.waiting.changes == 55
    assert bt.blind is not None
    assert bt.blind.cause == "token_revoked"
    assert bt.lease is not None
    assert bt.lease.claim.holder == "ada"
    assert {(run.verb, run.exit_code) for run in bt.runs} == {("observe", 0), ("reconcile", 3)}
    assert bt.failed
    assert bt.operations == {("add", "done"): 5}
    assert (other.group, other.seen, other.desired, other.waiting, other.failed) == (OTHER, None, 0, None, False)
    assert (found.evidence_size, found.evidence_trouble, found.troubled) == (world.office.log.size, "", ())


def test_the_number_of_queries_is_the_same_for_few_people_and_for_many(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    world.plan(world.people(25))
    with counting(world) as few:
        figures(world)
    world.plan(world.people(300))
    with counting(world) as many:
        assert figures(world).groups[0].desired == 300
    assert len(few) == len(many)
    assert len(few) < 40


def test_a_log_that_does_not_verify_is_told_in_a_sentence(world: World) -> None:
    def forged() -> None:
        raise EvidenceError("The log was forked.")

    found = figures_of(world.office.database, [], [], forged, world.clock())
    assert found.evidence_trouble == "The log was forked."
    assert b"workplace_sync_evidence_ok 0.0" in prometheus_text(_Fixed(found))


@pytest.mark.parametrize(("last", "failed"), [(ExitCode.DONE, False), (ExitCode.HELD, False), (ExitCode.ERROR, True)])
def test_a_good_reconcile_makes_up_for_what_failed_before(world: World, last: ExitCode, *, failed: bool) -> None:
    with world.office.database.write() as connection:
        for name, verb, code in (("r1", "apply", ExitCode.PARTIAL), ("r2", "reconcile", last)):
            at = world.clock()
            runs.begin(connection, runs.RunRecord(name, world.group.name, verb, "ada", "here", at, at))
            runs.end(connection, name, at, exit_code=code, summary="", counts={})
    assert figures(world).groups[0].failed is failed


class _Fixed:
    def __init__(self, value: Figures) -> None:
        self._value = value

    def figures(self) -> Figures:
        return self._value


def test_prometheus_reads_them_by_group_kind_and_outcome_alone(world: World) -> None:
    world.apply(world.plan(world.people(5)).record)
    world.plan(world.people(60))
    busy(world)
    text = prometheus_text(_Fixed(figures(world))).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = [sample for family in families.values() for sample in family.samples]
    assert {label for sample in samples for label in sample.labels} == {"group", "kind", "outcome"}
    assert all(name.startswith("workplace_sync_") for name in families)  # and nothing of the process
    values = {(s.name.removeprefix("workplace_sync_"), *s.labels.values()): s.value for s in samples}
    name = world.group.name
    assert values["group_held_changes", name] == 55
    assert values["group_open_incidents", name] == 2
    assert (values["group_blind", name], values["group_blind", OTHER]) == (1, 0)
    assert values["operations_total", name, "add", "done"] == 5
    assert values["last_run_exit_code", name, "reconcile"] == 3
    assert ("group_members", OTHER) not in values  # never read: not the same as nobody
    assert values["notices_unsent", "email"] == 0
    assert "@" not in text
    assert "ada" not in text

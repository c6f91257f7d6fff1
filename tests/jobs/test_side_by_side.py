"""Groups side by side: what goes wrong with one never stops another, and an interruption ends all in order."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.jobs.unattended import Configured, Union
from tests.world import World
from workplace_sync.errors import ExitCode, SettingsError
from workplace_sync.jobs.reconcile import ReconcileOptions
from workplace_sync.jobs.reconciled import WORST_FIRST, Reconciled, worst
from workplace_sync.jobs.running import Run, Verb, running
from workplace_sync.jobs.side_by_side import side_by_side
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.platforms.workplace.platform import WorkplaceGroup


@dataclass(slots=True)
class Several(Union):
    """A union of several groups. `broken` ones have no token, `mistaken` ones meet a mistake of the program."""

    broken: str = ""
    mistaken: str = ""
    at_work: int = 0
    most: int = 0
    met: threading.Barrier | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def running(self, group: str, verb: Verb) -> contextlib.AbstractContextManager[Run]:
        """Hold the group, unless it is one of those with which something is wrong."""
        if group == self.broken:
            raise SettingsError("The secret is not set.", hint="Set it.")
        if group == self.mistaken:
            raise ZeroDivisionError
        return running(self.world.office, group, verb)

    @contextlib.contextmanager
    def platform(self, _group: Configured, /) -> Iterator[WorkplaceGroup]:
        """Lend the platform, and count how many have it at once."""
        with self.guard:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        try:
            if self.met is not None:
                self.met.wait()
            yield self.world.platform
        finally:
            with self.guard:
                self.at_work -= 1


def group(world: World, name: str) -> Configured:
    """Return a group of that name, which is the sandbox's one group on the platform."""
    return Configured(ManagedGroup(name, name, "bt", world.group.platform_id))


@pytest.fixture
def several(world: World) -> Several:
    """A union of several groups, nothing wrong with any."""
    return Several(world)


def test_one_without_a_token_and_one_with_a_mistake_stop_no_other(several: Several) -> None:
    several.broken, several.mistaken = "b", "c"
    groups = [group(several.world, name) for name in "abcd"]
    found = side_by_side(several, groups, ReconcileOptions(), at_once=2)
    assert [one.group for one in found] == ["a", "b", "c", "d"]
    assert [one.code for one in found] == [ExitCode.DONE, ExitCode.ERROR, ExitCode.ERROR, ExitCode.DONE]
    assert (found[1].hint, found[1].crash) == ("Set it.", None)
    assert isinstance(found[2].crash, ZeroDivisionError)


def test_they_really_are_at_work_at_once_and_never_more_than_allowed(several: Several) -> None:
    several.met = threading.Barrier(2, timeout=30)  # breaks, and fails the test, unless two come together
    groups = [group(several.world, name) for name in "abcd"]
    found = side_by_side(several, groups, ReconcileOptions(), at_once=2)
    assert [one.code for one in found] == [ExitCode.DONE] * 4
    assert several.most == 2


def test_of_several_ends_the_worst_is_told() -> None:
    assert worst([]) is ExitCode.DONE
    assert worst([ExitCode.HELD, ExitCode.BLIND, ExitCode.DONE]) is ExitCode.BLIND
    assert worst([ExitCode.HELD, ExitCode.BUSY]) is ExitCode.BUSY
    assert worst([ExitCode.EVIDENCE, ExitCode.ERROR]) is ExitCode.EVIDENCE
    assert sorted(WORST_FIRST) == sorted(ExitCode)


def test_the_one_line_says_what_happened_and_what_waits() -> None:
    found = Reconciled("bt", members=1204, added=5, waiting=3, plan="3f9c0a1b2d4e", departed=2, incident="i1")
    assert found.summary == (
        "5 added, 3 waiting for an approval of plan 3f9c0a1b2d4e, 2 gone without our doing, incident i1. 1,204 members."
    )
    assert Reconciled("bt", members=7).summary == "Nothing to do. 7 members."
    assert Reconciled("bt", trouble="It failed.").summary == "It failed."

"""Runs the cases of a folder of policies, and counts what they showed."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from workplace_sync.jobs.policy_folder import PolicyFolder
from workplace_sync.membership.small_world import asked_in_world
from workplace_sync.policy.case_words import failure_lines
from workplace_sync.policy.coverage import Coverage, coverage
from workplace_sync.policy.junit import junit
from workplace_sync.policy.places import shown_policies
from workplace_sync.policy.shelf import load_policies
from workplace_sync.policy.testing import Case, Result, Status, Suite, read_suites, run


@dataclass(frozen=True, slots=True)
class Report:
    """What became of all cases that were wanted, and what they showed of the policies."""

    results: tuple[Result, ...]
    coverage: Coverage

    def count(self, status: Status) -> int:
        """Return how many cases ended like that."""
        return sum(result.status is status for result in self.results)

    @property
    def ran(self) -> int:
        """How many cases were run and not skipped."""
        return len(self.results) - self.count(Status.SKIP)

    @property
    def failed(self) -> list[Result]:
        """The cases that came out otherwise than expected."""
        return [result for result in self.results if result.status is Status.FAIL]

    def junit(self) -> str:
        """Return the results as JUnit XML."""
        return junit(self.results, ["\n".join(failure_lines(result)) for result in self.failed])


def run_cases(folder: PolicyFolder, pattern: str | None = None) -> Report:
    """Run the cases whose "policy: name" fits the pattern (`*` and `?`, or a part of it), all without one.

    Raises InputError for policies or cases that cannot be used as they are.
    """
    policies = load_policies(folder.policies, folder.archive)
    suites = read_suites(folder.cases, policies)
    results = tuple(
        result
        for suite in suites
        for result in run(suite, policies, worlds=asked_in_world, wanted=lambda case: _fits(suite, case, pattern))  # noqa: B023 - used up at once
    )
    return Report(results, coverage(policies, results, shown_policies(policies, folder.policies)))


def _fits(suite: Suite, case: Case, pattern: str | None) -> bool:
    if pattern is None:
        return True
    name, wanted = f"{suite.policy}: {case.name}".lower(), pattern.lower()
    return fnmatchcase(name, wanted) if re.search(r"[*?]", wanted) else wanted in name

"""The texts of rules as they were in force under a revision, for people who ask why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from workplace_sync.errors import InputError
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.revisions import kept_policies
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.store import activations


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as a person reads it: what it is called, what it says, and the published text that it encodes."""

    cite: str
    policy_title: str
    title: str
    message: str
    source: str
    url: str
    in_force_from: str


class RuleTexts:
    """Looks up rules by their citation, in the files that were in force when a decision was made."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._of_revision = lru_cache(maxsize=16)(self._read)
        self._policies_of = lru_cache(maxsize=16)(self._load)

    def find(self, revision: str, cites: Iterable[str]) -> list[RuleText]:
        """Return the texts of the cited rules, in that order; a rule whose files are not kept is left out."""
        texts = self._of_revision(revision)
        return [texts[cite] for cite in cites if cite in texts]

    def in_force(self, revision: str, group: str, action: str, at: datetime) -> list[RuleText]:
        """Return the rules of a revision that judged such an action in a group at a time, by their citations."""
        policies = self._policies_of(revision)
        texts = self._of_revision(revision)
        return [
            texts[f"{policy.id}@{policy.version}/{rule.id}"]
            for policy in (policies.in_force(at).policies if policies else ())
            if policy.document.match.fits(group) and action in policy.document.match.actions
            for rule in policy.document.all_rules
        ]

    def _read(self, revision: str) -> dict[str, RuleText]:
        policies = self._policies_of(revision)
        return dict(_texts(policies)) if policies else {}

    def _load(self, revision: str) -> PolicySet | None:
        with self._office.database.connect() as connection:
            files = activations.files_of(connection, revision)
        try:
            return kept_policies(files)
        except InputError:  # kept files of an older format: their citations still stand, their texts are in the files
            return None


def _texts(policies: PolicySet) -> Iterable[tuple[str, RuleText]]:
    for policy in policies.policies:
        about = policy.document.metadata
        for rule in policy.document.all_rules:
            cite = f"{about.id}@{about.version}/{rule.id}"
            yield (
                cite,
                RuleText(
                    cite=cite,
                    policy_title=about.title,
                    title=rule.title or about.title,
                    message=rule.message,
                    source=about.source.title,
                    url=about.source.url,
                    in_force_from=about.effective_from.date().isoformat(),
                ),
            )

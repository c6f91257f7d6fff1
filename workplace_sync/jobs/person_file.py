"""All that a reader may see about one person on one page: how they stand in each group, and their story."""

from collections.abc import Sequence
from dataclasses import dataclass

from workplace_sync.jobs.office import Office
from workplace_sync.jobs.rule_texts import RuleTexts
from workplace_sync.jobs.story import Chapter, story_in
from workplace_sync.membership.subject import Candidate
from workplace_sync.roster.consent import EVERY_GROUP, Consent, standing
from workplace_sync.store import consent
from workplace_sync.store.person import person_at


@dataclass(frozen=True, slots=True)
class InGroup:
    """How a person stands in a group now: membership and roster, and their consent to it."""

    group: str
    person: Candidate
    consent: Consent

    @property
    def known(self) -> bool:
        """Whether anything at all ties them to the group."""
        return self.person.in_roster or self.person.is_member or self.person.departed_at is not None


@dataclass(frozen=True, slots=True)
class PersonFile:
    """How a person stands in the groups that are looked at, and what is on record, oldest first."""

    groups: tuple[InGroup, ...]
    chapters: tuple[Chapter, ...]

    @property
    def known(self) -> bool:
        """Whether there is anything to see: what they said of every group at once ties them to none."""
        return any(one.known for one in self.groups) or any(one.group != EVERY_GROUP for one in self.chapters)


def read_person(
    office: Office, key: str, groups: Sequence[str], *, others: bool, texts: RuleTexts | None = None
) -> PersonFile:
    """Return the file of a person as far as these groups go; with `others`, of groups configured no more, too."""
    now = office.now()
    with office.database.connect() as connection:
        events = consent.events_of(connection, [key], None).get(key, [])
        stands = tuple(
            InGroup(
                group,
                person_at(connection, group, key, now),
                standing([one for one in events if one.scope in {group, EVERY_GROUP}], now=now),
            )
            for group in groups
        )
    return PersonFile(stands, tuple(story_in(office, key, groups, others=others, texts=texts)))

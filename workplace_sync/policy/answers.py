"""What was in force on a day about a topic, by whose word; and where nothing was, what there was instead."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.policy.decision import Shelf
from workplace_sync.policy.shelf import Policy, PolicySet


@dataclass(frozen=True, slots=True)
class TopicAnswer:
    """What was `in_force` about a topic at a time, on all shelves asked for, and all that the platform's shelf held then.

    `held` are the texts that the platform's owners had published and not taken back by then, about whatever topic.
    """

    topic: str
    at: datetime
    in_force: tuple[Policy, ...]
    held: tuple[Policy, ...]

    def sentence(self) -> str:
        """Return the answer in words."""
        day = f"{self.at:%Y-%m-%d}"
        if self.in_force:
            number = len(self.in_force)
            return f"{'One text was' if number == 1 else f'{number} texts were'} in force on {day} on the topic {self.topic}:"
        owners = Counter(policy.document.metadata.owner for policy in self.held)
        if not owners:
            return f"none: on that day ({day}) the shelf held no text of the platform's owner at all."
        held = " and ".join(
            f"{number} {'text' if number == 1 else 'texts'} of {owner}" for owner, number in sorted(owners.items())
        )
        return f"none: on that day ({day}) the shelf held {held}, none of them on the topic {self.topic}."


def in_force_on(policy_set: PolicySet, topic: str, at: datetime, shelf: Shelf | None = None) -> TopicAnswer:
    """Return what was in force about a topic at a time, on one shelf, or on all of them when None."""
    then = policy_set.in_force(at).policies
    found = tuple(one for one in then if topic in one.document.metadata.topics and shelf in {None, one.shelf})
    return TopicAnswer(topic, at, found, tuple(one for one in then if one.shelf is Shelf.PLATFORM))


def topics(policy_set: PolicySet) -> list[str]:
    """Return every topic that any version of any policy has."""
    return sorted({topic for policy in policy_set.policies for topic in policy.document.metadata.topics})

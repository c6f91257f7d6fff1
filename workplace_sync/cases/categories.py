"""What config/escalations.yaml says: the categories, the areas, who the officers are, and how long things may take."""

from dataclasses import dataclass

from workplace_sync.cases.escalation import Tone
from workplace_sync.cases.escalation_steps import Deadlines

SMALLEST_K = 3
"""The least that `k` can be: below it, two people who compare what they know would find the third."""


@dataclass(frozen=True, slots=True)
class Category:
    """What an escalation can be about. `tones` are what it can be, good, bad or both; `about` is shown on the form."""

    id: str
    title: str
    tones: tuple[Tone, ...] = (Tone.BAD,)
    about: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the business. It should be large: a small one gives people away whatever is counted."""

    id: str
    title: str


SHIPPED = (
    Category(
        "forced-distribution", "Forced distribution of ratings", about="Ratings changed to fit a curve or a quota."
    ),
    Category(
        "exit-targets",
        "Targets for managed exits or unregretted leavers",
        about="A number of people who are to leave.",
    ),
    Category("settlement", "Settlement agreements", about="Offers to leave, and pressure to sign."),
    Category("sickness", "Sickness absence", about="How people who are ill, or were, are treated."),
    Category(
        "wellbeing", "Wellbeing", (Tone.BAD, Tone.GOOD), "Workload, stress, bullying; or what is done against it."
    ),
    Category("group-removal", "Removal from the union's group", about="People taken out of the group by the employer."),
    Category("improvement", "Improvement seen", (Tone.GOOD,), "Something that got better, and where."),
    Category("other", "Other", (Tone.BAD, Tone.GOOD), "Whatever fits nowhere else."),
)
"""The categories of an installation that names none of its own."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody who hears members' cases, by the name in config/people.yaml.

    `public_key` is the raw key that identities are sealed to (X25519, 32 bytes); the private one never comes here.
    """

    name: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Attachments:
    """What may be attached: media types, bytes of one, how many to one message."""

    types: tuple[str, ...] = ("image/jpeg", "image/png", "application/pdf", "text/plain")
    largest: int = 5_000_000
    most: int = 3


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom the quarterly report is for at the employer, and how the union calls itself in it."""

    employer: str = "the employer"
    union: str = "the union"


USUAL = Deadlines()
"""The deadlines of an installation that names none."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """How escalations are handled here. `k` is the smallest count that may leave; `retention` is in months."""

    categories: tuple[Category, ...] = SHIPPED
    areas: tuple[Area, ...] = ()
    officers: tuple[Officer, ...] = ()
    k: int = 5
    retention: int = 12
    deadlines: Deadlines = USUAL
    attachments: Attachments = Attachments()
    audience: Audience = Audience()

    def category(self, wanted: str) -> Category | None:
        """Return the category of that id, None where there is none."""
        return next((one for one in self.categories if one.id == wanted), None)

    def area(self, wanted: str) -> Area | None:
        """Return the area of that id, None where there is none."""
        return next((one for one in self.areas if one.id == wanted), None)

    def officer(self, name: str) -> Officer | None:
        """Return the officer of that name, None where there is none."""
        return next((one for one in self.officers if one.name == name), None)

    def title(self, wanted: str) -> str:
        """Return how a category or an area is called; the id itself where it is no longer in the file."""
        found = self.category(wanted) or self.area(wanted)
        return found.title if found else wanted

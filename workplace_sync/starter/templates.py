"""Fills in the templates. The two groups of the story have people of the sandbox on their rosters; others, made-up ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from workplace_sync.errors import UsageError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # what groups.py reads, and a test holds the two together
_LABEL = 63  # letters at most between two dots of a domain (RFC 1035), of which the employer's name is made a part


@dataclass(frozen=True, slots=True)
class _Story:
    """A tenant of the sandbox: how it is called, its prospect group, and people of it who are not in that group."""

    shown: str
    group_id: str
    people: tuple[str, str, str, str]


# What the sandbox makes of its usual seed (`workplace-sync sandbox` without --seed).
_STORIES = {
    "bt": _Story(
        "BT",
        "700065870000001",
        ("Farid Dunmore 00042", "Kofi Underhill 00043", "Rhona Millwheel 00044", "Ysolde Elderberry 00045"),
    ),
    "openreach": _Story(
        "Openreach",
        "700051170000001",
        ("Bryn Windlass 00042", "Gethin Otterburn 00043", "Nadeem Gorsehill 00044", "Tobias Yarrow 00045"),
    ),
}
_OTHERS = ("Amina Quill", "Bryn Marrow", "Cerys Quarry", "Dafydd Inkwell")


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group to begin with. The last word of its name is taken for the employer: `prospect-bt` is at `bt`."""

    name: str

    def __post_init__(self) -> None:
        """Raise UsageError for a name that no group can have."""
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                "A group cannot have this name.", hint="Use lower-case letters, digits and hyphens, as prospect-bt."
            )

    @property
    def tenant(self) -> str:
        """The employer."""
        return self.name.strip("-").rpartition("-")[2][:_LABEL]

    @property
    def token_env(self) -> str:
        """The name of the variable for the token."""
        return f"WORKPLACE_TOKEN_{self._variable}"

    @property
    def app_secret_env(self) -> str:
        """The name of the variable for the app secret."""
        return f"WORKPLACE_APP_SECRET_{self._variable}"

    @property
    def _variable(self) -> str:
        return self.tenant.upper()

    @property
    def file(self) -> str:
        """The group file's text."""
        story = _STORIES.get(self.tenant)
        return _filled(
            "group.yaml",
            name=self.name,
            title=f"Prospect in {story.shown}" if story else f"The group {self.name}",
            tenant=self.tenant,
            link=f"https://{self.tenant}.workplace.example.org/groups/prospect",
            about_id="The group's number, as in its web address; this is the prospect group of the sandbox."
            if story
            else "Put the group's number here, as in its web address.",
            group_id=story.group_id if story else "0",
            token_env=self.token_env,
            app_secret_env=self.app_secret_env,
        )

    @property
    def roster(self) -> str:
        """The example roster's text, for rosters/<tenant>.csv."""
        story = _STORIES.get(self.tenant)
        people = [self._row(person.split()) for person in (story.people if story else _OTHERS)]
        return _filled("roster.csv", **dict(zip(("first", "second", "third", "fourth"), people, strict=True)))

    def _row(self, person: Sequence[str]) -> str:
        return f"{'.'.join(person).lower()}@{self.tenant}.example.org,{' '.join(person[:2])}"


def env_example(groups: Sequence[NewGroup]) -> str:
    """Return the text of .env.example: the names of the groups' secrets without values, and a few settings as comments."""
    return _filled("env.txt", secrets="\n".join(f"{group.token_env}=\n# {group.app_secret_env}=" for group in groups))


def people_example(groups: Sequence[NewGroup]) -> str:
    """Return the text of config/people.yaml.example: who takes part, to be filled in and renamed."""
    return _filled("people.yaml", group=", ".join(group.name for group in groups) or '"*"')


def ignore_file() -> str:
    """Return the text of .gitignore."""
    return _filled("gitignore")


def escalations_file() -> str:
    """Return the text of config/escalations.yaml."""
    return _filled("escalations.yaml")


def _filled(template: str, **values: str) -> str:
    text = (files("workplace_sync.starter") / "templates" / template).read_text("utf-8")
    return Template(text).substitute(values)

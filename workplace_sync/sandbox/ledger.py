"""Every change to the world goes through here: it is applied, journalled, and kept in the state file.

The state file is one JSON object a line: a heading with the people and the seed, then the changes in order. Starting
again is building the start world and applying them. `commit` hands them to the operating system before the answer is
sent, so a killed process loses nothing that it has answered; half a line at the end is cut off at the next start.
"""

import json
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from workplace_sync.sandbox.groups import Comment, Group, Post
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.switches import Switches
from workplace_sync.sandbox.world import Grant, World

Author = Literal["api", "employer", "member"]
Verb = Literal["added", "removed", "already_in", "not_in"]
Change = Mapping[str, object]


class StateFileError(Exception):
    """The state file belongs to another world, or cannot be read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One effect on a membership, or an attempt that changed nothing. `bulk`: through a batch or a bulk removal."""

    n: int
    at: float
    by: Author
    verb: Verb
    group: str
    member: str
    email: str
    bulk: bool

    def shown(self) -> dict[str, object]:
        """Return the entry as `GET /_control/journal` shows it."""
        return {
            "n": self.n,
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(),
            "by": self.by,
            "verb": self.verb,
            "group": self.group,
            "member": self.member,
            "email": self.email,
            "bulk": self.bulk,
        }


@dataclass(slots=True)
class Journal:
    """The entries in order, and by group."""

    entries: list[Entry] = field(default_factory=list)
    by_group: dict[str, list[Entry]] = field(default_factory=dict)
    hear: Callable[[Entry], None] | None = None  # is told of each entry

    def write(self, change: Change, verb: Verb, group: str, person: Person) -> None:
        """Append an entry."""
        entry = Entry(
            n=len(self.entries) + 1,
            at=float(str(change["at"])),
            by=change["by"],  # type: ignore[arg-type]
            verb=verb,
            group=group,
            member=person.id,
            email=person.email,
            bulk=bool(change["bulk"]),
        )
        self.entries.append(entry)
        self.by_group.setdefault(group, []).append(entry)
        if self.hear is not None:
            self.hear(entry)

    def read(self, group: str | None, after: int) -> list[Entry]:
        """Return the entries after number `after`, of one group or of all."""
        entries = self.entries if group is None else self.by_group.get(group, [])
        return entries[bisect_right(entries, after, key=lambda entry: entry.n) :]

    def added_through_the_api(self, group: str, since: float) -> dict[str, None]:
        """Return the ids of everybody the API added to the group at that time or later, in order."""
        entries = self.by_group.get(group, [])
        recent = entries[bisect_left(entries, since, key=lambda entry: entry.at) :]
        return {entry.member: None for entry in recent if entry.verb == "added" and entry.by == "api"}


class Ledger:
    """Applies changes to the world, and keeps them."""

    def __init__(self, world: World, switches: Switches) -> None:
        self.world = world
        self.journal = Journal()
        self._switches = switches
        self._file: int | None = None
        self._waiting: list[str] = []
        self._hear_account: Callable[[Change, Person], None] | None = None
        self._apply = {
            "member": self._member,
            "role": self._role,
            "group": self._group,
            "group_new": self._group_new,
            "group_gone": self._group_gone,
            "account": self._account,
            "post": self._post,
            "comment": self._comment,
            "token": self._token,
            "switches": self._switch,
        }

    def tell(self, membership: Callable[[Entry], None], account: Callable[[Change, Person], None]) -> None:
        """Tell of every change of a membership or an account from now on."""
        self.journal.hear, self._hear_account = membership, account

    # the state file

    def open(self, path: Path, heading: Mapping[str, object]) -> None:
        """Apply what the file holds, and append to it from now on.

        Raises StateFileError when the file was begun with other people or another seed, or is no state file.
        """
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with path.open("rb") as stored:
            whole = 0
            for number, line in enumerate(stored):
                if not line.endswith(b"\n"):
                    break
                self._restore(path, number, line, heading)
                whole += len(line)
        os.ftruncate(self._file, whole)
        if not whole:
            self._waiting.append(json.dumps(heading) + "\n")
            self.commit()

    def _restore(self, path: Path, number: int, line: bytes, heading: Mapping[str, object]) -> None:
        try:
            change = json.loads(line)
            if number:
                self._apply[change["t"]](change)
        except (ValueError, KeyError, TypeError) as fault:
            raise StateFileError(
                f"{path}, line {number + 1}: not a sandbox's state ({fault}); move the file away"
            ) from None
        if not number and change != heading:
            raise StateFileError(f"{path}: begun with {change}, not {heading}; start with those, or move the file away")

    def commit(self) -> None:
        """Hand the waiting changes to the operating system."""
        if self._waiting and self._file is not None:
            os.write(self._file, "".join(self._waiting).encode())
        self._waiting.clear()

    def forget(self, heading: Mapping[str, object]) -> None:
        """Empty the state file but for its heading, and let go of it."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            self._waiting = [json.dumps(heading) + "\n"]
            self.commit()
        self.close()

    def close(self) -> None:
        """Keep what is waiting and close the state file."""
        self.commit()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def record(self, kind: str, at: float, **change: object) -> None:
        """Apply a change and keep it. `at` is unix seconds, kept to the microsecond, as the journal shows it."""
        whole = {"t": kind, "at": round(at, 6), **change}
        self._apply[kind](whole)
        if self._file is not None:
            self._waiting.append(json.dumps(whole, separators=(",", ":")) + "\n")

    # membership

    def admit(self, group: Group, person: Person, at: float, by: Author, *, bulk: bool) -> bool:
        """Put a person in, and say whether they were out."""
        new = person.id not in group.members
        verb = "added" if new else "already_in"
        self.record("member", at, by=by, verb=verb, group=group.id, member=person.id, bulk=bulk)
        return new

    def dismiss(self, group: Group, person: Person, at: float, by: Author, *, bulk: bool) -> bool:
        """Take a person out, and say whether they were in.

        Out of their company's own community, that ends the account and every membership; the last member's going ends the group.
        """
        inside = person.id in group.members
        verb = "removed" if inside else "not_in"
        self.record("member", at, by=by, verb=verb, group=group.id, member=person.id, bulk=bulk)
        return inside

    def _member(self, change: Change) -> None:
        world, verb = self.world, change["verb"]
        group = world.groups[str(change["group"])]
        person_id = str(change["member"])
        person = world.people.get(person_id) or world.gone_people[person_id]
        own = group is world.tenants[person.tenant].community
        if verb == "added" and own:
            world.gone_people.pop(person.id, None)
            world.place_person(person)
        elif verb == "added":
            group.enter(person, int(float(str(change["at"]))))
        elif verb == "removed":
            if own:
                for other in [world.groups[each] for each in person.groups if each != group.id]:
                    self._take_out(change, other, person)
                world.remove_person(person)
            self._take_out(change, group, person)
            return
        self.journal.write(change, verb, group.id, person)  # type: ignore[arg-type]

    def _take_out(self, change: Change, group: Group, person: Person) -> None:
        group.leave(person)
        if change["by"] == "member":
            group.left.add(person.id)
        self.journal.write(change, "removed", group.id, person)
        if not len(group.members) and group.parent:
            self.world.remove_group(group)

    def _role(self, change: Change) -> None:
        group, person = self.world.groups[str(change["group"])], self.world.people[str(change["member"])]
        holders = group.admins if change["role"] == "admins" else group.moderators
        if change["on"]:
            holders.add(person.id, person)
        else:
            holders.remove(person.id)

    # groups, accounts, posts

    def _group(self, change: Change) -> None:
        group = self.world.groups[str(change["group"])]
        for name, value in dict(change["set"]).items():  # type: ignore[call-overload]
            setattr(group, name, value)
        group.updated = int(float(str(change["at"])))

    def _group_new(self, change: Change) -> None:
        parent = self.world.groups[str(change["parent"])]
        self.world.made += 1
        at = int(float(str(change["at"])))
        group = Group(str(change["group"]), str(change["name"]), parent.tenants, parent.id, updated=at)
        self.world.place_group(group)
        admin = self.world.people.get(str(change["admin"]))
        if admin is not None:
            group.owner = admin
            group.enter(admin, at)
            group.admins.add(admin.id, admin)
        self._group({**change, "at": at})

    def _group_gone(self, change: Change) -> None:
        group = self.world.groups[str(change["group"])]
        for person in list(group.members):
            self.journal.write(change, "removed", group.id, person)
        self.world.remove_group(group)

    def _account(self, change: Change) -> None:
        person = self.world.people[str(change["member"])]
        at = int(float(str(change["at"])))
        if self.world.set_active(person, active=bool(change["active"]), at=at) and self._hear_account is not None:
            self._hear_account(change, person)

    def _post(self, change: Change) -> None:
        group, at = self.world.groups[str(change["group"])], int(float(str(change["at"])))
        self.world.made += 1
        post = Post(str(change["post"]), group.id, None, str(change["message"]), at, at)
        post.formatting, post.link = str(change["formatting"]), str(change["link"])
        self.world.posts[post.id] = post
        group.feed.add(post.id, post)
        group.updated = at

    def _comment(self, change: Change) -> None:
        post, at = self.world.posts[str(change["post"])], int(float(str(change["at"])))
        self.world.made += 1
        comment = Comment(str(change["comment"]), post.id, None, str(change["message"]), at)
        self.world.comments[comment.id] = comment
        post.comments.add(comment.id, comment)
        post.updated = at

    def _token(self, change: Change) -> None:
        groups: list[str] | None = change["groups"]  # type: ignore[assignment]
        permissions: list[str] = change["permissions"]  # type: ignore[assignment]
        scope = None if groups is None else frozenset(groups)
        token = str(change["token"])
        self.world.made += 1
        self.world.tokens[token] = Grant(token, str(change["tenant"]), frozenset(permissions), scope)

    def _switch(self, change: Change) -> None:
        self._switches.change(dict(change["set"]))  # type: ignore[call-overload]

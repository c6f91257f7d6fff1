"""The world at its start: the same people, groups, posts, ids and tokens for the same seed.

Each tenant has a prospect group (40 members, two of them its committee's admins; all active and with an address),
a source group of up to 300 others to copy from (some deactivated, some without an address), a child community (the hazard:
its id looks like a group's), and, where there are two tenants or more, the first two share a multi-company group.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from itertools import islice

from workplace_sync.sandbox.groups import Comment, Group, Post, Reaction
from workplace_sync.sandbox.people import Person, digest, make_people
from workplace_sync.sandbox.world import PERMISSIONS, Grant, Tenant, World

PROSPECT_MEMBERS = 40
SOURCE_MEMBERS = 300
CHILD_MEMBERS = 12
SHARED_MEMBERS = 10  # from each company
POSTS = 12
POSTS_FROM = 1_790_000_000  # 2026-09-21
SHOWN = {"bt": "BT", "openreach": "Openreach"}

_SAYINGS = (
    "Welcome to everybody who joined this week.",
    "The committee meets on Thursday; the minutes follow here.",
    "A reminder of the pay survey: two minutes, and it counts.",
    "Thanks to the reps who stood at the gate this morning.",
    "What would you like to see discussed next month?",
)
_REPLIES = ("Thank you.", "I shall be there.", "Could the slides be shared?", "Well said.")
_KINDS = ("LIKE", "LIKE", "LOVE", "LIKE", "WOW", "HAHA", "SAD", "CARE", "ANGRY")


def build_world(people: Mapping[str, int], seed: int) -> World:
    """Return the start world of that many accounts per tenant."""
    world = World()
    tags: set[int] = set()
    for name, count in people.items():
        tag = digest(seed, name, "tag") % 10_000
        while tag in tags:
            tag = (tag + 1) % 10_000
        tags.add(tag)
        _add_tenant(world, name, tag, count, seed)
    if len(world.tenants) > 1:
        _add_shared_group(world, *islice(world.tenants.values(), 2))
    return world


def make_token(seed: int, *parts: str) -> str:
    """Return a token in the shape of a custom integration's, about 180 characters."""
    block = b"".join(hashlib.sha256(f"{seed}|{'|'.join(parts)}|{n}".encode()).digest() for n in range(4))
    return "DQVJ" + base64.urlsafe_b64encode(block).decode().rstrip("=")


def _add_tenant(world: World, name: str, tag: int, count: int, seed: int) -> None:
    shown = SHOWN.get(name, name.title())
    community = Group(
        id=f"5000{tag:04d}0000001", name=shown, tenants=(name,), parent="", role="community", is_community=True
    )
    tenant = Tenant(
        name=name,
        tag=tag,
        community=community,
        app_id=f"2000{tag:04d}0000001",
        app_secret=f"{digest(seed, name, 'secret a'):016x}{digest(seed, name, 'secret b'):016x}",
        token=make_token(seed, name),
    )
    world.tenants[name] = tenant
    world.tokens[tenant.token] = Grant(tenant.token, name, frozenset(PERMISSIONS))
    world.place_group(community)
    people = make_people(name, tag, count, seed)
    for person in people:
        world.place_person(person)
    _add_groups(world, tenant, shown, people)


def _add_groups(world: World, tenant: Tenant, shown: str, people: list[Person]) -> None:
    community = tenant.community
    settled = list(islice((p for p in people if p.active and not p.emailless), PROSPECT_MEMBERS)) or people[:1]
    if len(people) < 2 * PROSPECT_MEMBERS:
        settled = settled[: max(1, len(settled) // 2)]
    chosen = {person.id for person in settled}
    others = list(islice((p for p in people if p.id not in chosen), SOURCE_MEMBERS)) or people[:1]
    community.admins.add(settled[0].id, settled[0])
    prospect = Group(
        id=f"7000{tenant.tag:04d}0000001",
        name=f"Prospect {shown}",
        tenants=(tenant.name,),
        parent=community.id,
        role="prospect",
        description="The union's own group for people of the company.",
    )
    source = Group(
        id=f"7000{tenant.tag:04d}0000002",
        name=f"Everybody at {shown}",
        tenants=(tenant.name,),
        parent=community.id,
        role="source",
        privacy="OPEN",
        join_setting="ANYONE",
        is_workplace_default=True,
    )
    child = Group(
        id=f"5000{tenant.tag:04d}0000002",
        name=f"{shown} contractors",
        tenants=(tenant.name,),
        parent=community.id,
        role="child_community",
        is_community=True,
    )
    _fill(world, prospect, settled, admins=2)
    _fill(world, source, others, admins=1)
    _fill(world, child, others[:CHILD_MEMBERS], admins=1)
    _add_posts(world, prospect, settled)
    _add_posts(world, source, others)


def _fill(world: World, group: Group, members: Iterable[Person], admins: int) -> None:
    world.place_group(group)
    for place, person in enumerate(members):
        group.enter(person, POSTS_FROM - 864_000 + place * 60)
        if place < admins:
            group.admins.add(person.id, person)
            group.owner = group.owner or person
    group.updated = POSTS_FROM


def _add_posts(world: World, group: Group, members: list[Person]) -> None:
    for number in range(POSTS):
        created = POSTS_FROM + number * 86_400
        author = members[number % min(3, len(members))]
        message = _SAYINGS[number % len(_SAYINGS)]
        post = Post(f"{group.id}_{9001 + number}", group.id, author, message, created, created)
        for place, person in enumerate(members[: 7 + number * 5]):
            post.seen.add(person.id, person)
            if place % 3 == number % 3:
                post.reactions.add(person.id, Reaction(person, _KINDS[(place + number) % len(_KINDS)]))
        for place in range(number % 4):
            author = members[(number + place + 1) % len(members)]
            comment_id = f"{group.id}{number:02d}{place:02d}"
            reply = Comment(comment_id, post.id, author, _REPLIES[place], created + 600 * (place + 1))
            post.comments.add(comment_id, reply)
            world.comments[comment_id] = reply
            post.updated = reply.created
        world.posts[post.id] = post
        group.feed.add(post.id, post)
        group.updated = max(group.updated, post.updated)


def _add_shared_group(world: World, first: Tenant, second: Tenant) -> None:
    group = Group(
        id=f"7000{first.tag:04d}0000009",
        name="Working across companies",
        tenants=(first.name, second.name),
        parent=first.community.id,
        role="shared",
        purpose="WORK_MULTI_COMPANY",
    )
    people = [*islice(first.community.members, SHARED_MEMBERS), *islice(second.community.members, SHARED_MEMBERS)]
    _fill(world, group, people, admins=1)
    others = next(iter(second.community.members))
    group.admins.add(others.id, others)

"""The invented people of a tenant: the same seed makes the same people, whatever the machine."""

import hashlib
from dataclasses import dataclass

EMAILLESS = "emailless.facebook.com"  # the platform's synthetic addresses of people without one end like this

_FIRST_NAMES = """
Amina Bryn Cerys Dafydd Eilidh Farid Greta Hamish Isla Jomo Kerstin Lowri Morag Nadeem Orla Priya Quentin Rhona Sanjay
Tamsin Ursa Viggo Wanda Xanthe Yusuf Zofia Alban Beatrix Caspian Delphine Emrys Fenella Gethin Hester Idris Juno Kofi
Linus Mabel Nerys Osian Petra Rafiq Sorcha Tobias Una Vesna Wilf Ysolde Zane
"""
_LAST_NAMES = """
Quill Ashgrove Birchwood Copperfield Dunmore Elderberry Fernsby Gorsehill Hawthorne Inkwell Juniper Kestrel Larkspur
Marrow Nettleship Oakenshaw Pebblebrook Quarry Rookwood Saltmarsh Thistledown Underhill Velvetine Windlass Yarrow
Zephyr Applegarth Bramblewick Cloudesley Driftwood Emberley Foxglove Greywell Heatherly Ivybridge Jackdaw Knapweed
Lanternby Millwheel Nightjar Otterburn Pinemarten Quickthorn Ravensett Sedgewick Tanglewood Umberfield Vinegarth
Wrenfield Yellowley
"""
_FIRST, _LAST = _FIRST_NAMES.split(), _LAST_NAMES.split()
_TITLES = ("Field engineer", "Fibre jointer", "Service adviser", "Network planner", "Test technician", "Desk clerk")
_DEPARTMENTS = ("Access", "Core network", "Customer care", "Logistics", "Build", "Repair")
_DIVISIONS = ("North", "South", "East", "West")

_DEACTIVATED = (40, 13)  # every fortieth account, from the thirteenth on
_EMAILLESS = (50, 29)
_FIRST_JOB = 1_420_070_400  # 2015-01-01, the first account's invitation


@dataclass(slots=True, eq=False)
class Person:
    """An account. Mutable: the world's ledger alone changes it. Times are unix seconds, 0 where it never happened."""

    id: str
    tenant: str
    number: int
    first: str
    last: str
    email: str
    active: bool = True
    deactivated_at: int = 0
    groups: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name shown."""
        return f"{self.first} {self.last}"

    @property
    def emailless(self) -> bool:
        """Whether the address is the platform's own, for want of a real one."""
        return self.email.endswith(EMAILLESS)

    @property
    def invited_at(self) -> int:
        """When the account was made."""
        return _FIRST_JOB + self.number * 1777

    @property
    def claimed_at(self) -> int:
        """When the person first used the account; some never did."""
        return 0 if self.number % 60 == 59 else self.invited_at + 86_400  # noqa: PLR2004 - a share, no more

    @property
    def title(self) -> str:
        """The job's title."""
        return _TITLES[self.number % len(_TITLES)]

    @property
    def department(self) -> str:
        """The department worked in."""
        return _DEPARTMENTS[self.number // 3 % len(_DEPARTMENTS)]

    @property
    def division(self) -> str:
        """The division worked in."""
        return _DIVISIONS[self.number // 7 % len(_DIVISIONS)]


def digest(seed: int, *parts: str) -> int:
    """Return a number that depends on the seed and the parts alone."""
    text = "\x00".join((str(seed), *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def make_people(tenant: str, tag: int, count: int, seed: int) -> list[Person]:
    """Return `count` people of the tenant; `tag` is the tenant's four digits inside every id."""
    shift_first, shift_last = digest(seed, tenant, "first"), digest(seed, tenant, "last")
    return [_person(tenant, tag, number, shift_first, shift_last) for number in range(count)]


def _person(tenant: str, tag: int, number: int, shift_first: int, shift_last: int) -> Person:
    first = _FIRST[(number * 31 + shift_first) % len(_FIRST)]
    last = _LAST[(number // len(_FIRST) + number * 17 + shift_last) % len(_LAST)]
    person_id = f"1000{tag:04d}{number:07d}"
    has_address = number % _EMAILLESS[0] != _EMAILLESS[1]
    email = f"{first}.{last}.{number:05d}@{tenant}.example.org".lower() if has_address else f"{person_id}@{EMAILLESS}"
    person = Person(id=person_id, tenant=tenant, number=number, first=first, last=last, email=email)
    if number % _DEACTIVATED[0] == _DEACTIVATED[1]:
        person.active = False
        person.deactivated_at = person.invited_at + 864_000
    return person

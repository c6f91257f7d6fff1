"""The versions of one policy over time: one at a time, the higher number later, and no gap that nobody explained."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import groupby, pairwise

from workplace_sync.errors import Fault
from workplace_sync.policy.decision import Shelf
from workplace_sync.policy.document import PlatformMetadata, PolicyDocument
from workplace_sync.policy.source import Source


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked version of a policy. `hash` is "sha256:<hex>" of its content, whatever its layout and comments."""

    file: str
    document: PolicyDocument
    hash: str

    @property
    def id(self) -> str:
        """The policy's stable name."""
        return self.document.metadata.id

    @property
    def version(self) -> int:
        """Which version of it this is."""
        return self.document.metadata.version

    @property
    def is_floor(self) -> bool:
        """Whether this belongs to the program itself and always holds."""
        return self.shelf is Shelf.BUILT_IN

    @property
    def shelf(self) -> Shelf:
        """Whose word it is."""
        return self.document.shelf

    @property
    def begins(self) -> datetime:
        """The first moment at which it holds. What somebody else published does not hold before it was published."""
        about = self.document.metadata
        if isinstance(about, PlatformMetadata):
            return max(about.effective_from, datetime.combine(about.published, time(), UTC))
        return about.effective_from

    @property
    def ends(self) -> datetime | None:
        """The first moment at which it no longer holds."""
        return self.document.metadata.effective_until

    def in_force(self, now: datetime) -> bool:
        """Whether the policy holds at a time: from `begins` up to, not at, `ends`."""
        return self.is_floor or (self.begins <= now and (self.ends is None or now < self.ends))


def version_faults(found: Sequence[tuple[Source, Policy]]) -> Iterator[Fault]:
    """Yield what is wrong with the versions of each policy, taken together."""
    ordered = sorted(found, key=lambda one: (one[1].id, one[1].version))
    for _, versions in groupby(ordered, key=lambda one: one[1].id):
        for (older_source, older), (source, newer) in pairwise(versions):
            yield from _pair_faults(older_source, older, source, newer)


def _pair_faults(older_source: Source, older: Policy, source: Source, newer: Policy) -> Iterator[Fault]:
    begins = ("metadata", "effective_from")
    if newer.version == older.version:
        message = f"version {older.version} of {older.id!r} is already in {older.file}"
        yield source.fault(("metadata", "version"), message, "count the version up, or choose another id")
    elif (older.shelf, older.document.kind) != (newer.shelf, newer.document.kind):
        message = f"{older.id!r} is the id of a {older.document.kind} in {older.file}"
        yield source.fault(("metadata", "id"), message, "an id belongs to one policy; choose another")
    elif newer.begins <= older.begins:
        message = f"version {newer.version} does not begin after version {older.version} ({_iso(older.begins)})"
        yield source.fault(begins, message, "the higher version has to be the later one")
    elif older.ends is None or older.ends > newer.begins:
        message = f"version {older.version} still holds when version {newer.version} begins"
        advice = f"write in version {older.version}: effective_until: {_iso(newer.begins)}"
        yield older_source.fault(("metadata", "effective_until"), message, advice)
    elif older.ends < newer.begins and not older.document.metadata.withdrawn:
        message = f"no version holds from {_iso(older.ends)} to {_iso(newer.begins)}"
        advice = f"let version {older.version} hold until then, or say in its `withdrawn` why it ended before"
        yield source.fault(begins, message, advice)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

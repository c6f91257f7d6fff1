"""What an audit finds wrong with a log, as values that print themselves."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

MAX_LISTED = 200  # a report is for people; what is beyond is counted


class What(StrEnum):
    """What differs."""

    ROW_CHANGED = "row changed"
    ROW_MISSING = "row missing"
    ROW_MOVED = "row moved"
    ROW_INSERTED = "row inserted"
    TAIL_CUT = "tail cut off"
    ROLLED_BACK = "rolled back"
    FORKED = "forked"
    HEAD_CHANGED = "head changed"
    TILE_CHANGED = "tile changed"
    TILE_MISSING = "tile missing"
    TILE_EXTRA = "tile too many"
    CHECKPOINT_BAD = "checkpoint bad"
    CHECKPOINT_DIFFERS = "checkpoint differs"
    CHECKPOINT_MISSING = "checkpoint missing"
    OUTSIDE_BAD = "checkpoint file bad"
    OUTSIDE_MISSING = "checkpoint file missing"
    OPENING_ALTERED = "opening altered"
    OPENING_ORPHAN = "opening of no entry"
    INDEX_ALTERED = "search fields altered"


_TEXTS = {
    What.ROW_CHANGED: "{Rows}: changed, not what was recorded.",
    What.ROW_MISSING: "{Rows}: missing.",
    What.ROW_MOVED: "{Rows}: holding what was recorded as {others}: rows were swapped, inserted or taken out before.",
    What.ROW_INSERTED: "{Rows}: inserted, no signed checkpoint covers {them}.",
    What.TAIL_CUT: "{Rows}: missing at the end, though a signed checkpoint covers {them}: the tail was cut off.",
    What.ROLLED_BACK: (
        "{Rows}: missing, and so are their checkpoints; the checkpoint file outside the database shows that they were "
        "there: the database was rolled back to an older state."
    ),
    What.FORKED: (
        "The checkpoint file outside the database, of {first} entries, is signed over other entries than the database "
        "has: the log was forked."
    ),
    What.HEAD_CHANGED: "The row of the log's head does not fit the {first} entries.",
    What.TILE_CHANGED: "{Tiles}: changed, or the entries below changed together with {their} own tile.",
    What.TILE_MISSING: "{Tiles}: missing.",
    What.TILE_EXTRA: "{Tiles}: not part of this log.",
    What.CHECKPOINT_BAD: "{Checkpoints}: not good: {detail}",
    What.CHECKPOINT_DIFFERS: (
        "{Checkpoints}: signed over other entries than the database has; one from number {other} on, before {first}, "
        "was changed."
    ),
    What.CHECKPOINT_MISSING: "The checkpoint of {first} entries is missing from the database.",
    What.OUTSIDE_BAD: "The checkpoint file outside the database is not good: {detail}",
    What.OUTSIDE_MISSING: (
        "The checkpoint file outside the database is missing: whether the log was rolled back cannot be told."
    ),
    What.OPENING_ALTERED: "{Rows}: the opening is not the one that the entry commits to.",
    What.OPENING_ORPHAN: "{Rows}: an opening without entry.",
    What.INDEX_ALTERED: "{Rows}: the fields used for search are not those of the opening.",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, in the rows, tiles or checkpoints from `first` to `last`, `count` of them.

    `other` is what the kind needs besides: for a moved row where `first` was recorded, for a tile its level, for a
    checkpoint the size of the last one before it that fits.
    """

    what: What
    first: int
    last: int
    count: int = 1
    other: int = 0
    detail: str = ""

    def __str__(self) -> str:
        one = self.count == 1
        return _TEXTS[self.what].format(
            Rows=_range("Row", self.first, self.last),
            Tiles=_range("Tile", self.first, self.last) + f" of level {self.other}",
            Checkpoints=_range("Checkpoint", self.first, self.last) + ("" if one else f" ({self.count:,} of them)"),
            others=_range("row", self.first + self.other, self.last + self.other),
            them="it" if one else "them",
            their="its" if one else "their",
            first=f"{self.first:,}",
            other=f"{self.other:,}",
            detail=self.detail,
        )


def _range(word: str, first: int, last: int) -> str:
    return f"{word} {first:,}" if first == last else f"{word}s {first:,} to {last:,}"


@dataclass(slots=True)
class Differences:
    """Collects differences: neighbours become one, and those beyond a limit are only counted."""

    listed: list[Difference] = field(default_factory=list)
    unlisted: int = 0
    _open: dict[What, int] = field(default_factory=dict)

    def add(self, what: What, first: int, *, other: int = 0, detail: str = "", gap: int = 1) -> None:
        """Add one; it joins the last of its kind when that ends at most `gap` before and is alike otherwise."""
        at = self._open.get(what)
        if at is not None:
            last = self.listed[at]
            if first - last.last <= gap and (last.other, last.detail) == (other, detail):
                self.listed[at] = replace(last, last=first, count=last.count + 1)
                return
        if len(self.listed) >= MAX_LISTED:
            self.unlisted += 1
            return
        self._open[what] = len(self.listed)
        self.listed.append(Difference(what, first, first, other=other, detail=detail))

    def rename(self, what: What, last: int, to: What) -> None:
        """Call the difference of a kind that reaches up to `last` something else."""
        at = self._open.get(what)
        if at is not None and self.listed[at].last == last:
            self.listed[at] = replace(self.listed[at], what=to)

    def has(self, what: What) -> bool:
        """Return whether one of this kind was found."""
        return what in self._open

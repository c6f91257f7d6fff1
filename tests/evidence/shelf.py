"""A log as a database holds it, in memory, to be disturbed row by row."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from tests.evidence.trees import ORIGIN, make_signer
from workplace_sync.evidence.checkpoint import Checkpoint
from workplace_sync.evidence.entry import Kind, Record, commitment_of, write_entry, write_opening, write_time
from workplace_sync.evidence.log import grow, make_tail
from workplace_sync.evidence.merkle import Edge, leaf_hash
from workplace_sync.evidence.note import Signer
from workplace_sync.evidence.tile import Tile
from workplace_sync.evidence.verify import Held, OpeningRow, VerifyReport, audit

START = datetime(2020, 3, 1, tzinfo=UTC)
SIGNER = make_signer()


@dataclass
class Shelf:
    """Change any of the parts, then look at `differences`."""

    signer: Signer = field(default_factory=lambda: SIGNER)
    entries: dict[int, bytes] = field(default_factory=dict)
    openings: dict[int, OpeningRow] = field(default_factory=dict)
    tiles: dict[Tile, bytes] = field(default_factory=dict)
    checkpoints: dict[int, str] = field(default_factory=dict)
    head: tuple[int, bytes] | None = None
    outside: str | None = None
    edge: Edge = field(default_factory=Edge)

    def add(self, count: int, word: str = "accepted") -> "Shelf":
        """Append a batch and sign it."""
        size = self.edge.size
        bodies = [self._add_row(seq, word) for seq in range(size, size + count)]
        tail = make_tail(size, [self.entries[seq] for seq in range(size - size % 256, size)], self.tiles)
        self.edge, tiles = grow(self.edge, list(map(leaf_hash, bodies)), tail)
        self.tiles |= tiles
        self.sign()
        return self

    def sign(self) -> None:
        """Sign the edge as it is now, and store it everywhere."""
        size = self.edge.size
        self.checkpoints[size] = self.outside = Checkpoint(ORIGIN, size, self.edge.root).signed(self.signer)
        self.head = (size, self.edge.data)

    def _add_row(self, seq: int, word: str) -> bytes:
        at = START + timedelta(seconds=seq)
        record = Record(Kind.OPERATION_OUTCOME, at, "prospect-bt", f"person{seq}@bt.example.org", "cron", word)
        opening = write_opening(record, sha256(b"%d" % seq).digest())
        time = write_time(at)
        found = (record.group, record.subject, record.actor, record.outcome)
        self.openings[seq] = (seq, opening, time, record.kind.value, *found, "")
        self.entries[seq] = write_entry(seq, time, commitment_of(opening))
        return self.entries[seq]

    def rehash(self) -> Edge:
        """Make the tree anew over the rows as they are now, as someone with access to the database would."""
        bodies = [self.entries[seq] for seq in sorted(self.entries)]
        edge, self.tiles = grow(Edge(), list(map(leaf_hash, bodies)), {})
        self.head = (edge.size, edge.data)
        return edge

    @contextmanager
    def without_tail(self, size: int) -> Iterator[None]:
        """Take away all rows from `size` on, checkpoints and head apart."""
        self.entries = {seq: body for seq, body in self.entries.items() if seq < size}
        self.openings = {seq: row for seq, row in self.openings.items() if seq < size}
        yield

    def report(self, *, openings: bool = True) -> VerifyReport:
        held = Held(
            entries=sorted(self.entries.items()),
            leaf_tiles=sorted((tile.number, data) for tile, data in self.tiles.items() if tile.level == 0),
            upper_tiles={tile: data for tile, data in self.tiles.items() if tile.level},
            checkpoints=sorted(self.checkpoints.items()),
            newest_first=sorted(self.checkpoints.items(), reverse=True),
            head=self.head,
            openings=sorted(self.openings.values()) if openings else None,
            outside=self.outside,
        )
        return audit(held, self.signer.verifier)

    def differences(self, *, openings: bool = True) -> list[str]:
        return [str(one) for one in self.report(openings=openings).differences]

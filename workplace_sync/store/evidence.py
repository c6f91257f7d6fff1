"""The evidence log in the database: records go in with the transaction they speak of, signed at its commit.

A checkpoint is kept in a file outside the database as well. Before anything is signed, and at every start, the
database is compared with it, so that a database put back to an older state, or changed, is never signed for again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from workplace_sync.errors import EvidenceError, SettingsError, UsageError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint
from workplace_sync.evidence.entry import SALT_SIZE, Record, commitment_of, write_entry, write_opening, write_time
from workplace_sync.evidence.keyring import KeyRing
from workplace_sync.evidence.log import check_tail, fills_tile, grow
from workplace_sync.evidence.merkle import (
    Edge,
    check_consistency,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
)
from workplace_sync.evidence.note import Signer, Verifier
from workplace_sync.evidence.proof import ConsistencyProof, InclusionProof
from workplace_sync.evidence.tile import WIDTH, bundle, bundle_path, path_of, tiles_of
from workplace_sync.evidence.verify import VerifyReport, audit
from workplace_sync.store import evidence_rows as rows
from workplace_sync.store.checkpoint_file import CheckpointFile
from workplace_sync.store.database import Database

_FLUSH = 1_000  # records; more of one transaction are written out meanwhile, so that memory stays flat
_VERIFY = "Run `workplace-sync evidence verify` to see what differs; nothing is recorded until then."
_ROLLED_BACK = (
    "Put back a copy of the database that is at least as new. If there is none, keep this database and the file as they "
    "are, and go on with a new database, a new key and a new checkpoint file; both logs stay verifiable."
)
_MISSING = (
    "If you moved or lost the file, put it back. Only if that cannot be, and you know that the database is the newest, "
    "accept it with `workplace-sync evidence verify --restore-checkpoint`."
)


class EvidenceLog:
    """The one log of a database.

    `origin` is the log's name and the name of its keys. `signer` is None where the log is only read. `outside` is the
    path of the checkpoint file. `entropy` returns so many random bytes, `now` the time as a UTC-aware datetime.
    """

    def __init__(
        self,
        database: Database,
        *,
        signer: Signer | None,
        verifier: Verifier,
        origin: str,
        outside: Path,
        entropy: Callable[[int], bytes],
        now: Callable[[], datetime],
    ) -> None:
        """Take the parts, reading nothing yet; raises SettingsError when the keys do not belong together."""
        if verifier.name != origin:
            raise SettingsError(
                f"The public key is named {verifier.name!r}, the evidence log {origin!r}.",
                hint="Set the origin that the key was made for.",
            )
        if signer is not None and signer.verifier != verifier:
            raise SettingsError(
                "The private key and the public key of the evidence log do not belong together.",
                hint="Set both to the pair that the log was begun with.",
            )
        self.database = database
        self.origin = origin
        self.verifier = verifier
        self.signer = signer
        self.now = now
        self.entropy = entropy
        self._outside = CheckpointFile(outside)
        self._good: tuple[str, Checkpoint] | None = None  # the last checkpoint that was seen to verify

    def taking(self, signer: Signer) -> "EvidenceLog":
        """Return the same log with another key, which its entries must have named as its newest one."""
        return self._like(self.database, signer, signer.verifier)

    def through(self, database: Database) -> "EvidenceLog":
        """Return the same log, written through another view of its database."""
        return self._like(database, self.signer, self.verifier)

    def _like(self, database: Database, signer: Signer | None, verifier: Verifier) -> "EvidenceLog":
        return EvidenceLog(
            database,
            signer=signer,
            verifier=verifier,
            origin=self.origin,
            outside=self._outside.path,
            entropy=self.entropy,
            now=self.now,
        )

    @contextmanager
    def transaction(self, on: Connection | None = None) -> Iterator["Transaction"]:
        """Run a writing transaction whose records are durable, and under one signed checkpoint, once it has committed.

        One that logs nothing writes nothing to the log. Raises EvidenceError when the log is not what was signed last:
        then nothing of the transaction is kept. Raises StoreError when all is kept but the file outside could not be
        replaced; the next transaction makes up for it.
        """
        with self.database.write(on) as connection:
            transaction = Transaction(self, connection)
            yield transaction
            sealed = transaction.seal()
        if sealed is not None:
            self._outside.advance(*sealed)

    def check_start(self) -> None:
        """Compare the database with its last signed checkpoint and with the file outside, reading O(log n) of it.

        The last entries and the right edge of the tree are hashed again; every root the log has comes from there. Raises
        EvidenceError saying what differs and what to do. The full audit is `audit`.
        """
        outside = self._outside.read()  # before the database: a writer in between can only make the database larger
        with _hinted(), rows.steady(self.database) as connection:
            edge = rows.read_head(connection)
            newest = rows.newest_checkpoint(connection)
            last = rows.last_seq(connection)
            self._check_sizes(edge, newest[0] if newest else 0, 0 if last is None else last + 1)
            if newest is not None:
                self._check_note(connection, newest[1], edge)
                check_tail(edge, rows.read_tail(connection, edge.size))
            self._check_outside(connection, edge, outside)

    def restore_outside(self) -> None:
        """Write the database's newest checkpoint to the file outside, where that is missing.

        This gives up the knowledge whether the database was rolled back, so let a person decide it. Raises
        EvidenceError when the database itself does not fit its checkpoint, UsageError when the file is there.
        """
        if self._outside.read() is not None:
            raise UsageError("The checkpoint file is there.", hint="Nothing has to be restored.")
        with _hinted(), rows.steady(self.database) as connection:
            edge = rows.read_head(connection)
            newest = rows.newest_checkpoint(connection)
            if newest is None:
                raise UsageError("The evidence log is empty.", hint="Its first record makes the checkpoint file.")
            self._check_note(connection, newest[1], edge)
            check_tail(edge, rows.read_tail(connection, edge.size))
        self._outside.advance(newest[1], newest[0])

    @property
    def size(self) -> int:
        """The number of entries."""
        with self.database.connect() as connection:
            return rows.read_head(connection).size

    @property
    def keys(self) -> KeyRing:
        """All keys that the log has had. Raises EvidenceError or SettingsError when they do not lead to this one."""
        with self.database.connect() as connection:
            return rows.read_keys(connection, self.verifier)

    def latest(self) -> str:
        """Return the newest signed checkpoint; raises UsageError when nothing was recorded yet."""
        return self.checkpoint(None)

    def checkpoint(self, size: int | None) -> str:
        """Return the signed checkpoint of `size` entries, or the newest; raises UsageError when there is none."""
        with self.database.connect() as connection:
            return self._checkpoint(connection, size)

    def entry(self, seq: int) -> bytes:
        """Return an entry's bytes; raises UsageError when the log has none of this number."""
        with self.database.connect() as connection:
            return self._entry(connection, seq)

    def opening(self, seq: int) -> bytes | None:
        """Return an entry's opening file, None where it was erased; raises UsageError when there is no such entry."""
        with self.database.connect() as connection:
            self._entry(connection, seq)
            return rows.read_opening(connection, seq)

    def inclusion_proof(self, seq: int, size: int | None = None) -> str:
        """Return the `.tlog-proof` text of an entry, under the checkpoint of `size` entries, or under the newest.

        Raises UsageError when there is no such entry or checkpoint.
        """
        with self.database.connect() as connection:
            note = self._checkpoint(connection, size)
            covered = self._open(connection, note).size
            if not 0 <= seq < covered:
                raise _no_entry(seq, covered)
            return InclusionProof(seq, prove_inclusion(seq, covered, rows.node_reader(connection)), note).text

    def consistency_proof(self, old: int, new: int | None = None) -> str:
        """Return the `.consistency` text that the log at `new` entries, or now, begins with the log at `old` entries.

        Raises UsageError when `old` is the larger one, or there is no checkpoint of `new` entries.
        """
        with self.database.connect() as connection:
            note = self._checkpoint(connection, new)
            size = self._open(connection, note).size
            if not 0 <= old <= size:
                raise UsageError(f"The log of {size} entries cannot begin with {old}.", hint="Give a smaller number.")
            return ConsistencyProof(old, prove_consistency(old, size, rows.node_reader(connection)), note).text

    def export_tiles(self, since: int = 0) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of all files of the public log (c2sp.org/tlog-tiles), the checkpoint last.

        Those that were complete when the log had `since` entries are left out. They hold no openings: nobody can be
        found in them.
        """
        with rows.steady(self.database) as connection:
            note = self._checkpoint(connection, None)
            size = self._open(connection, note).size
            for tile, width in tiles_of(size, since):
                yield path_of(tile, width), rows.read_tile(connection, tile, width)
            for begin in range(since - since % WIDTH, size, WIDTH):
                bodies = rows.read_bodies(connection, begin, min(begin + WIDTH, size))
                yield bundle_path(begin // WIDTH, len(bodies)), bundle(bodies)
            yield "checkpoint", note.encode()

    def audit(self, *, openings: bool = True, watch: Callable[[int], None] | None = None) -> VerifyReport:
        """Return the report of the full audit, hashing every row again, and every opening unless told otherwise.

        `watch` is told every now and then how many entries were read. Raises EvidenceError when the checkpoint file
        cannot even be read as text.
        """
        outside = self._outside.read()
        with rows.steady(self.database) as connection:
            try:
                keys = rows.read_keys(connection, self.verifier)
            except EvidenceError:
                keys = KeyRing(self.verifier)  # what is wrong with the change of keys shows in the report
            return audit(rows.read_held(connection, outside, openings=openings, watch=watch), keys)

    def begin_append(self, connection: Connection) -> Edge:
        """Lock the log for the transaction and return its edge, once it is what was signed last and nothing is newer."""
        with _hinted():
            edge = rows.lock_head(connection)
            outside = self._outside.read()
            if edge.size:
                note, last = rows.read_checkpoint(connection, edge.size), rows.last_seq(connection)
                self._check_sizes(edge, edge.size if note else 0, 0 if last is None else last + 1)
                self._check_note(connection, note or "", edge)
            elif outside is None:
                outside = self._sign(edge)
                self._outside.advance(outside, 0)  # so that from the first commit on, a missing file means a loss
            self._check_outside(connection, edge, outside)
        return edge

    def finish_append(self, connection: Connection, edge: Edge) -> tuple[str, int]:
        """Store the new edge with its signed checkpoint, and return that with its size."""
        note = self._sign(edge)
        self._good = (note, Checkpoint(self.origin, edge.size, edge.root))
        rows.write_head(connection, edge)
        rows.write_checkpoint(connection, edge.size, note, self.now())
        return note, edge.size

    def _sign(self, edge: Edge) -> str:
        if self.signer is None:
            raise SettingsError(
                "The evidence log can only be read here: its private key is not set.",
                hint="Set WORKPLACE_SYNC_KEY_FILE to the log's key file.",
            )
        return Checkpoint(self.origin, edge.size, edge.root).signed(self.signer)

    def _checkpoint(self, connection: Connection, size: int | None) -> str:
        newest = rows.newest_checkpoint(connection)
        if newest is None:
            raise UsageError("The evidence log is empty.", hint="There is nothing to prove yet.")
        note = newest[1] if size is None else rows.read_checkpoint(connection, size)
        if note is None:
            raise UsageError(
                f"There is no checkpoint of {size} entries.", hint="Leave the size out to use the newest checkpoint."
            )
        return note

    def _entry(self, connection: Connection, seq: int) -> bytes:
        body = rows.read_body(connection, seq)
        if body is None:
            raise _no_entry(seq, rows.read_head(connection).size)
        return body

    def _check_sizes(self, edge: Edge, signed: int, there: int) -> None:
        if edge.size != signed:
            raise EvidenceError(
                f"The head of the evidence log has {edge.size} entries, the newest signed checkpoint {signed}.",
                hint=_VERIFY,
            )
        if there != signed:
            raise EvidenceError(
                f"The evidence log has {there} entries, the newest signed checkpoint covers {signed}.", hint=_VERIFY
            )

    def _open(self, connection: Connection, note: str) -> Checkpoint:
        """Return what a checkpoint says, once the key of its size, or the only one, is seen to have signed it."""
        good = self._good  # once: other threads replace it
        if good is None or good[0] != note:
            self._good = good = (note, open_checkpoint(note, rows.read_keys(connection, self.verifier)))
        return good[1]

    def _check_note(self, connection: Connection, note: str, edge: Edge) -> None:
        """Raise EvidenceError unless the checkpoint is signed, and for this edge."""
        checkpoint = self._open(connection, note)
        if (checkpoint.size, checkpoint.root) != (edge.size, edge.root):
            raise EvidenceError(
                f"The head of the evidence log is not what its checkpoint of {checkpoint.size} entries signs.",
                hint=_VERIFY,
            )

    def _check_outside(self, connection: Connection, edge: Edge, held: str | None) -> None:
        """Raise EvidenceError unless the file outside holds this log's checkpoint, or that of a beginning of it."""
        if held is None:
            if edge.size:
                raise EvidenceError(f"The checkpoint file {self._outside.path} is missing.", hint=_MISSING)
            return
        old = self._open(connection, held)
        if (old.size, old.root) == (edge.size, edge.root):
            return
        if old.size > edge.size:
            raise EvidenceError(
                f"The database was rolled back: it has {edge.size} entries, and {old.size} were signed before.",
                hint=_ROLLED_BACK,
            )
        proof = prove_consistency(old.size, edge.size, rows.node_reader(connection))
        try:
            check_consistency(old.size, old.root, edge.size, edge.root, proof)
        except EvidenceError:
            raise EvidenceError(
                f"The evidence log was forked: its first {old.size} entries are not those that were signed before.",
                hint=_ROLLED_BACK,
            ) from None


class Transaction:
    """A transaction in progress: `connection` for the caller's own statements, `log` for what they mean."""

    def __init__(self, log: EvidenceLog, connection: Connection) -> None:
        self.connection = connection
        self._log = log
        self._edge: Edge | None = None
        self._grown = False
        self._waiting: list[tuple[Record, bytes]] = []

    def log(self, record: Record) -> None:
        """Add a record to the log with this transaction.

        Raises ValueError or TypeError when the record holds what cannot be written canonically.
        """
        self._waiting.append((record, write_opening(record, self._log.entropy(SALT_SIZE))))
        if len(self._waiting) >= _FLUSH:
            self._flush()

    def place(self) -> int:
        """Lock the log for the rest of this transaction, and return the number that the next record gets."""
        if self._edge is None:
            self._edge = self._log.begin_append(self.connection)
        return self._edge.size + len(self._waiting)

    def seal(self) -> tuple[str, int] | None:
        """Write what is left and sign; return the checkpoint with its size, None when nothing was logged."""
        self._flush()
        return self._log.finish_append(self.connection, self._edge) if self._edge and self._grown else None

    def _flush(self) -> None:
        if not self._waiting:
            return
        edge = self._log.begin_append(self.connection) if self._edge is None else self._edge
        entries = [
            rows.NewEntry(
                seq, write_entry(seq, write_time(record.at), commitment_of(opening), record.kind), record, opening
            )
            for seq, (record, opening) in enumerate(self._waiting, edge.size)
        ]
        tail = rows.read_tail(self.connection, edge.size) if fills_tile(edge.size, len(entries)) else {}
        self._grown = True
        self._edge, tiles = grow(edge, [leaf_hash(entry.body) for entry in entries], tail)
        rows.write_entries(self.connection, entries)
        rows.write_tiles(self.connection, tiles)
        self._waiting.clear()


@contextmanager
def _hinted() -> Iterator[None]:
    """Say what to do next in every EvidenceError that does not say it."""
    try:
        yield
    except EvidenceError as error:
        error.hint = error.hint or _VERIFY
        raise


def _no_entry(seq: int, size: int) -> UsageError:
    return UsageError(f"There is no entry {seq}: the log has {size}.", hint="Entries are numbered from 0.")

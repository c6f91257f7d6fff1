"""Bundles of every kind: of one entry and of many, with erased contents, with a history that others have signed, across
changes of the key, and under an older checkpoint."""

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from tests.evidence.authority import make_authority
from tests.foreign.verifiers import Made
from tests.store.logs import add
from workplace_sync.evidence.cosignature import WitnessSigner, cosigned
from workplace_sync.jobs.bundle import make_bundle
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.publish import publish
from workplace_sync.jobs.rotation import rotate_key
from workplace_sync.jobs.timestamps import take_time_stamp
from workplace_sync.jobs.witness import add_witness, check_cosigned
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.keys import create_key

ORIGIN = "union.example.org/log"
KINDS = ("one entry", "many entries", "signed by others", "after changes of the key", "under an older checkpoint")


class Ticking:
    """A clock that goes on by a second each time."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def open_office(folder: Path) -> Office:
    """Return an office with an empty log in `folder`."""
    database = Database(f"sqlite:///{folder / 'sync.db'}")
    database.upgrade()
    clock, numbers = Ticking(), itertools.count()
    signer = create_key(folder / "log.key", ORIGIN)
    log = EvidenceLog(
        database,
        signer=signer,
        verifier=signer.verifier,
        origin=ORIGIN,
        outside=folder / "checkpoint.txt",
        entropy=random.Random(7).randbytes,
        now=clock,
    )
    return Office(database, log, clock, lambda: f"id{next(numbers)}", "ada")


def hand_out(office: Office, seqs: list[int], size: int | None = None, extra: dict[str, bytes] | None = None) -> Made:
    """Return a bundle of these entries, and what is published of the log."""
    made = make_bundle(
        office, seqs, recipient="ACAS", purpose="conciliation", basis="legal claims", extra=extra, size=size
    )
    newest = office.log.keys.newest
    return Made(dict(made.files), newest.fingerprint, newest.vkey)


def signed_by_others(office: Office, folder: Path) -> None:
    """Publish, time-stamp and cosign the newest checkpoint."""
    authority = make_authority(folder / f"authority-{office.log.size}")
    take_time_stamp(office, "https://tsa.example.org/tsr", authority.roots, lambda _, query: authority.answer(query))
    key = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
    witness = WitnessSigner("witness.example.org/w1", key)
    note = office.log.latest()
    check_cosigned(office, cosigned(note, [witness.cosign(note.partition("\n\n")[0] + "\n", office.now())]))
    publish(office, "the web site")


def make_all(folder: Path) -> Iterator[tuple[str, Made]]:
    """Yield a bundle of each kind."""
    for number, kind in enumerate(KINDS):
        place = folder / str(number)
        place.mkdir()
        office = open_office(place)
        yield kind, _MAKERS[kind](office, place)
        office.database.close()


def _one(office: Office, _: Path) -> Made:
    add(office.log, 13)
    return hand_out(office, [12])


def _many(office: Office, _: Path) -> Made:
    add(office.log, 300, batch=100)
    with office.database.write() as connection:
        connection.execute(text("DELETE FROM opening WHERE seq = 255"))
    extra = {"statement.txt": b"How they had been added.\n", "charts/members.svg": b"<svg/>"}
    return hand_out(office, [0, 1, 2, 99, 254, 255, 256, 298, 299], extra=extra)


def _witnessed(office: Office) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
    add_witness(office, "witness.example.org/w1", WitnessSigner("witness.example.org/w1", key).key.vkey)


def _signed(office: Office, folder: Path) -> Made:
    _witnessed(office)
    for count in (3, 4, 5, 20, 300):  # published at powers of two, and in between
        add(office.log, count)
        publish(office, "minutes")
    signed_by_others(office, folder)
    add(office.log, 50)
    publish(office, "minutes")
    key = office.log.size
    add(office.log, 9)
    authority = make_authority(folder / f"authority-{key}", "Another TSA")
    take_time_stamp(office, "https://other.example.org", authority.roots, lambda _, query: authority.answer(query))
    return hand_out(office, [1, 2, 3, 7, 8, 100, 333, office.log.size - 1])


def _rotated(office: Office, folder: Path) -> Made:
    _witnessed(office)
    for _ in range(3):
        add(office.log, 20)
        signed_by_others(office, folder)
        log = rotate_key(office.log, folder / "log.key", actor="ada").log
        office = Office(office.database, log, office.now, office.new_id, office.actor)
        publish(office)
    add(office.log, 20)
    return hand_out(office, [0, 1, 5, 22, 23, 24, 25, 60, office.log.size - 1])


def _older(office: Office, folder: Path) -> Made:
    add(office.log, 20)
    publish(office)
    size = office.log.size
    log = rotate_key(office.log, folder / "log.key", actor="ada").log
    office = Office(office.database, log, office.now, office.new_id, office.actor)
    add(office.log, 20)
    return hand_out(office, [3, 19], size=size)


_MAKERS = {
    "one entry": _one,
    "many entries": _many,
    "signed by others": _signed,
    "after changes of the key": _rotated,
    "under an older checkpoint": _older,
}

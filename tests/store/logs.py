"""Evidence logs for the tests: a fixed key, seeded salts, a clock that ticks."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.evidence.trees import ORIGIN, make_signer
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.evidence.note import Signer
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog

START = datetime(2020, 3, 1, 12, tzinfo=UTC)
SIGNER = make_signer()


def make_log(database: Database, outside: Path, *, signer: Signer | None = SIGNER, seed: int = 1) -> EvidenceLog:
    return EvidenceLog(
        database,
        signer=signer,
        verifier=SIGNER.verifier,
        origin=ORIGIN,
        outside=outside,
        entropy=random.Random(seed).randbytes,
        now=lambda: START,
    )


def make_record(number: int, group: str = "prospect-bt", kind: Kind = Kind.OPERATION_OUTCOME) -> Record:
    at = START + timedelta(seconds=number, microseconds=number)
    subject = f"person{number % 7}@bt.example.org"
    return Record(kind, at, group, subject, "cron", "accepted", {"plan": "p1", "number": number})


def add(log: EvidenceLog, count: int, *, batch: int = 1000) -> None:
    """Record `count` things in transactions of `batch`."""
    size = log.size
    for start in range(size, size + count, batch):
        with log.transaction() as transaction:
            for number in range(start, min(start + batch, size + count)):
                transaction.log(make_record(number))

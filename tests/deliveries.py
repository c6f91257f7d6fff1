"""What a webhook's sender sent, as the evidence log's opening of it has it."""

import base64

from workplace_sync.evidence.entry import Kind, parse_opening
from workplace_sync.jobs.office import Office
from workplace_sync.store import audit
from workplace_sync.store.webhooks import Delivery


def content_of(office: Office, delivery: Delivery) -> bytes | None:
    """Return the raw body of a delivery that was read; None where it is not, or no longer, in the log."""
    with office.database.connect() as connection:
        rows = audit.list_entries(connection, kind=Kind.WEBHOOK_RECEIVED, limit=100_000)
    seq = next((row.seq for row in rows if row.data["digest"] == delivery.digest), None)
    opening = None if seq is None else office.log.opening(seq)
    if opening is None:
        return None
    data = parse_opening(opening).data
    text = str(data["body"])
    return base64.b64decode(text) if data["encoding"] == "base64" else text.encode()

"""The evidence log itself: how large, under which key, what others hold of it, and whether it verifies."""

from datetime import timedelta

from starlette.responses import PlainTextResponse, Response

from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.entry import Kind
from workplace_sync.evidence.note import encode_base64
from workplace_sync.jobs.limits import Limit
from workplace_sync.jobs.verifying import Verification, Verifier
from workplace_sync.store import audit, publications
from workplace_sync.store.audit_search import Search
from workplace_sync.store.audit_search import page as page_of_log
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.views.audit import attached

_AT = "/evidence"
_SHOWN = 20
_LIMIT = Limit("verify", 20, timedelta(hours=1))


@page(_AT, Permission.EVIDENCE_READ, menu=Menu("Evidence", 70), help="evidence")
def evidence(ask: Asked) -> Response:
    """Show the log's state, what others hold or have signed of it, and the last times it was verified."""
    log = ask.app.log
    note = log.latest()
    about = open_checkpoint(note, log.keys)
    with ask.app.database.connect() as connection:
        published = publications.newest(connection, _SHOWN)
        witnesses = publications.witnesses(connection)
        signed = publications.newest_cosignatures(connection, _SHOWN)
        stamps = publications.newest_stamps(connection, _SHOWN)
        verified = page_of_log(connection, Search(kind=Kind.EVIDENCE_VERIFIED), limit=5).rows
        newest = audit.entry(connection, about.size - 1)
    return ask.show(
        "evidence.html",
        title="Evidence",
        about=about,
        root=encode_base64(about.root),
        note=note,
        verifier=log.verifier,
        newest=newest,
        published=published,
        witnesses=witnesses,
        signed=signed,
        stamps=stamps,
        verified=verified,
        running=_last(ask),
    )


@page(f"{_AT}/checkpoint", Permission.EVIDENCE_READ, help="evidence")
def checkpoint(ask: Asked) -> Response:
    """Hand out the newest signed checkpoint; it names nobody."""
    note = ask.app.log.latest()
    return PlainTextResponse(note, headers=attached("checkpoint"))


@page(f"{_AT}/verification", Permission.EVIDENCE_READ, method="POST", help="evidence")
def verify(ask: Asked) -> Response:
    """Begin to verify the whole log, beside everything else."""
    ask.limited(_LIMIT)
    kept(ask, Verifier, Verifier).begin(ask.desk)
    return ask.done("", f"{_AT}/verification")


@page(f"{_AT}/verification", Permission.EVIDENCE_READ, help="evidence")
def verification(ask: Asked, still: bool = False) -> Response:  # noqa: FBT001, FBT002 - a word of the address
    """Show how far the verification has come, again every few seconds unless told to stand still; then its result."""
    return ask.show(
        "verification.html",
        title="Verification",
        crumbs=[("Evidence", _AT)],
        running=_last(ask),
        still=still,
    )


def _last(ask: Ask) -> Verification | None:
    return kept(ask, Verifier, Verifier).last

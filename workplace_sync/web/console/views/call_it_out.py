"""Calling it out: the pages on which anybody reports, and comes back with the receipt. No login, no cookie, no script.

Nothing here asks who or where somebody is: no session is looked for, no address is counted by or written down.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Form, UploadFile
from pydantic import BaseModel
from starlette.responses import Response

from workplace_sync.cases.escalation import Confidentiality, Period, Report, Tone
from workplace_sync.errors import CaseError, SyncError, UsageError
from workplace_sync.jobs import word_back
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.jobs.escalations import LONGEST, open_case
from workplace_sync.jobs.identity import Identity
from workplace_sync.jobs.limits import Limit
from workplace_sync.store import sealing
from workplace_sync.web.console import once
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.case_room import contents, public_desk
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import day_given

AT = "/call-it-out"
REPORTS = Limit("call-it-out/reports", 120, timedelta(hours=1))
RECEIPTS = Limit("call-it-out/receipts", 300, timedelta(minutes=10))
"""Of all people together. A receipt cannot be guessed; what is limited is the slow hash that each look takes."""

_SENT_ALREADY = "This page was sent already, and nothing was kept a second time."
_TOO_SOON = "That was very fast for a person. Please press the button once more."
_TOO_OLD = "The page was open for too long. Nothing is lost: please press the button once more."


class ReportForm(BaseModel):
    """What comes with the form of a report, as texts."""

    form: str = ""
    category: str = ""
    tone: str = ""
    area: str = ""
    first: str = ""
    last: str = ""
    words: str = ""
    treatment: str = ""
    name: str = ""
    contact: str = ""
    about: list[str] = []
    files: list[UploadFile] = []


class ReceiptForm(BaseModel):
    """What comes with the forms of a receipt."""

    form: str = ""
    receipt: str = ""
    words: str = ""
    files: list[UploadFile] = []


@page(AT, Permission.PUBLIC, anonymous=True)
def form(ask: Asked) -> Response:
    """Show the form."""
    return _form(ask, _desk(ask), ReportForm())


@page(AT, Permission.PUBLIC, method="POST", anonymous=True, uploads=True)
def send(ask: Asked, given: Annotated[ReportForm, Form()]) -> Response:
    """Take a report in, and show its receipt, once; or show the form again, with what is not right."""
    desk = _desk(ask)
    faults = [*_slip_faults(ask, given.form), *_faults(ask, given), *_sealing_faults(desk, given)]
    if faults:
        return _form(ask, desk, given, faults)
    if wait := once.too_many(ask, REPORTS):
        return _form(ask, desk, given, [_busy(wait)], HTTPStatus.TOO_MANY_REQUESTS)
    if _used(ask, given.form):
        return _told(ask, _SENT_ALREADY, "If you did not see a receipt, open the form anew and send it again.")
    try:
        opened = open_case(
            desk, _report(given), given.words, identity=_identity(given), attachments=contents(given.files)
        )
    except (CaseError, UsageError) as error:
        return _form(ask, desk, given, [_said(error)])
    return ask.show("call-it-out/sent.html", title="Your receipt", receipt=opened.receipt)


@page(f"{AT}/receipt", Permission.PUBLIC, anonymous=True)
def receipt(ask: Asked) -> Response:
    """Show where a receipt is typed in."""
    _desk(ask)
    return _receipt_page(ask)


@page(f"{AT}/receipt", Permission.PUBLIC, method="POST", anonymous=True)
def look(ask: Asked, given: Annotated[ReceiptForm, Form()]) -> Response:
    """Show what a receipt shows. It comes in a form, for an address is written down in many places."""
    desk = _desk(ask)
    if wait := once.too_many(ask, RECEIPTS):
        return _receipt_page(ask, fault=_busy(wait), status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        view = word_back.look(desk, given.receipt)
    except CaseError as error:
        return _receipt_page(ask, fault=_said(error))
    return _receipt_page(ask, view=view, given=given)


@page(f"{AT}/receipt/add", Permission.PUBLIC, method="POST", anonymous=True, uploads=True)
def add(ask: Asked, given: Annotated[ReceiptForm, Form()]) -> Response:
    """Add to a report, or answer a question."""
    desk = _desk(ask)
    fault = next(iter(_slip_faults(ask, given.form)), "")
    if not fault and (wait := once.too_many(ask, RECEIPTS)):
        fault = _busy(wait)
    elif not fault and _used(ask, given.form):
        fault, given = _SENT_ALREADY, ReceiptForm(receipt=given.receipt)
    try:
        if not fault:
            try:
                view = word_back.add(desk, given.receipt, given.words, contents(given.files))
            except (CaseError, UsageError) as error:
                fault = _said(error)
        if fault:
            view = word_back.look(desk, given.receipt)
    except CaseError as error:
        return _receipt_page(ask, fault=_said(error))
    if fault:
        return _receipt_page(ask, view=view, given=given, fault=fault)
    return _receipt_page(ask, view=view, given=ReceiptForm(receipt=given.receipt), done="The union has it now.")


def _said(error: SyncError) -> str:
    return f"{error.message} {error.hint}".strip()


def _desk(ask: Ask) -> CaseDesk:
    """Return the desk; refuses with 404 where the page is not switched on."""
    if not ask.app.settings.call_it_out:
        raise not_found()
    return public_desk(ask)


def _form(
    ask: Ask,
    desk: CaseDesk,
    given: ReportForm,
    faults: Sequence[str] = (),
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    sealers = len(desk.sealers())
    people = ask.console.people()
    titles = [(name, found.title if people and (found := people.find(name)) else "") for name in sorted(desk.officers)]
    return ask.show(
        "call-it-out/form.html",
        title="Call it out",
        status=status if faults else HTTPStatus.OK,
        given=given,
        faults=faults,
        rulebook=desk.rulebook,
        officers=[(name, title or name) for name, title in titles],
        union_only=sealers >= sealing.TWO,
        named=sealers >= 1,
        longest=LONGEST,
        slip=_slip_again(ask, given.form),
    )


def _receipt_page(
    ask: Ask,
    *,
    view: word_back.View | None = None,
    given: ReceiptForm | None = None,
    fault: str = "",
    done: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Show a receipt's page. Its status is the same whether there is such a receipt or not."""
    return ask.show(
        "call-it-out/receipt.html",
        title="Come back with your receipt",
        status=status,
        view=view,
        given=given or ReceiptForm(),
        fault=fault,
        done=done,
        longest=LONGEST,
        slip=_slip_again(ask, given.form if given else ""),
    )


def _told(ask: Ask, sentence: str, hint: str) -> Response:
    return ask.show("call-it-out/told.html", title="Call it out", sentence=sentence, hint=hint)


def _slip_faults(ask: Ask, text: str) -> Sequence[str]:
    slip = once.read_slip(ask, text)
    if slip is None:
        return [_TOO_OLD]
    return [_TOO_SOON] if once.too_soon(ask, slip) else []


def _slip_again(ask: Ask, text: str) -> str:
    """Return a slip of a new number for a form that is shown again: its reader has waited already."""
    slip, fresh = once.read_slip(ask, text), once.fresh_slip(ask)
    return once.signed(ask, once.Slip(slip.opened_at, fresh.number) if slip else fresh)


def _used(ask: Ask, text: str) -> bool:
    slip = once.read_slip(ask, text)
    return slip is None or once.used(ask, slip)


def _busy(wait: timedelta) -> str:
    minutes = max(1, round(wait.total_seconds() / 60))
    return f"Very much is being sent just now. What you wrote is still here: please try again in {minutes} minutes."


def _faults(ask: Ask, given: ReportForm) -> Sequence[str]:
    """Return what is missing or not right, all at once."""
    found = []
    if not given.category:
        found.append("Choose what it is about.")
    if given.tone not in set(Tone):
        found.append("Say whether it is something wrong, or something that got better.")
    if not given.words.strip():
        found.append("Write what was seen or heard.")
    if given.treatment not in set(Confidentiality):
        found.append("Choose how you want to be treated.")
    elif given.treatment != Confidentiality.NOT_NAMED and not given.name.strip():
        found.append("Write your name, or choose not to be named at all.")
    first, last = day_given(given.first), day_given(given.last)
    if (given.first.strip() and not first) or (given.last.strip() and not last):
        found.append("Write days like 2026-11-21, or leave them out.")
    if any(day and day > ask.app.now().date() for day in (first, last)):
        found.append("It cannot have happened in the future.")
    if first and last and last < first:
        found.append("The last day is before the first.")
    return found


def _sealing_faults(desk: CaseDesk, given: ReportForm) -> Sequence[str]:
    """Return that a name cannot be kept safe where too few officers are left to seal it to."""
    needed = 1 if given.treatment == Confidentiality.NAMED else sealing.TWO
    if _identity(given).empty or len(desk.sealers(frozenset(given.about))) >= needed:
        return []
    return ["There are too few officers to keep your name safe: leave out your name and how to reach you."]


def _report(given: ReportForm) -> Report:
    return Report(
        given.category,
        given.area,
        tone=Tone(given.tone),
        confidentiality=Confidentiality(given.treatment),
        happened=_period(day_given(given.first), day_given(given.last)),
        recused=tuple(sorted(set(given.about))),
        via="console",
    )


def _period(first: date | None, last: date | None) -> Period | None:
    begins, ends = first or last, last or first
    return Period(begins, ends) if begins and ends else None


def _identity(given: ReportForm) -> Identity:
    return Identity(given.name.strip(), given.contact.strip())

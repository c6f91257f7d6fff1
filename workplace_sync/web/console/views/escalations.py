"""Members' cases, for officers alone: the list with what is overdue, a case whole, its steps, and what was attached."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Form
from starlette.responses import RedirectResponse, Response

from workplace_sync.cases.escalation import Escalation, Kind, LinkKind, Outcome, State, Step
from workplace_sync.cases.escalation_steps import Role, allowed_now, due
from workplace_sync.errors import CaseError, UsageError
from workplace_sync.jobs import vault
from workplace_sync.jobs.case_desk import CaseDesk, CaseFile
from workplace_sync.jobs.escalations import (
    LONGEST,
    act,
    find_case,
    list_cases,
    list_overdue,
    merge_cases,
    read_case,
    read_file,
)
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.case_room import contents, officers_desk
from workplace_sync.web.console.case_steps import SAID, StepForm, details, facts_of, pages_for
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import RefusalError, not_found
from workplace_sync.web.console.views.audit import attached

_AT = "/escalations"
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "text/plain": "txt",
}


@page(_AT, Permission.CASES, menu=Menu("Escalations", 60), help="escalations")
def escalations(ask: Asked, state: str = "", category: str = "", area: str = "") -> Response:
    """List cases, the oldest first: the open ones, all, or those in one state; what is overdue stands above them."""
    desk = officers_desk(ask)
    found, late = list_cases(desk), list_overdue(desk)
    shown = [
        case
        for case in found
        if _in_state(case, state) and category in {"", case.report.category} and area in {"", case.report.area}
    ]
    ask.noted_read("escalations")
    return ask.show(
        "escalations.html",
        title="Escalations",
        cases=[(case, due(case, desk.rulebook.deadlines)) for case in shown],
        by_id={case.id: case for case in found},
        open_cases=sum(case.open for case in found),
        unread=sum(case.open and case.unread for case in found),
        late=late,
        late_ids={one.case for one in late},
        requests=[(one, vault.reason_of(desk, one)) for one in vault.list_requests(desk)],
        rulebook=desk.rulebook,
        states=list(State),
        state=state,
        category=category,
        area=area,
    )


@page(f"{_AT}/{{ref}}", Permission.CASES, help="escalations")
def escalation(ask: Asked, ref: str) -> Response:
    """Show a case: what was told and done, and what can be done next."""
    desk = officers_desk(ask)
    file = _file(desk, ref)
    if ref != file.case.id:
        return RedirectResponse(f"{_AT}/{file.case.id}", HTTPStatus.SEE_OTHER)
    ask.noted_read("escalation")
    return _shown(ask, desk, file)


@page(f"{_AT}/{{ref}}/steps/{{step}}", Permission.CASES, method="POST", help="escalations", uploads=True)
def take(ask: Asked, ref: str, step: str, given: Annotated[StepForm, Form()]) -> Response:
    """Take a step; or show the case again with what was written, and why it cannot be taken."""
    desk = officers_desk(ask)
    file = _file(desk, ref)
    wanted = next((one.step for one in pages_for(frozenset(Step)) if one.step.value == step), None)
    if wanted is None:
        raise not_found()
    try:
        facts = facts_of(wanted, given, ask.app.now().date(), file.case.kind)
        act(
            desk,
            file.case.id,
            wanted,
            facts=facts,
            words=given.words,
            despite=given.despite == "yes",
            attachments=contents(given.files),
        )
    except (CaseError, UsageError) as error:
        return _shown(ask, desk, file, wanted, given, f"{error.message} {error.hint}".strip())
    left = wanted is Step.RECUSED and given.officer == ask.visitor.name
    return ask.done(f"It is in the case now: {SAID[wanted].lower()}.", _AT if left else f"{_AT}/{file.case.id}")


@page(f"{_AT}/{{ref}}/merge", Permission.CASES, method="POST", help="escalations")
def merge(ask: Asked, ref: str, issue: Annotated[str, Form()] = "") -> Response:
    """Make a case a part of a systemic issue."""
    desk = officers_desk(ask)
    file = _file(desk, ref)
    try:
        merge_cases(desk, file.case.id, find_case(desk, issue))
    except (CaseError, UsageError) as error:
        return ask.done(f"{error.message} {error.hint}".strip(), f"{_AT}/{file.case.id}", kind="fault")
    return ask.done("It is a part of the larger issue now; its receipt still works.", f"{_AT}/{file.case.id}")


@page(f"{_AT}/{{ref}}/files/{{file_id}}", Permission.CASES, help="escalations")
def file_of(ask: Asked, ref: str, file_id: str) -> Response:
    """Hand out what was attached, to be kept and never to be shown within the console."""
    desk = officers_desk(ask)
    case = _file(desk, ref).case.id
    found = read_file(desk, case, file_id)
    ask.noted_read("escalation file")
    name = f"{case}-{file_id}.{_ENDINGS.get(found.media_type, 'bin')}"
    return Response(found.content, media_type=found.media_type, headers=attached(name))


def _file(desk: CaseDesk, ref: str) -> CaseFile:
    """Return a case; refuses with 404 where there is none, or it is not for this officer: the two must look the same."""
    try:
        return read_case(desk, find_case(desk, ref))
    except (CaseError, UsageError):
        raise RefusalError(
            HTTPStatus.NOT_FOUND, "There is no such case.", hint="The list of escalations has those you may see."
        ) from None


def _in_state(case: Escalation, wanted: str) -> bool:
    return case.open if not wanted else wanted in {"all", case.state.value}


def _shown(
    ask: Ask, desk: CaseDesk, file: CaseFile, tried: Step | None = None, given: StepForm | None = None, fault: str = ""
) -> Response:
    case = file.case
    possible = allowed_now(case, Role.OFFICER, desk.actor)
    issues = [one.id for one in list_cases(desk, still_open=True) if one.kind is Kind.SYSTEMIC and one.id != case.id]
    return ask.show(
        "escalation.html",
        title=f"Case {case.id}",
        crumbs=[("Escalations", _AT)],
        status=HTTPStatus.CONFLICT if fault else HTTPStatus.OK,
        case=case,
        file=file,
        due=due(case, desk.rulebook.deadlines),
        events=[
            (event, SAID[event.step], details(event), file.files.get(number, ()))
            for number, event in enumerate(file.events)
        ],
        steps=pages_for(possible),
        may_merge=Step.MERGED in possible,
        may_unseal=Step.UNSEALED in possible and file.sealed,
        issues=issues,
        requests=[(one, vault.reason_of(desk, one)) for one in vault.list_requests(desk) if one.case == case.id],
        rulebook=desk.rulebook,
        officers=sorted(desk.officers - case.recused),
        kinds=list(Kind),
        outcomes=list(Outcome),
        link_kinds=list(LinkKind),
        longest=LONGEST,
        tried=tried,
        given=given or StepForm(),
        blank=StepForm(),
        fault=fault,
    )

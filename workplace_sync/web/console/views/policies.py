"""The policies: what the union promises of itself and what the platform's owner published, on any day, tried by cases."""

import difflib
import json
from collections.abc import Sequence
from threading import Lock
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from workplace_sync.errors import Fault, InputError, UsageError
from workplace_sync.jobs.policy_cases import Report, run_cases
from workplace_sync.jobs.policy_folder import read_folder
from workplace_sync.jobs.policy_log import activations_logged
from workplace_sync.policy.answers import TopicAnswer, in_force_on, topics
from workplace_sync.policy.case_words import failure_lines
from workplace_sync.policy.decision import Shelf
from workplace_sync.policy.params import shown
from workplace_sync.policy.shelf import Policy
from workplace_sync.policy.testing import Status
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.desk import Fresh
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import day_asked, end_of

_AT = "/policies"
_AT_ONCE = 20
_TITLES = {Shelf.UNION: "What the union promises of itself", Shelf.PLATFORM: "What the platform's owner published"}
_TITLES |= {Shelf.BUILT_IN: "What is built in and always holds"}


class Tried:
    """What the cases of the policies show, run again once a file has changed, by one request at a time."""

    def __init__(self, ask: Ask) -> None:
        folder = ask.app.settings.policies_dir
        self._lock = Lock()
        self._run = Fresh(lambda: _tried(ask), lambda: folder.glob("**/*"))

    def __call__(self) -> Report | Sequence[Fault]:
        """Return the report, or the faults for which the cases cannot be run."""
        with self._lock:
            return self._run()


def _tried(ask: Ask) -> Report | Sequence[Fault]:
    try:
        return run_cases(read_folder(ask.app.settings.policies_dir))
    except InputError as error:
        return error.faults or [Fault("", 0, 0, "", error.message, error.hint)]
    except UsageError as error:
        return [Fault("", 0, 0, "", error.message, error.hint)]


@page(_AT, Permission.POLICIES_READ, menu=Menu("Policies", 60), help="policies")
def policies(ask: Asked, at: str = "", topic: str = "") -> Response:
    """Show both shelves as they held on a day, of one topic if it is asked for."""
    whole = ask.console.rules().policies
    day = day_asked(at)
    time = end_of(day) or ask.app.now()
    answer = in_force_on(whole, topic, time) if topic else None
    found = answer.in_force if answer else whole.in_force(time).policies
    shelves = [(_TITLES[shelf], [one for one in found if one.shelf is shelf]) for shelf in _TITLES]
    return ask.show(
        "policies.html",
        title="Policies",
        shelves=[(title, held) for title, held in shelves if held or not topic],
        answer=None if answer is None else _sentence(answer),
        exceptions=[one for one in whole.exceptions if one.in_force(time)],
        topics=topics(whole),
        topic=topic,
        at=day.isoformat() if day else "",
        time=time,
        revision=whole.revision,
        later=[one for one in whole.policies if one.begins > time] if not topic else [],
    )


@page(f"{_AT}/log", Permission.POLICIES_READ, help="policies")
def log(ask: Asked, before: Annotated[int | None, Query(ge=0, lt=2**31)] = None) -> Response:
    """Show when which policies came into use, by whom, and what had changed."""
    found = activations_logged(ask.app.office, _AT_ONCE + 1, before)
    shown_ones = found[:_AT_ONCE]
    return ask.show(
        "policies-log.html",
        title="When policies came into use",
        crumbs=[("Policies", _AT)],
        activations=shown_ones,
        older=f"{_AT}/log?before={shown_ones[-1].seq}" if len(found) > _AT_ONCE else "",
        newer=f"{_AT}/log" if before is not None else "",
    )


@page(f"{_AT}/cases", Permission.POLICIES_READ, help="policies")
def cases(ask: Asked) -> Response:
    """Show what the cases that try the policies came to, and which conditions none of them has shown."""
    tried = kept(ask, Tried, lambda: Tried(ask))()
    report = tried if isinstance(tried, Report) else None
    return ask.show(
        "policies-cases.html",
        title="Cases that try the policies",
        crumbs=[("Policies", _AT)],
        report=report,
        faults=() if isinstance(tried, Report) else tried,
        passed=report.count(Status.PASS) if report else 0,
        skipped=report.count(Status.SKIP) if report else 0,
        failures=[(one, list(failure_lines(one))) for one in report.failed] if report else [],
    )


@page(f"{_AT}/{{policy_id}}", Permission.POLICIES_READ, help="policies")
def policy(
    ask: Asked,
    policy_id: str,
    version: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    since: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> Response:
    """Show a policy in the version in force, or another one; and what a version changed of an earlier one."""
    whole = ask.console.rules().policies
    versions = whole.versions(policy_id)
    found = version_asked(versions, version, ask)
    earlier = _earlier(versions, found, since)
    tried = kept(ask, Tried, lambda: Tried(ask))()
    results = [one for one in tried.results if one.policy == policy_id] if isinstance(tried, Report) else []
    cite = f"{found.id}@{found.version}"
    about = found.document.metadata
    return ask.show(
        "policy.html",
        title=about.title,
        crumbs=[("Policies", _AT)],
        policy=found,
        about=about,
        published=getattr(about, "published", None),
        clauses=getattr(found.document, "clauses", ()),
        params=[(name, shown(param.value), param) for name, param in found.document.params.items()],
        versions=versions,
        earlier=earlier,
        changes=[] if earlier is None else difference_lines(earlier, found),
        results=results,
        passed=sum(one.status is Status.PASS for one in results),
        unseen=[one for one in tried.coverage.unseen if one.name.startswith(cite)] if isinstance(tried, Report) else [],
    )


def difference_lines(before: Policy, after: Policy) -> list[tuple[str, str]]:
    """Return what differs between two versions, as pairs of a mark ("+", "-" or "") and a line."""
    old, new = (json.dumps(_told(one), indent=1, ensure_ascii=False).splitlines() for one in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
    return [(line[:1].strip() if not line.startswith("@@") else "@", line[1:]) for line in lines]


def _told(one: Policy) -> object:
    return one.document.model_dump(mode="json", exclude_defaults=True)


def _sentence(answer: TopicAnswer) -> str:
    return answer.sentence()[:1].upper() + answer.sentence()[1:]


def version_asked(versions: Sequence[Policy], version: int | None, ask: Ask) -> Policy:
    """Return the version asked for, or the one in force, or the last one."""
    if version is None and versions:
        return next((one for one in versions if one.in_force(ask.app.now())), versions[-1])
    found = next((one for one in versions if one.version == version), None)
    if found is None:
        raise not_found()
    return found


def _earlier(versions: Sequence[Policy], found: Policy, since: int | None) -> Policy | None:
    """Return the version to compare with: the one asked for, or the one before."""
    before = [one for one in versions if one.version < found.version]
    if since is None:
        return before[-1] if before else None
    chosen = next((one for one in before if one.version == since), None)
    if chosen is None:
        raise not_found()
    return chosen

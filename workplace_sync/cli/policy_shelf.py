"""`workplace-sync policy list`, `show`, `in-force`, `exceptions`, `log`, `schema`: what the shelves hold, and held."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.options import LAST_NUMBER
from workplace_sync.cli.output import Column, Format
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.policy.decision import Shelf
    from workplace_sync.policy.document import AnyRule
    from workplace_sync.policy.params import Param
    from workplace_sync.policy.shelf import Policy, PolicySet

At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="As of this time (UTC); now otherwise.")]
OnShelf = Annotated[
    str | None, typer.Option("--shelf", metavar="SHELF", help="Only on this shelf: union, platform or built-in.")
]

_SHORT = 19  # characters of a hash that people compare: sha256: and twelve digits


def list_(context: typer.Context, at: At = None, shelf: OnShelf = None) -> None:
    """List the policies in force at a time, the union's and those of the platform's owner.

    Example: workplace-sync policy list --at 2024-03-01
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it

    with Application(call.settings) as app:
        time, policies = _time(app, at), app.rules.policies
    found = [one for one in policies.in_force(time).policies if _shelf(shelf) in {None, one.shelf}]
    names = ("policy", "version", "shelf", "begins", "ends", "hash", "topics", "title")
    columns = [Column(name, name, number=name == "version") for name in names]
    cells = _cells if call.format is Format.TEXT else _data
    rows = ([cells(one)[name] for name in names] for one in found)
    call.output.table("policy-list/1", columns, rows, about={"at": time, "revision": policies.revision})


def in_force(
    context: typer.Context,
    topic: Annotated[str, typer.Option("--topic", metavar="TOPIC", help="What it is about, such as bulk-add.")],
    at: At = None,
    shelf: OnShelf = None,
) -> None:
    """Tell which texts were in force about a topic at a time; "none" comes with what the platform's shelf held then.

    Example: workplace-sync policy in-force --topic bulk-add --at 2020-02-01
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.policy.answers import in_force_on, topics  # noqa: PLC0415

    with Application(call.settings) as app:
        time, policies = _time(app, at), app.rules.policies
    answer = in_force_on(policies, topic, time, _shelf(shelf))
    if topic not in (known := topics(policies)):
        call.output.note(f"No text of any time has the topic {topic}. The topics are: {', '.join(known) or 'none'}.")
    data = {
        "topic": topic,
        "at": time,
        "revision": policies.revision,
        "answer": answer.sentence(),
        "in_force": [_data(one) for one in answer.in_force],
        "shelf_held": [_data(one) for one in answer.held],
    }
    shown = answer.in_force or answer.held
    call.output.show("policy-in-force/1", data, [answer.sentence(), *(f"  {_line(one)}" for one in shown)])


def show(
    context: typer.Context,
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="The policy's id, as `policy list` shows it.")],
    version: Annotated[
        int | None, typer.Option("--version", min=1, max=LAST_NUMBER, help="This version of it.")
    ] = None,
    at: At = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="GROUP", help="With the parameters as they are for this group.")
    ] = None,
) -> None:
    """Show one policy: the published text behind it, its rules, and its parameters in force.

    Example: workplace-sync policy show union-consent --at 2024-03-01
    """
    call = invocation(context)
    if version is not None and at is not None:
        raise UsageError("A version has a time of its own.", hint="Give either --version or --at.")
    from workplace_sync.app import Application  # noqa: PLC0415

    with Application(call.settings) as app:
        policies = app.rules.policies
        found = _find(policies, policy, version, _time(app, at))
        params = _params(app, found, group)
    others = policies.versions(found.id)
    call.output.show(
        "policy/1",
        {
            **_data(found),
            "file": found.file,
            "params": params,
            "versions": [_data(one) for one in others],
            "document": found.document.model_dump(mode="json"),
        },
        lambda: list(_told(found, others, params)),
    )


def exceptions(context: typer.Context, at: At = None) -> None:
    """List the exceptions from rules: in force, ended, or not begun.

    Example: workplace-sync policy exceptions
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415

    with Application(call.settings) as app:
        time, found = _time(app, at), app.rules.policies.exceptions
    names = ("exception", "state", "approved_at", "expires_at", "owner", "approver", "rules", "reason")
    rows = (
        (
            one.id,
            "in force" if one.in_force(time) else "ended" if one.has_expired(time) else "not begun",
            one.document.approved_at,
            one.document.expires_at,
            one.document.owner,
            one.document.approver,
            ", ".join(one.document.rules) if call.format is Format.TEXT else one.document.rules,
            one.document.reason,
        )
        for one in found
    )
    call.output.table("policy-exceptions/1", [Column(name, name) for name in names], rows, about={"at": time})
    if not found:
        call.output.note("There are no exceptions.")


def log(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
) -> None:
    """Tell when which policies came into use, by whom, and what had changed: from the evidence log.

    Example: workplace-sync policy log
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.policy_log import activations_logged  # noqa: PLC0415

    with Application(call.settings) as app:
        found = activations_logged(app.office, limit)
    data = {"activations": [one.data() for one in found]}
    lines = [line for one in found for line in (one.head(), *(f"  {sentence}" for sentence in one.sentences))]
    call.output.show("policy-log/1", data, lines or "No policies have come into use yet: the first plan does that.")


def schema(context: typer.Context) -> None:
    """Print the JSON Schema of policy files, with which an editor checks and completes them.

    Example: workplace-sync policy schema
    """
    invocation(context)
    from workplace_sync.policy.schema import schema_text  # noqa: PLC0415

    typer.echo(schema_text(), nl=False)


def _time(app: "Application", at: str | None) -> datetime:
    from workplace_sync.cli.people import parse_time  # noqa: PLC0415

    return app.now() if at is None else parse_time(at)


def _shelf(name: str | None) -> "Shelf | None":
    from workplace_sync.policy.decision import Shelf  # noqa: PLC0415

    if name is None:
        return None
    if name not in set(Shelf):
        raise UsageError("There is no such shelf.", hint=f"The shelves are: {', '.join(Shelf)}.")
    return Shelf(name)


def _find(policies: "PolicySet", name: str, version: int | None, at: datetime) -> "Policy":
    from difflib import get_close_matches  # noqa: PLC0415

    versions = policies.versions(name)
    if not versions:
        near = get_close_matches(name, {one.id for one in policies.policies}, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError("There is no such policy.", hint=f"{hint}See `workplace-sync policy list`.")
    numbers = ", ".join(str(one.version) for one in versions)
    found = [one for one in versions if (one.in_force(at) if version is None else one.version == version)]
    if not found:
        what = f"no version {version}" if version is not None else f"no version in force on {at:%Y-%m-%d}"
        raise UsageError(f"{name} has {what}.", hint=f"Its versions are: {numbers}. Name one with --version.")
    return found[0]


def _params(app: "Application", policy: "Policy", group: str | None) -> dict[str, object]:
    from workplace_sync.policy.overrides import effective_params  # noqa: PLC0415
    from workplace_sync.policy.params import param_text  # noqa: PLC0415

    overrides = app.group(group).managed.params if group else {}
    found = effective_params(app.rules.policies, [policy], group or "", overrides)[policy.id]
    return {name.removeprefix("params."): param_text(value) for name, value in found.items()}


def _data(policy: "Policy") -> dict[str, object]:
    about = policy.document.metadata
    return {
        "policy": policy.id,
        "version": policy.version,
        "shelf": policy.shelf.value,
        "owner": about.owner,
        "title": about.title,
        "topics": list(about.topics),
        "begins": policy.begins,
        "ends": policy.ends,
        "published": getattr(about, "published", None),
        "source": about.source.title,
        "url": about.source.url,
        "sha256": about.source.sha256,
        "hash": policy.hash,
    }


def _cells(policy: "Policy") -> dict[str, object]:
    short = {
        "begins": _day(policy.begins),
        "ends": _day(policy.ends),
        "hash": policy.hash[:_SHORT],
        "topics": ", ".join(policy.document.metadata.topics),
    }
    return _data(policy) | short


def _line(policy: "Policy") -> str:
    about = policy.document.metadata
    where = f", {about.source.url}" if about.source.url else ""
    span = f"from {_day(policy.begins)}" + (f" until {_day(policy.ends)}" if policy.ends else "")
    return f"{policy.id}@{policy.version} ({policy.shelf.value}, {about.owner}) {about.title}: in force {span}{where}"


def _told(policy: "Policy", versions: Sequence["Policy"], params: dict[str, object]) -> Iterator[str]:
    about, document = policy.document.metadata, policy.document
    yield f"{policy.id} version {policy.version}: {about.title}"
    yield f"  shelf      {policy.shelf.value}, {about.owner}"
    yield f"  in force   from {_day(policy.begins)}" + (f" until {_day(policy.ends)}" if policy.ends else "")
    yield f"  published  {about.source.title} {about.source.url}".rstrip()
    if about.source.sha256:
        yield f"  sha256     {about.source.sha256}"
    yield f"  content    {policy.hash}"
    yield f"  topics     {', '.join(about.topics) or 'none'}"
    yield f"  versions   {', '.join(f'{one.version} (from {_day(one.begins)})' for one in versions)}"
    for clause in getattr(document, "clauses", ()):
        yield f"  clause {clause.id}: {clause.text}"
    for condition in document.match.conditions:
        yield f"  only where {condition.name}: {condition.expression}"
    for rule in document.all_rules:
        yield from _rule_told(rule)
    if not document.all_rules:
        yield "  no rules: the text does not speak of what we do"
    for name, value in params.items():
        yield from _param_told(name, value, document.params[name])


def _rule_told(rule: "AnyRule") -> Iterator[str]:
    clause = f", clause {rule.clause}" if rule.clause else ""
    audit = ", tried out: it is listed and never stops anything" if rule.mode.value == "audit" else ""
    yield f"  rule {rule.id}: {rule.title}".rstrip(": ") + f" ({rule.effect}{clause}{audit})"
    for condition in rule.stated:
        yield f"      must be true: {' '.join(condition.expression.split())}"
    yield f"      otherwise: {rule.message}"


def _param_told(name: str, value: object, param: "Param") -> Iterator[str]:
    yield f"  parameter {name} = {value}; a group may set {param.allowed}"
    if param.description:
        yield f"      {param.description}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""

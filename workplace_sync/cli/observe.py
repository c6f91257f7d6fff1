"""`workplace-sync observe`: read a group, tell who is gone, and take how its posts are received."""

from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.people import Group

if TYPE_CHECKING:
    from workplace_sync.cases.incident import Engagement
    from workplace_sync.jobs.engagement import Taken
    from workplace_sync.jobs.observe import Observation


def observe(
    context: typer.Context,
    group: Group,
    engagement: Annotated[
        bool, typer.Option("--engagement", help="Also take how often its posts were seen, as counts without names.")
    ] = False,
    weeks: Annotated[
        int, typer.Option("--weeks", min=1, max=104, help="Posts of so many weeks, with --engagement.")
    ] = 8,
    by: By = None,
) -> int:
    """Read the group, keep what was seen, and tell who is gone without our doing. Ends with 6 when it cannot be read.

    Who is missing counts as gone when a second complete reading misses them too (see the settings CONFIRM_...).

    Example: workplace-sync observe prospect-bt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs import observe as job  # noqa: PLC0415
    from workplace_sync.jobs.endings import end_observation  # noqa: PLC0415
    from workplace_sync.jobs.engagement import take_engagement  # noqa: PLC0415
    from workplace_sync.jobs.running import Verb  # noqa: PLC0415

    taken = None
    with Application(call.settings, actor=by) as app:
        found = app.group(group)
        with app.running(group, Verb.OBSERVE) as run, app.platform(found) as platform:
            seen = job.observe(run.office, found.managed, run.reading(platform.reader()))
            seen.require_complete()
            if engagement:
                taken = take_engagement(run.office, found.managed, platform.reader(), weeks)
            code = end_observation(run, seen)
    data = _data(group, seen) | ({} if taken is None else {"engagement": _engagement_data(taken)})
    news = bool(seen.come or seen.gone or seen.suspected or taken)
    call.output.show(
        "observe/1", data, [*_lines(group, seen), *([] if taken is None else [_engagement(taken)])], news=news
    )
    return code


def _data(group: str, seen: "Observation") -> dict[str, object]:
    episode = seen.episode
    return {
        "group": group,
        "snapshot": seen.snapshot.id,
        "taken_at": seen.snapshot.taken_at,
        "members": seen.snapshot.members,
        "come": seen.come,
        "gone": seen.gone,
        "departed_not_by_us": len(seen.departures),
        "causes": seen.causes,
        "suspected": seen.suspected,
        "unconfirmed": seen.unconfirmed,
        "incident": None
        if episode is None
        else {"id": episode.incident.id, "new": episode.new, "more": episode.more, "people": episode.incident.people},
    }


def _lines(group: str, seen: "Observation") -> list[str]:
    snapshot = seen.snapshot
    lines = [f"{group}: {snapshot.members:,} members, read completely in {snapshot.completeness.pages} pages."]
    if not seen.first:
        lines.append(f"  Since the reading before: {seen.come:,} came, {seen.gone:,} are gone.")
    if seen.departures:
        causes = ", ".join(f"{number:,} {cause.replace('_', ' ')}" for cause, number in seen.causes.items())
        lines += [
            (
                f"  {len(seen.departures):,} of them without an operation of ours; each is in the evidence log:"
                f" workplace-sync audit list --group {group} --kind member.departed"
            ),
            f"  Why, as far as can be seen: {causes}.",
        ]
    if seen.suspected:
        why = f", as the reading to confirm it failed: {seen.unconfirmed.rstrip('.')}" if seen.unconfirmed else ""
        lines.append(
            f"  {seen.suspected:,} are missing and not yet confirmed to be gone{why}. The next reading decides."
        )
    if seen.episode:
        incident = seen.episode.incident
        what = "opened" if seen.episode.new else "goes on"
        lines.append(f"  Incident {what}, {incident.people:,} people: workplace-sync incident show {incident.id}")
    return lines


def _engagement(taken: "Taken") -> str:
    if taken.mean is None:
        return f"  No post was written since {taken.since:%Y-%m-%d}."
    return f"  {taken.posts:,} posts since {taken.since:%Y-%m-%d}: {received(taken.mean)}."


def received(mean: "Engagement") -> str:
    """Return how posts were received on average, in words."""
    parts = (("seen by", mean.seen_tenths), ("reactions", mean.reactions_tenths), ("comments", mean.comments_tenths))
    told = [f"{word} {tenths / 10:,.1f}" for word, tenths in parts if tenths is not None]
    return f"on average {', '.join(told)}" if told else "the platform tells no counts"


def _engagement_data(taken: "Taken") -> dict[str, object]:
    return {"since": taken.since, "posts": taken.posts, "mean": mean_data(taken.mean)}


def mean_data(mean: "Engagement | None") -> dict[str, object] | None:
    """Return how posts were received, as JSON has it."""
    if mean is None:
        return None
    tenths = {"seen": mean.seen_tenths, "reactions": mean.reactions_tenths, "comments": mean.comments_tenths}
    return {"posts": mean.posts} | {name: None if each is None else each / 10 for name, each in tenths.items()}

"""`workplace-sync account token ...`: tokens with which programs use the API in somebody's name."""

from collections.abc import Sequence
from typing import Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column
from workplace_sync.errors import UsageError


def token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account whose token it is.")],
    scopes: Annotated[str, typer.Option(metavar="SCOPES", help="What it is good for: groups:read,plans:read,...")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How many days it is good for.")] = 90,
    label: Annotated[str, typer.Option(help="What it is for, so that it can be told from others.")] = "a program",
    by: By = None,
) -> None:
    """Make a token for a program; it is shown this once, and only its hash is kept.

    The program may do what the account may, within the scopes.

    Example: workplace-sync account token grace --scopes groups:read,plans:read --days 90
    """
    call = invocation(context)
    from datetime import timedelta  # noqa: PLC0415 - `--help` needs none of it

    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import api_tokens  # noqa: PLC0415

    chosen = _scopes(scopes)
    with Application(call.settings, actor=by) as opened:
        made = api_tokens.issue(opened.office, name, label, chosen, timedelta(days=days))
    kept = made.token
    data = {"account": name, "id": kept.id, "token": made.secret, "scopes": kept.scopes, "until": kept.expires_at}
    told = [
        made.secret,
        f"Keep it now: it is not shown again. It is good for {', '.join(kept.scopes)} until {kept.expires_at:%Y-%m-%d}.",
        f"To end it before: workplace-sync account revoke-token {kept.id}",
    ]
    call.output.show("account-token/1", data, told)


def tokens(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Of this account alone.")] = None,
) -> None:
    """List the tokens of programs, newest first; the tokens themselves are not kept, so nobody can read them here.

    Example: workplace-sync account tokens grace
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import api_tokens  # noqa: PLC0415

    with Application(call.settings) as opened:
        now, found = opened.now(), api_tokens.listed(opened.office, name)
    rows = [
        (
            one.id,
            one.account,
            one.label,
            "revoked" if one.revoked_at else "expired" if one.expires_at <= now else "good",
            ", ".join(one.scopes),
            f"{one.expires_at:%Y-%m-%d}",
            f"{one.last_used_at:%Y-%m-%d}" if one.last_used_at else "",
        )
        for one in found
    ]
    names = ("id", "account", "label", "state", "scopes", "until", "last_used")
    call.output.table("account-tokens/1", [Column(each, each.replace("_", " ")) for each in names], rows)


def revoke_token(
    context: typer.Context,
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `account tokens` lists it; not the token itself.")],
    by: By = None,
) -> None:
    """End a token at once.

    Example: workplace-sync account revoke-token 0197f2c4
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import api_tokens  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        api_tokens.revoke(opened.office, token_id)
    call.output.show(
        "account-revoke-token/1", {"id": token_id}, "The token was revoked; nothing is done with it any more."
    )


def _scopes(text: str) -> Sequence[str]:
    """Return the scopes named; raises UsageError for one that there is not, with the nearest."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for who errs

    from workplace_sync.web.console.permissions import Permission  # noqa: PLC0415

    known = sorted(each.value for each in Permission if each is not Permission.PUBLIC)
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    for one in chosen:
        if one not in known:
            near = get_close_matches(one, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"They are {', '.join(known)}."
            raise UsageError("There is no such scope.", hint=hint)
    if not chosen:
        raise UsageError("A token needs a scope.", hint=f"They are {', '.join(known)}.")
    return chosen

"""`workplace-sync policy ...`: what is in force, since when, by whose word, and what the rules make of somebody."""

from typing import Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column
from workplace_sync.cli.policy_explain import explain
from workplace_sync.cli.policy_lint import lint
from workplace_sync.cli.policy_test import run_policy_cases

app = typer.Typer(rich_markup_mode=None)
app.command()(explain)
app.command()(lint)
app.command("test")(run_policy_cases)

At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="As of this time (UTC); now otherwise.")]


@app.command("list")
def list_(context: typer.Context, at: At = None) -> None:
    """List the policies in force at a time.

    Example: workplace-sync policy list --at 2024-03-01
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.cli.people import parse_time  # noqa: PLC0415

    with Application(call.settings) as opened:
        time = opened.now() if at is None else parse_time(at)
        found = opened.rules.policies.in_force(time).policies
    rows = [(policy.id, policy.document.metadata.version, policy.document.metadata.title) for policy in found]
    columns = [Column("policy", "policy"), Column("version", "version", number=True), Column("title", "title")]
    call.output.table("policy-list/1", columns, rows, about={"at": time})


@app.callback()
def _group() -> None:
    """Read, check and try the policies."""

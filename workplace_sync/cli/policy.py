"""`workplace-sync policy ...`: what is in force, since when, by whose word, and what the rules make of somebody."""

import typer

from workplace_sync.cli import policy_shelf
from workplace_sync.cli.policy_backtest import backtest, tune
from workplace_sync.cli.policy_diff import diff
from workplace_sync.cli.policy_explain import explain
from workplace_sync.cli.policy_lint import lint
from workplace_sync.cli.policy_test import run_policy_cases

app = typer.Typer(rich_markup_mode=None)
app.command("list")(policy_shelf.list_)
app.command()(policy_shelf.show)
app.command()(policy_shelf.in_force)
app.command()(policy_shelf.exceptions)
app.command()(policy_shelf.log)
app.command()(policy_shelf.schema)
app.command()(explain)
app.command()(diff)
app.command()(backtest)
app.command()(tune)
app.command()(lint)
app.command("test")(run_policy_cases)


@app.callback()
def _group() -> None:
    """Read, check and try the policies."""

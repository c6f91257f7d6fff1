"""`workplace-sync version`."""

import platform

import typer

from workplace_sync import __version__
from workplace_sync.cli.invocation import invocation


def version(context: typer.Context) -> None:
    """Tell which version this is, and on what it runs.

    Example: workplace-sync version -o json
    """
    data = {"version": __version__, "python": platform.python_version(), "system": platform.platform()}
    invocation(context).output.show(
        "version/1", data, f"workplace-sync {data['version']} (Python {data['python']}, {data['system']})"
    )

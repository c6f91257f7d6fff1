"""`workplace-sync metrics`: counts and times for Prometheus, on standard output or in a file that its node exporter reads."""

import os
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.errors import InputError


def metrics(
    context: typer.Context,
    textfile: Annotated[
        Path | None,
        typer.Option(
            "--textfile", metavar="FILE", help="Write them to this file at once, as the node exporter wants it."
        ),
    ] = None,
) -> None:
    """Tell how all groups stand, as Prometheus reads it: counts by group, kind and outcome, and times; nobody's name.

    Example: workplace-sync metrics --textfile /var/lib/node_exporter/workplace_sync.prom
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.metrics import prometheus_text  # noqa: PLC0415

    with Application(call.settings) as app:
        text = prometheus_text(app)
    if textfile is None:
        sys.stdout.write(text.decode())
    else:
        _replace(textfile, text)


def _replace(file: Path, text: bytes) -> None:
    """Put the text in the place of the file, whole: whoever reads it meanwhile sees the old one or the new one."""
    if file.exists() and not file.is_file():  # putting a file in the place of a device breaks it for everybody
        raise InputError(f"{file} is no ordinary file.", hint="Name a file, or leave --textfile out.")
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as made:
            temporary = Path(made.name)
        try:
            temporary.write_bytes(text)
            temporary.chmod(0o644)  # another user's program reads it, and nothing in it is secret
            os.replace(temporary, file)  # noqa: PTH105 - the standard name for what has to be atomic
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{file} cannot be written ({error.strerror}).", hint="Name a file in a folder that this user may write."
        ) from None

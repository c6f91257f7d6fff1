"""`workplace-sync demo`: the whole story, in under a minute."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Format
from workplace_sync.errors import ExitCode, UsageError

_WIDTH = 100
_FOLDER = Path("workplace-sync-demo")


def demo(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="Where to play; left for a look around.")
    ] = _FOLDER,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The sandbox's port; any free one otherwise.")] = 0,
) -> int:
    """Play the whole story on an invented platform: plan, hold, approval, 5,000 added, taken out by the employer, proved.

    Example: workplace-sync demo --folder /tmp/demo
    """
    call = invocation(context)
    import textwrap  # noqa: PLC0415 - `--help` needs none of it

    from workplace_sync import logs  # noqa: PLC0415
    from workplace_sync.demo.story import play  # noqa: PLC0415

    logs.configure("warning", "auto")
    number = 0

    def tell(sentence: str) -> None:
        nonlocal number
        number += 1
        if call.format is Format.TEXT:
            typer.echo(
                textwrap.fill(
                    sentence, _WIDTH, initial_indent=f"{number:>2}. ", subsequent_indent="    ", break_on_hyphens=False
                )
            )

    told = play(folder, _shelf(), tell, port=port)
    good = told.evidence_verified and told.openssl_verified and told.bundle_openssl_verified
    here = f"{_called_as()} --home {folder}"
    closing = [
        "",
        f"Done in {told.seconds} s, with {told.requests_sent} requests to the platform. Look around in {folder}:",
        f"  {here} plans",
        f"  {here} audit list --kind member.departed --limit 5",
        f"  {here} evidence verify",
        f"  {here} evidence key",
        f"Or look at it in the console: {_console(folder, here)}",
    ]
    call.output.show("demo/1", asdict(told), closing)
    return ExitCode.DONE if good else ExitCode.EVIDENCE


def _console(folder: Path, here: str) -> str:
    """Return what opens the console on a folder: as a short word where the Makefile is at hand and means that folder."""
    short = folder == _FOLDER and Path("Makefile").exists()
    return "make console" if short else f"{here} account invite ada && {here} serve"


def _called_as() -> str:
    """Return how this program was called, as far as it can be typed again."""
    import sys  # noqa: PLC0415 - only here

    name = sys.argv[0]
    return name if Path(name).name == "workplace-sync" else "workplace-sync"


def _shelf() -> Path:
    """Return the policies that come with the source."""
    import workplace_sync  # noqa: PLC0415 - only to find where it lies

    shelf = Path(workplace_sync.__file__).parent.parent / "policies"
    if not shelf.is_dir():
        raise UsageError(
            "The shipped policies are not here.", hint="Run the demo from a copy of the source: `make demo`."
        )
    return shelf

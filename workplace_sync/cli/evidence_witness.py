"""`workplace-sync evidence witness ...`: other people who say which log they have seen, and sign no second history."""

from pathlib import Path
from typing import Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation

app = typer.Typer(rich_markup_mode=None, help="Let other people cosign checkpoints.")

KeyFile = Annotated[Path, typer.Option("--key", metavar="FILE", help="The witness's own key file.")]


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The witness's name, with which the key begins.")],
    vkey: Annotated[str, typer.Argument(metavar="VKEY", help="The witness's key, as `witness key` shows it.")],
    by: By = None,
) -> None:
    """Take somebody in as a witness, by the key that they published; recorded.

    Example: workplace-sync evidence witness add rep.example.org/w1 "rep.example.org/w1+c0628f93+BG6b3fU6qEjmDYyKHlJDPdrjGtdZjNf6JVqAGRNzHU2q"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.witness import add_witness  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        key = add_witness(opened.office, name, vkey)
    data = {"witness": key.name, "vkey": key.vkey}
    call.output.show("evidence-witness-add/1", data, f"{key.name} is a witness now; bundles name the key.")


@app.command()
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The checkpoint as a witness sent it back.")],
) -> None:
    """Keep what witnesses have signed, once it is good and over this log; ends with 7 when it is not.

    Example: workplace-sync evidence witness check checkpoint.cosigned
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.publish import read_kept  # noqa: PLC0415
    from workplace_sync.jobs.witness import check_cosigned  # noqa: PLC0415

    with Application(call.settings) as opened:
        found = check_cosigned(opened.office, read_kept(file))
    data = {"cosignatures": [{"witness": one.witness, "at": one.at} for one in found]}
    text = [f"{one.witness} has signed it, at {one.at:%Y-%m-%d %H:%M:%S} UTC by their clock." for one in found]
    call.output.show("evidence-witness-check/1", data, text)


@app.command()
def key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An address of the witness's, without https://.")],
    file: KeyFile,
) -> None:
    """Make a key for cosigning: for the witness, on the witness's own machine.

    Example: workplace-sync evidence witness key rep.example.org/w1 --key witness.key
    """
    call = invocation(context)
    from workplace_sync.jobs.witness import create_witness_key  # noqa: PLC0415

    made = create_witness_key(file, name)
    data = {"witness": made.name, "vkey": made.vkey, "key_file": str(file)}
    call.output.show("evidence-witness-key/1", data, [f"Give the union this line, and publish it: {made.vkey}"])


@app.command()
def cosign(
    context: typer.Context,
    checkpoint: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="What the union sent: a checkpoint, with a proof after the first time."),
    ],
    file: KeyFile,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file to send back.")],
    log_key: Annotated[
        str | None,
        typer.Option("--log-key", metavar="VKEY", help="The log's key as the union published it; the first time."),
    ] = None,
) -> None:
    """Sign that a checkpoint is consistent with all signed before: for the witness. Ends with 7 when it is not.

    Beside the key a file remembers what was signed; keep it, and never go back to an older copy.

    Example: workplace-sync evidence witness cosign request.txt --key witness.key --out checkpoint.cosigned
    """
    call = invocation(context)
    from workplace_sync.app import utc_now  # noqa: PLC0415
    from workplace_sync.jobs.publish import read_kept, require_new, write_new  # noqa: PLC0415
    from workplace_sync.jobs.witness import cosign as sign  # noqa: PLC0415

    require_new(out)
    done = sign(file, read_kept(checkpoint), utc_now(), log_key=log_key)
    write_new(out, done.note)
    data = {
        "file": str(out),
        "origin": done.about.origin,
        "size": done.about.size,
        "witness": done.witness,
        "first": done.first,
    }
    grown = "the first that you sign of it" if done.first else "consistent with what you signed before"
    text = f"Signed: the log {done.about.origin} of {done.about.size:,} entries, {grown}. Send {out} back."
    call.output.show("evidence-witness-cosign/1", data, text)

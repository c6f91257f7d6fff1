"""`workplace-sync evidence ...`: verify the log, show its key, and write what outsiders verify with."""

from pathlib import Path
from typing import Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.evidence_bundle import bundle
from workplace_sync.cli.evidence_publish import check_published, publish, rotate_key, tiles, timestamp
from workplace_sync.cli.evidence_witness import app as witness_app
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.options import LAST_NUMBER
from workplace_sync.errors import ExitCode

app = typer.Typer(rich_markup_mode=None)
app.add_typer(witness_app, name="witness")


@app.command()
def verify(
    context: typer.Context,
    restore_checkpoint: Annotated[
        bool, typer.Option("--restore-checkpoint", help="Write the checkpoint file anew, where it was lost for good.")
    ] = False,
    by: By = None,
) -> int:
    """Hash the whole log again and compare it with every signed checkpoint; ends with 7 when anything differs.

    Example: workplace-sync evidence verify
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.verify import verify_evidence  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        opened.database.require_current()
        if restore_checkpoint:
            opened.log.restore_outside()
            call.output.note(f"The checkpoint file was written anew: {call.settings.checkpoint_file}")
        report = verify_evidence(opened.log, record_as=opened.actor)
    data = {
        "ok": report.ok,
        "size": report.size,
        "checkpoints": report.checkpoints,
        "openings": report.openings,
        "erased": report.erased,
        "differences": [str(one) for one in report.differences],
        "unlisted": report.unlisted,
    }
    if report.ok:
        text = [
            f"The log verifies: {report.size:,} entries, {report.openings:,} with their content, {report.erased:,} erased.",
            f"  {report.checkpoints:,} signed checkpoints agree with it, and so does the one outside the database.",
        ]
    else:
        text = ["The log does NOT verify:", *(f"  {one}" for one in report.differences)]
        text += [f"  … and {report.unlisted:,} more differences"] if report.unlisted else []
        text.append(
            "Do not write to it. Keep a copy of everything as it is, and compare with the checkpoints that others keep."
        )
    call.output.show("evidence-verify/1", data, text, news=not report.ok)
    return ExitCode.DONE if report.ok else ExitCode.EVIDENCE


@app.command()
def key(context: typer.Context) -> None:
    """Show the log's public key, to be published where the employer cannot change it: website, minutes, a letter.

    Example: workplace-sync evidence key
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415

    with Application(call.settings) as opened:
        verifier = opened.log.verifier
    pem = verifier.pem.decode()
    call.output.show(
        "evidence-key/1",
        {"origin": verifier.name, "vkey": verifier.vkey, "pem": pem, "fingerprint": verifier.fingerprint},
        [
            f"log          {verifier.name}",
            f"fingerprint  {verifier.fingerprint}",
            f"vkey         {verifier.vkey}",
            "",
            pem.rstrip("\n"),
        ],
    )


@app.command("openssl")
def openssl_(
    context: typer.Context,
    entry: Annotated[
        int,
        typer.Argument(metavar="ENTRY", min=0, max=LAST_NUMBER, help="The entry to prove; `audit list` shows numbers."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A new folder.")],
) -> None:
    """Write all that openssl and sha256sum need to verify one entry without this program, with a script that does it.

    Example: workplace-sync evidence openssl 4711 --out proof-4711
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.verify import write_openssl_kit  # noqa: PLC0415

    with Application(call.settings) as opened:
        files = write_openssl_kit(opened.office.log, out, entry)
        fingerprint = opened.log.verifier.fingerprint
    call.output.show(
        "evidence-openssl/1",
        {"folder": str(out), "files": [file.name for file in files], "fingerprint": fingerprint},
        [
            f"{len(files)} files are in {out}. Whoever receives them runs, with the fingerprint that the union published:",
            f"  sh {out / 'verify.sh'} {fingerprint}",
        ],
    )


app.command("bundle")(bundle)
app.command("publish")(publish)
app.command("check-published")(check_published)
app.command("tiles")(tiles)
app.command("timestamp")(timestamp)
app.command("rotate-key")(rotate_key)

"""`workplace-sync evidence publish|check-published|tiles|timestamp|rotate-key`: what others can hold the log to."""

from pathlib import Path
from typing import Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.options import LAST_NUMBER
from workplace_sync.errors import ExitCode, UsageError


def publish(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file: a few lines to mail or to print.")],
    place: Annotated[str, typer.Option("--to", metavar="TEXT", help="To whom, or where; it is recorded.")] = "",
    witness: Annotated[
        str | None, typer.Option("--witness", metavar="NAME", help="Add the proof that this witness needs to cosign.")
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--since", metavar="SIZE", min=0, max=LAST_NUMBER, help="Prove from here, where a witness asks for it."
        ),
    ] = None,
    by: By = None,
) -> None:
    """Write the newest checkpoint, for others to keep: mail it, print it, put it into the minutes; recorded as published.

    Example: workplace-sync evidence publish --out checkpoint-2026-11-21.txt --to "branch minutes of 21 November"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs import publish as job  # noqa: PLC0415
    from workplace_sync.jobs.witness import request_for  # noqa: PLC0415

    if since is not None and witness is None:
        raise UsageError("A proof is for a witness.", hint="Name the witness with --witness.")
    with Application(call.settings, actor=by) as opened:
        job.require_new(out)
        if witness is not None:
            request_for(opened.office, witness, since=since)  # before anything is recorded: is there such a witness?
        done = job.publish(opened.office, place or (f"witness {witness}" if witness else ""))
        size = done.about.size
        job.write_new(out, request_for(opened.office, witness, since=since, size=size) if witness else done.note)
        fingerprint = opened.log.keys.at(done.about.size).fingerprint
    data = {"file": str(out), "size": done.about.size, "entry": done.seq, "fingerprint": fingerprint, "at": done.at}
    text_lines = [
        f"{out} holds the checkpoint of {done.about.size:,} entries; that it was published is entry {done.seq}.",
        "Whoever keeps it can hold the log to it: `workplace-sync evidence check-published FILE`.",
    ]
    call.output.show("evidence-publish/1", data, text_lines)


def check_published(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What was kept: a file, or a mail with it inside.")],
    proof: Annotated[
        Path | None, typer.Option("--proof", metavar="FILE", help="Write the proof, for others to verify.")
    ] = None,
) -> None:
    """Prove that the log still begins with a checkpoint that somebody kept; ends with 7 when it was rolled back or forked.

    Example: workplace-sync evidence check-published checkpoint-2026-11-21.txt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import publish as job  # noqa: PLC0415

    with Application(call.settings) as opened:
        opened.database.require_current()
        checked = job.check_published(opened.log, job.read_kept(file))
    if proof is not None:
        job.write_new(proof, checked.proof)
    data = {"consistent": True, "kept": checked.kept.size, "now": checked.now.size, "recorded": checked.recorded}
    recorded = "" if checked.recorded else " That this checkpoint was given out is not on record."
    text = f"The log of {checked.now.size:,} entries begins with the {checked.kept.size:,} that were signed then.{recorded}"
    call.output.show("evidence-check-published/1", data, text)


def tiles(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="A new folder, or the one that was written before.")
    ],
) -> None:
    """Write the public log as files for a web site, or bring them up to date: anybody can check it without asking.

    They hold hashes and numbers, and nobody's data (the form is that of c2sp.org/tlog-tiles).

    Example: workplace-sync evidence tiles --out /srv/www/log
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.tile_files import write_tiles  # noqa: PLC0415

    with Application(call.settings) as opened:
        opened.database.require_current()
        done = write_tiles(opened.log, out)
    data = {"folder": str(out), "before": done.before, "size": done.now.size, "files": done.files}
    text = f"{out} holds the log of {done.now.size:,} entries; {done.files:,} files were written."
    call.output.show("evidence-tiles/1", data, text, news=False)


def timestamp(
    context: typer.Context,
    tsa: Annotated[list[str], typer.Option("--tsa", metavar="URL", help="A time-stamp authority; give several.")],
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca", metavar="FILE", help="Their root certificates (PEM); those this machine trusts otherwise."
        ),
    ] = None,
    by: By = None,
) -> int:
    """Have authorities say when they saw the newest checkpoint (RFC 3161); ends with 3 when some did not, 1 when none did.

    They see a hash, and nothing of what the log holds.

    Example: workplace-sync evidence timestamp --tsa https://tsa.example.org/tsr --ca tsa-root.pem
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.timestamps import take_time_stamps, trusted_roots  # noqa: PLC0415
    from workplace_sync.platforms.authority import post_query  # noqa: PLC0415

    roots = trusted_roots(ca)
    with Application(call.settings, actor=by) as opened:
        taken, failed = take_time_stamps(opened.office, tsa, roots, post_query)
    if not taken:
        raise failed[0]
    data = {
        "size": taken[0].size,
        "time_stamps": [{"authority": one.authority, "at": one.stamped_at} for one in taken],
        "failed": [error.message for error in failed],
    }
    text = [
        f"{one.authority} saw the log of {one.size:,} entries at {one.stamped_at:%Y-%m-%d %H:%M:%S} UTC."
        for one in taken
    ]
    call.output.show("evidence-timestamp/1", data, text)
    for error in failed:
        call.output.note(f"{error.message} {error.hint}".rstrip())
    return ExitCode.PARTIAL if failed else ExitCode.DONE


def rotate_key(context: typer.Context, by: By = None) -> None:
    """Make a new key for the log, name it in the log under both keys, and sign with it from then on.

    Everything that the old key signed stays verifiable. Started again after an interruption, it goes on.

    Example: workplace-sync evidence rotate-key --by ada
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import rotation as job  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        opened.database.require_current()
        done = job.rotate_key(opened.log, call.settings.key_file, actor=opened.actor)
    new, old = done.rotation.new, done.rotation.old
    data = {
        "entry": done.rotation.seq,
        "old_fingerprint": old.fingerprint,
        "fingerprint": new.fingerprint,
        "vkey": new.vkey,
        "retired_key_file": str(done.retired),
    }
    text = [
        f"The log is signed by a new key from now on; entry {done.rotation.seq} names it, signed by both keys.",
        f"  fingerprint  {new.fingerprint}   (before: {old.fingerprint})",
        f"  vkey         {new.vkey}",
        "Publish the new key where the old one was published. Start services that write to the log again.",
        f"The old private key is now {done.retired}. Nothing needs it any more; destroy it if it may be known to others.",
    ]
    call.output.show("evidence-rotate-key/1", data, text)

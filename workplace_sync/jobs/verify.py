"""Verifying the evidence: the full audit, and a folder with which anybody verifies an entry without this software."""

from pathlib import Path

from workplace_sync.errors import InputError, UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.evidence.note import encode_base64, parse_note
from workplace_sync.evidence.proof import parse_inclusion
from workplace_sync.evidence.verify import VerifyReport
from workplace_sync.store.evidence import EvidenceLog


def verify_evidence(log: EvidenceLog, *, openings: bool = True, record_as: str | None = None) -> VerifyReport:
    """Audit the whole log and return the report; memory stays flat.

    With `record_as`, the name of who asked, a good result becomes an entry itself. A bad one does not: nothing is
    added to a log that does not verify. Raises EvidenceError when the checkpoint file cannot even be read as text.
    """
    report = log.audit(openings=openings)
    if report.ok and record_as is not None:
        with log.transaction() as transaction:
            transaction.log(
                Record(
                    kind=Kind.EVIDENCE_VERIFIED,
                    at=log.now(),
                    actor=record_as,
                    outcome="verified",
                    data={"size": report.size, "root": encode_base64(report.root), "openings": report.openings},
                )
            )
    return report


def write_openssl_kit(log: EvidenceLog, folder: Path, seq: int) -> list[Path]:
    """Write to `folder` all that openssl and sha256sum need to verify entry `seq`, and return the files.

    The key in the folder proves only that the folder agrees with itself: `verify.sh` wants the fingerprint that the
    union has published. Raises UsageError when there is no such entry or its opening was erased, InputError when the
    folder holds files already or cannot be written.
    """
    opening = log.opening(seq)
    if opening is None:
        raise UsageError(f"The opening of entry {seq} was erased.", hint="Only that there was an entry can be proved.")
    text = log.inclusion_proof(seq)
    note = parse_inclusion(text).checkpoint
    signed = parse_note(note)
    files: dict[str, bytes] = {
        "checkpoint": note.encode(),
        "checkpoint.text": signed.text.encode(),
        "checkpoint.sig": signed.signatures[0].data,
        "log.pub.pem": log.verifier.pem,
        "log.vkey": f"{log.verifier.vkey}\n".encode(),
        f"{seq}.entry": log.entry(seq),
        f"{seq}.opening": opening,
        f"{seq}.tlog-proof": text.encode(),
        "verify.sh": _SCRIPT,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"The folder {folder} is not empty.", hint="Name a folder that does not exist yet.")
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}).", hint="Name another folder.") from None
    return [folder / name for name in files]


_SCRIPT = rb"""#!/bin/sh
# Verifies one entry of an evidence log with nothing but openssl and sha256sum, offline.
#
#   sh verify.sh <fingerprint>
#
# <fingerprint> is the SHA-256 of the log's public key, as the union has published it. Take it from there, not from
# this folder: the key in here proves only that the files in here agree with each other.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "NOT VERIFIED: $1" >&2; exit 1; }
[ $# -eq 1 ] || fail "give the published fingerprint: sh verify.sh <fingerprint>"

# 1. The public key is the one that was published.
openssl pkey -pubin -in log.pub.pem -outform DER > "$work/key" || fail "log.pub.pem cannot be read"
[ "$(sha256sum < "$work/key" | cut -c1-64)" = "$1" ] || fail "the public key is not the published one"

# 2. The checkpoint is signed by it.
openssl pkeyutl -verify -pubin -inkey log.pub.pem -rawin -in checkpoint.text -sigfile checkpoint.sig \
    > "$work/answer" 2>&1 || fail "the signature of the checkpoint is false"
[ "$(wc -l < checkpoint.text)" -eq 3 ] || fail "the checkpoint is not three lines"
size=$(sed -n 2p checkpoint.text)
root=$(sed -n 3p checkpoint.text)

# 3. The entry commits to the opening.
set -- *.opening
seq=${1%.opening}
commitment=$(sha256sum < "$seq.opening" | cut -c1-64)
start=$(sed -n 's/^\({"at":"[-0-9T:]*Z","c":"\)[0-9a-f]*","seq":.*$/\1/p' "$seq.entry")
case $(cat "$seq.entry") in
    "$start$commitment\",\"seq\":$seq,\"t\":\"event\",\"v\":1}") ;;
    "$start$commitment\",\"seq\":$seq,\"t\":\"erasure\",\"v\":1}") ;;
    *) fail "the entry does not commit to the opening" ;;
esac

# 4. The entry is in the log: from its hash up to the root of the checkpoint (RFC 9162, section 2.1.3.2).
[ "$(sed -n 1p "$seq.tlog-proof")" = "c2sp.org/tlog-proof@v1" ] || fail "the proof is not a tlog-proof"
[ "$(sed -n 2p "$seq.tlog-proof")" = "index $seq" ] || fail "the proof is for another entry"
[ "$seq" -lt "$size" ] || fail "the checkpoint does not reach to the entry"
sed '1,2d; /^$/,$d' "$seq.tlog-proof" > "$work/path"
{ printf '\000'; cat "$seq.entry"; } | openssl dgst -sha256 -binary > "$work/hash"
place=$seq
last=$((size - 1))
while read -r sibling; do
    [ "$last" -gt 0 ] || fail "the proof is too long"
    printf '%s\n' "$sibling" | openssl base64 -d > "$work/sibling"
    [ "$(wc -c < "$work/sibling")" -eq 32 ] || fail "a hash of the proof does not have 32 bytes"
    if [ $((place % 2)) -eq 1 ] || [ "$place" -eq "$last" ]; then
        { printf '\001'; cat "$work/sibling" "$work/hash"; } | openssl dgst -sha256 -binary > "$work/next"
        while [ "$place" -ne 0 ] && [ $((place % 2)) -eq 0 ]; do
            place=$((place / 2)) last=$((last / 2))
        done
    else
        { printf '\001'; cat "$work/hash" "$work/sibling"; } | openssl dgst -sha256 -binary > "$work/next"
    fi
    mv "$work/next" "$work/hash"
    place=$((place / 2)) last=$((last / 2))
done < "$work/path"
[ "$last" -eq 0 ] || fail "the proof is too short"
[ "$(openssl base64 < "$work/hash")" = "$root" ] || fail "the entry is not in the log that was signed"

echo "VERIFIED: entry $seq is in the log $(sed -n 1p checkpoint.text) of $size entries, and says:"
tail -n 1 "$seq.opening"
"""

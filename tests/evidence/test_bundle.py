"""The files of a bundle, as values: the same for the same contents, all listed, signed, and nothing of ours overwritten."""

import io
import json
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.trees import ORIGIN, NaiveTree, make_signer
from workplace_sync.evidence.bundle import (
    BundledCheckpoint,
    BundledEntry,
    Contents,
    Purpose,
    bundle_files,
    spans,
    write_tar,
)
from workplace_sync.evidence.checkpoint import Checkpoint
from workplace_sync.evidence.cosignature import WitnessSigner
from workplace_sync.evidence.keyring import KeyRing, Rotation

SIGNER, OLD = make_signer(), make_signer(2)
ABOUT = Checkpoint(ORIGIN, 9, NaiveTree(9).root(9))
WITNESS = WitnessSigner("witness.example.org/w1", Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32))
LINE = WITNESS.cosign(ABOUT.text, datetime(2026, 11, 21, tzinfo=UTC))
CONTENTS = Contents(
    checkpoint=BundledCheckpoint(9, ABOUT.signed(SIGNER)),
    about=ABOUT,
    keys=KeyRing(SIGNER.verifier),
    purpose=Purpose("ACAS", "conciliation", "legal claims"),
    entries=[BundledEntry(3, b"three", "proof 3", b"opened"), BundledEntry(5, b"five", "proof 5", None)],
    scripts={"verify.sh": b"script"},
)
SEALED = replace(
    CONTENTS,
    checkpoint=replace(CONTENTS.checkpoint, cosignatures=[LINE], responses=[b"one", b"two"], chains=["A\n", "B\n"]),
    history=[BundledCheckpoint(4, "earlier", "proof", [LINE], [b"three"], ["A\n"])],
    keys=KeyRing(SIGNER.verifier, (Rotation(3, OLD.verifier, SIGNER.verifier),)),
    statements={3: "statement"},
    witnesses=[WITNESS.key],
    extra={"statement.html": b"<p>", "charts/members.svg": b"<svg>"},
)


def test_a_bundle_has_the_entries_named_and_the_content_only_where_it_is_left() -> None:
    files = bundle_files(CONTENTS, SIGNER)
    assert {name: data for name, data in files.items() if name.startswith("entries/")} == {
        "entries/3.entry": b"three",
        "entries/3.tlog-proof": b"proof 3",
        "entries/3.opening": b"opened",
        "entries/5.entry": b"five",
        "entries/5.tlog-proof": b"proof 5",
    }
    assert not any(
        name.startswith(("history/", "keys/", "tsa")) or name.endswith((".tsr", ".cosigned")) for name in files
    )


def test_the_list_of_files_is_complete_and_signed_by_the_log() -> None:
    files = bundle_files(SEALED, SIGNER)
    sums = files.pop("SHA256SUMS")
    Ed25519PublicKey.from_public_bytes(SIGNER.verifier.public).verify(files.pop("SHA256SUMS.sig"), sums)
    listed = {line[66:]: line[:64] for line in sums.decode().splitlines()}
    assert listed == {name: sha256(data).hexdigest() for name, data in files.items()}


def test_what_others_have_signed_goes_with_the_checkpoint_that_they_saw() -> None:
    files = bundle_files(SEALED, SIGNER)
    assert files["checkpoint"] == ABOUT.signed(SIGNER).encode()
    assert files["checkpoint.cosigned"] == files["checkpoint"] + LINE.encode()
    assert (files["checkpoint.tsr"], files["checkpoint-2.tsr"], files["tsa-chain.pem"]) == (b"one", b"two", b"A\nB\n")
    assert (files["history/4.checkpoint"], files["history/4-9.consistency"]) == (b"earlier", b"proof")
    assert (files["history/4.tsr"], files["history/4.cosigned"]) == (b"three", b"earlier" + LINE.encode())
    assert files["keys/3.rotation"] == b"statement"
    assert files["policy"].decode().splitlines() == [
        f"log {SIGNER.verifier.vkey}",
        f"log {OLD.verifier.vkey}",
        f"witness w1 {WITNESS.key.vkey}",
        "group witnesses any w1",
        "quorum witnesses",
    ]


def test_the_manifest_says_for_whom_and_why_in_canonical_json() -> None:
    raw = bundle_files(SEALED, SIGNER)["manifest.json"]
    manifest = json.loads(raw)
    assert json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == raw
    assert (manifest["recipient"], manifest["purpose"], manifest["basis"]) == ("ACAS", "conciliation", "legal claims")
    assert (manifest["entries"], manifest["openings"], manifest["history"]) == ("3,5", "3", [4])
    assert manifest["extra"] == ["charts/members.svg", "statement.html"]


def test_the_readme_tells_a_layperson_where_the_key_must_come_from_and_what_is_not_proved() -> None:
    text = bundle_files(CONTENTS, SIGNER)["README.txt"].decode()
    assert SIGNER.verifier.fingerprint in text
    assert "Get the fingerprint of the log's key from somewhere that the sender of these files cannot change" in text
    assert "WHAT IT DOES NOT PROVE" in text
    assert "2 entries of the log" in text
    one = replace(CONTENTS, entries=CONTENTS.entries[:1])
    assert "1 entry of the log" in bundle_files(one, SIGNER)["README.txt"].decode()


def test_the_same_contents_give_the_same_bytes_and_the_tar_has_no_time_and_no_owner() -> None:
    made = write_tar(bundle_files(SEALED, SIGNER))
    assert made == write_tar(dict(reversed(bundle_files(SEALED, SIGNER).items())))
    with tarfile.open(fileobj=io.BytesIO(made)) as tar:
        members = tar.getmembers()
    assert members[0].name == "README.txt"
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode) for one in members} == {
        (0, 0, 0, "", "", 0o644)
    }


@pytest.mark.parametrize("name", ["", "../x", "/x", "a/b/c", "a b", ".hidden", "x" * 101, "café.html", "a//b"])
def test_an_extra_file_needs_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        bundle_files(replace(CONTENTS, extra={name: b""}), SIGNER)


@pytest.mark.parametrize(
    "name", ["checkpoint", "entries/4.entry", "history/x", "keys/x", "SHA256SUMS", "SHA256SUMS.sig"]
)
def test_an_extra_file_never_takes_the_place_of_one_of_the_bundle_s(name: str) -> None:
    with pytest.raises(ValueError, match="own"):
        bundle_files(replace(CONTENTS, extra={name: b""}), SIGNER)


@given(st.sets(st.integers(0, 40)))
def test_spans_name_every_number_once(numbers: set[int]) -> None:
    found: list[int] = []
    for part in filter(None, spans(sorted(numbers)).split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    assert found == sorted(numbers)


@pytest.mark.parametrize(("numbers", "written"), [([], ""), ([4], "4"), ([5, 3, 4, 9, 11, 10], "3-5,9-11")])
def test_numbers_are_written_as_spans(numbers: list[int], written: str) -> None:
    assert spans(numbers) == written

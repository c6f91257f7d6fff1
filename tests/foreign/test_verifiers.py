"""Verifiers that are not ours find every kind of bundle good, and each that was tampered with false."""

import base64
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from tests.evidence.trees import make_signer
from tests.foreign.bundles import KINDS, ORIGIN
from tests.foreign.verifiers import (
    GoVerifier,
    Made,
    NodeVerifier,
    Told,
    by_python,
    by_script,
    by_ssh,
    ended,
    install_node,
    packed,
    unpacked,
)
from workplace_sync.evidence.bundle import write_tar
from workplace_sync.evidence.checkpoint import Checkpoint, parse_text
from workplace_sync.evidence.note import parse_note

Files = dict[str, bytes]
FORGER = make_signer(9, ORIGIN)


@pytest.mark.parametrize("kind", KINDS)
def test_go_finds_it_good(kind: str, bundles: Mapping[str, Made], go: GoVerifier, tmp_path: Path) -> None:
    told = go(bundles[kind], tmp_path)
    assert told.good, told.text


@pytest.mark.parametrize("kind", KINDS)
def test_sigstore_finds_it_good(kind: str, bundles: Mapping[str, Made], node: NodeVerifier, tmp_path: Path) -> None:
    told = node(bundles[kind], tmp_path)
    assert told.good, told.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verify", [by_script, by_python, by_ssh])
def test_openssl_and_ssh_keygen_find_it_good(
    kind: str, verify: Callable[[Made, Path], Told], bundles: Mapping[str, Made], tmp_path: Path
) -> None:
    told = verify(bundles[kind], tmp_path)
    assert told.good, told.text


def test_the_scripts_tell_what_others_have_signed(bundles: Mapping[str, Made], tmp_path: Path) -> None:
    for verify in (by_script, by_python):
        text = verify(bundles["signed by others"], tmp_path).text
        assert "witness.example.org/w1 has seen" in text
        assert text.count("time-stamp authority has seen") == 2


def test_every_key_that_was_ever_published_leads_to_the_newest(bundles: Mapping[str, Made], tmp_path: Path) -> None:
    made = bundles["after changes of the key"]
    statements = sorted(name for name in made.files if name.startswith("keys/"))
    assert len(statements) == 3
    vkeys = {line for name in statements for line in made.files[name].decode().splitlines()[3:5]}
    spki = bytes.fromhex("302a300506032b6570032100")
    prints = [sha256(spki + base64.b64decode(vkey.split("+", 2)[2])[1:]).hexdigest() for vkey in vkeys]
    assert len(prints) == 4
    for fingerprint in prints:
        for verify in (by_script, by_python):
            told = verify(Made(made.files, fingerprint, made.vkey), tmp_path)
            assert told.good, told.text


def _first(files: Files, end: str, folder: str = "entries/") -> str:
    return min(name for name in files if name.startswith(folder) and name.endswith(end))


def _change(name_of: Callable[[Files], str], change: Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    def tamper(files: Files) -> Files:
        name = name_of(files)
        return {**files, name: change(files[name])}

    return tamper


def _flip_hash(data: bytes) -> bytes:
    lines = data.split(b"\n")
    lines[2] = base64.b64encode(sha256(lines[2]).digest())
    return b"\n".join(lines)


def _swap_hashes(data: bytes) -> bytes:
    lines = data.split(b"\n")
    lines[2], lines[3] = lines[3], lines[2]
    return b"\n".join(lines)


def _everywhere(files: Files, note: bytes) -> Files:
    """Put another checkpoint in the place of the bundle's, in the proofs too, as a forger would."""
    old = files["checkpoint"]
    return {name: note if name == "checkpoint" else data.replace(old, note) for name, data in files.items()}


def _say(files: Files, **changed: object) -> Files:
    about = parse_text(parse_note(files["checkpoint"].decode()).text)
    values = {"origin": about.origin, "size": about.size, "root": about.root} | changed
    text, signature = Checkpoint(**values).text, files["checkpoint"].partition(b"\n\n")[2]  # type: ignore[arg-type]
    return _everywhere(files, text.encode() + b"\n" + signature)


def _forged_checkpoint(files: Files) -> Files:
    about = parse_text(parse_note(files["checkpoint"].decode()).text)
    return _everywhere(files, about.signed(FORGER).encode())


def _forged_key(files: Files) -> Files:
    """Swap the key everywhere, sign everything anew: good in itself, and not the published log."""
    forged = _forged_checkpoint(files)
    forged |= {"log.vkey": f"{FORGER.verifier.vkey}\n".encode(), "log.pub.pem": FORGER.verifier.pem}
    forged = _listed(forged)
    return forged | {"SHA256SUMS.sig": FORGER.sign_bytes(forged["SHA256SUMS"])}


def _other_origin(files: Files) -> Files:
    signer = make_signer(9, "other.example.org/log")
    return _everywhere(files, Checkpoint("other.example.org/log", 20, bytes(32)).signed(signer).encode())


def _swap(files: Files, end: str) -> Files:
    first, second = sorted(name for name in files if name.startswith("entries/") and name.endswith(end))[:2]
    return {**files, first: files[second], second: files[first]}


def _swap_entries(files: Files) -> Files:
    for end in (".entry", ".opening", ".tlog-proof"):
        files = _swap(files, end)
    return files


def _without(name_of: Callable[[Files], str]) -> Callable[[Files], Files]:
    return lambda files: {name: data for name, data in files.items() if name != name_of(files)}


def _stale_checkpoint(files: Files) -> Files:
    """An earlier checkpoint, that the log did sign, in the place of the bundle's."""
    return {**files, "checkpoint": files[_first(files, ".checkpoint", "history/")]}


def _listed(files: Files) -> Files:
    """List the files anew, as a forger can; only the signature over the list is then false."""
    kept = {name: data for name, data in files.items() if not name.startswith("SHA256SUMS")}
    sums = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in sorted(kept.items()))
    return {**files, "SHA256SUMS": sums.encode()}


TAMPERED: dict[str, Callable[[Files], Files]] = {
    "an entry's time": _change(
        lambda files: _first(files, ".entry"), lambda data: data.replace(b'"at":"20', b'"at":"19')
    ),
    "an entry made longer": _change(lambda files: _first(files, ".entry"), lambda data: data + b"\n"),
    "an opening": _change(
        lambda files: _first(files, ".opening"), lambda data: data.replace(b'"actor":"', b'"actor":"x')
    ),
    "an opening's salt": _change(
        lambda files: _first(files, ".opening"), lambda data: data[:20] + data[20:84][::-1] + data[84:]
    ),
    "another entry's opening": lambda files: _swap(files, ".opening"),
    "entries in another order": _swap_entries,
    "a hash of a proof": _change(lambda files: _first(files, ".tlog-proof"), _flip_hash),
    "the order of a proof": _change(lambda files: _first(files, ".tlog-proof"), _swap_hashes),
    "the number in a proof": _change(
        lambda files: _first(files, ".tlog-proof"), lambda data: data.replace(b"index ", b"index 1", 1)
    ),
    "the checkpoint's size": lambda files: _say(files, size=1_000_000),
    "the checkpoint's root": lambda files: _say(files, root=bytes(32)),
    "the checkpoint's signature": _forged_checkpoint,
    "another key for everything": _forged_key,
    "a stale checkpoint": _stale_checkpoint,
    "another log's checkpoint": _other_origin,
    "a file added": lambda files: {**files, "entries/note.txt": b"ignore this"},
    "a file taken away": _without(lambda _: "manifest.json"),
    "a proof taken away": _without(lambda files: _first(files, ".tlog-proof")),
    "the manifest": _change(lambda _: "manifest.json", lambda data: data.replace(b"ACAS", b"Everybody")),
    "the statement's place": lambda files: {**files, "statement.txt": b"Nobody was ever added.\n"},
    "the list's signature": _change(lambda _: "SHA256SUMS.sig", lambda data: data[::-1]),
}


ONLY_LISTED = {"a file added", "a file taken away", "the manifest", "the statement's place", "the list's signature"}


# Of one entry there is no other to be taken for it, and no older checkpoint to play again.
_ALONE = {"another entry's opening", "entries in another order", "a stale checkpoint"}
_TRIED = [(what, kind) for what in TAMPERED for kind in KINDS if kind != "one entry" or what not in _ALONE]


@pytest.mark.parametrize(("what", "kind"), _TRIED)
def test_all_of_them_refuse_a_bundle_with_something_changed(
    what: str, kind: str, bundles: Mapping[str, Made], go: GoVerifier, node: NodeVerifier, tmp_path: Path
) -> None:
    made = bundles[kind]
    if what == "a stale checkpoint" and kind == "many entries":
        made = bundles["after changes of the key"]
    files = TAMPERED[what](dict(made.files))
    assert files != made.files
    tampered = Made(_listed(files), made.fingerprint, made.vkey)
    for verify in (go, node, by_script, by_python):
        told = verify(tampered, tmp_path)
        assert not told.good, (verify, told.text)
        assert "NOT VERIFIED" in told.text, told.text
        assert what in ONLY_LISTED or "SHA256SUMS" not in told.text, (verify, told.text)


HISTORY: dict[str, Callable[[Files], Files]] = {
    "a hash of a consistency proof": _change(
        lambda files: _first(files, ".consistency", "history/"),
        lambda data: data.replace(data.split(b"\n")[1], base64.b64encode(bytes(32)), 1),
    ),
    "an earlier checkpoint": _change(
        lambda files: _first(files, ".checkpoint", "history/"), lambda data: data[:-10] + b"AAAAAAAA=\n"
    ),
    "a consistency proof from elsewhere": lambda files: {
        **files,
        _first(files, ".consistency", "history/"): files[max(name for name in files if name.endswith(".consistency"))],
    },
}


@pytest.mark.parametrize("what", HISTORY)
def test_a_history_that_was_changed_is_refused(
    what: str, bundles: Mapping[str, Made], go: GoVerifier, tmp_path: Path
) -> None:
    made = bundles["signed by others"]
    tampered = Made(_listed(HISTORY[what](dict(made.files))), made.fingerprint, made.vkey)
    for verify in (go, by_script, by_python):
        told = verify(tampered, tmp_path)
        assert not told.good, told.text


def _false_rotation(data: bytes) -> bytes:
    return data[:-20] + b"AAAAAAAAAAAAAAAAA==\n"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_change_of_keys_that_was_not_signed_is_refused(
    number: int, bundles: Mapping[str, Made], go: GoVerifier, node: NodeVerifier, tmp_path: Path
) -> None:
    made = bundles["after changes of the key"]
    name = sorted(name for name in made.files if name.startswith("keys/"))[number]
    for files in (
        {**made.files, name: _false_rotation(made.files[name])},
        {key: data for key, data in made.files.items() if key != name},
    ):
        for verify in (go, node, by_script, by_python):
            told = verify(Made(_listed(files), made.fingerprint, made.vkey), tmp_path)
            assert not told.good, told.text


@pytest.mark.parametrize("end", [".cosigned", ".tsr"])
def test_what_others_have_signed_cannot_be_changed_either(
    end: str, bundles: Mapping[str, Made], tmp_path: Path
) -> None:
    made = bundles["signed by others"]
    name = next(name for name in made.files if name.endswith(end))
    data = made.files[name]
    files = {**made.files, name: data[:-30] + bytes([data[-30] ^ 1]) + data[-29:]}
    for verify in (by_script, by_python):
        told = verify(Made(_listed(files), made.fingerprint, made.vkey), tmp_path)
        assert not told.good
        assert "SHA256SUMS" not in told.text, told.text


def test_a_tar_that_was_cut_off_is_refused(bundles: Mapping[str, Made], go: GoVerifier, tmp_path: Path) -> None:
    made = bundles["many entries"]
    whole = write_tar(made.files)
    for size in (len(whole) // 2, len(whole) // 3, 700, 0):
        place = packed(made.files, tmp_path)
        place.write_bytes(whole[:size])
        script = place.with_name("verify.py")
        script.write_bytes(made.files["verify.py"])
        for command in (
            [str(go.program), made.vkey, str(place)],
            [sys.executable, str(script), made.fingerprint, str(place)],
        ):
            assert not ended(command).good


def test_ssh_keygen_refuses_another_checkpoint(bundles: Mapping[str, Made], tmp_path: Path) -> None:
    for kind in KINDS:
        made = bundles[kind]
        files = {**made.files, "checkpoint": made.files["checkpoint"].replace(b"\n", b"\n1", 1)}
        assert not by_ssh(Made(files, made.fingerprint, made.vkey), tmp_path).good


def test_a_bundle_needs_the_published_fingerprint(bundles: Mapping[str, Made], tmp_path: Path) -> None:
    made = bundles["one entry"]
    for verify in (by_script, by_python):
        told = verify(Made(made.files, "0" * 64, made.vkey), tmp_path)
        assert "not the published one" in told.text
    assert (unpacked(made.files, tmp_path) / "README.txt").exists()


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_node_ci_fails_and_others_are_told_what_is_skipped(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="node or npm is not installed"):
        install_node()

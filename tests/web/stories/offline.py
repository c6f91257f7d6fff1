"""A stranger's check of a proof that came from the console: openssl and hashes, as docs/verify.md says, nothing of ours."""

import base64
import subprocess
from hashlib import sha256
from pathlib import Path

_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, in front of a bare Ed25519 key


def verified(proof: Path, entry: Path, public_key: str, fingerprint: str) -> int:
    """Return the number of the entry that is proved to be in the log; fails the test where anything does not agree.

    `public_key` is the log's key as pages show it (`name+id+base64`), `fingerprint` what the union has published.
    """
    key = _SPKI + base64.b64decode(public_key.split("+", 2)[2])[1:]
    assert sha256(key).hexdigest() == fingerprint, "that is not the published key"
    head, _, checkpoint = proof.read_text("utf-8").partition("\n\n")
    header, number, *path = head.splitlines()
    assert header == "c2sp.org/tlog-proof@v1"
    index = int(number.removeprefix("index "))
    text, _, signatures = checkpoint.partition("\n\n")
    _, size, root = text.splitlines()
    _signed(text + "\n", signatures.splitlines()[0], key, proof.parent)
    assert _climbed(entry.read_bytes(), index, int(size), path) == base64.b64decode(root), "the entry is not in the log"
    return index


def _signed(text: str, signature: str, key: bytes, folder: Path) -> None:
    """Fail unless openssl finds the checkpoint signed by the key."""
    (folder / "key.der").write_bytes(key)
    (folder / "text").write_text(text, encoding="utf-8")
    (folder / "signature").write_bytes(base64.b64decode(signature.split(" ")[2])[4:])
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin"]
    done = subprocess.run(
        [*command, "-in", "text", "-sigfile", "signature"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _climbed(entry: bytes, index: int, size: int, path: list[str]) -> bytes:
    """Return the hash to which the neighbours on the way lead (RFC 9162, 2.1.3.2)."""
    found, place, last = sha256(b"\0" + entry).digest(), index, size - 1
    for neighbour in map(base64.b64decode, path):
        if place % 2 or place == last:
            found = sha256(b"\1" + neighbour + found).digest()
            while place and not place % 2:
                place, last = place // 2, last // 2
        else:
            found = sha256(b"\1" + found + neighbour).digest()
        place, last = place // 2, last // 2
    return found

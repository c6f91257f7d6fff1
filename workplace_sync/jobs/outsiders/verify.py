"""Verifies a bundle of an evidence log with Python's standard library and openssl, offline.

    python3 verify.py <fingerprint> [bundle.tar or folder; the script's own folder otherwise]

<fingerprint> is the SHA-256 of the log's public key, as the union has published it. Take it from there, not from the
bundle: the key in it proves only that the files in it agree with each other. TSA_CA=<file> takes the certificates of
time-stamp authorities from elsewhere than the bundle.

It is written apart from the program that makes bundles, and shares no code with it or with verify.sh.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from datetime import datetime, timezone
from pathlib import Path

SPKI = bytes.fromhex("302a300506032b6570032100")  # what precedes the 32 bytes of an Ed25519 key in DER
ENTRY = re.compile(
    rb'\{"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)","c":"([0-9a-f]{64})","seq":(0|[1-9]\d*),"t":"(event|erasure)","v":1\}'
)


class NotVerified(Exception):  # noqa: N818 - it is what is said
    """Something does not verify; the text says what."""


def require(good: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise NotVerified unless `good`."""
    if not good:
        raise NotVerified(what)


def sha(*parts: bytes) -> bytes:
    """Return the SHA-256 over all parts."""
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text: str) -> bytes:
    """Return the bytes, if the text is the one way of writing them."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    require(base64.b64encode(data).decode() == text, "a base64 value is not canonical")
    return data


def openssl(*arguments: str, **files: bytes) -> "subprocess.CompletedProcess[bytes]":
    """Run openssl; an argument `@name` is the path of a file with those bytes."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        found = [str(Path(folder, one[1:])) if one.startswith("@") else one for one in arguments]
        return subprocess.run(["openssl", *found], capture_output=True, check=False)  # noqa: S603, S607 - the system's


def signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether openssl finds the Ed25519 signature good."""
    arguments = ["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "@key", "-rawin", "-in", "@message"]
    arguments += ["-sigfile", "@signature"]
    return openssl(*arguments, key=SPKI + key, message=message, signature=signature).returncode == 0


class Key:
    """A public key from its vkey: name, id, type and 32 bytes."""

    def __init__(self, vkey: str) -> None:
        self.name, _, rest = vkey.partition("+")
        identity, _, encoded = rest.partition("+")
        data = unbase64(encoded)
        self.type, self.bytes = data[:1], data[1:]
        self.id = sha(self.name.encode(), b"\n", data)[:4]
        require(len(self.bytes) == 32 and self.id.hex() == identity, "a vkey does not fit itself")

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the key as openssl writes it (SPKI)."""
        return sha(SPKI, self.bytes).hex()


class Note:
    """A signed note: a text, and signatures by name and key id."""

    def __init__(self, data: bytes) -> None:
        try:
            raw = data.decode()
        except UnicodeDecodeError:
            raise NotVerified("a signed note is not text") from None
        head, blank, tail = raw.rpartition("\n\n")
        require(
            bool(blank) and tail.endswith("\n") and not re.search(r"[\x00-\x09\x0b-\x1f]", raw), "a note is malformed"
        )
        self.text = head + "\n"
        self.lines = []
        for line in tail[:-1].split("\n"):
            parts = line.split(" ")
            require(len(parts) == 3 and parts[0] == "\u2014", "a signature line is malformed")
            blob = unbase64(parts[2])
            self.lines.append((parts[1], blob[:4], blob[4:]))

    def by(self, key: Key) -> "list[bytes]":
        """Return what claims to be signed by this key."""
        return [blob for name, identity, blob in self.lines if (name, identity) == (key.name, key.id)]

    def require_signed(self, key: Key, what: str) -> None:
        """Raise NotVerified unless this key has signed, in every line that claims it."""
        mine = self.by(key)
        require(
            bool(mine) and all(signed(key.bytes, self.text.encode(), one) for one in mine),
            f"{what} is not signed by the log",
        )

    def checkpoint(self) -> "tuple[str, int, bytes]":
        """Return origin, size and root."""
        lines = self.text.split("\n")
        require(len(lines) == 4 and re.fullmatch("0|[1-9][0-9]*", lines[1]) is not None, "a checkpoint is malformed")
        root = unbase64(lines[2])
        require(len(root) == 32, "a root does not have 32 bytes")
        return lines[0], int(lines[1]), root


def inclusion(index: int, size: int, leaf: bytes, path: "list[bytes]") -> bytes:
    """Return the root that a proof leads to (RFC 9162, section 2.1.3.2)."""
    place, last, root = index, size - 1, leaf
    require(0 <= index < size, "an entry is beyond the checkpoint")
    for sibling in path:
        require(last > 0, "a proof is too long")
        if place % 2 or place == last:
            root = sha(b"\x01", sibling, root)
            while place and not place % 2:
                place, last = place // 2, last // 2
        else:
            root = sha(b"\x01", root, sibling)
        place, last = place // 2, last // 2
    require(last == 0, "a proof is too short")
    return root


def consistency(old: int, new: int, old_root: bytes, path: "list[bytes]") -> "tuple[bytes, bytes]":
    """Return the two roots that a proof leads to (RFC 9162, section 2.1.4.2), for 0 < old < new."""
    require(0 < old < new, "a history is not of an earlier checkpoint")
    path = [old_root, *path] if old & (old - 1) == 0 else path
    require(bool(path), "a history is empty")
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place // 2, last // 2
    first = second = path[0]
    for sibling in path[1:]:
        require(last > 0, "a history is too long")
        if place % 2 or place == last:
            first, second = sha(b"\x01", sibling, first), sha(b"\x01", sibling, second)
            while place and not place % 2:
                place, last = place // 2, last // 2
        else:
            second = sha(b"\x01", second, sibling)
        place, last = place // 2, last // 2
    require(last == 0, "a history is too short")
    return first, second


class Bundle:
    """The files of a bundle, and one method for each thing that is checked."""

    def __init__(self, files: "dict[str, bytes]", published: str) -> None:
        self.files, self.published = files, published
        self.log = Key(self.get("log.vkey").decode().strip())
        self.ranges: list[tuple[int, Key]] = []
        self.said: list[str] = []

    def get(self, name: str) -> bytes:
        """Return a file, or say that it is missing."""
        require(name in self.files, f"{name} is missing")
        return self.files[name]

    def names(self, folder: str, end: str) -> "list[str]":
        """Return the names between a folder and an ending, numbers in order."""
        found = [name[len(folder) : -len(end)] for name in self.files if name.startswith(folder) and name.endswith(end)]
        return sorted(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])

    def verify(self) -> str:
        """Return what is proved, or raise NotVerified."""
        self.keys()
        note = Note(self.get("checkpoint"))
        self.origin, self.size, self.root = note.checkpoint()
        note.require_signed(self.key_at(self.size), "the checkpoint")
        require(self.origin == self.log.name, "the checkpoint is of another log")
        numbers = self.entries()
        for name in self.names("history/", ".consistency"):
            self.history(name)
        for name in ["checkpoint", *(f"history/{size}.checkpoint" for size in self.names("history/", ".checkpoint"))]:
            self.cosignatures(name)
            self.time_stamps(name)
        self.listed(numbers)
        return f"VERIFIED: {len(numbers)} entries are in the log {self.origin} of {self.size} entries"

    def keys(self) -> None:
        """Follow the changes of keys: the published key must be the newest, or lead to it."""
        trusted = self.log.fingerprint == self.published
        before: Key | None = None
        for name in self.names("keys/", ".rotation"):
            note = Note(self.get(f"keys/{name}.rotation"))
            lines = note.text.split("\n")
            require(
                len(lines) == 6 and lines[0] == "evidence-key-rotation/v1" and lines[2] == name,
                f"keys/{name} is malformed",
            )
            old, new = Key(lines[3]), Key(lines[4])
            require({lines[1], old.name, new.name} == {self.log.name}, f"keys/{name} is of another log")
            require(before is None or before.bytes == old.bytes, f"keys/{name} is about another key")
            for key in (old, new):
                note.require_signed(key, f"keys/{name}")
            trusted = trusted or old.fingerprint == self.published
            self.ranges.append((int(name) + 1, old))
            before = new
        require(before is None or before.bytes == self.log.bytes, "the changes of keys do not lead to the log's key")
        require(trusted, "the public key is not the published one")
        pem = base64.b64encode(SPKI + self.log.bytes).decode()
        require(
            pem in self.get("log.pub.pem").decode().replace("\n", ""), "log.pub.pem and log.vkey are different keys"
        )

    def key_at(self, size: int) -> Key:
        """Return the key that signed the checkpoint of that size."""
        return next((key for last, key in self.ranges if size <= last), self.log)

    def entries(self) -> "list[str]":
        """Check every entry, its opening and its proof."""
        numbers = self.names("entries/", ".entry")
        require(bool(numbers), "there is no entry")
        checkpoint = self.get("checkpoint")
        for number in numbers:
            body = self.get(f"entries/{number}.entry")
            form = ENTRY.fullmatch(body)
            require(form is not None and form[3].decode() == number, f"entry {number} has another form or number")
            opening = self.files.get(f"entries/{number}.opening")
            if opening is not None and form is not None:
                require(sha(opening).hex() == form[2].decode(), f"entry {number} does not commit to its opening")
            head, _, below = self.get(f"entries/{number}.tlog-proof").partition(b"\n\n")
            lines = head.decode("ascii", "replace").split("\n")
            require(below == checkpoint, f"the proof of entry {number} is under another checkpoint")
            require(
                lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {number}"],
                f"the proof of entry {number} is for another",
            )
            path = [unbase64(line) for line in lines[2:]]
            require(
                all(len(one) == 32 for one in path), f"a hash of the proof of entry {number} does not have 32 bytes"
            )
            root = inclusion(int(number), self.size, sha(b"\x00", body), path)
            require(root == self.root, f"entry {number} is not in the log that was signed")
        return numbers

    def history(self, name: str) -> None:
        """Check that the log begins with what an earlier checkpoint says."""
        old = name.partition("-")[0]
        require(name == f"{old}-{self.size}", f"history/{name}.consistency is for another checkpoint")
        note = Note(self.get(f"history/{old}.checkpoint"))
        origin, size, root = note.checkpoint()
        require(origin == self.origin and str(size) == old, f"history/{old}.checkpoint is of another log or size")
        note.require_signed(self.key_at(size), f"history/{old}.checkpoint")
        head, _, below = self.get(f"history/{name}.consistency").partition(b"\n\n")
        lines = head.decode("ascii", "replace").split("\n")
        require(
            below == self.get("checkpoint") and lines[0] == f"old {old}", f"history/{name} is under another checkpoint"
        )
        roots = consistency(size, self.size, root, [unbase64(line) for line in lines[1:]])
        require(roots == (root, self.root), f"the log does not begin with what it was at {old} entries")

    def cosignatures(self, name: str) -> None:
        """Check what the witnesses that the policy names have signed of a checkpoint."""
        data = self.files.get(name.removesuffix(".checkpoint") + ".cosigned")
        if data is None:
            return
        note = Note(data)
        require(note.text == Note(self.get(name)).text, f"the cosignatures of {name} are about another checkpoint")
        for key in (Key(vkey) for vkey in re.findall(r"^witness \S+ (\S+)", self.get("policy").decode(), re.MULTILINE)):
            for blob in note.by(key):
                seconds = int.from_bytes(blob[:8], "big")
                message = f"cosignature/v1\ntime {seconds}\n{note.text}".encode()
                require(
                    key.type == b"\x04" and signed(key.bytes, message, blob[8:]),
                    f"the cosignature of {key.name} is false",
                )
                self.said.append(f"{key.name} has seen {name} at {seconds} seconds after 1970")

    def time_stamps(self, name: str) -> None:
        """Check the time-stamps over a checkpoint."""
        start = name.removesuffix(".checkpoint")
        for file in sorted(one for one in self.files if re.fullmatch(re.escape(start) + r"(-\d+)?\.tsr", one)):
            token = self.get(file)
            told = openssl("ts", "-reply", "-in", "@token", "-text", token=token).stdout.decode("utf-8", "replace")
            when = re.search(r"^Time stamp: (.*)$", told, re.MULTILINE)
            require(when is not None, f"{file} is no time-stamp")
            chain = Path(os.environ["TSA_CA"]).read_bytes() if "TSA_CA" in os.environ else self.get("tsa-chain.pem")
            arguments = ["ts", "-verify", "-in", "@token", "-data", "@data", "-CAfile", "@chain"]
            arguments += ["-attime", _seconds(when[1])] if when else []
            done = openssl(*arguments, token=token, data=self.get(name), chain=chain)
            require(done.returncode == 0, f"the time-stamp {file} does not verify")
            self.said.append(f"a time-stamp authority has seen {name} at {when and when[1]}")

    def listed(self, numbers: "list[str]") -> None:
        """Check that the signed list of files is the list of files."""
        sums = self.get("SHA256SUMS")
        require(signed(self.log.bytes, sums, self.get("SHA256SUMS.sig")), "SHA256SUMS is not signed by the log")
        wanted = {line[66:]: line[:64] for line in sums.decode().splitlines()}
        found = {
            name: sha(data).hex() for name, data in self.files.items() if name not in {"SHA256SUMS", "SHA256SUMS.sig"}
        }
        require(found.keys() == wanted.keys(), "there are more or fewer files than SHA256SUMS lists")
        require(found == wanted, "a file is not what SHA256SUMS says")
        manifest = json.loads(self.get("manifest.json"))
        spans = [part.partition("-") for part in manifest["entries"].split(",")]
        named = [str(n) for first, _, last in spans for n in range(int(first), int(last or first) + 1)]
        require(named == numbers, "the manifest names other entries")


def _seconds(when: str) -> str:
    """Return openssl's way of writing a time as seconds after 1970."""
    text = re.sub(r"\.\d+", "", " ".join(when.split())).removesuffix(" GMT")
    return str(int(datetime.strptime(text, "%b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc).timestamp()))


def read(place: Path) -> "dict[str, bytes]":
    """Return the files of a folder or of a tar."""
    if place.is_dir():
        files = [one for one in place.rglob("*") if one.is_symlink() or not one.is_dir()]
        require(not any(one.is_symlink() for one in files), "there is a link among the files")
        return {one.relative_to(place).as_posix(): one.read_bytes() for one in files}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(place, "r:") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isreg() else None
                require(
                    stream is not None and member.name not in found, "the tar holds something else than plain files"
                )
                found[member.name] = stream.read() if stream else b""
    except (tarfile.TarError, OSError):
        raise NotVerified("the tar cannot be read to its end") from None
    return found


def main() -> int:
    """Verify what the command line names."""
    if len(sys.argv) not in {2, 3}:
        print(__doc__, file=sys.stderr)
        return 64
    place = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent)
    try:
        bundle = Bundle(read(place), sys.argv[1])
        said = bundle.verify()
    except (NotVerified, ValueError, KeyError, OSError) as error:
        print(f"NOT VERIFIED: {error}", file=sys.stderr)
        return 1
    print("\n".join([*(f"  {one}" for one in bundle.said), said]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

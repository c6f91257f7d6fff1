"""Verifiers that are not ours, made ready to be called on a bundle, and our two scripts beside them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from workplace_sync.evidence.bundle import write_tar
from workplace_sync.evidence.sshsig import NAMESPACE

HERE = Path(__file__).parent
_SUMDB = Path("src/cmd/vendor/golang.org/x/mod")
_MODULE = """module bundle

go 1.25

require golang.org/x/mod v0.0.0

replace golang.org/x/mod => ./mod
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle as its files, and what the union has published: the key's fingerprint and its vkey."""

    files: Mapping[str, bytes]
    fingerprint: str
    vkey: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a verifier made of a bundle."""

    good: bool
    text: str


def ended(command: list[str], cwd: Path | None = None) -> Told:
    """Run a command and return how it ended."""
    environment = {key: value for key, value in os.environ.items() if key != "TSA_CA"}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
    return Told(done.returncode == 0, done.stdout + done.stderr)


def unpacked(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write the files into a new folder, and return it."""
    made = Path(tempfile.mkdtemp(dir=folder))
    for name, data in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(data)
    return made


def packed(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write the files into a new tar, and return it."""
    made = Path(tempfile.mkdtemp(dir=folder)) / "bundle.tar"
    made.write_bytes(write_tar(files))
    return made


def by_script(made: Made, folder: Path) -> Told:
    """Verify with openssl, sha256sum and awk, by the script in the bundle."""
    return ended(["/bin/sh", "verify.sh", made.fingerprint], unpacked(made.files, folder))


def by_python(made: Made, folder: Path) -> Told:
    """Verify with the standard library and openssl, by the other script in the bundle."""
    place = packed(made.files, folder)
    script = place.with_name("verify.py")
    script.write_bytes(made.files["verify.py"])
    return ended([sys.executable, "-I", str(script), made.fingerprint, str(place)])


def by_ssh(made: Made, folder: Path) -> Told:
    """Verify the checkpoint's signature with ssh-keygen."""
    place = unpacked(made.files, folder)
    name = made.vkey.partition("+")[0]
    arguments = ["-Y", "verify", "-f", "allowed_signers", "-I", name, "-n", NAMESPACE, "-s", "checkpoint.sshsig"]
    done = subprocess.run(
        [shutil.which("ssh-keygen") or "ssh-keygen", *arguments],
        cwd=place,
        input=made.files["checkpoint"],
        capture_output=True,
        check=False,
    )
    return Told(done.returncode == 0, (done.stdout + done.stderr).decode())


@dataclass(frozen=True, slots=True)
class GoVerifier:
    """The program in go/, compiled."""

    program: Path

    def __call__(self, made: Made, folder: Path) -> Told:
        return ended([str(self.program), "bundle", made.vkey, str(packed(made.files, folder))])

    def mirror(self, vkey: str, folder: Path) -> Told:
        """Verify a folder of tiles: every entry against the checkpoint in it."""
        return ended([str(self.program), "mirror", vkey, str(folder)])


@dataclass(frozen=True, slots=True)
class NodeVerifier:
    """The script in npm/, with its packages installed."""

    node: str

    def __call__(self, made: Made, folder: Path) -> Told:
        return ended([self.node, str(HERE / "npm" / "verify.cjs"), made.vkey, str(unpacked(made.files, folder))])


def build_go(folder: Path) -> GoVerifier:
    """Compile the program against the sumdb source that comes with the Go toolchain, once for all processes of a run."""
    program = folder / "bundle-verifier"
    with FileLock(folder / "go.lock"):
        if not program.exists():
            _compile(program, folder / "go")
    return GoVerifier(program)


def _compile(program: Path, module: Path) -> None:
    go = shutil.which("go", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "go"
    source = Path(subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())
    shutil.copytree(HERE / "go", module)
    for package in ("sumdb/note", "sumdb/tlog"):
        shutil.copytree(source / _SUMDB / package, module / "mod" / package)
    (module / "go.mod").write_text(_MODULE)
    (module / "mod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.25\n")
    offline = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
    cache = {"GOCACHE": str(Path(tempfile.gettempdir()) / "workplace-sync-go-build")}
    done = subprocess.run(
        [go, "build", "-o", str(program), "."],
        cwd=module,
        env=os.environ | offline | cache,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def install_node() -> NodeVerifier:
    """Install the packages where they are not there yet. Without node the test is skipped, which in CI is a failure."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        absent = "node or npm is not installed, so @sigstore/verify cannot verify bundles"
        if os.environ.get("CI", "") not in {"", "0", "false"}:
            pytest.fail(absent)
        pytest.skip(absent)
    folder = HERE / "npm"
    with FileLock(Path(tempfile.gettempdir()) / "workplace-sync-npm.lock"):
        wanted = [folder / "node_modules" / name for name in ("@sigstore/verify", "axe-core")]
        if not all(package.is_dir() for package in wanted):
            command = [npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"npm cannot install @sigstore/verify: {done.stderr[-500:]}"
    return NodeVerifier(node)

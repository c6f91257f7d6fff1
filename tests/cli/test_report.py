"""The commands of the quarterly report: written, known again, and refused where it must not leave."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode

Caught = pytest.CaptureFixture[str]

QUARTER = "2024-Q1"  # over, whenever this is read


@pytest.fixture(autouse=True)
def _folder_with_an_officer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Caught) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("workplace_sync.logs.configure", lambda *_: None)  # the process's logging is not a test's
    assert main(["init"]) == 0
    key = base64.b64encode(X25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    officer = (
        f'kind: Escalations\nareas: [{{id: net, title: Networks}}]\nofficers: [{{name: bryn, public_key: "{key}"}}]\n'
    )
    Path("config/escalations.yaml").write_text(officer, "utf-8")
    Path("config/people.yaml").unlink(missing_ok=True)
    capsys.readouterr()


def test_a_report_is_written_listed_known_again_and_its_words_go_back(capsys: Caught) -> None:
    assert main(["report", "quarterly", QUARTER, "--by", "bryn", "--out", "reports", "--no-pdf", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["new"] is True
    assert [Path(file).suffix for file in told["files"]] == [".html", ".csv", ".json"]
    assert Path(told["files"][0]).stat().st_mode & 0o077 == 0
    for file in told["files"]:
        assert main(["report", "verify", file]) == 0
    assert "logged" in capsys.readouterr().out
    assert main(["report", "quarterly", QUARTER, "--by", "bryn", "--out", "reports", "--no-pdf"]) == 0
    assert "written again" in capsys.readouterr().out
    assert main(["report", "list", "--by", "bryn", "-o", "json"]) == 0
    assert [row["sha256"] for row in json.loads(capsys.readouterr().out)["rows"]] == [told["sha256"]]
    assert main(["report", "word-back", QUARTER, "--by", "bryn", "--out", "reports"]) == 0
    assert Path("reports", f"word-back-{QUARTER}-post.txt").read_text("utf-8").startswith("What you called out")


def test_a_changed_report_is_told_by_the_exit_code_and_not_overwritten(capsys: Caught) -> None:
    command = ["report", "quarterly", QUARTER, "--by", "bryn", "--no-pdf"]
    assert main(command) == 0
    file = Path(f"quarterly-{QUARTER}-employer.csv")
    file.write_bytes(file.read_bytes().replace(b"escalations", b"Escalations", 1))
    assert main(["report", "verify", str(file)]) == ExitCode.EVIDENCE
    assert main(command) == ExitCode.ERROR
    assert "holds something else" in capsys.readouterr().err
    assert main(["report", "verify", "nowhere.csv"]) == ExitCode.ERROR


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["quarterly", QUARTER], ExitCode.ERROR, "officers"),
        (["quarterly", "2024-Q5", "--by", "bryn"], ExitCode.USAGE, "no quarter"),
        (["quarterly", "2999-Q1", "--by", "bryn"], ExitCode.USAGE, "has not begun"),
        (["word-back", QUARTER, "--by", "bryn"], ExitCode.USAGE, "was not published"),
        (["text", "check", "nowhere.txt", "--by", "bryn"], ExitCode.ERROR, "cannot be read"),
    ],
)
def test_what_must_not_leave_is_refused_in_a_sentence(
    arguments: list[str], code: ExitCode, said: str, capsys: Caught
) -> None:
    assert main(["report", *arguments]) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_text_is_checked_by_line_and_approved_by_an_officer(capsys: Caught) -> None:
    text = Path("words.txt")
    text.write_text("We met the employer.\nThe manager in Networks was there.\n", "utf-8")
    assert main(["report", "text", "check", "words.txt", "--by", "bryn"]) == ExitCode.ERROR
    shown = capsys.readouterr().out
    assert "title and site" in shown
    assert "manager" not in shown
    approve = ["report", "text", "approve", "words.txt", "--quarter", QUARTER, "--by", "bryn"]
    assert main(approve) == ExitCode.ERROR
    assert main([*approve, "--despite"]) == 0
    text.write_text("We met the employer.\n", "utf-8")
    assert main(["report", "text", "check", "words.txt", "--by", "bryn"]) == 0
    text.write_bytes(b"\xff\xfe")
    assert main(["report", "text", "check", "words.txt", "--by", "bryn"]) == ExitCode.ERROR
    assert main(["report", "quarterly", QUARTER, "--by", "bryn", "--no-pdf"]) == 0
    assert "The manager in Networks" in Path(f"quarterly-{QUARTER}-employer.html").read_text("utf-8")

"""`escalation ...` from the command line: a case on its way, a receipt, keys and the vault, and who is let in."""

import base64
import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import Ended, Folder, make_folder
from workplace_sync.errors import ExitCode

PASSPHRASE = "seven quiet badgers dancing"
PEOPLE = """\
people:
  - {name: bryn, roles: [officer]}
  - {name: cass, roles: [officer]}
  - {name: olive, roles: [owner]}
  - {name: ada, roles: [admin], groups: ['*']}
"""
RULES = """\
kind: Escalations
areas: [{id: networks, title: Networks}]
officers:
"""
Typing = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, sandbox: SandboxHandle, capsys: pytest.CaptureFixture[str]) -> Folder:
    return make_folder(tmp_path / "union", sandbox, capsys)


@pytest.fixture
def typing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Typing:
    """Run a command with something on its standard input."""

    def run(*arguments: str, given: str = "") -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        return folder.run("escalation", *arguments)

    return run


@pytest.fixture
def staffed(folder: Folder, typing: Typing) -> Typing:
    """Two officers, each with a key that they made themselves."""
    rules = RULES
    for name in ("bryn", "cass"):
        made = typing("key", "new", name, "--out", str(folder.home / f"{name}.key"), given=f"{PASSPHRASE}\n" * 2)
        assert made.code == 0, made.err
        found = re.search(r"- \{name: .*\}", made.out)
        assert found is not None
        rules += f"  {found[0]}\n"
    (folder.home / "config" / "escalations.yaml").write_text(rules, encoding="utf-8")
    (folder.home / "config" / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    return typing


def _new(folder: Folder, typing: Typing, *more: str) -> tuple[str, str]:
    (folder.home / "who.txt").write_text("Dilys Quarrie\n07700 900123\n", encoding="utf-8")
    opened = typing(
        *("new", "--category", "forced-distribution", "--area", "networks", "--by", "bryn", "-o", "json"),
        *("--identity-file", str(folder.home / "who.txt"), *more),
        given="The ratings were moved to fit the curve.",
    )
    assert opened.code == 0, opened.err
    return opened.json["case"], opened.json["receipt"]


def test_a_case_goes_its_way_from_the_command_line(folder: Folder, staffed: Typing) -> None:
    case, receipt = _new(folder, staffed, "--from", "2026-03-01", "--until", "2026-03-31")
    by = ("--by", "bryn")
    assert "in validation" in staffed("validate", case, *by, given="Two people say so.").out
    assert "substantiated" in staffed("substantiate", case, *by).out
    raised = staffed("raise", case, "--to", "Head of Pay", "--channel", "letter", "--reference", "PAY-17", *by)
    assert "raised" in raised.out
    assert "answered" in staffed("answer", case, *by, given="They will look.").out
    assert "outcome" in staffed("outcome", case, "partly-changed", *by).out
    assert "reported back" in staffed("report-back", case, *by, given="Some were put right.").out
    assert "Some were put right." in staffed("receipt", given=f"{receipt}\n").out
    assert "closed" in staffed("close", case, "--by", "olive", given="Done.").out
    shown = staffed("show", case.lower(), *by)
    for said in (
        "Head of Pay" in str(staffed("show", case, *by, "-o", "json").json),
        "Two people say so." in shown.out,
    ):
        assert said
    assert "Dilys" not in shown.out
    assert "in validation" in staffed("reopen", case, *by, given="It goes on.").out
    assert staffed("list", "--open", *by, "-o", "json").json["number"] == 1
    assert staffed("overdue", *by, "-o", "json").json["rows"] == []


def test_a_reporter_adds_and_replies_with_the_receipt(folder: Folder, staffed: Typing) -> None:
    case, receipt = _new(folder, staffed)
    assert staffed("receipt", "--add", given=f"{receipt}\nIt was in March.").code == 0
    assert "asked" in staffed("ask", case, "--by", "cass", given="Which week?").out
    assert "asked: Which week?" in staffed("receipt", given=receipt.lower() + "\n").out
    assert "Which week?" in staffed("receipt", "--add", given=f"{receipt}\nThe first.").out
    shown = staffed("show", case, "--by", "cass").out
    assert "replied, by who reported" in shown
    assert "The first." in shown
    assert staffed("receipt", given="nonsense\n").code == 1


def test_two_officers_open_a_case_and_one_or_an_admin_does_not(folder: Folder, staffed: Typing) -> None:
    case, _ = _new(folder, staffed)
    ask = ("unseal", case, "--reason", "to ask which week", "--key", str(folder.home / "bryn.key"), "--by", "bryn")
    assert "two officers only" in staffed(*ask, given=f"{PASSPHRASE}\n").err
    asked = staffed(*ask, "--with", "cass", given=f"{PASSPHRASE}\n")
    assert "cass was asked" in asked.out, asked.err
    assert "to ask which week" in staffed("requests", "--by", "cass").out
    cass = ("confirm", case, "--key", str(folder.home / "cass.key"))
    assert "passphrase does not open" in staffed(*cass, "--by", "cass", given="something else\n").err
    assert staffed(*cass, "--by", "bryn", given=f"{PASSPHRASE}\n").code == 1
    opened = staffed(*cass, "--by", "cass", given=f"{PASSPHRASE}\n")
    assert "Dilys Quarrie" in opened.out
    assert "07700 900123" in opened.out
    told = folder.run("audit", "list").out
    assert f"Who reported case {case} was opened by bryn and cass: to ask which week" in told
    assert "Dilys" not in told
    for one in ("dilys@bt.example.org", "bryn@union.example.org"):
        out = folder.home / one.partition("@")[0]
        exported = folder.run("privacy", "export", one, "--out", str(out))
        written = "".join(file.read_text("utf-8") for file in sorted(out.glob("**/*")) if file.is_file())
        assert exported.code == 0, exported.err
        assert "Quarrie" not in exported.out + exported.err + written
        assert "900123" not in written
    tar = folder.home / "all.tar"
    whom = ("--recipient", "ACAS", "--purpose", "conciliation", "--basis", "legal claims")
    bundled = folder.run("evidence", "bundle", "--entries", "0-4", *whom, "--out", str(tar))
    assert bundled.code == 0, bundled.err
    assert case.encode() in tar.read_bytes()
    for secret in (b"Quarrie", b"900123", b"moved to fit"):
        assert secret not in tar.read_bytes()


def test_one_officer_opens_a_named_case(folder: Folder, staffed: Typing) -> None:
    case, _ = _new(folder, staffed, "--treat", "named")
    key = ("--key", str(folder.home / "bryn.key"), "--by", "bryn")
    assert "Dilys Quarrie" in staffed("unseal", case, "--reason", "to thank her", *key, given=f"{PASSPHRASE}\n").out


@pytest.mark.parametrize("who", ["ada", "nobody"])
def test_admins_and_strangers_see_no_cases(folder: Folder, staffed: Typing, who: str) -> None:
    case, _ = _new(folder, staffed)
    for command in (("list",), ("show", case), ("overdue",), ("retention",), ("requests",), ("show", "0000-0000")):
        ended = staffed(*command, "--by", who)
        assert ended.code == 1
        assert case not in ended.out + ended.err
        assert "officers" in ended.err
    assert staffed("note", case, "--by", who, given="Let me see.").code == 1
    assert "forced" in staffed("show", case, "--by", "olive").out


def test_without_a_people_file_the_officers_of_the_rules_are_the_officers(folder: Folder, staffed: Typing) -> None:
    case, _ = _new(folder, staffed)
    (folder.home / "config" / "people.yaml").unlink()
    assert staffed("show", case, "--by", "bryn").code == 0
    assert staffed("show", case, "--by", "olive").code == 1


def test_officers_of_the_rules_who_are_none_among_the_people_are_a_fault(folder: Folder, staffed: Typing) -> None:
    (folder.home / "config" / "people.yaml").write_text(
        PEOPLE.replace("cass, roles: [officer]", "cass, roles: [owner]")
    )
    ended = staffed("list", "--by", "bryn")
    assert ended.code == 1
    assert "officers.1.name" in ended.err


def test_a_new_key_takes_over_from_the_old_one(folder: Folder, staffed: Typing) -> None:
    case, _ = _new(folder, staffed, "--treat", "named")
    rules = folder.home / "config" / "escalations.yaml"
    made = staffed(
        "key", "new", "bryn", "--out", str(folder.home / "new.key"), "-o", "json", given=f"{PASSPHRASE}\n" * 2
    )
    old = re.search(r'name: bryn, public_key: "([^"]+)"', rules.read_text())
    assert old is not None
    rules.write_text(rules.read_text().replace(old[1], made.json["public_key"]))
    done = staffed(
        "key", "reseal", "--key", f"bryn={folder.home / 'bryn.key'}", "--by", "bryn", given=f"{PASSPHRASE}\n"
    )
    assert "Moved to new keys: 1 case." in done.out, done.err
    key = ("--key", str(folder.home / "new.key"), "--by", "bryn")
    assert "Dilys" in staffed("unseal", case, "--reason", "to thank her", *key, given=f"{PASSPHRASE}\n").out


def test_a_key_is_never_replaced_and_needs_a_good_passphrase(folder: Folder, typing: Typing) -> None:
    file = folder.home / "a.key"
    assert typing("key", "new", "bryn", "--out", str(file), given="short\nshort\n").code == 64
    assert typing("key", "new", "bryn", "--out", str(file), given=f"{PASSPHRASE}\nother words here\n").code == 64
    assert typing("key", "new", "bryn", "--out", str(file), given=f"{PASSPHRASE}\n" * 2).code == 0
    assert file.stat().st_mode & 0o077 == 0
    assert typing("key", "new", "bryn", "--out", str(file), given=f"{PASSPHRASE}\n" * 2).code == 1


def test_cases_are_merged_linked_recused_held_and_kept(folder: Folder, staffed: Typing) -> None:
    by = ("--by", "bryn")
    case, _ = _new(folder, staffed)
    issue, _ = _new(folder, staffed, "--systemic")
    assert "is a part of case" in staffed("merge", case, issue, *by).out
    assert staffed("link", issue, "person", "-", *by, given="dilys@bt.example.org\n").code == 0
    assert staffed("link", issue, "persn", "x", *by).code == 64
    assert "on legal hold" in staffed("hold", issue, "--reason", "a claim", *by).out
    assert "off legal hold" in staffed("hold", issue, "--lift", *by).out
    assert staffed("hold", issue, *by).code == 64
    assert "To be erased" in staffed("retention", *by).out
    assert staffed("recuse", issue, "cass", *by).code == 0
    assert "no part" in staffed("show", issue, "--by", "cass").err


def test_retention_that_a_reader_holds_up_says_so_and_ends_as_partial(folder: Folder, staffed: Typing) -> None:
    by = ("--by", "bryn")
    _new(folder, staffed)
    with closing(sqlite3.connect(folder.database)) as older, older:  # as if it had been erased yesterday
        yesterday = datetime.now(UTC) - timedelta(days=1)
        older.execute("UPDATE escalation SET erased_at = ?", (f"{yesterday:%Y-%m-%d %H:%M:%S.%f}",))
    with closing(sqlite3.connect(folder.database)) as reader, reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM plan").fetchone()
        ended = staffed("retention", "--apply", *by)
    assert ended.code == ExitCode.PARTIAL, ended.out
    assert "run this again when it has ended" in ended.out
    assert staffed("retention", "--apply", *by).code == ExitCode.DONE


def test_what_cannot_be_understood_is_told(folder: Folder, staffed: Typing) -> None:
    by = ("--by", "bryn")
    for wrong in (("--category", "gossip"), ("--treat", "secretly"), ("--until", "2026-01-01"), ("--from", "soon")):
        arguments = ("new", "--category", "forced-distribution", "--area", "networks", *wrong, *by)
        assert staffed(*arguments, given="Something.").code == 64
    assert staffed("new", "--category", "other", "--text-file", str(folder.home / "none.txt"), *by).code == 64
    assert staffed("show", "0000-0000", *by).code == 64


def test_without_officers_who_reported_is_not_taken(folder: Folder, typing: Typing) -> None:
    public = base64.b64encode(X25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    rules = f"kind: Escalations\nofficers: [{{name: bryn, public_key: '{public}'}}]\n"
    (folder.home / "config" / "escalations.yaml").write_text(rules, encoding="utf-8")
    (folder.home / "who.txt").write_text("Dilys\n", encoding="utf-8")
    asked = ("new", "--category", "other", "--by", "bryn", "--identity-file", str(folder.home / "who.txt"))
    assert "too few officers" in typing(*asked, given="Something.").err

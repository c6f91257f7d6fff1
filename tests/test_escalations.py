"""The file of escalations: all that is wrong with it is told at once, with its place; what is shipped loads."""

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sandbox_server import ROOT
from workplace_sync.cases.categories import SHIPPED, Rulebook
from workplace_sync.cases.escalation import Tone
from workplace_sync.cases.escalation_steps import Deadlines
from workplace_sync.errors import InputError
from workplace_sync.escalations import FILE_NAME, load_rulebook
from workplace_sync.starter.templates import escalations_file

KEY = base64.b64encode(bytes(range(32))).decode()


def load(folder: Path, text: str) -> Rulebook:
    (folder / FILE_NAME).write_text(text, "utf-8")
    return load_rulebook(folder)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(folder, text)
    return [str(fault).removeprefix(f"{folder / FILE_NAME}:") for fault in caught.value.faults]


def test_what_is_shipped_loads_and_is_what_init_writes() -> None:
    shipped = load_rulebook(ROOT / "config")
    assert shipped.categories == SHIPPED
    assert (shipped.k, shipped.retention, len(shipped.areas)) == (5, 12, 5)
    assert (ROOT / "config" / FILE_NAME).read_text("utf-8") == escalations_file()


def test_without_a_file_it_is_as_usual_and_has_no_officers(tmp_path: Path) -> None:
    assert load_rulebook(tmp_path) == Rulebook()
    assert load(tmp_path, "kind: Escalations") == Rulebook()


def test_everything_in_the_file_counts(tmp_path: Path) -> None:
    book = load(
        tmp_path,
        f"""
kind: Escalations
categories: [{{id: pay, title: Pay, tones: [bad, good]}}]
areas: [{{id: north, title: The North}}]
officers: [{{name: Ada, public_key: "{KEY}"}}]
smallest_count: 7
retention_months: 24
deadlines_days: {{validate: 3, raise: 4, chase: 5, settle: 6, report_back: 8}}
attachments: {{types: [text/plain], largest_bytes: 100, most: 1}}
audience: {{employer: BT, union: Prospect}}
""",
    )
    assert book.categories[0].tones == (Tone.BAD, Tone.GOOD)
    officer = book.officer("Ada")
    assert officer is not None
    assert officer.public_key == bytes(range(32))
    assert (book.k, book.retention) == (7, 24)
    assert book.deadlines == Deadlines(*(timedelta(days=days) for days in (3, 4, 5, 6, 8)))
    assert (book.attachments.types, book.attachments.largest, book.attachments.most) == (("text/plain",), 100, 1)
    assert (book.audience.employer, book.audience.union) == ("BT", "Prospect")


def test_all_faults_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    text = """kind: Escalations
areas:
  - {id: North, title: The North}
  - {id: east, title: A}
  - {id: east, title: B}
officers:
  - {name: Ada, public_key: "not a key"}
  - 7
smallest_count: 2
deadlines_days: {chse: 5}
attachments: {types: [image/gif]}
"""
    assert faults(tmp_path, text) == [
        "3:10: [areas[0].id] must be lower-case letters, digits and hyphens, 40 at most",
        "5:10: [areas[2].id] is also that of item 2 — give each its own",
        "7:29: [officers[0].public_key] must be a public key as `workplace-sync escalation key` prints it: 32 bytes in base64",
        "8:5: [officers[1]] input should be a valid dictionary or instance of _Officer",
        "9:17: [smallest_count] input should be greater than or equal to 3",
        "10:18: [deadlines_days.chse] is not a field that is known here — did you mean 'chase'?",
        "11:23: [attachments.types[0]] must be one of image/jpeg, image/png, image/webp, application/pdf, text/plain",
    ]


def test_a_key_that_is_refused_is_not_repeated(tmp_path: Path) -> None:
    secret = base64.b64encode(b"x" * 64).decode()
    told = faults(tmp_path, f'kind: Escalations\nofficers: [{{name: Ada, public_key: "{secret}"}}]\n')
    assert secret not in str(told)


def test_two_officers_do_not_share_a_key(tmp_path: Path) -> None:
    one = f'{{name: Ada, public_key: "{KEY}"}}'
    [told] = faults(tmp_path, f"kind: Escalations\nofficers: [{one}, {one.replace('Ada', 'Grace')}]\n")
    assert "is also that of item 1" in told


@pytest.mark.parametrize("text", ["areas: []", "- 1", "kind: Escalations\ncategories: []", "kind: [", ""])
def test_a_file_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    assert faults(tmp_path, text)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(InputError) as caught:
        load_rulebook(tmp_path)
    assert "cannot be read" in str(caught.value.faults[0])

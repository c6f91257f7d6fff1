"""A case on its way: taken in, worked on, merged, read by some and not by others, kept and erased."""

import io
import struct
import threading
import zlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from PIL import Image

from tests.jobs.case_room import WORDS, Room, room
from workplace_sync.cases.escalation import (
    Answer,
    Confidentiality,
    Kind,
    Link,
    LinkKind,
    Outcome,
    OutcomeFact,
    Raising,
    Recusal,
    State,
    Step,
    Tone,
    Validation,
)
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.errors import CaseError, SettingsError, UsageError
from workplace_sync.evidence.entry import Kind as EntryKind
from workplace_sync.jobs import word_back
from workplace_sync.jobs.case_keeping import apply_retention, due_for_erasure, lift_hold, place_hold
from workplace_sync.jobs.escalations import act, find_case, list_cases, list_overdue, merge_cases, read_case, read_file
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.store import audit, holds
from workplace_sync.store import cases as store
from workplace_sync.store.case_key import CaseKey
from workplace_sync.store.database import Database

DAY = date(2026, 11, 20)


@pytest.fixture
def office_of(database: Database, tmp_path: Path) -> Room:
    return room(database, tmp_path)


def entries(one: Room) -> list[audit.AuditRow]:
    with one.desk.office.database.connect() as connection:
        return [row for row in audit.list_entries(connection, limit=1000) if row.kind.startswith("escalation.")]


def test_a_case_goes_its_way_and_each_step_is_an_entry_without_content(office_of: Room) -> None:
    case = office_of.report().case
    desk = office_of.at("bryn")
    act(desk, case, Step.VALIDATION_NOTED, facts=Validation(DAY), words="Two people say the same.")
    act(desk, case, Step.SUBSTANTIATED)
    act(desk, case, Step.RAISED, facts=Raising(Kind.SYSTEMIC, "Head of Pay", "letter", DAY, "PAY-17"))
    act(desk, case, Step.ANSWERED, facts=Answer(DAY), words="They will look.")
    act(desk, case, Step.OUTCOME_RECORDED, facts=OutcomeFact(Outcome.CHANGED))
    act(desk, case, Step.REPORTED_BACK, words="The ratings were put right.")
    closed = act(desk, case, Step.CLOSED, words="All done.")
    assert closed.state is State.CLOSED
    file = read_case(desk, case)
    assert file.events[0].words == WORDS
    assert file.case.raised[0].to == "Head of Pay"
    assert file.case.raised[0].reference == "PAY-17"
    found = entries(office_of)
    assert [row.outcome for row in reversed(found)] == [event.step.value for event in file.events]
    told = repr([(row.data, row.actor, row.group, row.subject, sentence_of(row)) for row in found])
    for written in ("Head of Pay", "PAY-17", "zebra", "Two people", "look", "put right", "Dilys"):
        assert written not in told


def test_the_log_of_many_cases_verifies(office_of: Room) -> None:
    for _ in range(3):
        office_of.report()
    assert office_of.desk.office.log.audit().ok


def test_what_was_written_lies_encrypted_and_not_beside_the_case(office_of: Room) -> None:
    case = office_of.report().case
    act(office_of.at("bryn"), case, Step.LINKED, facts=Link(LinkKind.PERSON, "dilys@bt.example"))
    with office_of.desk.office.database.connect() as connection:
        [bare] = store.events(connection).values()
        assert bare[0].words == ""
        assert bare[1].facts == Link(LinkKind.PERSON, "")
        assert all(b"zebra" not in sealed for sealed in store.texts(connection, case).values())
    assert read_case(office_of.at("bryn"), case).case.links == (Link(LinkKind.PERSON, "dilys@bt.example"),)


def test_words_do_not_open_with_another_key_or_as_those_of_another_case(office_of: Room) -> None:
    case, other = office_of.report().case, office_of.report().case
    with office_of.desk.office.database.connect() as connection:
        sealed = store.texts(connection, case)[0]
    with pytest.raises(SettingsError, match="does not open"):
        office_of.desk.key.open(f"text/{other}/0", sealed)
    strange = CaseKey(office_of.folder / "strange.key")
    strange.make()
    with pytest.raises(SettingsError, match="does not open"):
        strange.open(f"text/{case}/0", sealed)


def test_a_lost_key_is_told_as_such_and_never_replaced_by_reading(office_of: Room) -> None:
    case = office_of.report().case
    file = office_of.folder / "cases.key"
    file.unlink()
    office_of.desk = office_of.at("bryn")
    object.__setattr__(office_of.desk, "key", CaseKey(file))
    with pytest.raises(SettingsError, match="cannot be read"):
        read_case(office_of.desk, case)
    assert not file.exists()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR, Role.REP, None])
def test_nobody_but_officers_and_the_owner_sees_cases(office_of: Room, role: Role | None) -> None:
    case = office_of.report().case
    desk = office_of.at("ada", role)
    for look in (lambda: list_cases(desk), lambda: read_case(desk, case), lambda: list_overdue(desk)):
        with pytest.raises(CaseError):
            look()
    with pytest.raises(CaseError):
        act(desk, case, Step.NOTED, words="Let me see.")
    with pytest.raises(CaseError):
        due_for_erasure(desk)


def test_an_officer_whom_a_case_is_about_sees_nothing_of_it(office_of: Room) -> None:
    case = office_of.report(recused=("cass",)).case
    with pytest.raises(CaseError, match="no part"):
        read_case(office_of.at("cass"), case)
    assert list_cases(office_of.at("cass")) == []
    assert [one.id for one in list_cases(office_of.at("bryn"))] == [case]
    act(office_of.at("dana"), case, Step.RECUSED, facts=Recusal("dana"))
    with pytest.raises(CaseError, match="no part"):
        act(office_of.at("dana"), case, Step.NOTED, words="I was wrong to go.")


def test_what_the_rules_do_not_know_is_refused(office_of: Room) -> None:
    for wrong in ({"category": "gossip"}, {"area": "moon"}, {"recused": ("nobody",)}, {"tone": Tone.GOOD}):
        with pytest.raises(UsageError):
            office_of.report(**wrong)
    with pytest.raises(UsageError, match="longer"):
        office_of.report(words="x" * 20_001)
    with pytest.raises(CaseError, match="Nothing is told"):
        office_of.report(words="  ")
    assert list_cases(office_of.at("bryn")) == []


def test_a_case_is_found_however_its_name_is_typed(office_of: Room) -> None:
    case = office_of.report().case
    assert find_case(office_of.desk, case.lower().replace("-", "")) == case
    with pytest.raises(UsageError):
        find_case(office_of.desk, "0000-0000")


def test_two_officers_who_write_at_once_both_get_a_step(office_of: Room) -> None:
    case = office_of.report().case
    together = threading.Barrier(2)
    failed: list[BaseException] = []

    def note(name: str) -> None:
        try:
            together.wait()
            for _ in range(3):
                act(office_of.at(name), case, Step.NOTED, words=f"A note by {name}.")
        except BaseException as error:  # noqa: BLE001 - a thread's error would go unseen
            failed.append(error)

    threads = [threading.Thread(target=note, args=(name,)) for name in ("bryn", "cass")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    events = read_case(office_of.at("dana"), case).events
    assert sorted(event.words for event in events[1:]) == ["A note by bryn."] * 3 + ["A note by cass."] * 3


def test_duplicates_become_parts_of_one_issue(office_of: Room) -> None:
    one, issue = office_of.report(), office_of.report(kind=Kind.SYSTEMIC)
    assert merge_cases(office_of.at("bryn"), one.case, issue.case).absorbed == (one.case,)
    assert read_case(office_of.at("bryn"), one.case).case.merged_into == issue.case
    act(office_of.at("bryn"), issue.case, Step.VALIDATION_NOTED, facts=Validation(DAY), words="There is something.")
    seen = word_back.look(office_of.desk, one.receipt)
    assert any("larger issue" in sentence for sentence in seen.sentences)


def test_a_receipt_shows_the_state_a_question_and_takes_a_reply(office_of: Room) -> None:
    opened = office_of.report()
    before = word_back.look(office_of.desk, opened.receipt)
    assert before.may_add
    assert not before.may_reply
    act(office_of.at("bryn"), opened.case, Step.ASKED, words="Which week was it?")
    asked = word_back.look(office_of.desk, opened.receipt)
    assert [(word.text, word.question) for word in asked.words] == [("Which week was it?", True)]
    assert asked.may_reply
    word_back.add(office_of.desk, opened.receipt, "The first one.")
    file = read_case(office_of.at("bryn"), opened.case)
    assert (file.events[-1].step, file.events[-1].words, file.events[-1].by) == (Step.REPLIED, "The first one.", "")
    word_back.add(office_of.desk, opened.receipt, "And the second.")
    assert read_case(office_of.at("bryn"), opened.case).events[-1].step is Step.ADDED
    told = repr(word_back.look(office_of.desk, opened.receipt))
    assert "zebra" not in told
    assert "first one" not in told


def test_a_question_with_somebodys_number_is_not_shown_to_the_reporter(office_of: Room) -> None:
    case = office_of.report().case
    with pytest.raises(CaseError, match="cannot leave"):
        act(office_of.at("bryn"), case, Step.ASKED, words="Call me on 07700 900456.")
    with pytest.raises(CaseError, match="may give somebody away"):
        act(office_of.at("bryn"), case, Step.ASKED, words="See https://intranet.example")
    act(office_of.at("bryn"), case, Step.ASKED, words="See https://intranet.example", despite=True)


def test_what_is_late_is_listed_the_longest_first(office_of: Room) -> None:
    first = office_of.report().case
    office_of.clock.advance(timedelta(days=5))
    second = office_of.report().case
    assert list_overdue(office_of.at("bryn")) == []
    office_of.clock.advance(timedelta(days=4))
    assert [due.case for due in list_overdue(office_of.at("bryn"))] == [first]
    office_of.clock.advance(timedelta(days=4))
    assert [due.case for due in list_overdue(office_of.at("bryn"))] == [first, second]


def _picture(form: str) -> bytes:
    written, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "taken by Dilys at 51.5N"
    Image.new("RGB", (40, 30), "teal").save(written, form, exif=exif)
    return written.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_is_kept_without_what_it_says_beside_itself(office_of: Room, form: str) -> None:
    picture = _picture(form)
    assert b"Dilys" in picture
    opened = office_of.report()
    word_back.add(office_of.desk, opened.receipt, "Here it is.", [picture])
    [[file]] = read_case(office_of.at("bryn"), opened.case).files.values()
    kept = read_file(office_of.at("bryn"), opened.case, file)
    assert b"Dilys" not in kept.content
    assert kept.media_type == f"image/{form.lower()}"
    with Image.open(io.BytesIO(kept.content)) as shown:
        assert shown.size == (40, 30)


def _with_chunk(name: bytes, data: bytes, *, before: bytes) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(written, "PNG")
    picture = written.getvalue()
    place = picture.index(before) - 4
    chunk = struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return picture[:place] + chunk + picture[place:]


@pytest.mark.parametrize(
    "picture",
    [
        _with_chunk(b"eXIf", b"II+\0\x08", before=b"IDAT"),
        _with_chunk(b"iCCP", b"", before=b"IEND"),
        _with_chunk(b"iCCP", b"\0", before=b"IEND"),
    ],
    ids=["exif-cut-short", "no-profile", "empty-profile"],
)
def test_a_picture_made_to_upset_its_decoder_is_refused_like_any_broken_one(office_of: Room, picture: bytes) -> None:
    opened = office_of.report()
    with pytest.raises(UsageError, match="cannot be read"):
        word_back.add(office_of.desk, opened.receipt, "Here.", [picture])


def test_files_that_are_not_taken_are_refused_with_a_reason(office_of: Room) -> None:
    opened = office_of.report()
    picture = _picture("PNG")
    for content, said in (
        (b"GIF89a\x01\x00", "type"),
        (b"\x00\x01\x02", "type"),
        (b"%PDF-1.7", "PDF can say"),
        (picture[:60], "cannot be read"),
        (b"x" * 5_000_001, "larger"),
    ):
        with pytest.raises(UsageError, match=said):
            word_back.add(office_of.desk, opened.receipt, "Here.", [content])
    with pytest.raises(UsageError, match="more than 3"):
        word_back.add(office_of.desk, opened.receipt, "Here.", [b"text"] * 4)
    named = office_of.report(Confidentiality.NAMED)
    word_back.add(office_of.desk, named.receipt, "Here.", [b"%PDF-1.7"])


def test_a_closed_case_loses_its_words_after_its_time_and_keeps_its_figures(office_of: Room) -> None:
    opened = office_of.report()
    word_back.add(office_of.desk, opened.receipt, "Here it is.", [_picture("PNG")])
    desk = office_of.at("bryn")
    act(desk, opened.case, Step.CLOSED, words="Nothing in it.")
    assert apply_retention(desk).erased == ()
    office_of.clock.advance(timedelta(days=366))
    place_hold(desk, opened.case, "A claim is pending.")
    assert apply_retention(desk).held == (opened.case,)
    lift_hold(desk, opened.case)
    with pytest.raises(UsageError):
        lift_hold(desk, opened.case)
    assert due_for_erasure(desk).erased == (opened.case,)
    assert apply_retention(desk).erased == (opened.case,)
    assert apply_retention(desk).erased == ()
    file = read_case(desk, opened.case)
    assert file.case.report.category == "forced-distribution"
    assert {event.words for event in file.events} == {""}
    assert file.files == {}
    assert not file.sealed
    with pytest.raises(CaseError, match="no report"):
        word_back.look(office_of.desk, opened.receipt)
    assert office_of.desk.office.log.audit().ok
    assert EntryKind.ESCALATION_ERASED in {row.kind for row in entries(office_of)}


def test_a_hold_on_everybody_keeps_all_cases(office_of: Room) -> None:
    case = office_of.report().case
    act(office_of.at("bryn"), case, Step.CLOSED, words="Nothing in it.")
    office_of.clock.advance(timedelta(days=400))
    with office_of.desk.office.database.write() as connection:
        holds.place(connection, holds.EVERYBODY, reason="court", at=office_of.clock(), by="ada")
    assert apply_retention(office_of.at("bryn")).held == (case,)

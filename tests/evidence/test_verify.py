"""The audit: whatever is done to the rows is found and said in words, without a traceback."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.shelf import SIGNER, Shelf
from tests.evidence.trees import ORIGIN, make_signer
from workplace_sync.evidence.checkpoint import Checkpoint
from workplace_sync.evidence.difference import Difference, What
from workplace_sync.evidence.merkle import EMPTY_ROOT
from workplace_sync.evidence.tile import Tile
from workplace_sync.evidence.verify import VerifyReport

SIZE = 840  # three full tiles and a rest of 72
HALF_A_DAY = [120] * 7


def _shelf(batches: list[int] | None = None) -> Shelf:
    shelf = Shelf()
    for count in batches or HALF_A_DAY:
        shelf.add(count)
    return shelf


def _whats(report: VerifyReport) -> set[What]:
    return {one.what for one in report.differences}


@pytest.mark.parametrize("batches", [HALF_A_DAY, [256], [255, 1, 1], [1] * 20, [1000, 24, 512], [5]])
def test_a_log_as_it_was_written_verifies(batches: list[int]) -> None:
    report = _shelf(batches).report()
    assert report.ok
    assert (report.size, report.checkpoints) == (sum(batches), len(batches))
    assert (report.openings, report.erased) == (sum(batches), 0)


def test_an_empty_log_verifies_with_and_without_its_file_outside() -> None:
    shelf = Shelf()
    assert shelf.report().ok
    assert shelf.report().root == EMPTY_ROOT
    shelf.outside = Checkpoint(ORIGIN, 0, EMPTY_ROOT).signed(SIGNER)
    shelf.checkpoints[0] = shelf.outside
    assert shelf.report().ok


def test_a_log_without_looking_at_openings_verifies() -> None:
    report = _shelf().report(openings=False)
    assert report.ok
    assert (report.openings, report.erased) == (0, 0)


def test_a_large_log_with_three_levels_of_tiles_verifies_and_each_tile_counts() -> None:
    shelf = _shelf([66_000])
    assert shelf.report(openings=False).ok
    for tile in (Tile(0, 200), Tile(1, 0), Tile(1, 1), Tile(2, 0)):
        kept = shelf.tiles[tile]
        shelf.tiles[tile] = bytes([kept[0] ^ 1]) + kept[1:]
        assert any(
            text.startswith(f"Tile {tile.number} of level {tile.level}: changed")
            for text in shelf.differences(openings=False)
        )
        del shelf.tiles[tile]
        assert f"Tile {tile.number} of level {tile.level}: missing." in shelf.differences(openings=False)
        shelf.tiles[tile] = kept


def test_erased_openings_are_counted_and_nothing_differs() -> None:
    shelf = _shelf()
    del shelf.openings[3], shelf.openings[800]
    report = shelf.report()
    assert report.ok
    assert (report.openings, report.erased) == (SIZE - 2, 2)


def test_a_changed_row_is_named() -> None:
    shelf = _shelf()
    shelf.entries[300] = shelf.entries[300].replace(b"2020", b"2021")
    assert shelf.differences(openings=False) == ["Row 300: changed, not what was recorded."]


def test_changed_rows_next_to_each_other_are_one_finding() -> None:
    shelf = _shelf()
    for seq in (300, 301, 302, 310):
        shelf.entries[seq] = b"rubbish"
    assert shelf.differences(openings=False) == [
        "Rows 300 to 302: changed, not what was recorded.",
        "Row 310: changed, not what was recorded.",
    ]


def test_a_changed_row_of_the_last_tile_shows_in_the_checkpoints_after_it() -> None:
    shelf = _shelf()
    shelf.entries[800] = shelf.entries[800].replace(b"2020", b"2021")
    assert shelf.differences(openings=False) == [
        "Checkpoint 840: signed over other entries than the database has; one from number 720 on, before 840, was changed."
    ]


def test_a_missing_row_is_named_wherever_it_was() -> None:
    for seq in (0, 300, 800):
        shelf = _shelf()
        del shelf.entries[seq]
        assert f"Row {seq}: missing." in shelf.differences()
        assert _whats(shelf.report()) == {What.ROW_MISSING}


def test_swapped_rows_are_told_by_where_they_were() -> None:
    shelf = _shelf()
    shelf.entries[10], shelf.entries[400] = shelf.entries[400], shelf.entries[10]
    assert shelf.differences(openings=False) == [
        "Row 10: holding what was recorded as row 400: rows were swapped, inserted or taken out before.",
        "Row 400: holding what was recorded as row 10: rows were swapped, inserted or taken out before.",
    ]


def test_a_row_put_in_between_shows_in_all_that_moved_and_in_the_one_too_many() -> None:
    shelf = _shelf()
    bodies = [shelf.entries[seq] for seq in range(SIZE)]
    bodies.insert(5, bodies[5].replace(b'"c":"', b'"c":"', 1).replace(b"2020", b"2019"))
    shelf.entries = dict(enumerate(bodies))
    found = shelf.differences(openings=False)
    assert "Row 840: inserted, no signed checkpoint covers it." in found
    assert any(text.startswith("Rows 6 to 839: holding what was recorded as rows 5 to 838") for text in found)


def test_rows_before_the_first_and_far_after_the_last_are_told() -> None:
    shelf = _shelf()
    shelf.entries |= {-1: b"x", SIZE: b"y", 2**31 - 1: b"z"}
    shelf.openings |= {at: (at, *shelf.openings[0][1:]) for at in (-1, SIZE + 5)}
    assert shelf.differences() == [
        "Row -1: inserted, no signed checkpoint covers it.",
        "Row -1: an opening without entry.",
        "Row 840: inserted, no signed checkpoint covers it.",
        "Row 2,147,483,647: inserted, no signed checkpoint covers it.",
        "Row 845: an opening without entry.",
    ]


@pytest.mark.parametrize("size", [839, 770, 768, 500, 0])
def test_a_tail_cut_off_is_told(size: int) -> None:
    shelf = _shelf()
    with shelf.without_tail(size):
        found = shelf.differences()
    rows = "Row 839" if size == 839 else f"Rows {size} to 839"
    covers = "it" if size == 839 else "them"
    assert found == [f"{rows}: missing at the end, though a signed checkpoint covers {covers}: the tail was cut off."]


def test_a_database_put_back_to_an_older_state_is_told_by_the_file_outside() -> None:
    old, now = _shelf(), _shelf([*HALF_A_DAY, 30])
    old.outside = now.outside
    assert old.differences()[0].startswith("Rows 840 to 869: missing, and so are their checkpoints;")
    assert _whats(old.report()) == {What.ROLLED_BACK}


def test_an_emptied_database_is_told_by_the_file_outside() -> None:
    shelf = Shelf(outside=_shelf().outside)
    assert What.ROLLED_BACK in _whats(shelf.report())


def test_a_log_that_went_on_from_an_older_state_was_forked() -> None:
    one, other = _shelf(), _shelf(HALF_A_DAY[:-1]).add(120, "refused")
    one.outside = other.outside
    assert one.differences() == [
        (
            "The checkpoint file outside the database, of 840 entries, is signed over other entries than the database has: "
            "the log was forked."
        )
    ]
    one.add(10)
    one.outside = other.outside
    assert _whats(one.report()) == {What.FORKED}


def test_an_older_checkpoint_of_the_same_log_outside_is_harmless() -> None:
    shelf = _shelf()
    for size in (120, 720):
        shelf.outside = shelf.checkpoints[size]
        assert shelf.report().ok


def test_a_lost_newest_checkpoint_is_told_by_the_file_outside() -> None:
    shelf = _shelf()
    del shelf.checkpoints[SIZE]
    assert shelf.differences() == ["The checkpoint of 840 entries is missing from the database."]


def test_a_lost_file_outside_is_told_and_so_is_a_spoilt_one() -> None:
    shelf = _shelf()
    shelf.outside = None
    assert _whats(shelf.report()) == {What.OUTSIDE_MISSING}
    shelf.outside = "\ufeff" + shelf.checkpoints[SIZE]
    assert shelf.differences() == [
        (
            "The checkpoint file outside the database is not good: The checkpoint is of another log: its origin is not this "
            "log's."
        )
    ]


@pytest.mark.parametrize(
    "note",
    [
        Checkpoint(ORIGIN, 240, EMPTY_ROOT).signed(make_signer(2)),
        Checkpoint("other.example.org", 240, EMPTY_ROOT).signed(SIGNER),
        Checkpoint(ORIGIN, 240, EMPTY_ROOT).signed(SIGNER).replace("\n240\n", "\n0240\n"),
        "rubbish",
        "",
    ],
)
def test_a_checkpoint_of_another_key_or_origin_or_out_of_form_is_told(note: str) -> None:
    shelf = _shelf()
    shelf.checkpoints[240] = note
    assert [text.split(":")[0] for text in shelf.differences()] == ["Checkpoint 240"]
    assert _whats(shelf.report()) == {What.CHECKPOINT_BAD}


def test_a_replayed_or_swapped_checkpoint_is_told() -> None:
    shelf = _shelf()
    shelf.checkpoints[240] = shelf.checkpoints[120]
    shelf.checkpoints[SIZE + 1] = shelf.checkpoints[SIZE]
    assert shelf.differences() == [
        "Checkpoints 240 to 841 (2 of them): not good: It is the checkpoint of another size.",
    ]


def test_a_checkpoint_that_was_really_signed_over_something_else_is_told() -> None:
    shelf = _shelf()
    shelf.checkpoints[240] = Checkpoint(ORIGIN, 240, EMPTY_ROOT).signed(SIGNER)
    assert shelf.differences() == [
        "Checkpoint 240: signed over other entries than the database has; one from number 120 on, before 240, was changed."
    ]


def test_another_key_than_the_log_s_verifies_nothing_of_it() -> None:
    shelf = _shelf()
    shelf.signer = make_signer(2)
    report = shelf.report()
    assert {What.CHECKPOINT_BAD, What.OUTSIDE_BAD, What.ROW_INSERTED} < _whats(report)
    assert report.size == 0
    assert any(
        "(7 of them): not good: The checkpoint is not signed by this log's key." in str(one)
        for one in report.differences
    )


def test_rows_rewritten_with_their_whole_tree_still_do_not_fit_what_was_signed() -> None:
    shelf = _shelf()
    shelf.entries[300] = shelf.entries[300].replace(b"2020", b"2021")
    shelf.rehash()
    assert shelf.differences(openings=False) == [
        (
            "Checkpoints 360 to 840 (5 of them): signed over other entries than the database has; one from number 240 on, "
            "before 360, was changed."
        )
    ]


def test_a_row_rewritten_with_its_own_tile_shows_in_the_tile_above() -> None:
    shelf = _shelf()
    shelf.entries[300] = shelf.entries[300].replace(b"2020", b"2021")
    upper = shelf.tiles[Tile(1, 0)]
    shelf.rehash()
    shelf.tiles[Tile(1, 0)] = upper
    assert _whats(shelf.report(openings=False)) == {What.TILE_CHANGED, What.CHECKPOINT_DIFFERS}


def test_rows_tiles_and_the_tile_above_that_all_disagree_are_all_told() -> None:
    shelf = _shelf()
    shelf.entries[300] = shelf.entries[300].replace(b"2020", b"2021")
    shelf.tiles[Tile(0, 1)] = shelf.tiles[Tile(0, 0)]
    shelf.tiles[Tile(1, 0)] = bytes(96)
    assert {What.ROW_CHANGED, What.TILE_CHANGED, What.CHECKPOINT_DIFFERS} == _whats(shelf.report(openings=False))


@pytest.mark.parametrize("tile", [Tile(0, 1), Tile(1, 0)])
def test_a_changed_short_or_missing_tile_is_told_and_the_rows_are_believed(tile: Tile) -> None:
    shelf = _shelf()
    kept = shelf.tiles.pop(tile)
    assert shelf.differences() == [f"Tile {tile.number} of level {tile.level}: missing."]
    for bad in (bytes(len(kept)), kept[:-32], b""):
        shelf.tiles[tile] = bad
        assert shelf.differences() == [
            f"Tile {tile.number} of level {tile.level}: changed, or the entries below changed together with its own tile."
        ]


def test_tiles_that_the_log_cannot_have_are_told() -> None:
    shelf = _shelf()
    shelf.tiles |= {Tile(0, -1): b"", Tile(0, 3): b"", Tile(1, 1): b"", Tile(7, 0): b""}
    assert shelf.differences() == [
        "Tile -1 of level 0: not part of this log.",
        "Tile 3 of level 0: not part of this log.",
        "Tile 1 of level 1: not part of this log.",
        "Tile 0 of level 7: not part of this log.",
    ]


def test_a_changed_head_is_told() -> None:
    for head in (None, (SIZE - 1, b""), (SIZE, bytes(32 * 4))):
        shelf = _shelf()
        shelf.head = head
        assert shelf.differences() == ["The row of the log's head does not fit the 840 entries."]


def test_an_opening_that_was_altered_or_is_another_entry_s_is_told() -> None:
    shelf = _shelf()
    row = shelf.openings[7]
    shelf.openings[7] = (7, row[1].replace(b"accepted", b"refused"), *row[2:])
    shelf.openings[300] = (300, *shelf.openings[301][1:])
    assert shelf.differences() == [
        "Row 7: the opening is not the one that the entry commits to.",
        "Row 300: the opening is not the one that the entry commits to.",
    ]


@pytest.mark.parametrize("column", range(2, 8))
def test_search_fields_that_say_other_than_the_opening_are_told(column: int) -> None:
    shelf = _shelf()
    row: list[Any] = list(shelf.openings[7])
    row[column] = "2020-03-01T00:00:08.000000Z" if column == 2 else "other"
    shelf.openings[7] = tuple(row)
    assert shelf.differences() == ["Row 7: the fields used for search are not those of the opening."]


def test_an_opening_of_a_missing_or_spoilt_row_is_not_told_twice() -> None:
    shelf = _shelf()
    del shelf.entries[7]
    shelf.entries[8] = b"rubbish"
    assert shelf.differences() == ["Row 7: missing.", "Row 8: changed, not what was recorded."]


def test_a_lost_block_with_its_tile_leaves_the_rest_unjudged_instead_of_wrongly_accused() -> None:
    shelf = _shelf()
    del shelf.tiles[Tile(0, 1)]
    for seq in range(256, 512):
        del shelf.entries[seq]
    assert {What.ROW_MISSING, What.TILE_CHANGED} == _whats(shelf.report())


def test_a_log_that_ends_with_a_full_tile_of_the_second_level_verifies() -> None:
    shelf = _shelf([65_536])
    assert shelf.report(openings=False).ok
    shelf.tiles[Tile(1, 1)] = bytes(32)
    assert shelf.differences(openings=False) == ["Tile 1 of level 1: not part of this log."]


def test_a_report_lists_so_many_differences_and_counts_the_rest() -> None:
    shelf = _shelf([1500])
    for seq in range(0, 1000, 2):
        del shelf.entries[seq]
    report = shelf.report()
    assert (len(report.differences), report.unlisted) == (200, 300)


def test_a_difference_says_each_thing_once_in_words() -> None:
    assert str(Difference(What.ROW_MISSING, 1000, 2000, 1001)) == "Rows 1,000 to 2,000: missing."


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_byte_changed_anywhere_is_found(data: st.DataObject) -> None:
    shelf = _shelf([100] * 6)
    part: dict[Any, Any] = data.draw(st.sampled_from([shelf.entries, shelf.tiles, shelf.checkpoints]))
    key = data.draw(st.sampled_from(sorted(part)))
    raw = part[key].encode() if isinstance(part[key], str) else part[key]
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 127))]) + raw[at + 1 :]
    part[key] = changed.decode("utf-8", "replace") if isinstance(part[key], str) else changed
    assert not shelf.report().ok

"""The quarterly report on paper: the same bytes for the same figures, a table for each chart, and nothing that could run."""

import importlib.util
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from workplace_sync.cases.report import Report, Table, Value, Version
from workplace_sync.errors import SettingsError
from workplace_sync.papers.bars import lying_bars, standing_bars
from workplace_sync.papers.quarterly import chart_of, quarterly_files, quarterly_html

END = datetime(2026, 10, 1, tzinfo=UTC)
LONG = "Targets for managed exits or unregretted leavers, and whatever else is called so <here>"
VOID = {"meta"}


def table(
    key: str, rows: tuple[tuple[Value, ...], ...], columns: tuple[str, ...] = ("what", "people"), **more: bool
) -> Table:
    return Table(key, f"{key}: figures", f"What {key} counts.", columns, rows, **more)


def report(*more: Table) -> Report:
    tables = (
        Table("texts", "In the union's words", "Approved.", ("text", "words"), (("1", "We met.\nMore is to come."),)),
        table("trend", (("2026-Q2", 7), ("2026-Q3", 12)), series=True),
        table("category", (("2026-Q3", LONG, 1_234), ("2026-Q3", "Other", 0)), ("received", "category", "escalations")),
        table("bt.growth", (("additions", None), ("removals", 0)), ("", "people")),
        table("bt.causes", (("left", 8), ("cause unknown", None))),
        table("bt.blind", ()),
        *more,
    )
    return Report("2026-Q3", Version.EMPLOYER, 5, "Quarterly report & more", ("A note <one>.",), tables)


class Balance(HTMLParser):
    """Counts what is open, and keeps all ids and what refers to them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wanted: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in {"aria-labelledby", "aria-describedby"}:
                self.wanted.add(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_same_figures_are_the_same_bytes_and_others_are_not() -> None:
    pdf = importlib.util.find_spec("typst") is not None
    first, second = (quarterly_files(report(), ends_at=END, pdf=pdf) for _ in range(2))
    assert first == second
    other = report(table("bt.methods", (("roster file", 6),)))
    changed = quarterly_files(other, ends_at=END, pdf=pdf)
    assert [form for form in first if first[form] == changed[form]] == []


def test_a_pdf_has_tags_and_no_clock_in_it() -> None:
    pytest.importorskip("typst")
    pdf = quarterly_files(report(), ends_at=END)["pdf"]
    assert pdf.startswith(b"%PDF-")
    assert b"/MarkInfo" in pdf
    assert f"{datetime.now(UTC):D:%Y%m%d}".encode() not in pdf


def test_where_typst_is_missing_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    with pytest.raises(SettingsError, match="extra"):
        quarterly_files(report(), ends_at=END)
    assert set(quarterly_files(report(), ends_at=END, pdf=False)) == {"html", "csv", "json"}


def test_the_page_is_well_formed_runs_nothing_and_loads_nothing() -> None:
    page = quarterly_html(report())
    assert "<script" not in page
    assert not re.search(r"(src|href|url)\s*[=(]", page)
    assert "A note &lt;one&gt;." in page
    assert "More is to come." in page
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert len(balance.ids) == len(set(balance.ids))
    assert balance.wanted <= set(balance.ids)


def test_every_figure_stands_in_a_table_and_what_is_withheld_is_said() -> None:
    text = re.sub(r"<svg.*?</svg>", "", quarterly_html(report()), flags=re.DOTALL)
    assert "1,234" in text
    assert text.count(">withheld<") == 2
    assert "Nothing in this quarter." in text
    assert "no number that can be shown" not in text
    bare = quarterly_html(report(table("improvements", ())))
    assert "There is no number that can be shown." in bare  # not that there was none: it may be withheld
    for one in report().tables[1:]:
        assert one.definition in text
    assert "The group: bt.growth" in text


def test_a_chart_names_its_numbers_for_those_who_do_not_see_it() -> None:
    drawn = chart_of(report().tables[2], "By category")
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    said = "".join(root.itertext())
    assert "2026-Q3" not in said  # the same in every row
    assert f"{LONG}: 1,234; Other: 0" in said
    assert root.get("role") == "img"
    assert "withheld" in chart_of(report().tables[4], "By cause")


@pytest.mark.parametrize("rows", [(("left", 8),), (("left", 0), ("other", 0)), (("left", None), ("other", None)), ()])
def test_what_is_no_picture_is_not_drawn(rows: tuple[tuple[Value, ...], ...]) -> None:
    assert chart_of(table("bt.causes", rows), "By cause") == ""
    assert chart_of(replace(report().tables[4], key="bt.growth"), "Growth") == ""


def test_bars_are_as_long_as_their_numbers() -> None:
    for draw, side in ((lying_bars, "width"), (standing_bars, "height")):
        root = ET.fromstring(draw([("a", 10), ("b", 5), ("c", None)], title="t", name="n"))  # noqa: S314 - our own
        lengths = [float(bar.get(side) or 0) for bar in root.iter("{http://www.w3.org/2000/svg}rect")]
        assert lengths[0] == pytest.approx(2 * lengths[1])
        assert sum(lengths[2:]) == 0

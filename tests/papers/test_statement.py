"""The statement on paper: the same words and figures as text, HTML and PDF, and nothing that could run."""

import importlib.util
import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest

from tests.cases.test_statement import NOW, addition, statement
from workplace_sync.cases.statement import CitedRule, PlatformText, Ruleset, SizeAt, Statement
from workplace_sync.errors import SettingsError
from workplace_sync.papers.chart import members_chart
from workplace_sync.papers.statement import statement_html, statement_pdf, statement_text

SIZES = tuple(SizeAt(NOW + timedelta(days=day), number) for day, number in enumerate([40, 5279, 5279, 40]))


def full() -> Statement:
    from dataclasses import replace  # noqa: PLC0415 - only here

    rule = CitedRule(
        "union-consent@1/consent", "A consent on record", "Minute <14>", "https://union.example.org/m/14", "2020-03-01"
    )
    text = PlatformText("example-telecom", "Acceptable use", 1, "2019-01-01", ())
    made = statement(
        addition("amina@bt.example.org", approved_by="grace"), unrecorded=("rhona@bt.example.org",), sizes=SIZES
    )
    return replace(made, rulesets=(Ruleset("sha256:ab", (rule,)),), platform_texts=(text,))


def test_text_and_html_hold_the_same_facts() -> None:
    made = full()
    html = re.sub(r"<[^>]+>", " ", statement_html(made))
    for fact in (
        "amina@bt.example.org",
        "grace",
        "d" * 12,
        "union-consent@1/consent",
        "Acceptable use",
        "rhona@bt.example.org",
        "roster file (bt.csv)",
    ):
        assert fact in statement_text(made)
        assert fact in html


def test_the_page_runs_nothing_and_loads_nothing() -> None:
    page = statement_html(full())
    assert "<script" not in page
    assert not re.search(r"(src|href)\s*=", page)
    assert "Minute &lt;14&gt;" in page


def test_where_the_owner_had_published_nothing_the_statement_says_so() -> None:
    made = statement(addition("a@bt.example.org"))
    assert "held no text in force" in statement_text(made)
    assert "held no text in force" in statement_html(made)
    assert "<svg" not in statement_html(made)


def test_the_chart_falls_where_the_members_fell_and_can_be_read_without_seeing_it() -> None:
    chart = ET.fromstring(members_chart(SIZES, title="Members over time"))  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    assert chart.get("role") == "img"
    assert "From 40 members on 2026-11-21 to 40 on 2026-11-24" in str(chart.findtext(f"{space}desc"))
    line = chart.find(f"{space}polyline")
    assert line is not None
    heights = [float(point.split(",")[1]) for point in str(line.get("points")).split()]
    assert heights[0] == heights[-1] > min(heights)
    assert members_chart(SIZES[:1], title="x") == ""


@pytest.mark.skipif(importlib.util.find_spec("typst") is None, reason="the extra pdf is not installed")
def test_the_pdf_is_the_same_bytes_for_the_same_statement() -> None:
    made = full()
    first = statement_pdf(made)
    assert first.startswith(b"%PDF-")
    assert statement_pdf(made) == first


@pytest.mark.skipif(importlib.util.find_spec("typst") is not None, reason="the extra pdf is installed")
def test_without_the_extra_the_error_says_what_to_install() -> None:
    with pytest.raises(SettingsError, match="extra `pdf`"):
        statement_pdf(full())

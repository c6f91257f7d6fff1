"""A compliance statement as text, as HTML, and (with the extra `pdf`) as PDF: the same words and figures in each."""

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files

from workplace_sync.cases.statement import Addition, Statement, thinned
from workplace_sync.papers.chart import members_chart
from workplace_sync.papers.pdf import made_pdf

_POINTS = 200
_COLUMNS = ("person", "added (UTC)", "entry", "method", "asked by", "approved by", "plan", "consent on record", "today")


def introduction(statement: Statement) -> list[str]:
    """Return the sentences that say what the statement is, and what it does not prove."""
    return [
        (
            f"This statement is about {statement.about} in the group {statement.group}. It was made on"
            f" {statement.made_at:%Y-%m-%d %H:%M} UTC from the union's evidence log {statement.log_origin},"
            f" which then had {statement.log_size:,} entries."
        ),
        (
            "Each addition below is an entry of that log. Whoever holds the log's public key, published before, can verify"
            f" it without us; the key's fingerprint is {statement.log_fingerprint}."
        ),
        "The log proves what was recorded and when. It cannot prove that what people told us was true.",
    ]


def platform_sentences(statement: Statement) -> list[str]:
    """Return what the platform's owner had published by the day that matters."""
    day = f"{statement.platform_day:%Y-%m-%d}"
    if not statement.platform_texts:
        return [f"On {day} our shelf of what the platform's owner had published held no text in force."]
    return [
        f"On {day} these texts of the platform's owner were in force, as far as they are known to us:",
        *(
            f"{text.owner}: {text.title}, version {text.version}, in force from {text.in_force_from},"
            f" on {', '.join(text.topics) or 'no topic that we know'}"
            for text in statement.platform_texts
        ),
    ]


def statement_text(statement: Statement) -> str:
    """Return the statement as plain text."""
    lines = [f"Compliance statement: {statement.about}", ""]
    lines += [*introduction(statement), ""]
    lines += [f"{number:>9,}  {what}" for what, number in statement.figures]
    lines += ["", "How they were added:", *(f"{number:>9,}  {what}" for what, number in statement.methods)]
    lines += ["", *platform_sentences(statement)]
    for ruleset in statement.rulesets:
        lines += ["", f"Every addition under revision {ruleset.revision[:19]} was checked against:"]
        lines += [
            f"  {rule.cite}, in force from {rule.in_force_from}: {rule.title} ({rule.source} {rule.url})".rstrip()
            for rule in ruleset.rules
        ]
    lines += ["", "  ".join(_COLUMNS)]
    lines += ["  ".join(_cells(one)) for one in statement.additions]
    lines += [f"{person}  no addition by the union is on record" for person in statement.unrecorded]
    return "\n".join(lines) + "\n"


def _cells(one: Addition) -> tuple[str, ...]:
    consent = one.consent + (f" since {one.consent_at:%Y-%m-%d}" if one.consent_at else "")
    today = one.today + (f" ({', '.join(one.today_rules)})" if one.today_rules else "")
    return (
        one.person,
        f"{one.added_at:%Y-%m-%d %H:%M:%S}",
        "" if one.entry is None else str(one.entry),
        f"{one.method.replace('_', ' ')} ({one.source})",
        one.requested_by,
        one.approved_by,
        one.plan_digest[:12],
        consent + (f", {one.consent_basis}" if one.consent_basis else ""),
        today,
    )


def statement_html(statement: Statement) -> str:
    """Return the statement as one HTML page without scripts, its stylesheet inside."""
    return "\n".join(_html(statement)) + "\n"


def _html(statement: Statement) -> Iterator[str]:
    title = escape(f"Compliance statement: {statement.about}")
    style = (files("workplace_sync.papers") / "paper.css").read_text("utf-8")
    yield f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title><style>\n{style}</style></head>\n<body>'
    yield f"<h1>{title}</h1>"
    yield from (f"<p>{escape(sentence)}</p>" for sentence in introduction(statement))
    yield from _table("Figures", ("what", "number"), ((what, f"{number:,}") for what, number in statement.figures))
    yield from _table("How they were added", ("method", "number"), ((what, f"{n:,}") for what, n in statement.methods))
    yield "<h2>What the platform's owner had published</h2>"
    first, *rest = platform_sentences(statement)
    yield f"<p>{escape(first)}</p>" + (
        "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in rest) + "</ul>" if rest else ""
    )
    sizes = thinned(statement.sizes, _POINTS)
    if chart := members_chart(sizes, title="Members over time"):
        yield f"<h2>Members over time</h2>\n{chart}"
        yield from _table(
            "", ("read at (UTC)", "members"), ((f"{s.at:%Y-%m-%d %H:%M}", f"{s.members:,}") for s in sizes)
        )
    for ruleset in statement.rulesets:
        rows = ((r.cite, r.title, f"{r.source} {r.url}".strip(), r.in_force_from) for r in ruleset.rules)
        yield from _table(
            f"Rules of revision {ruleset.revision[:19]}", ("rule", "title", "published as", "in force from"), rows
        )
    yield from _table("Additions", _COLUMNS, (_cells(one) for one in statement.additions))
    if statement.unrecorded:
        people = ((person,) for person in statement.unrecorded)
        yield from _table("Without an addition on record", ("person",), people)
    yield "</body>\n</html>"


def _table(heading: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    if heading:
        yield f"<h2>{escape(heading)}</h2>"
    yield (
        "<table><thead><tr>"
        + "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
        + "</tr></thead><tbody>"
    )
    for row in rows:
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody></table>"


def statement_pdf(statement: Statement) -> bytes:
    """Return the statement as PDF; raises SettingsError where the extra `pdf` is not installed."""
    sizes = thinned(statement.sizes, _POINTS)
    data = {
        "title": f"Compliance statement: {statement.about}",
        "paragraphs": introduction(statement),
        "figures": [[what, f"{number:,}"] for what, number in statement.figures],
        "methods": [[what, f"{number:,}"] for what, number in statement.methods],
        "platform": platform_sentences(statement),
        "chart": members_chart(sizes, title="Members over time"),
        "sizes": [[f"{one.at:%Y-%m-%d %H:%M}", f"{one.members:,}"] for one in sizes],
        "rulesets": [
            {
                "revision": one.revision[:19],
                "rules": [[r.cite, r.title, f"{r.source} {r.url}".strip(), r.in_force_from] for r in one.rules],
            }
            for one in statement.rulesets
        ],
        "columns": list(_COLUMNS),
        "additions": [list(_cells(one)) for one in statement.additions],
        "unrecorded": list(statement.unrecorded),
        "made_at": f"{statement.made_at:%Y-%m-%d}",
    }
    return made_pdf("statement.typ", data, statement.made_at, instead="HTML")

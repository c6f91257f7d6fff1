"""The roster of the demo: six thousand rows as a committee has them, with all that goes wrong in such files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path

from workplace_sync.demo.employer import Employer

HEADER = ("Work e-mail", "Name", "Employer", "Membership", "Consent", "Consent date", "Basis")
_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Mixture:
    """How many rows of each sort the roster has; they add up to six thousand."""

    consenting: int = 5_240
    silent: int = 150
    opted_out: int = 110
    openreach: int = 240
    strangers: int = 120
    lapsed: int = 80
    repeated: int = 50
    broken: int = 10


def write_roster(path: Path, employer: Employer, mixture: Mixture, today: date) -> list[str]:
    """Write the roster as Excel on a British machine does, and return the addresses that may be added.

    The rows are shuffled in a fixed way, so that the file looks like one that grew over years.
    """
    inside = employer.member_ids(employer.tenants["bt"].group_id)
    ours = iter([one for one in employer.people("bt") if one["id"] not in inside])
    theirs = iter(employer.people("openreach"))

    def take(people: Iterable[dict[str, str]], number: int) -> list[tuple[str, str]]:
        return [(one["email"], one["name"]) for one in islice(people, number)]

    given = today - timedelta(days=40)
    good = take(ours, mixture.consenting)
    rows = [
        *_rows(good, "BT", "active", "yes", given),
        *_rows(take(ours, mixture.silent), "BT", "active", "", None),
        *_rows(take(ours, mixture.opted_out), "BT", "active", "no", given),
        *_rows(take(theirs, mixture.openreach), "Openreach", "active", "yes", given),
        *_rows(_strangers(mixture.strangers), "Agency", "active", "yes", given),
        *_rows(take(ours, mixture.lapsed), "BT", "lapsed", "yes", given),
        *_rows(
            [(f" {email.title()}{_SPACE}", name) for email, name in good[: mixture.repeated]],
            "BT",
            "active",
            "yes",
            given,
        ),
        *islice(_broken(), mixture.broken),
    ]
    rows = _shuffled(rows)
    lines = chain([";".join(HEADER)], (";".join(row) for row in rows))
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig", newline="")
    return [email for email, _ in good]


def _rows(
    people: Iterable[tuple[str, str]], employer: str, membership: str, consent: str, given: date | None
) -> Iterator[tuple[str, ...]]:
    for email, name in people:
        yield (
            email,
            name,
            employer,
            membership,
            consent,
            f"{given:%d/%m/%Y}" if given else "",
            "joining form" if given else "",
        )


def _strangers(number: int) -> Iterator[tuple[str, str]]:
    return ((f"visitor.{n:03}@agency.example.org", f"Visitor {n}") for n in range(number))


def _broken() -> Iterator[tuple[str, ...]]:
    wrong = (
        "no address at all",
        "two@at@signs.example.org",
        "trailing.dot.@bt.example.org",
        "=1+1@bt.example.org",
        "x@localhost",
    )
    for n in range(1_000):
        yield (wrong[n % len(wrong)], f"Row {n}", "BT", "active", "yes", "31/12/2025", "joining form")


def _shuffled(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the rows in another order, the same for the same rows."""
    step = 7 if len(rows) % 7 else 11
    return [rows[place] for start in range(step) for place in range(start, len(rows), step)]

"""Two hundred quiet months give no false alarm, and no bulk removal in them goes unseen.

Twenty thousand months, tried by hand, gave none where people left one by one (`TEAMS = 0`). With teams who leave
together, 21 of them had an incident, each because as many as make a bulk removal were gone within two readings that may
have been one day: that cannot be told from a bulk removal, and has to be found.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp

import pytest

from workplace_sync.cases.incident import BASELINE, Burst, Group, Removal, Usual, detect, usual_day
from workplace_sync.membership.removals import bulk_from
from workplace_sync.membership.timeline import DAY, daily_counts

MONTHS = 200
SEED = 2020
START = datetime(2026, 9, 7, 9, tzinfo=UTC)  # a Monday
MONTH = 30
WITH_ROLE = 0.03
TEAMS = 1 / 44  # a weekday: one in two months

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Life:
    """A group, what it loses usually, and how often it is read, in readings a day."""

    size: int
    monthly_share: float
    readings: int
    history: int
    chance: random.Random

    def days(self) -> int:
        return self.history + MONTH

    def departures(self) -> list[float]:
        """Return when people leave by themselves or are taken out one by one, in days: by weekday, and now and then a team."""
        times: list[float] = []
        per_weekday = self.size * self.monthly_share / 22
        for day in range(self.days()):
            weekday = day % 7 < 5
            number = poisson(self.chance, per_weekday if weekday else per_weekday / 5)
            times += [day + self.chance.random() for _ in range(number)]
            if weekday and self.chance.random() < TEAMS:
                moment = day + self.chance.random() * 0.9
                team = self.chance.randint(2, max(2, min(8, bulk_from(self.size) - 3)))
                times += [moment + self.chance.random() * 0.1 for _ in range(team)]
        return sorted(times)


def poisson(chance: random.Random, mean: float) -> int:
    limit, product, number = exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        number += 1
    return number


def lives(months: int = MONTHS, seed: int = SEED) -> Iterator[Life]:
    chance = random.Random(seed)
    for month in range(months):
        yield Life(
            size=round(40 * 200 ** chance.random()),
            monthly_share=chance.uniform(0.001, 0.005),
            readings=chance.choice((1, 1, 1, 4, 24)),
            history=chance.choice((0, 10, 56)),
            chance=random.Random(month if seed == SEED else (seed << 32) + month),
        )


def alarms(life: Life, times: list[float]) -> list[datetime]:
    """Return when an incident would have been opened, the group being read as often as that over its whole life."""
    return [at for at, _ in bursts(life, times)]


def bursts(life: Life, times: list[float]) -> Iterator[tuple[datetime, Burst]]:
    """Read the group over its whole life; yield each burst and the reading that found it."""
    step = DAY / life.readings
    removals = []
    for number, time in enumerate(times):
        reading = START + (time * DAY // step + 1) * step
        removals.append(Removal(number, reading - step, reading, role=life.chance.random() < WITH_ROLE))
    for reading in sorted({one.gone_at for one in removals}):
        until = reading - step
        past = [one for one in removals if reading - 9 * DAY < one.gone_at <= reading]
        since = max(START, until - BASELINE)
        quiet = [one.gone_at for one in removals if one.gone_at < until]
        counts = daily_counts(quiet, since, until)
        usual = usual_day(counts) if counts else Usual()
        if found := detect(past, Group(life.size, round(life.size * WITH_ROLE), usual)):
            yield reading, found


def test_chance_opens_an_incident_only_with_as_many_as_a_bulk_removal() -> None:
    met = 0
    for life in lives(months=1_000, seed=3):
        for _, found in bursts(life, life.departures()):
            met += 1
            assert len(found.removals) >= bulk_from(life.size), life
    assert met > 0, "otherwise nothing was tried"


def test_two_hundred_quiet_months_give_no_false_alarm() -> None:
    found = [(life.size, alarms(life, life.departures())) for life in lives()]
    assert len(found) == MONTHS
    assert [each for each in found if each[1]] == []


def test_every_bulk_removal_of_20_people_or_2_percent_within_a_day_is_found() -> None:
    missed = []
    for life in lives():
        day = life.history + life.chance.randrange(MONTH - 1) + life.chance.random()
        within = life.chance.choice((0.01, 0.3, 1.0))
        bulk = [day + life.chance.random() * within for _ in range(bulk_from(life.size))]
        found = alarms(life, sorted([*life.departures(), *bulk]))
        began, ended = START + timedelta(days=day), START + timedelta(days=day + within + 1)
        if not any(began <= at <= ended + DAY for at in found):
            missed.append((life, within))
    assert missed == []

"""When people call: how a year's calls fall on days and quarter hours, weekends, holidays, seasons and bad days."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from calltally.demo.chance import chance
from calltally.model.instants import QUARTER_MS

_WEEKDAYS = (1.25, 1.1, 1.05, 1.0, 0.9, 0.28, 0.14)
_MONTHS = (1.18, 1.12, 1.04, 1.0, 0.95, 0.92, 0.8, 0.82, 0.98, 1.06, 1.14, 1.0)
_HOURS = (
    *(0.9, 0.7, 0.6, 0.6, 0.8, 1.5, 5.0, 22.0),  # 0:00 to 7:00
    *(68.0, 96.0, 100.0, 88.0, 58.0, 72.0, 86.0, 80.0),  # 8:00 to 15:00
    *(66.0, 42.0, 18.0, 9.0, 5.5, 3.5, 2.2, 1.4),  # 16:00 to 23:00
)
_GROWTH_A_YEAR = 0.18
_HOLIDAY = 0.1
_BETWEEN_THE_YEARS = 0.4
_BRIDGE_DAY = 0.6
_BAD_DAY_SHARE = 0.03
_BAD_DAY_VOLUME = 1.6
_FEAST_DAYS = ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))
_AFTER_EASTER = (-2, 1, 39, 50)  # Good Friday, Easter Monday, Ascension, Monday of Pentecost
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_OPENS, _CLOSES = time(7, 30), time(18, 30)
_SATURDAY_OPENS, _SATURDAY_CLOSES = time(9), time(14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """A quarter of an hour of one day; `is_open`: the company works then. One that is still to come weighs nothing."""

    start_ms: int
    weight: float
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day: how many calls it has and where they fall. `is_bad`: something went wrong and everybody calls."""

    on: date
    calls: int
    is_bad: bool
    quarters: tuple[Quarter, ...]

    def starts_ms(self, rng: Random) -> list[tuple[int, bool]]:
        """Return the start of each call, rising, and whether the company works at that time."""
        weights = list(accumulate(quarter.weight for quarter in self.quarters))
        chosen = rng.choices(self.quarters, cum_weights=weights, k=self.calls) if self.calls else []
        return sorted((quarter.start_ms + int(QUARTER_MS * rng.random()), quarter.is_open) for quarter in chosen)


def days_of(*, calls: int, days: int, until_ms: int, seed: int, zone: ZoneInfo) -> list[Day]:
    """Return the days before an instant, newest first, with `calls` calls in all."""
    newest = datetime.fromtimestamp(until_ms / 1000, UTC).astimezone(zone).date()
    dates = [newest - timedelta(days=age) for age in range(days)]
    parts: list[tuple[date, tuple[Quarter, ...]]] = []
    weights: list[float] = []
    for on in dates:
        whole = tuple(quarters_of(on, zone))
        past = tuple(
            quarter if quarter.start_ms + QUARTER_MS <= until_ms else replace(quarter, weight=0.0) for quarter in whole
        )
        parts.append((on, past))
        share = sum(quarter.weight for quarter in past) / sum(quarter.weight for quarter in whole)
        weights.append(share * day_weight(on, newest=newest, seed=seed))
    ends = [round(calls * sum_so_far) for sum_so_far in _shares(weights)]
    return [
        Day(on=on, calls=end - begin, is_bad=is_bad_day(on, seed), quarters=quarters)
        for (on, quarters), begin, end in zip(parts, [0, *ends], ends, strict=False)
    ]


def _shares(weights: list[float]) -> list[float]:
    total = sum(weights) or 1.0
    return [so_far / total for so_far in accumulate(weights)]


def quarters_of(on: date, zone: ZoneInfo) -> Iterator[Quarter]:
    """Yield the quarter hours of a local day; 92 or 100 of them when the clock changes."""
    start_ms = _midnight_ms(on, zone)
    end_ms = _midnight_ms(on + timedelta(days=1), zone)
    for quarter_ms in range(start_ms, end_ms, QUARTER_MS):
        local = datetime.fromtimestamp(quarter_ms / 1000, UTC).astimezone(zone).time()
        yield Quarter(start_ms=quarter_ms, weight=_weight_at(local), is_open=is_open(on, local))


def is_open(on: date, at: time) -> bool:
    """Whether the company works on a day at a local time."""
    if is_holiday(on) or on.weekday() == _SUNDAY:
        return False
    if on.weekday() == _SATURDAY:
        return _SATURDAY_OPENS <= at < _SATURDAY_CLOSES
    return _OPENS <= at < _CLOSES


def day_weight(on: date, *, newest: date, seed: int) -> float:
    """Return how many calls a day has, compared to other days."""
    growth = 1 - _GROWTH_A_YEAR * (newest - on).days / 365
    weight = _WEEKDAYS[on.weekday()] * _MONTHS[on.month - 1] * max(growth, 0.1)
    weight *= chance(seed, "luck", on).uniform(0.92, 1.08)
    if is_bad_day(on, seed):
        weight *= _BAD_DAY_VOLUME
    if is_holiday(on):
        return weight * _HOLIDAY
    if (on.month, on.day) >= (12, 24):
        return weight * _BETWEEN_THE_YEARS
    is_bridge = on.weekday() == _FRIDAY and is_holiday(on - timedelta(days=1))
    return weight * _BRIDGE_DAY if is_bridge else weight


def is_bad_day(on: date, seed: int) -> bool:
    """Whether something went wrong that day: far more calls than usual, and many who give up."""
    if on.weekday() >= _SATURDAY or is_holiday(on):
        return False
    return chance(seed, "bad day", on).random() < _BAD_DAY_SHARE


def is_holiday(on: date) -> bool:
    """Whether a day is a public holiday in the whole of Germany."""
    if (on.month, on.day) in _FEAST_DAYS:
        return True
    return (on - easter(on.year)).days in _AFTER_EASTER


def easter(year: int) -> date:
    """Return Easter Sunday in the Gregorian calendar, by Oudin's rule (1940)."""
    golden, century = year % 19, year // 100
    moon = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon -= moon // 28 * (1 - moon // 28 * (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    distance = moon - weekday
    month = 3 + (distance + 40) // 44
    return date(year, month, distance + 28 - 31 * (month // 4))


def _weight_at(local: time) -> float:
    """Return the weight of a quarter hour, on a line between the hours."""
    here, after = _HOURS[local.hour], _HOURS[(local.hour + 1) % 24]
    return here + (after - here) * local.minute / 60


def _midnight_ms(on: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(on, time(), zone).timestamp()) * 1000

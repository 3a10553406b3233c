"""The shape of a made-up year: it has as many calls as asked for, and they fall where calls fall."""

from collections import Counter
from datetime import UTC, date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.demo.chance import chance
from calltally.demo.shape import Day, days_of, easter, is_holiday, is_open, quarters_of
from calltally.model.instants import DAY_MS, HOUR_MS

BERLIN = ZoneInfo("Europe/Berlin")
UNTIL_MS = 1_795_183_200_000  # a Friday afternoon in November 2026


def year(calls: int = 40_000, seed: int = 1) -> list[Day]:
    return days_of(calls=calls, days=365, until_ms=UNTIL_MS, seed=seed, zone=BERLIN)


@given(st.integers(0, 3_000), st.integers(1, 40), st.integers(0, 3_000 * DAY_MS), st.integers(0, 5))
def test_the_days_have_as_many_calls_as_asked_for(calls: int, days: int, before_ms: int, seed: int) -> None:
    made_up = days_of(calls=calls, days=days, until_ms=UNTIL_MS - before_ms, seed=seed, zone=BERLIN)
    assert len(made_up) == days
    begun = any(quarter.weight for day in made_up for quarter in day.quarters)
    assert sum(day.calls for day in made_up) == (calls if begun else 0)
    assert all(later.on > earlier.on for later, earlier in pairwise(made_up))


def test_no_call_begins_in_the_future() -> None:
    today = year()[0]
    assert today.calls
    assert max(start_ms for start_ms, _ in today.starts_ms(chance(1))) < UNTIL_MS


def test_calls_fall_on_working_days_and_into_working_hours() -> None:
    by_weekday: Counter[int] = Counter()
    by_hour: Counter[int] = Counter()
    for day in year():
        by_weekday[day.on.weekday()] += day.calls
        for start_ms, _ in day.starts_ms(chance(day.on)):
            moment = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(BERLIN)
            assert moment.date() == day.on
            by_hour[moment.hour] += 1
    assert by_weekday[6] < by_weekday[5] < min(by_weekday[weekday] for weekday in range(5)) / 2
    assert max(by_weekday, key=by_weekday.__getitem__) == 0
    night = sum(by_hour[hour] for hour in (23, 0, 1, 2, 3, 4))
    assert night < by_hour[10] / 5
    assert by_hour[12] < by_hour[10]
    assert by_hour[12] < by_hour[14]


def test_holidays_are_quiet_bad_days_are_not_and_the_company_grows() -> None:
    days = {day.on: day for day in year()}
    assert days[date(2026, 5, 1)].calls < days[date(2026, 5, 8)].calls / 3
    bad = [day for day in days.values() if day.is_bad]
    assert 2 <= len(bad) <= 20
    usual = sorted(day.calls for day in days.values() if day.on.weekday() < 5)
    assert sum(day.calls for day in bad) / len(bad) > usual[len(usual) // 2] * 1.2
    assert sum(days[date(2026, 10, day)].calls for day in range(5, 30)) > sum(
        days[date(2026, 3, day)].calls for day in range(2, 27)
    )


@pytest.mark.parametrize(
    ("on", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)],
)
def test_days_on_which_the_clock_changes_have_their_true_length(on: date, hours: int) -> None:
    quarters = list(quarters_of(on, BERLIN))
    assert len(quarters) == hours * 4
    assert quarters[-1].start_ms - quarters[0].start_ms == hours * HOUR_MS - 15 * 60_000


@pytest.mark.parametrize(
    ("year_number", "expected"),
    [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5)), (2027, date(2027, 3, 28))],
)
def test_easter_is_when_it_is(year_number: int, expected: date) -> None:
    assert easter(year_number) == expected


@pytest.mark.parametrize(
    ("on", "at", "expected"),
    [
        (date(2026, 11, 20), time(10), True),
        (date(2026, 11, 20), time(7), False),
        (date(2026, 11, 20), time(19), False),
        (date(2026, 11, 21), time(10), True),
        (date(2026, 11, 21), time(15), False),
        (date(2026, 11, 22), time(10), False),
        (date(2026, 4, 6), time(10), False),  # Easter Monday
        (date(2026, 12, 25), time(10), False),
    ],
)
def test_the_company_works_in_its_hours(on: date, at: time, *, expected: bool) -> None:
    assert is_open(on, at) is expected


def test_holidays_come_from_the_calendar_and_from_easter() -> None:
    assert is_holiday(date(2026, 5, 14))  # Ascension
    assert is_holiday(date(2026, 5, 25))  # Monday of Pentecost
    assert not is_holiday(date(2026, 5, 26))

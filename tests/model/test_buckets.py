"""Buckets partition a range, whatever the zone does to its clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.model.buckets import (
    STEPS,
    TooManyBucketsError,
    Unit,
    auto_unit,
    day_start_ms,
    days_earlier,
    edges,
    local_date,
    span_before,
)
from calltally.model.instants import DAY_MS, HOUR_MS, MINUTE_MS, Span

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",  # half past the hour
    "Asia/Kathmandu",  # a quarter to the hour
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Havana",  # the clocks change at midnight
    "Africa/Casablanca",  # winter time in Ramadan
    "Pacific/Apia",  # a day was left out in 2011
)
ZONE = st.sampled_from(ZONES).map(ZoneInfo)
INSTANT = st.integers(ms := int(datetime(2008, 1, 1, tzinfo=UTC).timestamp()) * 1000, ms + 20 * 366 * DAY_MS)
LENGTHS = {
    Unit.MINUTE: 2 * HOUR_MS,
    Unit.QUARTER: 2 * DAY_MS,
    Unit.HOUR: 9 * DAY_MS,
    Unit.DAY: 400 * DAY_MS,
    Unit.WEEK: 800 * DAY_MS,
    Unit.MONTH: 3000 * DAY_MS,
    Unit.YEAR: 6000 * DAY_MS,
}


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, Unit]:
    """Return a unit and a range that is cut into not too many of it."""
    unit = draw(st.sampled_from(Unit))
    since = draw(INSTANT)
    return Span(since, since + draw(st.integers(1, LENGTHS[unit]))), unit


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def span(since: str, until: str, zone: str) -> Span:
    return Span(at(since, zone), at(until, zone))


@given(spans(), ZONE)
def test_buckets_partition_the_range(drawn: tuple[Span, Unit], zone: ZoneInfo) -> None:
    asked, unit = drawn
    found = edges(asked, unit, zone)
    assert (found[0], found[-1]) == (asked.since_ms, asked.until_ms)
    assert all(since < until for since, until in pairwise(found))


@given(spans(), ZONE)
def test_inner_borders_are_those_of_the_unit(drawn: tuple[Span, Unit], zone: ZoneInfo) -> None:
    asked, unit = drawn
    for border in edges(asked, unit, zone)[1:-1]:
        day = local_date(border, zone)
        if unit in STEPS:
            assert (border - day_start_ms(day, zone)) % STEPS[unit] == 0
        else:
            assert border == day_start_ms(day, zone)
            assert unit is not Unit.WEEK or day.weekday() == 0
            assert unit is not Unit.MONTH or day.day == 1
            assert unit is not Unit.YEAR or (day.month, day.day) == (1, 1)


@given(spans(), ZONE, st.floats(0, 1))
def test_the_buckets_of_two_parts_are_those_of_the_whole_and_the_cut(
    drawn: tuple[Span, Unit], zone: ZoneInfo, share: float
) -> None:
    asked, unit = drawn
    cut = asked.since_ms + int((asked.until_ms - asked.since_ms) * share)
    parts = {*edges(Span(asked.since_ms, cut), unit, zone), *edges(Span(cut, asked.until_ms), unit, zone)}
    assert parts == {*edges(asked, unit, zone), cut}


@given(INSTANT, ZONE)
def test_an_instant_lies_in_its_local_day(instant_ms: int, zone: ZoneInfo) -> None:
    day = local_date(instant_ms, zone)
    assert day_start_ms(day, zone) <= instant_ms < day_start_ms(day + timedelta(days=1), zone)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 11, 20), 24),
        ("America/Havana", date(2026, 3, 8), 23),  # begins at one o'clock
        ("America/Havana", date(2026, 11, 1), 25),  # has two midnights
        ("Asia/Kolkata", date(2026, 3, 29), 24),
    ],
)
def test_a_day_has_as_many_hours_as_the_clocks_give_it(zone: str, day: date, hours: int) -> None:
    where = ZoneInfo(zone)
    whole = Span(day_start_ms(day, where), day_start_ms(day + timedelta(days=1), where))
    assert len(edges(whole, Unit.HOUR, where)) - 1 == hours
    assert {until - since for since, until in pairwise(edges(whole, Unit.HOUR, where))} == {HOUR_MS}
    assert len(edges(whole, Unit.QUARTER, where)) - 1 == 4 * hours
    assert edges(whole, Unit.DAY, where) == (whole.since_ms, whole.until_ms)


@pytest.mark.parametrize(
    ("zone", "since", "until", "unit", "inner"),
    [
        (
            "Asia/Kolkata",
            "2026-11-20T08:50",
            "2026-11-20T11:10",
            Unit.HOUR,
            ["2026-11-20T09:00", "2026-11-20T10:00", "2026-11-20T11:00"],
        ),
        ("Europe/Berlin", "2024-02-28T12:00", "2024-03-01T12:00", Unit.DAY, ["2024-02-29", "2024-03-01"]),
        ("Europe/Berlin", "2023-02-28T12:00", "2023-03-01T12:00", Unit.DAY, ["2023-03-01"]),
        ("Europe/Berlin", "2026-01-31", "2026-04-01", Unit.MONTH, ["2026-02-01", "2026-03-01"]),
        ("Europe/Berlin", "2026-11-20", "2026-12-02", Unit.WEEK, ["2026-11-23", "2026-11-30"]),
        ("Europe/Berlin", "2025-12-31T23:59", "2026-01-01T00:01", Unit.YEAR, ["2026-01-01"]),
        ("Pacific/Apia", "2011-12-29", "2012-01-01", Unit.DAY, ["2011-12-31"]),  # the 30th never was
        (
            "Europe/Berlin",
            "2026-11-20T13:58:30",
            "2026-11-20T14:00:30",
            Unit.MINUTE,
            ["2026-11-20T13:59", "2026-11-20T14:00"],
        ),
    ],
)
def test_borders_by_hand(zone: str, since: str, until: str, unit: Unit, inner: list[str]) -> None:
    found = edges(span(since, until, zone), unit, ZoneInfo(zone))
    assert found[1:-1] == tuple(at(each, zone) for each in inner)


def test_an_empty_range_has_no_buckets() -> None:
    assert edges(Span(5, 5), Unit.HOUR, ZoneInfo("UTC")) == ()


@pytest.mark.parametrize("unit", [Unit.MINUTE, Unit.QUARTER, Unit.HOUR])
def test_too_many_buckets_are_refused(unit: Unit) -> None:
    with pytest.raises(TooManyBucketsError, match=r"more than 10,000 buckets"):
        edges(Span(0, 10_001 * STEPS[unit]), unit, ZoneInfo("UTC"))
    assert len(edges(Span(0, 10_000 * STEPS[unit]), unit, ZoneInfo("UTC"))) == 10_001


@pytest.mark.parametrize(
    ("length_ms", "unit"),
    [
        (HOUR_MS, Unit.MINUTE),
        (12 * HOUR_MS, Unit.QUARTER),
        (25 * HOUR_MS, Unit.QUARTER),
        (7 * DAY_MS, Unit.HOUR),
        (30 * DAY_MS, Unit.DAY),
        (90 * DAY_MS, Unit.DAY),
        (365 * DAY_MS, Unit.WEEK),
        (5 * 365 * DAY_MS, Unit.MONTH),
        (50 * 365 * DAY_MS, Unit.YEAR),
    ],
)
def test_the_unit_follows_the_length(length_ms: int, unit: Unit) -> None:
    assert auto_unit(Span(0, length_ms)) is unit


@given(st.integers(10 * MINUTE_MS, 40 * 366 * DAY_MS))
def test_the_unit_chosen_makes_a_readable_number_of_buckets(length_ms: int) -> None:
    asked = Span(at("1990-01-01"), at("1990-01-01") + length_ms)
    assert 9 <= len(edges(asked, auto_unit(asked), ZoneInfo("UTC"))) - 1 <= 200


@given(spans(), ZONE)
def test_the_range_before_ends_where_the_range_begins(drawn: tuple[Span, Unit], zone: ZoneInfo) -> None:
    before = span_before(drawn[0], zone)
    assert before.until_ms == drawn[0].since_ms
    assert before.since_ms < before.until_ms


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        ("2026-03-29", "2026-03-30", "2026-03-28"),  # a day of 23 hours after one of 24
        ("2026-10-21", "2026-10-28", "2026-10-14"),
        ("2026-11-20T06:00", "2026-11-20T09:00", "2026-11-20T03:00"),
    ],
)
def test_the_range_before_is_as_many_local_days(since: str, until: str, before: str) -> None:
    berlin = "Europe/Berlin"
    assert span_before(span(since, until, berlin), ZoneInfo(berlin)) == span(before, since, berlin)


def test_the_same_time_last_week_is_the_same_local_time() -> None:
    berlin = "Europe/Berlin"
    today = span("2026-10-26", "2026-10-26T14:30", berlin)
    last_week = span("2026-10-19", "2026-10-19T14:30", berlin)  # summer time, an hour nearer
    assert days_earlier(today, 7, ZoneInfo(berlin)) == last_week

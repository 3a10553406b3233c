"""A range is divided without overlap and without holes, and no cell of a roll-up lies on both sides of a border."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.gathering import missing_ms
from calltally.engine.plan import parts_of, step_of
from calltally.model.buckets import Unit, day_start_ms, edges, local_date
from calltally.model.instants import DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS, Span
from calltally.store.asked import Grain

ZONE = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"]).map(
    ZoneInfo
)
START = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1000
BERLIN = ZoneInfo("Europe/Berlin")


@st.composite
def ranges(draw: st.DrawFn) -> tuple[Span, tuple[int, ...], ZoneInfo]:
    """Return a range, its inner borders in any unit and zone, and the zone of the day roll-ups."""
    since = START + draw(st.integers(0, 365 * 96)) * QUARTER_MS + draw(st.sampled_from([0, 0, 1, 61_007]))
    span = Span(since, since + draw(st.integers(1, 60 * 96)) * QUARTER_MS + draw(st.sampled_from([0, 0, 1, 500_000])))
    unit = draw(st.none() | st.sampled_from([Unit.QUARTER, Unit.HOUR, Unit.DAY, Unit.WEEK, Unit.MONTH]))
    inner = () if unit is None else edges(span, unit, draw(ZONE))[1:-1]
    return span, inner, draw(ZONE)


@given(ranges(), st.booleans())
def test_the_parts_are_the_whole(drawn: tuple[Span, tuple[int, ...], ZoneInfo], by_roll_up: bool) -> None:  # noqa: FBT001  drawn
    span, borders, zone = drawn
    parts = parts_of(span, borders, zone=zone, by_roll_up=by_roll_up)
    assert parts[0].span.since_ms == span.since_ms
    assert parts[-1].span.until_ms == span.until_ms
    assert all(one.span.until_ms == other.span.since_ms for one, other in pairwise(parts))
    assert not any(part.span.is_empty for part in parts)
    assert len(parts) <= 5


@given(ranges())
def test_cells_lie_whole_in_their_part_and_bucket(drawn: tuple[Span, tuple[int, ...], ZoneInfo]) -> None:
    span, borders, zone = drawn
    for part in parts_of(span, borders, zone=zone, by_roll_up=True):
        limits = {part.span.since_ms, part.span.until_ms}
        limits |= {border for border in borders if part.span.since_ms < border < part.span.until_ms}
        if part.grain is Grain.QUARTER:
            assert not any(limit % QUARTER_MS for limit in limits)
        if part.grain is Grain.DAY:
            assert all(day_start_ms(local_date(limit, zone), zone) == limit for limit in limits)


@given(ranges())
def test_steps_from_1970_lie_whole_in_a_bucket(drawn: tuple[Span, tuple[int, ...], ZoneInfo]) -> None:
    _, borders, _ = drawn
    step = step_of(borders)
    assert (step is None) == (not borders)
    assert step is None or not any(border % step for border in borders)


def _grains(since: datetime, until: datetime, unit: Unit | None, zone: ZoneInfo = BERLIN) -> list[str]:
    span = Span(int(since.timestamp() * 1000), int(until.timestamp() * 1000))
    inner = () if unit is None else edges(span, unit, zone)[1:-1]
    return [part.grain.value for part in parts_of(span, inner, zone=BERLIN, by_roll_up=True)]


MIDNIGHT = datetime(2026, 10, 20, tzinfo=BERLIN)  # the clocks go back on the 25th
ODD = timedelta(hours=9, minutes=7)


@pytest.mark.parametrize(
    ("since", "until", "unit", "expected"),
    [
        (MIDNIGHT, MIDNIGHT + timedelta(days=30), Unit.DAY, ["day"]),
        (MIDNIGHT, MIDNIGHT + timedelta(days=30), None, ["day"]),
        (MIDNIGHT, MIDNIGHT + timedelta(days=30), Unit.MONTH, ["day"]),
        (MIDNIGHT, MIDNIGHT + timedelta(days=30), Unit.HOUR, ["quarter"]),
        (MIDNIGHT, MIDNIGHT + timedelta(hours=2), Unit.MINUTE, ["record"]),
        (MIDNIGHT, MIDNIGHT + ODD, None, ["quarter", "record"]),
        (
            MIDNIGHT + ODD,
            MIDNIGHT + timedelta(days=9) + ODD,
            Unit.DAY,
            ["record", "quarter", "day", "quarter", "record"],
        ),
        (MIDNIGHT + ODD, MIDNIGHT + ODD + timedelta(minutes=5), None, ["record"]),
    ],
)
def test_parts_by_hand(since: datetime, until: datetime, unit: Unit | None, expected: list[str]) -> None:
    assert _grains(since, until, unit) == expected


def test_days_of_a_zone_with_the_same_midnights_are_read_from_the_days_of_the_site() -> None:
    until = MIDNIGHT + timedelta(days=30)
    assert _grains(MIDNIGHT, until, Unit.DAY, ZoneInfo("Europe/Paris")) == ["day"]
    assert _grains(MIDNIGHT, until, Unit.DAY, ZoneInfo("UTC")) == ["quarter"]


def test_what_roll_ups_do_not_know_is_read_from_records() -> None:
    assert parts_of(Span(0, 9 * DAY_MS), (), zone=BERLIN, by_roll_up=False)[0].grain is Grain.RECORD


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], [0, 0]),
        ([Span(0, HOUR_MS)], [HOUR_MS, 0]),
        ([Span(-9, 9 * HOUR_MS)], [HOUR_MS, HOUR_MS]),
        ([Span(HOUR_MS // 2, HOUR_MS + MINUTE_MS), Span(HOUR_MS, HOUR_MS + MINUTE_MS)], [HOUR_MS // 2, MINUTE_MS]),
        ([Span(3 * HOUR_MS, 4 * HOUR_MS)], [0, 0]),
        ([Span(0, 10), Span(5, 6), Span(20, 30)], [20, 0]),
    ],
)
def test_gaps_cover_buckets_once(spans: list[Span], expected: list[int]) -> None:
    assert missing_ms(spans, (0, HOUR_MS, 2 * HOUR_MS)) == expected

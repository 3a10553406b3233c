"""What a range is compared with, and what is called usual."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from calltally.engine.usual import comparable_spans, days_touched, earlier_span, known_from_ms, usual_band
from calltally.model.buckets import day_start_ms, local_date
from calltally.model.instants import Span

ZONE = ZoneInfo("Europe/Berlin")


def span(since: str, until: str) -> Span:
    return Span(
        *(round(datetime.fromisoformat(each).replace(tzinfo=ZONE).timestamp() * 1000) for each in (since, until))
    )


EARLIER = [
    # of                                            compared with                                 is it a weekday
    ("2026-11-20 00:00", "2026-11-20 14:07", "2026-11-13 00:00", "2026-11-13 14:07", True),  # a Friday so far
    ("2026-11-19 00:00", "2026-11-20 00:00", "2026-11-12 00:00", "2026-11-13 00:00", True),
    ("2026-11-14 00:00", "2026-11-20 14:07", "2026-11-07 00:00", "2026-11-13 14:07", False),
    ("2026-10-22 00:00", "2026-11-20 14:07", "2026-09-22 00:00", "2026-10-21 14:07", False),  # over the end of summer
    ("2026-11-20 09:00", "2026-11-20 10:30", "2026-11-13 09:00", "2026-11-13 10:30", True),
    ("2026-11-02 00:00", "2026-11-05 00:00", "2026-10-30 00:00", "2026-11-02 00:00", False),
]


@pytest.mark.parametrize(("since", "until", "earlier_since", "earlier_until", "is_weekday"), EARLIER)
def test_a_range_compares_with_the_same_local_times_before(
    since: str, until: str, earlier_since: str, earlier_until: str, *, is_weekday: bool
) -> None:
    found = earlier_span(span(since, until), ZONE)
    assert found.span == span(earlier_since, earlier_until)
    assert found.is_weekday is is_weekday


def test_comparable_ranges_have_the_same_weekdays_and_do_not_overlap() -> None:
    month = span("2026-10-22", "2026-11-20 14:07")
    spans = comparable_spans(month, ZONE, first_ms=0)
    assert len(spans) == 8
    assert spans[0] == span("2026-09-17", "2026-10-16 14:07")
    for later, earlier in zip((month, *spans), spans, strict=False):
        assert earlier.until_ms <= later.since_ms
        assert local_date(earlier.since_ms, ZONE).weekday() == local_date(later.since_ms, ZONE).weekday()


def test_what_was_before_the_first_call_tells_nothing() -> None:
    friday = span("2026-11-20", "2026-11-21")
    first = span("2026-10-22 12:00", "2026-10-23").since_ms
    assert comparable_spans(friday, ZONE, first_ms=first) == tuple(
        span(day, after) for day, after in (("2026-11-13", "2026-11-14"), ("2026-11-06", "2026-11-07"),
                                            ("2026-10-30", "2026-10-31"), ("2026-10-23", "2026-10-24"))
    )  # fmt: skip
    assert known_from_ms(friday, ZONE, first_ms=first) == friday.until_ms
    later = day_start_ms(date(2026, 11, 1), ZONE)
    assert local_date(known_from_ms(friday, ZONE, first_ms=later), ZONE) == date(2026, 11, 30)


BANDS = [
    ([1, 2, 3], None),  # three are too few
    ([1, 2, 3, None, None], None),
    ([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], (10, 90)),
    ([100, 0, 50, 50], (15, 85)),
    ([7, 7, 7, 7], (7, 7)),
]


@pytest.mark.parametrize(("values", "band"), BANDS)
def test_usual_is_where_the_middle_four_fifths_lay(
    values: list[float | None], band: tuple[float, float] | None
) -> None:
    assert usual_band(values) == (None if band is None else pytest.approx(band))


def test_days_are_counted_by_the_calendar_of_the_site() -> None:
    assert days_touched(span("2026-10-25", "2026-10-26"), ZONE) == 1  # 25 hours
    assert days_touched(span("2026-11-19 23:59", "2026-11-20 00:01"), ZONE) == 2

"""Times and units are read as people write them, and nonsense is refused in a sentence."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.model.asked_times import ImpossibleSpanError, instant_asked, span_asked, unit_asked
from calltally.model.buckets import Unit
from calltally.model.instants import instant_us, rfc3339_ms

BERLIN = ZoneInfo("Europe/Berlin")
NOW_MS = instant_us("2026-11-20T13:07:32.114Z") // 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-20T13:07:32.114Z"),
        ("2026-11-20T13:07:32.114Z", "2026-11-20T13:07:32.114Z"),
        ("2026-11-20T13:07:32Z", "2026-11-20T13:07:32.000Z"),
        ("2026-11-20t13:07:32z", "2026-11-20T13:07:32.000Z"),
        ("2026-11-20T14:07:32+01:00", "2026-11-20T13:07:32.000Z"),
        ("2026-11-20T14:07:32 01:00", "2026-11-20T13:07:32.000Z"),  # the plus was not escaped in the address
        ("2026-11-20T14:07", "2026-11-20T13:07:00.000Z"),
        ("2026-11-20 14:07", "2026-11-20T13:07:00.000Z"),
        ("2026-11-20", "2026-11-19T23:00:00.000Z"),
        ("today", "2026-11-19T23:00:00.000Z"),
        ("yesterday", "2026-11-18T23:00:00.000Z"),
        ("-1h", "2026-11-20T12:07:32.114Z"),
        ("-15m", "2026-11-20T12:52:32.114Z"),
        ("now-7d", "2026-11-13T13:07:32.114Z"),
        ("-30d", "2026-10-21T12:07:32.114Z"),  # the same local time, in summer
        ("-1w", "2026-11-13T13:07:32.114Z"),
        ("-1y", "2025-11-20T13:07:32.114Z"),
    ],
)
def test_times_are_read(text: str, expected: str) -> None:
    assert rfc3339_ms(instant_asked(text, zone=BERLIN, now_ms=NOW_MS)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2026-13-01", "2026-02-29", "2026-11-20T25:00", "20261120", "2026-W47-5", "-7", "7d", "+1d"),
        *("0000-00-00", "1969-01-01", "2300-01-01", "-999999d", "-999999y", "٢٠٢٦-11-20", "1.5", "NaN"),
        "2026-11-20T13:07:32+99:00",
    ],
)
def test_nonsense_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        instant_asked(text, zone=BERLIN, now_ms=NOW_MS)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        instant_asked(text, zone=BERLIN, now_ms=NOW_MS)
    except ValueError as error:
        assert "is no time" in str(error)  # noqa: PT017  either way is right, another error is not


@given(st.integers(0, 7_258_118_400_000))
def test_a_time_as_written_is_read_back(instant_ms: int) -> None:
    assert instant_asked(rfc3339_ms(instant_ms), zone=BERLIN, now_ms=NOW_MS) == instant_ms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", None),
        ("1m", Unit.MINUTE),
        ("15m", Unit.QUARTER),
        ("1h", Unit.HOUR),
        ("hour", Unit.HOUR),
        ("1d", Unit.DAY),
        ("day", Unit.DAY),
        ("week", Unit.WEEK),
        ("month", Unit.MONTH),
        ("year", Unit.YEAR),
    ],
)
def test_units_are_read(text: str, expected: Unit | None) -> None:
    assert unit_asked(text) is expected


@pytest.mark.parametrize("text", ["", "2h", "1 h", "fortnight", "0", "-1d"])
def test_nonsense_is_no_unit(text: str) -> None:
    with pytest.raises(ValueError, match="There is no time unit"):
        unit_asked(text)


def test_a_range_must_not_end_before_it_begins() -> None:
    assert span_asked("-1d", "now", zone=BERLIN, now_ms=NOW_MS).until_ms == NOW_MS
    with pytest.raises(ImpossibleSpanError, match="ends before it begins"):
        span_asked("now", "-1d", zone=BERLIN, now_ms=NOW_MS)
    with pytest.raises(ImpossibleSpanError, match="ends before it begins"):
        span_asked("now", "now", zone=BERLIN, now_ms=NOW_MS)

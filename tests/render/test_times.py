"""Local times and natural borders, also on days of 23 and 25 hours."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.render import charts, times
from calltally.render.times import Grain
from calltally.render.words import Language, Words

BERLIN = ZoneInfo("Europe/Berlin")
EN, DE = Words(Language.EN), Words(Language.DE)
FRIDAY_MS = 1_795_180_052_000


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


def test_an_instant_is_told_in_both_languages() -> None:
    told = [
        (f(FRIDAY_MS, BERLIN, Language.EN), f(FRIDAY_MS, BERLIN, Language.DE))
        for f in (times.day_month, times.short_day, times.long_day, times.long_date, times.weekday)
    ]
    assert told == [
        ("20 Nov", "20. Nov."),
        ("Fri 20 Nov", "Fr 20. Nov."),
        ("Friday 20 November", "Freitag, 20. November"),
        ("Friday 20 November 2026", "Freitag, 20. November 2026"),
        ("Friday", "Freitag"),
    ]
    assert times.clock(FRIDAY_MS, BERLIN) == "14:07:32"
    assert times.clock_ms(FRIDAY_MS + 114, BERLIN) == "14:07:32.114"
    assert times.clock_minutes(ms("2026-11-20T09:05"), BERLIN) == "9:05"
    assert times.iso_local(FRIDAY_MS, BERLIN) == "2026-11-20T14:07:32+01:00"
    assert times.last_weekday(FRIDAY_MS, BERLIN, DE) == "letztem Freitag"


@pytest.mark.parametrize(
    ("grain", "english", "german"),
    [
        (Grain.MINUTE, "Fri 20 Nov 14:07", "Fr 20. Nov. 14:07"),
        (Grain.HOUR, "Fri 20 Nov 14:07", "Fr 20. Nov. 14:07"),
        (Grain.DAY, "Fri 20 Nov", "Fr 20. Nov."),
        (Grain.WEEK, "week of 20 Nov", "Woche ab 20. Nov."),
        (Grain.MONTH, "November 2026", "November 2026"),
        (Grain.YEAR, "2026", "2026"),
    ],
)
def test_a_bucket_is_named_by_its_grain(grain: Grain, english: str, german: str) -> None:
    assert times.bucket(FRIDAY_MS, grain, BERLIN, EN) == english
    assert times.bucket(FRIDAY_MS, grain, BERLIN, DE) == german


def days(first: str, count: int) -> list[int]:
    start = datetime.fromisoformat(first)
    return [ms(datetime.fromordinal(start.toordinal() + day).isoformat()) for day in range(count)]


def hours(first: str, count: int, length: int = 1) -> list[int]:
    return [ms(first) + hour * length * 3_600_000 for hour in range(count)]


TICKS = [
    # what, starts, grain, labels
    ("a day by hours", hours("2026-11-20", 24), Grain.HOUR, "Fri 20,3:00,6:00,9:00,12:00,15:00,18:00,21:00"),
    ("a day of 23 hours", hours("2026-03-29", 23), Grain.HOUR, "Sun 29,3:00,6:00,9:00,12:00,15:00,18:00,21:00"),
    ("two days by hours", hours("2026-11-20", 48), Grain.HOUR, "Fri 20,6:00,12:00,18:00,Sat 21,6:00,12:00,18:00"),
    ("a week by days", days("2026-11-14", 7), Grain.DAY, "Sat 14,Sun 15,Mon 16,Tue 17,Wed 18,Thu 19,Fri 20"),
    ("30 days", days("2026-10-22", 30), Grain.DAY, "26 Oct,2 Nov,9 Nov,16 Nov"),
    ("90 days", days("2026-08-23", 90), Grain.DAY, "Sep,Oct,Nov"),
    ("a year by weeks", days("2025-11-24", 365)[::7], Grain.WEEK, "Dec,2026,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov"),
    ("one bucket", days("2026-11-20", 1), Grain.DAY, "Fri 20"),
    ("nothing", [], Grain.DAY, ""),
]


@pytest.mark.parametrize(("starts", "grain", "labels"), [case[1:] for case in TICKS], ids=[case[0] for case in TICKS])
def test_labels_stand_at_natural_borders(starts: list[int], grain: Grain, labels: str) -> None:
    moments = [times.local(start, BERLIN) for start in starts]
    made = charts.ticks_of(moments, grain=grain, language=Language.EN)
    assert ",".join(tick.text for tick in made) == labels


def test_the_last_bucket_is_so_far_while_now_lies_in_it() -> None:
    starts = days("2026-10-22", 30)
    axis = charts.time_axis(starts, ms("2026-11-21"), grain=Grain.DAY, zone=BERLIN, words=EN, now_ms=FRIDAY_MS)
    assert (axis.open_last, axis.now) == (True, None)
    assert axis.edges[0] == "2026-10-21T22:00:00.000Z"
    assert len(axis.edges) == len(axis.labels) + 1


def test_now_is_a_line_when_future_buckets_follow() -> None:
    starts = hours("2026-11-20", 24)
    axis = charts.time_axis(
        starts, ms("2026-11-21"), grain=Grain.HOUR, zone=BERLIN, words=EN, now_ms=ms("2026-11-20T14:30")
    )
    assert (axis.open_last, axis.now) == (False, 14.5)


def test_a_gap_is_cut_to_the_axis_and_left_out_beside_it() -> None:
    starts = hours("2026-11-20", 24)
    gaps = (
        (ms("2026-11-19T12:00"), ms("2026-11-20T01:30"), "sipgate silent"),
        (ms("2026-11-18"), ms("2026-11-19"), "long ago"),
    )
    axis = charts.time_axis(starts, ms("2026-11-21"), grain=Grain.HOUR, zone=BERLIN, words=EN, gaps=gaps)
    assert [(gap.since, gap.until, gap.text) for gap in axis.gaps] == [(0.0, 1.5, "sipgate silent")]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [("2026-10-22", "2026-11-21", "22 Oct to 20 Nov"), ("2026-11-20", "2026-11-21", "20 Nov")],
)
def test_a_range_of_days_names_its_last_day(since: str, until: str, expected: str) -> None:
    assert charts.span_text(ms(since), ms(until), zone=BERLIN, words=EN) == expected


@given(
    st.integers(0, 4_000_000_000_000),
    st.lists(st.integers(60_000, 40 * 86_400_000), min_size=1, max_size=80),
    st.sampled_from(Grain),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_labels_rise_and_are_never_too_many(first: int, steps: list[int], grain: Grain, zone: str) -> None:
    starts = [first]
    for step in steps:
        starts.append(starts[-1] + step)
    moments = [times.local(start, ZoneInfo(zone)) for start in starts]
    made = charts.ticks_of(moments, grain=grain, language=Language.DE)
    assert len(made) <= 13
    assert all(earlier.place < later.place for earlier, later in pairwise(made))

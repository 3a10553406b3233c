"""The site's calendar: days, weeks, months, half years and years as the buckets of the pages have them."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calltally.model.buckets import day_start_ms
from calltally.model.instants import HOUR_MS
from calltally.store.calendar import rows_for
from calltally.store.open import administering, open_store
from tests.stores.kinds import ZONE, Kind
from tests.stores.samples import NOON_MS, flow, keep_new

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Pacific/Chatham", "America/Havana")


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("year", [2011, 2024, 2026])
def test_every_day_of_a_year_begins_where_the_zone_says(name: str, year: int) -> None:
    zone = ZoneInfo(name)
    rows = rows_for([day_start_ms(date(year, 3, 1), zone)], zone)
    days = [
        date(year, 1, 1) + timedelta(days=number) for number in range((date(year + 2, 1, 1) - date(year, 1, 1)).days)
    ]
    assert [row[1] for row in rows] == [day.isoformat() for day in days]
    for day, (day_ms, _, weekday, week_ms, month_ms, half_year_ms, year_ms) in zip(days, rows, strict=True):
        starts = (
            day,
            day - timedelta(days=day.weekday()),
            day.replace(day=1),
            date(day.year, 1 if day.month < 7 else 7, 1),
            date(day.year, 1, 1),
        )
        assert (day_ms, week_ms, month_ms, half_year_ms, year_ms) == tuple(day_start_ms(each, zone) for each in starts)
        assert weekday == day.isoweekday()


def test_days_of_a_change_of_clocks_have_23_and_25_hours() -> None:
    zone = ZoneInfo("Europe/Berlin")
    starts = {row[1]: row[0] for row in rows_for([NOON_MS], zone)}
    lengths = {
        day: (starts[after] - starts[day]) // HOUR_MS
        for day, after in (("2025-03-30", "2025-03-31"), ("2025-10-26", "2025-10-27"), ("2025-06-01", "2025-06-02"))
    }
    assert lengths == {"2025-03-30": 23, "2025-10-26": 25, "2025-06-01": 24}


@pytest.mark.parametrize("instant_ms", [-(2**45), 2**47])
def test_a_clock_that_is_wrong_by_centuries_has_no_calendar(instant_ms: int) -> None:
    assert rows_for([instant_ms], ZoneInfo("Europe/Berlin")) == []


def test_each_new_year_brings_the_year_after_it(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        for number in range(3):
            keep_new(store, [flow(str(number), started_at_ms=NOON_MS + number * 365 * 24 * HOUR_MS)])
    assert _days(url)[-1][1] == "2028-12-31"
    kind.give_back(url)


def _days(url: str) -> list[tuple[int, str]]:
    with administering(url) as connection:
        found = connection.exec_driver_sql("SELECT day_ms, local_on FROM report_days ORDER BY day_ms").all()
    return [(row[0], row[1]) for row in found]


def test_the_calendar_has_the_years_of_all_calls_and_the_next_and_follows_the_site_to_another_zone(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        keep_new(store, [flow("a"), flow("b", started_at_ms=NOON_MS + 400 * 24 * HOUR_MS)])
    days = _days(url)
    assert [days[0][1], days[-1][1], len(days)] == ["2025-01-01", "2027-12-31", 1095]
    with closing(open_store(url, zone="Asia/Tokyo")):
        moved = _days(url)
    assert datetime.fromtimestamp(moved[0][0] / 1000, UTC) == datetime(2024, 12, 31, 15, tzinfo=UTC)
    assert [day for _, day in moved] == [day for _, day in days]
    kind.give_back(url)

"""The site's calendar in the database: where local days, weeks, months, half years and years begin.

It is written for whole local years, when a cell of a day lies in one for the first time, so that SQL can cut time
without knowing any zone. The year after it is written, too: what is compared or shown up to now may end in a new year
in which nobody has called yet.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from calltally.model.buckets import day_start_ms, local_date
from calltally.store import tables
from calltally.store.statements import Cursor, Dialect

Day: TypeAlias = tuple[int, str, int, int, int, int, int]
"""A row of `days`, in the order of its columns."""

_HALF_YEAR_MONTHS: Final = 6
_YEARS: Final = range(1900, 2199)
"""The years that a calendar may have; a source whose clock is in none of them is in no report."""


def rows_for(days_ms: Collection[int], zone: ZoneInfo) -> list[Day]:
    """Return the rows of `days` for every year that one of these local days lies in, and for the year after it."""
    years = years_of(days_ms, zone)
    return [row for year in sorted(years | {year + 1 for year in years}) for row in _year(year, zone)]


def years_of(days_ms: Iterable[int], zone: ZoneInfo) -> set[int]:
    """Return the years that these local days lie in, but for those that no calendar has."""
    return {local_date(day_ms, zone).year for day_ms in days_ms}.intersection(_YEARS)


def _year(year: int, zone: ZoneInfo) -> Iterator[Day]:
    first, until = date(year, 1, 1), date(year + 1, 1, 1)
    year_ms = half_year_ms = month_ms = day_start_ms(first, zone)
    week_ms = day_start_ms(first - timedelta(days=first.weekday()), zone)
    day = first
    while day < until:
        day_ms = day_start_ms(day, zone)
        if day.day == 1:
            month_ms = day_ms
            half_year_ms = day_ms if day.month == 1 + _HALF_YEAR_MONTHS else half_year_ms
        if day.weekday() == 0:
            week_ms = day_ms
        yield (day_ms, day.isoformat(), day.isoweekday(), week_ms, month_ms, half_year_ms, year_ms)
        day += timedelta(days=1)


class Calendar:
    """Writes the calendar of a site."""

    def __init__(self, dialect: Dialect) -> None:
        self._insert = dialect.insert_new(tables.DAYS, tables.DAYS.c.keys(), ("day_ms",))

    def cover(self, cursor: Cursor, days_ms: Collection[int], zone: ZoneInfo) -> list[int]:
        """Write the years of these local days, and those after them; return the days that need no writing any more."""
        years = years_of(days_ms, zone)
        rows = rows_for(days_ms, zone)
        self._insert.write(cursor, rows)
        # A day of a year that was only written as the next one still brings the year after it.
        return [row[0] for row in rows if int(row[1][:4]) in years]

    def remake(self, cursor: Cursor, zone: ZoneInfo) -> None:
        """Write the calendar anew for the roll-ups of another zone."""
        cursor.execute("DELETE FROM days")
        cursor.execute("SELECT bucket_ms FROM call_day UNION SELECT bucket_ms FROM visit_day")
        self.cover(cursor, [row[0] for row in cursor.fetchall()], zone)

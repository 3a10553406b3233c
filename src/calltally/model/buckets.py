"""Cuts ranges of time into minutes, hours, days, weeks, months and years of a named zone.

Days, weeks (from Monday), months and years begin at local midnights, so a day may have 23 or 25 hours. Minutes,
quarter hours and hours are counted from the local midnight before, each as long as the others: a day of 25 hours has
25 of them. The first and the last bucket of a range may be parts of one.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from calltally.model.instants import DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS, Span

MAX_BUCKETS: Final = 10_000
_REMEMBERED_QUARTERS: Final = 100_000


class Unit(StrEnum):
    """How long a bucket is."""

    MINUTE = "minute"
    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


STEPS: Final = {Unit.MINUTE: MINUTE_MS, Unit.QUARTER: QUARTER_MS, Unit.HOUR: HOUR_MS}
"""The units that are as long as each other, in milliseconds."""

_LENGTHS: Final = {**STEPS, Unit.DAY: DAY_MS, Unit.WEEK: 7 * DAY_MS, Unit.MONTH: 28 * DAY_MS, Unit.YEAR: 365 * DAY_MS}

_AUTO: Final = (
    (3 * HOUR_MS, Unit.MINUTE),
    (26 * HOUR_MS, Unit.QUARTER),
    (8 * DAY_MS, Unit.HOUR),
    (124 * DAY_MS, Unit.DAY),
    (2 * 366 * DAY_MS, Unit.WEEK),
    (12 * 366 * DAY_MS, Unit.MONTH),
)
"""The longest range that is still cut into a unit: some 30 to 190 buckets, more than a chart of a phone can show."""


class TooManyBucketsError(ValueError):
    """A range that the unit would cut into more pieces than anybody can read."""


def auto_unit(span: Span) -> Unit:
    """Return the unit that cuts a range into a readable number of buckets."""
    length = span.until_ms - span.since_ms
    return next((unit for longest, unit in _AUTO if length <= longest), Unit.YEAR)


def local_date(instant_ms: int, zone: ZoneInfo) -> date:
    """Return the local date of an instant."""
    return datetime.fromtimestamp(instant_ms // 1000, zone).date()


def day_start_ms(day: date, zone: ZoneInfo) -> int:
    """Return the instant at which a local day begins; where a zone skips midnight, the first instant after it."""
    return int(datetime.combine(day, time(), zone).timestamp()) * 1000


class LocalDays:
    """The local midnight before an instant, remembered per quarter hour (offsets change on quarter hours)."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Take the site's zone."""
        self.zone = zone
        self._known: dict[int, int] = {}

    def start_of(self, instant_ms: int) -> int:
        """Return the start of the local day in which an instant lies."""
        quarter = instant_ms // QUARTER_MS
        start = self._known.get(quarter)
        if start is None:
            start = day_start_ms(local_date(quarter * QUARTER_MS, self.zone), self.zone)
            if len(self._known) > _REMEMBERED_QUARTERS:
                self._known.clear()
            self._known[quarter] = start
        return start


def edges(span: Span, unit: Unit, zone: ZoneInfo, limit: int = MAX_BUCKETS) -> tuple[int, ...]:
    """Return the borders of the buckets of a range, rising, from its beginning to its end; empty for an empty range.

    Raises:
        TooManyBucketsError: there would be more than `limit` buckets.
    """
    if span.is_empty:
        return ()
    if (span.until_ms - span.since_ms) // _LENGTHS[unit] > limit + 1:
        raise TooManyBucketsError(_too_many(unit, limit))
    found = [span.since_ms]
    for border in _borders(span, unit, zone):
        if border >= span.until_ms:
            break
        if border > found[-1]:
            found.append(border)
    found.append(span.until_ms)
    if len(found) - 1 > limit:
        raise TooManyBucketsError(_too_many(unit, limit))
    return tuple(found)


def _too_many(unit: Unit, limit: int) -> str:
    return f"The range has more than {limit:,} buckets of one {unit.value}; choose a shorter range or a longer unit."


def _borders(span: Span, unit: Unit, zone: ZoneInfo) -> Iterable[int]:
    """Yield borders from before the beginning of a range to its end or later, rising."""
    step = STEPS.get(unit)
    days = (day_start_ms(day, zone) for day in _days(local_date(span.since_ms, zone), unit))
    return days if step is None else _steps(days, step, span)


def _steps(days: Iterator[int], step: int, span: Span) -> Iterator[int]:
    day = next(days)
    for following in days:
        # A long way into a day the steps before the range are left out.
        yield from range(max(day, day + (span.since_ms - day) // step * step), following, step)
        if following >= span.until_ms:
            return
        day = following


def _days(day: date, unit: Unit) -> Iterator[date]:
    """Yield the first days of units, from the unit in which a day lies; for short units every day."""
    match unit:
        case Unit.WEEK:
            day -= timedelta(days=day.weekday())
        case Unit.MONTH:
            day = day.replace(day=1)
        case Unit.YEAR:
            day = day.replace(month=1, day=1)
        case _:
            pass
    while True:
        yield day
        day = next_start(day, unit)


def next_start(day: date, unit: Unit) -> date:
    """Return the first day of the unit after the one that begins on a day; for short units the next day."""
    match unit:
        case Unit.WEEK:
            return day + timedelta(days=7)
        case Unit.MONTH:
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        case Unit.YEAR:
            return date(day.year + 1, 1, 1)
        case _:
            return day + timedelta(days=1)


def days_earlier(span: Span, days: int, zone: ZoneInfo) -> Span:
    """Return the range whose ends have the same local times some days earlier."""
    since, until = (_moved(instant_ms, days, zone) for instant_ms in (span.since_ms, span.until_ms))
    return Span(since, max(since, until))


def span_before(span: Span, zone: ZoneInfo) -> Span:
    """Return the range just before: as many local days if it is made of whole ones, else as many milliseconds."""
    first, last = local_date(span.since_ms, zone), local_date(span.until_ms, zone)
    if day_start_ms(first, zone) == span.since_ms and day_start_ms(last, zone) == span.until_ms:
        return Span(day_start_ms(first - (last - first), zone), span.since_ms)
    return Span(2 * span.since_ms - span.until_ms, span.since_ms)


def _moved(instant_ms: int, days: int, zone: ZoneInfo) -> int:
    seconds, rest = divmod(instant_ms, 1000)
    local = datetime.fromtimestamp(seconds, zone) - timedelta(days=days)
    return int(local.timestamp()) * 1000 + rest

"""What is usual: the same stretch of earlier days, and the range in which most of their figures lay.

A range of one day (or part of it) compares with the same weekday of the weeks before, a longer one with as many days
before. Ends keep their local times, so a day that is not over compares with the others up to the same time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from calltally.metrics.quantile import quantile
from calltally.model.buckets import days_earlier, local_date
from calltally.model.instants import Span

COMPARED: Final = 8
FEWEST: Final = 4
"""With fewer earlier spans nothing is called usual."""

_WEEK: Final = 7
_LOW, _HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The range that another one is compared with; `days` is how many days each of them touches."""

    span: Span
    days: int

    @property
    def is_weekday(self) -> bool:
        """Whether it is the same weekday of the week before."""
        return self.days == 1


def earlier_span(span: Span, zone: ZoneInfo) -> Earlier:
    """Return the range to compare with: the same weekday last week, or as many days before."""
    days = days_touched(span, zone)
    return Earlier(span=days_earlier(span, _WEEK if days == 1 else days, zone), days=days)


def comparable_spans(span: Span, zone: ZoneInfo, *, first_ms: int) -> tuple[Span, ...]:
    """Return the earlier ranges that tell what is usual, newest first.

    They have the same weekdays, do not overlap, and none begins before `first_ms`, when the first call was heard of.
    """
    step = -(-days_touched(span, zone) // _WEEK) * _WEEK
    spans = (days_earlier(span, step * times, zone) for times in range(1, COMPARED + 1))
    return tuple(each for each in spans if each.since_ms >= first_ms)


def known_from_ms(span: Span, zone: ZoneInfo, *, first_ms: int) -> int:
    """Return about when enough earlier ranges will be known."""
    step = -(-days_touched(span, zone) // _WEEK) * _WEEK
    needed = days_earlier(span, step * FEWEST, zone).since_ms
    return span.until_ms + max(0, first_ms - needed)


def usual_band(values: Sequence[float | None]) -> tuple[float, float] | None:
    """Return between which values the middle 80 % lie; `None` with too few values."""
    known = [value for value in values if value is not None]
    return (quantile(known, _LOW), quantile(known, _HIGH)) if len(known) >= FEWEST else None


def days_touched(span: Span, zone: ZoneInfo) -> int:
    """Return how many local days a range touches."""
    first, last = local_date(span.since_ms, zone), local_date(max(span.until_ms - 1, span.since_ms), zone)
    return (last - first) // timedelta(days=1) + 1

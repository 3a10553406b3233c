"""Divides a range into parts that roll-ups can answer exactly, and crumbs at its ends that records must answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from zoneinfo import ZoneInfo

from calltally.model.buckets import Unit, day_start_ms, local_date, next_start
from calltally.model.instants import QUARTER_MS, Span
from calltally.store.asked import Grain


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a range and where it is read from."""

    grain: Grain
    span: Span


def parts_of(span: Span, borders: Sequence[int], *, zone: ZoneInfo, by_roll_up: bool) -> tuple[Part, ...]:
    """Return the parts of a range, in order, without overlap and without holes.

    Args:
        span: what is asked for.
        borders: the borders of buckets inside the range; no roll-up cell may lie on both sides of one.
        zone: the zone of the day roll-ups.
        by_roll_up: whether roll-ups know the dimensions of the question.
    """
    if span.is_empty:
        return ()
    quarters = Span(-(-span.since_ms // QUARTER_MS) * QUARTER_MS, span.until_ms // QUARTER_MS * QUARTER_MS)
    if not by_roll_up or quarters.is_empty or any(border % QUARTER_MS for border in borders):
        return (Part(Grain.RECORD, span),)
    days = _days_in(quarters, borders, zone)
    cuts = (
        Part(Grain.RECORD, Span(span.since_ms, quarters.since_ms)),
        Part(Grain.QUARTER, Span(quarters.since_ms, days.since_ms)),
        Part(Grain.DAY, days),
        Part(Grain.QUARTER, Span(days.until_ms, quarters.until_ms)),
        Part(Grain.RECORD, Span(quarters.until_ms, span.until_ms)),
    )
    return tuple(part for part in cuts if not part.span.is_empty)


def _days_in(span: Span, borders: Sequence[int], zone: ZoneInfo) -> Span:
    """Return the whole local days in a range, or an empty range at its end if a border divides one of them."""
    none = Span(span.until_ms, span.until_ms)
    first = local_date(span.since_ms, zone)
    since = day_start_ms(first, zone)
    if since < span.since_ms:
        since = day_start_ms(next_start(first, Unit.DAY), zone)
    until = day_start_ms(local_date(span.until_ms, zone), zone)
    if since >= until or since % QUARTER_MS or until % QUARTER_MS:
        return none
    inner = (border for border in borders if since < border < until)
    if any(day_start_ms(local_date(border, zone), zone) != border for border in inner):
        return none
    return Span(since, until)


def step_of(borders: Sequence[int]) -> int | None:
    """Return the length of buckets counted from 1970 of which no one lies on both sides of a border."""
    return gcd(*borders) if borders else None

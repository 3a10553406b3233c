"""Reads times, ranges and time units as people and programs write them in addresses and commands."""

import re
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from calltally.model.buckets import Unit, day_start_ms, local_date
from calltally.model.instants import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Span

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_LOST_PLUS: Final = re.compile(r"(?<=[Tt:.\d]) (?=\d\d:\d\d$)")
_AGO: Final = re.compile(r"(?:now)?-(\d{1,6})([smhdwy])", re.ASCII)
_SHORT: Final = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS}
_LONG: Final = {"d": 1, "w": 7, "y": 365}
_DAYS_BEFORE: Final = {"today": 0, "yesterday": 1}

_EARLIEST_MS: Final = 0
_LATEST_MS: Final = 7_258_118_400_000
"""1970 to 2200: outside of it no calls are, and calendars run out."""

_UNITS: Final = {
    "1m": Unit.MINUTE,
    "60s": Unit.MINUTE,
    "15m": Unit.QUARTER,
    "1h": Unit.HOUR,
    "60m": Unit.HOUR,
    "1d": Unit.DAY,
    "24h": Unit.DAY,
    "1w": Unit.WEEK,
    "7d": Unit.WEEK,
    "1mo": Unit.MONTH,
    "1y": Unit.YEAR,
    **{unit.value: unit for unit in Unit},
}


class ImpossibleSpanError(ValueError):
    """A range that ends before it begins; each of its ends is well written."""


def unit_asked(text: str) -> Unit | None:
    """Return the unit that is meant by `1h`, `hour`, `15m`, `1d`, `week`..., `None` for `auto`.

    Raises:
        ValueError: no unit is meant.
    """
    if text == "auto":
        return None
    unit = _UNITS.get(text)
    if unit is None:
        known = ", ".join(each.value for each in Unit)
        raise ValueError(f"There is no time unit {text!r}; expected auto, 15m, 1h, 1d, {known}.")
    return unit


def instant_asked(text: str, *, zone: ZoneInfo, now_ms: int) -> int:
    """Return the instant that is meant by a text.

    Args:
        text: RFC 3339 (`2026-11-20T13:07:32Z`), a local date or time (`2026-11-20`, `2026-11-20T13:07`), a time ago
            (`-7d`, `-1h`), `now`, `today` or `yesterday` (their local midnights). Days ago have the same local time.
        zone: the zone of what is local.
        now_ms: this moment.

    Raises:
        ValueError: no instant is meant, or none in which there were telephones with data.
    """
    instant_ms = _instant(text.strip(), zone, now_ms)
    if instant_ms is None:
        raise ValueError(f"{text!r} is no time; expected 2026-11-20T13:07:32Z, 2026-11-20, -7d, -1h, today or now.")
    if not _EARLIEST_MS <= instant_ms <= _LATEST_MS:
        raise ValueError(f"{text!r} is no time between 1970 and 2200.")
    return instant_ms


def _instant(text: str, zone: ZoneInfo, now_ms: int) -> int | None:
    if text == "now":
        return now_ms
    if text in _DAYS_BEFORE:
        return day_start_ms(local_date(now_ms, zone) - timedelta(days=_DAYS_BEFORE[text]), zone)
    if ago := _AGO.fullmatch(text):
        return _ago(int(ago[1]), ago[2], zone, now_ms)
    try:
        return _written(text, zone)
    except (ValueError, OverflowError):
        return None


def _written(text: str, zone: ZoneInfo) -> int | None:
    if _DATE.fullmatch(text):
        return day_start_ms(date.fromisoformat(text), zone)
    # A plus that was not escaped in an address arrives as a space.
    text = _LOST_PLUS.sub("+", text) if "t" in text.lower() else text
    return _moment_ms(datetime.fromisoformat(text.upper()), zone) if _MOMENT.fullmatch(text) else None


def _moment_ms(moment: datetime, zone: ZoneInfo) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    since = aware - datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _ago(count: int, letter: str, zone: ZoneInfo, now_ms: int) -> int | None:
    if letter in _SHORT:
        return now_ms - count * _SHORT[letter]
    days = count * _LONG[letter]
    if days * DAY_MS > now_ms:
        return -1
    seconds, rest = divmod(now_ms, 1000)
    local = datetime.fromtimestamp(seconds, zone) - timedelta(days=days)
    return int(local.timestamp()) * 1000 + rest


def span_asked(since: str, until: str, *, zone: ZoneInfo, now_ms: int) -> Span:
    """Return the range that is meant by two texts.

    Raises:
        ImpossibleSpanError: both are times, but the second is not after the first.
        ValueError: one of them is no time.
    """
    span = Span(instant_asked(since, zone=zone, now_ms=now_ms), instant_asked(until, zone=zone, now_ms=now_ms))
    if span.is_empty:
        raise ImpossibleSpanError(f"The range from {since!r} until {until!r} ends before it begins.")
    return span

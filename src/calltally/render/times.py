"""Instants as local times of a named zone, dates in the reader's language."""

from datetime import datetime
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names

from calltally.render.words import Language, Words


class Grain(StrEnum):
    """The time unit of the buckets of a chart."""

    MINUTE = "minute"
    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@cache
def weekday_names(language: Language, width: str) -> tuple[str, ...]:
    """Return the names of the days from Monday on; `width` is `wide` or `abbreviated`."""
    names = get_day_names(width, "stand-alone", language.value)  # type: ignore[arg-type]  # babel types it as a Literal
    return tuple(names[day].rstrip(".") for day in range(7))


@cache
def month_names(language: Language, width: str) -> tuple[str, ...]:
    """Return the names of the months from January on; a German short name keeps its point."""
    names = get_month_names(width, "format", language.value)  # type: ignore[arg-type]  # babel types it as a Literal
    return tuple("Sep" if names[month] == "Sept" else names[month] for month in range(1, 13))


def local(instant_ms: int, zone: ZoneInfo) -> datetime:
    """Return the local time of an instant."""
    return datetime.fromtimestamp(instant_ms / 1000, zone)


def clock(instant_ms: int, zone: ZoneInfo) -> str:
    """Return `14:07:32`."""
    return f"{local(instant_ms, zone):%H:%M:%S}"


def clock_minutes(instant_ms: int, zone: ZoneInfo) -> str:
    """Return `14:07`, from ten o'clock on and before alike without a leading zero: `9:05`."""
    moment = local(instant_ms, zone)
    return f"{moment.hour}:{moment.minute:02d}"


def clock_ms(instant_ms: int, zone: ZoneInfo) -> str:
    """Return `13:50:20.114`."""
    return f"{datetime.fromtimestamp(instant_ms // 1000, zone):%H:%M:%S}.{instant_ms % 1000:03d}"


def day_month(instant_ms: int, zone: ZoneInfo, language: Language) -> str:
    """Return `20 Nov` or `20. Nov.`."""
    return _day_month(local(instant_ms, zone), language)


def _day_month(moment: datetime, language: Language) -> str:
    month = month_names(language, "abbreviated")[moment.month - 1]
    return f"{moment.day}. {month}" if language is Language.DE else f"{moment.day} {month}"


def short_day(instant_ms: int, zone: ZoneInfo, language: Language) -> str:
    """Return `Fri 20 Nov` or `Fr 20. Nov.`."""
    return _short_day(local(instant_ms, zone), language)


def _short_day(moment: datetime, language: Language) -> str:
    return f"{weekday_names(language, 'abbreviated')[moment.weekday()]} {_day_month(moment, language)}"


def long_day(instant_ms: int, zone: ZoneInfo, language: Language) -> str:
    """Return `Friday 20 November` or `Freitag, 20. November`; another year than this one is not said."""
    moment = local(instant_ms, zone)
    weekday = weekday_names(language, "wide")[moment.weekday()]
    month = month_names(language, "wide")[moment.month - 1]
    if language is Language.DE:
        return f"{weekday}, {moment.day}. {month}"
    return f"{weekday} {moment.day} {month}"


def long_date(instant_ms: int, zone: ZoneInfo, language: Language) -> str:
    """Return `Friday 20 November 2026` or `Freitag, 20. November 2026`."""
    return f"{long_day(instant_ms, zone, language)} {local(instant_ms, zone).year}"


def weekday(instant_ms: int, zone: ZoneInfo, language: Language) -> str:
    """Return `Friday` or `Freitag`."""
    return weekday_names(language, "wide")[local(instant_ms, zone).weekday()]


def last_weekday(instant_ms: int, zone: ZoneInfo, words: Words) -> str:
    """Return `last Friday`, or `letztem Freitag` as German needs it after "unter" and "über"."""
    return words.t("compare.against.weekday", weekday=weekday(instant_ms, zone, words.language))


def bucket(instant_ms: int, grain: Grain, zone: ZoneInfo, words: Words) -> str:
    """Return the name of the bucket that begins at an instant."""
    return bucket_name(local(instant_ms, zone), grain, words)


def bucket_name(moment: datetime, grain: Grain, words: Words) -> str:
    """Return the name of the bucket that begins at a local time."""
    language = words.language
    match grain:
        case Grain.MINUTE | Grain.QUARTER | Grain.HOUR:
            return f"{_short_day(moment, language)} {moment.hour}:{moment.minute:02d}"
        case Grain.DAY:
            return _short_day(moment, language)
        case Grain.WEEK:
            return words.t("time.word.week_of", day=_day_month(moment, language))
        case Grain.MONTH:
            return f"{month_names(language, 'wide')[moment.month - 1]} {moment.year}"
        case Grain.YEAR:
            return str(moment.year)


def iso_local(instant_ms: int, zone: ZoneInfo) -> str:
    """Return the `datetime` of a `time` element: local time with its offset."""
    return local(instant_ms, zone).isoformat(timespec="seconds")

"""Numbers with their units as people read them: counts, shares, durations, differences, telephone numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import isfinite
from typing import TypeGuard

from calltally.render.escape import plain
from calltally.render.words import Language, Words, grouped

NONE = "-"
NO_BREAK = "\u00a0"
FEW_CALLS = 20
"""Under so many calls a share is shown as "3 of 4": a percentage would pretend to know more."""

_HUNDRED = 100
_HOUR_SECONDS = 3600


class Unit(StrEnum):
    """What a value is; it decides how the value and its differences are written."""

    COUNT = "count"
    SHARE = "share"
    """A ratio from 0 to 1, written in percent."""
    DURATION = "duration"
    """Milliseconds, written as m:ss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A value as it is shown: the figure and, apart from it, its unit (may be empty)."""

    text: str
    unit: str = ""

    def __str__(self) -> str:
        """Return figure and unit on one line."""
        return f"{self.text}{NO_BREAK}{self.unit}" if self.unit else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A comparison in words; `arrow` is the direction of the number, empty if it did not move."""

    arrow: str
    text: str


def count(value: int | None, language: Language) -> str:
    """Return a count with its thousands parted, or `-`."""
    return NONE if value is None else grouped(value, language)


def decimal(value: float, language: Language, places: int = 1) -> str:
    """Return a number with a fixed count of decimals, thousands parted."""
    written = f"{value:,.{places}f}"
    if language is Language.DE:
        return written.replace(",", " ").replace(".", ",").replace(" ", ".")
    return written


def percent(share: float | None, language: Language) -> Shown:
    """Return a share as a percentage with one decimal."""
    if share is None or not isfinite(share):
        return Shown(text=NONE)
    return Shown(text=decimal(share * _HUNDRED, language), unit="%")


def rate(numerator: int | None, denominator: int | None, words: Words) -> Shown:
    """Return numerator / denominator as a percentage, as "3 of 4" under 20 calls, as `-` without calls."""
    if numerator is None or not denominator:
        return Shown(text=NONE)
    if denominator < FEW_CALLS:
        return Shown(text=words.t("site.value.of", part=numerator, whole=denominator))
    return percent(numerator / denominator, words.language)


def duration(value_ms: float | None) -> str:
    """Return a duration rounded to seconds as m:ss, from an hour on as h:mm:ss."""
    if value_ms is None or not isfinite(value_ms):
        return NONE
    return _clock(int(abs(value_ms) + 500) // 1000)


def elapsed(value_ms: int) -> str:
    """Return a running time in whole seconds that have passed, as the timers of the pages count."""
    return _clock(max(value_ms, 0) // 1000)


def _clock(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    if seconds < _HOUR_SECONDS:
        return f"{minutes}:{second:02d}"
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}"


def lag(value_ms: int | None, words: Words) -> str:
    """Return a short delay: milliseconds under a tenth of a second, else seconds with one decimal."""
    if value_ms is None:
        return NONE
    if value_ms < _HUNDRED:
        return words.t("site.value.milliseconds", value=max(value_ms, 0))
    return words.t("site.value.seconds", value=decimal(value_ms / 1000, words.language))


def shown(value: float | None, unit: Unit, language: Language) -> Shown:
    """Return any value the way its unit is written."""
    if value is None or not isfinite(value):
        return Shown(text=NONE)
    match unit:
        case Unit.COUNT:
            return Shown(text=grouped(round(value), language))
        case Unit.SHARE:
            return percent(value, language)
        case Unit.DURATION:
            return Shown(text=duration(value))


def written(values: Iterable[float | None], unit: Unit, language: Language) -> list[str]:
    """Return many values as `shown` writes them, unit included."""
    match unit:
        case Unit.COUNT:
            return [NONE if not _is_number(value) else grouped(round(value), language) for value in values]
        case Unit.SHARE:
            return [str(percent(value, language)) for value in values]
        case Unit.DURATION:
            return [duration(value) for value in values]


def _is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and isfinite(value)


def difference(value: float | None, before: float | None, *, unit: Unit, against: str, words: Words) -> Difference:
    """Return how a value differs from an earlier one: rates in points, counts in percent or pieces, times in m:ss.

    Args:
        value: the value of now; `None` without one.
        before: what it is compared with; `None` if there is nothing.
        unit: what both are.
        against: the words of `compare.against`, "last Friday".
        words: the reader's language.
    """
    if value is None or before is None:
        return Difference(arrow="", text=words.t("compare.change.nothing"))
    up = value > before
    written, above, below = _difference_words(value, before, unit, words.language)
    if not written.strip("0:.,"):
        return Difference(arrow="", text=words.t("compare.change.same"))
    key = above if up else below
    sentence = words.t(f"compare.change.{key}", value=written, against=against)
    return Difference(arrow="\u25b2" if up else "\u25bc", text=sentence)


def _difference_words(value: float, before: float, unit: Unit, language: Language) -> tuple[str, str, str]:
    gap = abs(value - before)
    match unit:
        case Unit.SHARE:
            return decimal(gap * _HUNDRED, language), "points_above", "points_below"
        case Unit.DURATION:
            return duration(gap), "longer", "shorter"
        case Unit.COUNT:
            if before >= _HUNDRED:
                return decimal(gap / before * _HUNDRED, language), "percent_above", "percent_below"
            return grouped(round(gap), language), "more", "fewer"


@lru_cache(maxsize=8192)
def phone(number: str) -> str:
    """Return a telephone number in its international form, parts held together by no-break spaces.

    What is not a number with its country code (an extension, a name) comes back as received.
    """
    if not number.startswith("+") or not number[1:].isascii() or not number[1:].isdigit():
        return plain(number).replace(" ", NO_BREAK)
    # Loaded at the first number: the package's tables cost more than a command without numbers should pay.
    import phonenumbers  # noqa: PLC0415  see the line above

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    international = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return international.replace(" ", NO_BREAK)

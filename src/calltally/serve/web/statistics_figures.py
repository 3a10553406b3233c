"""The key figures of the Statistics page: value, range line, comparison with the time before, and what is usual."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap
from math import floor, log10
from typing import Final

from markupsafe import Markup

from calltally.engine.answers import Value
from calltally.engine.usual import usual_band
from calltally.metrics.catalog import metric as metric_named
from calltally.metrics.metric import Better
from calltally.model.instants import DAY_MS, SECOND_MS
from calltally.model.words import Direction, Outcome
from calltally.render import charts, numbers, times
from calltally.render.charts import Status
from calltally.render.numbers import Difference, Shown, Unit
from calltally.serve.web.filtering import against_words
from calltally.serve.web.statistics_charts import Drawing

_UNITS: Final = {"count": Unit.COUNT, "ratio": Unit.SHARE, "seconds": Unit.DURATION}
_SCALES: Final[Mapping[str, tuple[float, float]]] = {
    "answer_rate": (0.5, 1.0),
    "asa": (0.0, 60.0 * SECOND_MS),
    "average_wait": (0.0, 60.0 * SECOND_MS),
}
"""Ends of the range lines of figures that do not depend on the length of the timespan."""
_ROUND: Final = (1, 2, 5, 10)
_PRECISION: Final = {Unit.COUNT: 1, Unit.SHARE: 0.001, Unit.DURATION: SECOND_MS}
"""What the last digit of a figure is worth."""
_SOON_MS: Final = 366 * DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """What the template shows of one figure; `status` is empty unless the figure is off on its bad side."""

    metric: str
    name: str
    shown: Shown
    href: str
    why: str
    more: tuple[str, ...]
    range: Markup
    compare: Difference | None
    usual: str
    status: str
    current: bool


def key_figures(draw: Drawing) -> list[KeyFigure]:
    """Return the key figures of the page.

    Raises:
        StoreError: the database did not answer.
    """
    return list(starmap(lambda place, name: _figure(draw, place, name), enumerate(draw.statistics.figures)))


def _figure(draw: Drawing, place: int, name: str) -> KeyFigure:
    metric = metric_named(name)
    unit = _UNITS[metric.unit]
    before = draw.statistics.before()
    value = draw.statistics.total(name)
    now = _in_unit(value, unit)
    last = None if before.compared is None else _in_unit(before.compared[place], unit)
    band = usual_band([_in_unit(values[place], unit) for values in before.usual])
    status = _status(now, band, metric.better, unit)
    return KeyFigure(
        metric=name,
        name=draw.t(f"statistics.figure.{_WORDS[name]}"),
        shown=shown_value(draw, name),
        href=_opened(draw, name),
        why=draw.why(name),
        more=_more(draw, name),
        range=_range_line(draw, name, now, band=band, last=last, status=status),
        compare=_compared(draw, now, last, unit),
        usual=_usual_words(draw, band, unit),
        status="" if status is Status.OFF else status.value,
        current=draw.statistics.asked.why == name,
    )


_WORDS: Final = {
    "calls": "calls",
    "inbound_calls": "inbound",
    "outbound_calls": "outbound",
    "answer_rate": "answer_rate",
    "asa": "asa",
    "voicemail_calls": "voicemail",
    "abandoned_inbound_calls": "abandoned",
    "average_wait": "average_wait",
    "average_talk_time": "talk",
}
_ANSWERED_IN: Final[Mapping[str, object]] = {
    "directions": (Direction.INBOUND,),
    "outcomes": (Outcome.ANSWERED.value,),
}
_BEHIND: Final[Mapping[str, Mapping[str, object]]] = {
    "calls": {},
    "inbound_calls": {"directions": (Direction.INBOUND,)},
    "outbound_calls": {"directions": (Direction.OUTBOUND,)},
    "answer_rate": _ANSWERED_IN,
    "asa": _ANSWERED_IN,
    "voicemail_calls": {"directions": (Direction.INBOUND,), "outcomes": (Outcome.VOICEMAIL.value,)},
    "abandoned_inbound_calls": {"directions": (Direction.INBOUND,), "outcomes": (Outcome.ABANDONED.value,)},
    "average_wait": {"directions": (Direction.INBOUND,)},
    "average_talk_time": {"outcomes": (Outcome.ANSWERED.value,)},
}
"""The calls that a figure opens."""


def _opened(draw: Drawing, name: str) -> str:
    """Return the address of the calls behind a figure, empty where the chosen directions leave none of them."""
    wanted, chosen = _BEHIND[name], draw.statistics.asked.directions
    has_none = "directions" in wanted and chosen and wanted["directions"] not in [(each,) for each in chosen]
    return "" if has_none else draw.calls(**wanted)


def shown_value(draw: Drawing, name: str) -> Shown:
    """Return the value of a metric as it is shown; a share of few calls as "3 of 4"."""
    value, unit = draw.statistics.total(name), _UNITS[metric_named(name).unit]
    if unit is Unit.SHARE:
        return numbers.rate(round(value.numerator or 0), round(value.denominator or 0), draw.words)
    return numbers.shown(_in_unit(value, unit), unit, draw.words.language)


def _in_unit(value: Value, unit: Unit) -> float | None:
    return value.value * SECOND_MS if unit is Unit.DURATION and value.value is not None else value.value


def _more(draw: Drawing, name: str) -> tuple[str, ...]:
    """Return what stands beside a figure, at most two short lines."""
    match name:
        case "outbound_calls":
            internal = draw.statistics.count("internal_calls")
            return (draw.t("statistics.figure.internal"), draw.count(internal)) if internal else ()
        case "answer_rate":
            return _parts(draw)
        case "asa":
            return _nine_of_ten(draw)
        case "voicemail_calls":
            return _share_of_incoming(draw)
        case _:
            return ()


def _parts(draw: Drawing) -> tuple[str, ...]:
    value = draw.statistics.total("answer_rate")
    part, whole = round(value.numerator or 0), round(value.denominator or 0)
    return () if whole < numbers.FEW_CALLS else (draw.t("site.value.of_break", part=part), draw.count(whole))


def _share_of_incoming(draw: Drawing) -> tuple[str, ...]:
    share = draw.statistics.total("voicemail_share")
    if (share.denominator or 0) < numbers.FEW_CALLS:
        return ()
    text = str(numbers.percent(share.value, draw.words.language))
    return draw.t("statistics.figure.share_of", share=text), draw.t("statistics.figure.share_of_what")


def _nine_of_ten(draw: Drawing) -> tuple[str, ...]:
    nine = draw.seconds("wait_p90")
    if nine == numbers.NONE:
        return ()
    return (draw.t("statistics.figure.nine"), draw.t("statistics.figure.nine_within", time=nine))


def _status(now: float | None, band: tuple[float, float] | None, better: Better, unit: Unit) -> Status:
    """Return whether a value lies off the usual on its bad side, as precisely as both are shown.

    What is neither good nor bad never does.
    """
    if now is None or band is None:
        return Status.OFF
    value, low, high = (round(each / _PRECISION[unit]) for each in (now, *band))
    is_bad = (better == "higher" and value < low) or (better == "lower" and value > high)
    return Status.WARN if is_bad else Status.OFF


def _range_line(
    draw: Drawing, name: str, now: float | None, *, band: tuple[float, float] | None, last: float | None, status: Status
) -> Markup:
    unit = _UNITS[metric_named(name).unit]
    history = [value for value in (*(band or ()), last) if value is not None]
    low, high = _SCALES.get(name, (0.0, _round_up(1.5 * max(history, default=now or 1.0))))
    if history and max(history) > high:
        high = _round_up(1.5 * max(history))
    low = 0.0 if history and min(history) < low else low
    shown = str(numbers.shown(now, unit, draw.words.language))
    usual = _usual_words(draw, band, unit) if band else ""
    return charts.range_line(
        charts.Range(
            low=low,
            high=high,
            value=now,
            band=band,
            last=last,
            status=status,
            summary=", ".join(part for part in (shown, usual) if part),
        )
    )


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5 and their tenfold, so that the ends of a line stay while figures change."""
    if value <= 1:
        return 1.0
    magnitude = 10.0 ** floor(log10(value))
    return next(step * magnitude for step in _ROUND if step * magnitude >= value)


def _compared(draw: Drawing, now: float | None, last: float | None, unit: Unit) -> Difference | None:
    statistics = draw.statistics
    if not statistics.asked.compares:
        return None
    against = against_words(statistics.asked.span, statistics.site.zone, draw.words)
    return numbers.difference(now, last, unit=unit, against=against, words=draw.words)


def _usual_words(draw: Drawing, band: tuple[float, float] | None, unit: Unit) -> str:
    if band is None:
        known_from = draw.statistics.before().known_from_ms
        if known_from is None or known_from > draw.statistics.now_ms + _SOON_MS:
            return ""
        day = times.day_month(known_from, draw.statistics.site.zone, draw.words.language)
        return draw.t("compare.change.usual_known", day=day)
    low, high = (numbers.shown(value, unit, draw.words.language) for value in band)
    return draw.t("compare.change.usual_range", low=low.text, high=str(high))

"""The six key figures of the Live page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from markupsafe import Markup

from calltally.engine.answers import Value
from calltally.engine.questions import CallOrder
from calltally.metrics.metric import Better
from calltally.metrics.now import is_active, is_waiting
from calltally.model.instants import SECOND_MS
from calltally.model.words import Direction
from calltally.render import charts
from calltally.render.charts import Range, Status
from calltally.render.numbers import Difference, Shown, Unit, count, difference, rate, shown
from calltally.render.times import last_weekday
from calltally.render.words import Words
from calltally.serve.web.asking import DEFAULT_PERIOD, Asked
from calltally.serve.web.live_rows import Moment, WaitingRow
from calltally.serve.web.live_today import Today

_NICE = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_WAIT_END_MS = 60_000
_LONG_END_MS = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One key figure, finished for the macro `key_figure`."""

    name: str
    shown: Shown
    href: str
    why: str
    more: Sequence[str | Markup]
    range: Markup
    compare: Difference | None = None
    usual: str = ""
    status: str = ""
    current: bool = False


def key_figures(moment: Moment, waiting: Sequence[WaitingRow], today: Today, links: Mapping[str, str]) -> list[Figure]:
    """Return the figures; `links` holds the addresses of their calls and explanations."""
    return [
        _waiting(moment, waiting, links),
        _active(moment, links),
        _answer_rate(moment, today, links),
        _average_wait(moment, today, links),
        _longest_wait(moment, today, links),
        _incoming(moment, today, links),
    ]


def links_of(asked: Asked) -> dict[str, str]:
    """Return where the figures lead: to the calls of today that they count, and to their explanations."""
    calls = asked.but(path="/calls", why=None)
    statistics = asked.but(path="/statistics", why=None)
    own = asked.but(period=DEFAULT_PERIOD)
    inbound = (Direction.INBOUND,)
    return {
        "open": calls.url(outcomes=("in_progress",)),
        "calls": calls.url(),
        "inbound_calls": calls.url(directions=inbound),
        "average_wait": calls.url(directions=inbound),
        "answer_rate": calls.url(directions=inbound, outcomes=("answered",)),
        "longest_wait": calls.url(directions=inbound, order=CallOrder.LONGEST_WAIT),
        "why_waiting": own.url(why="waiting_now"),
        "why_active": own.url(why="active_now"),
        **{
            f"why_{name}": statistics.url(why=name)
            for name in ("answer_rate", "average_wait", "longest_wait", "inbound_calls")
        },
    }


def _waiting(moment: Moment, rows: Sequence[WaitingRow], links: Mapping[str, str]) -> Figure:
    words = moment.words
    steps = {row.step for row in rows}
    status = Status.BAD if "long" in steps else Status.WARN if "late" in steps else Status.OFF
    name = words.t("live.figure.waiting")
    value = Shown(text=count(len(rows), words.language))
    more: list[str | Markup] = []
    if rows:
        more = [words.t("live.figure.oldest"), _timer(rows[0].since_ms, rows[0].text, status)]
    return Figure(
        name=name,
        shown=value,
        href="#w",
        why=links["why_waiting"],
        more=more,
        range=_range(name, len(rows), value, status=status),
        usual=_over_target(rows, words),
        status=_class(status),
    )


def _over_target(rows: Sequence[WaitingRow], words: Words) -> str:
    if not rows:
        return ""
    late = sum(bool(row.step) for row in rows)
    return words.t("live.figure.over_target", count=late) if late else words.t("live.figure.in_target")


def _not_connected(moment: Moment, uncertain: int) -> str:
    """Return how many more ring without anybody waiting, or how many of the connected may be over already."""
    if uncertain:
        return moment.words.t("live.figure.uncertain", count=uncertain)
    ringing = sum(not is_active(records) and not is_waiting(records) for records in moment.flows)
    return moment.words.t("live.figure.ringing", count=ringing) if ringing else ""


def _timer(since_ms: int, text: str, status: Status) -> Markup:
    return Markup('<b class="{}" data-since-ms="{}">{}</b>').format(_class(status), since_ms, text)


def _active(moment: Moment, links: Mapping[str, str]) -> Figure:
    words = moment.words
    calls = [records.call for records in moment.flows if records.call is not None and is_active(records)]
    by = {direction: sum(call.direction is direction for call in calls) for direction in Direction}
    name = words.t("live.figure.active")
    value = Shown(text=count(len(calls), words.language))
    outgoing, internal = by[Direction.OUTBOUND], by[Direction.INTERNAL]
    others = "outgoing_internal" if internal else "outgoing"
    more = [
        words.t("live.figure.incoming", count=by[Direction.INBOUND]),
        words.t(f"live.figure.{others}", outgoing=outgoing, internal=internal),
    ]
    uncertain = sum(call.crashed for call in calls)
    return Figure(
        name=name,
        shown=value,
        href="#a",
        why=links["why_active"],
        more=more,
        range=_range(name, len(calls), value),
        usual=_not_connected(moment, uncertain),
    )


def _answer_rate(moment: Moment, today: Today, links: Mapping[str, str]) -> Figure:
    words = moment.words
    answered, calls = _whole(today.values["answered_inbound_calls"]), _whole(today.values["inbound_calls"])
    value = rate(answered, calls, words)
    more = [words.t("site.value.of_break", part=answered), count(calls, words.language)] if value.unit else []
    scale = _Scale(low=0, high=1, unit=Unit.SHARE, better="higher")
    return _of_today(moment, today, links, "answer_rate", value=value, more=more, scale=scale)


def _average_wait(moment: Moment, today: Today, links: Mapping[str, str]) -> Figure:
    value = shown(_in_unit(today.values["average_wait"].value, Unit.DURATION), Unit.DURATION, moment.words.language)
    scale = _Scale(low=0, high=_WAIT_END_MS, unit=Unit.DURATION, better="lower")
    return _of_today(moment, today, links, "average_wait", value=value, scale=scale)


def _longest_wait(moment: Moment, today: Today, links: Mapping[str, str]) -> Figure:
    value = shown(_in_unit(today.values["longest_wait"].value, Unit.DURATION), Unit.DURATION, moment.words.language)
    scale = _Scale(low=0, high=_LONG_END_MS, unit=Unit.DURATION, better="lower")
    return _of_today(moment, today, links, "longest_wait", value=value, scale=scale)


def _incoming(moment: Moment, today: Today, links: Mapping[str, str]) -> Figure:
    calls = _whole(today.values["inbound_calls"])
    most = max([calls, *(week["inbound_calls"].value or 0 for week in today.weeks)])
    scale = _Scale(low=0, high=_nice(most), unit=Unit.COUNT, better="neither")
    value = Shown(text=count(calls, moment.words.language))
    return _of_today(moment, today, links, "inbound_calls", value=value, scale=scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """The ends of a range line, what is on it, and which way is good."""

    low: float
    high: float
    unit: Unit
    better: Better


_TITLES: Final = {
    "answer_rate": "answer_rate",
    "average_wait": "wait",
    "longest_wait": "longest_wait",
    "inbound_calls": "incoming_today",
}


def _of_today(
    moment: Moment,
    today: Today,
    links: Mapping[str, str],
    metric: str,
    *,
    value: Shown,
    scale: _Scale,
    more: Sequence[str | Markup] = (),
) -> Figure:
    words, unit = moment.words, scale.unit
    now, last = _in_unit(today.values[metric].value, unit), _in_unit(today.last(metric), unit)
    usual = today.usual(metric)
    band = None if usual is None else (_in_unit(usual[0], unit) or 0.0, _in_unit(usual[1], unit) or 0.0)
    is_few = unit is Unit.SHARE and not value.unit
    status = Status.OFF if is_few else _against(now, band, scale.better)
    name = words.t(f"live.figure.{_TITLES[metric]}")
    high = max([scale.high, *(1.2 * end for end in band or () if unit is not Unit.SHARE)])
    return Figure(
        name=name,
        shown=value,
        href=links[metric],
        why=links[f"why_{metric}"],
        more=more,
        range=charts.range_line(
            Range(
                low=scale.low,
                high=high,
                value=now,
                band=band,
                last=last,
                status=status,
                summary=", ".join(part for part in (f"{name}: {value}", _usual_words(words, band, unit)) if part),
            )
        ),
        compare=_compared(moment, None if is_few else now, last, unit),
        usual=_usual_words(words, band, unit) if _whole(today.values["inbound_calls"]) else _empty(moment),
        status=_class(status),
    )


def _in_unit(value: float | None, unit: Unit) -> float | None:
    return value * SECOND_MS if value is not None and unit is Unit.DURATION else value


def _against(now: float | None, band: tuple[float, float] | None, better: Better) -> Status:
    """Return whether a value lies off the usual on its bad side."""
    if now is None or band is None:
        return Status.OFF
    is_bad = (better == "higher" and now < band[0]) or (better == "lower" and now > band[1])
    return Status.WARN if is_bad else Status.OFF


def _usual_words(words: Words, band: tuple[float, float] | None, unit: Unit) -> str:
    if band is None:
        return ""
    low, high = (shown(end, unit, words.language) for end in band)
    return words.t("compare.change.usual_range", low=low.text, high=str(high))


def _compared(moment: Moment, value: float | None, last: float | None, unit: Unit) -> Difference | None:
    if value is None or last is None:
        return None
    against = last_weekday(moment.now_ms, moment.zone, moment.words)
    return difference(value, last, unit=unit, against=against, words=moment.words)


def _empty(moment: Moment) -> str:
    return moment.words.t("site.value.no_calls")


def _whole(value: Value) -> int:
    return round(value.value or 0)


def _nice(value: float) -> int:
    """Return the end of a scale: it changes only when the figure outgrows it."""
    return next((end for end in _NICE if value * 1.2 <= end), ceil(value * 1.2))


def _range(name: str, value: float, value_shown: Shown, *, status: Status = Status.OFF) -> Markup:
    summary = f"{name}: {value_shown}"
    return charts.range_line(Range(low=0, high=_nice(value), value=value, summary=summary, status=status))


def _class(status: Status) -> str:
    return status.value if status in {Status.WARN, Status.BAD} else ""

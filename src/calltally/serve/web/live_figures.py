"""The six key figures of the Live page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup

from calltally.engine.answers import Value
from calltally.engine.questions import CallOrder
from calltally.metrics.now import is_active
from calltally.model.words import Direction
from calltally.render import charts
from calltally.render.charts import Range, Status
from calltally.render.numbers import Difference, Shown, Unit, count, difference, rate, shown
from calltally.render.times import last_weekday
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
        "inbound": calls.url(directions=inbound),
        "answered": calls.url(directions=inbound, outcomes=("answered",)),
        "longest": calls.url(directions=inbound, order=CallOrder.LONGEST_WAIT),
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
        range=_range(name, len(rows), 0, _nice(len(rows)), value, status=status),
        status=_class(status),
    )


def _timer(since_ms: int, text: str, status: Status) -> Markup:
    return Markup('<b class="{}" data-since-ms="{}">{}</b>').format(_class(status), since_ms, text)


def _active(moment: Moment, links: Mapping[str, str]) -> Figure:
    words = moment.words
    calls = [records.call for records in moment.flows if records.call is not None and is_active(records)]
    by = {direction: sum(call.direction is direction for call in calls) for direction in Direction}
    name = words.t("live.figure.active")
    value = Shown(text=count(len(calls), words.language))
    more = [
        words.t("live.figure.incoming", count=by[Direction.INBOUND]),
        words.t("live.figure.outgoing_internal", outgoing=by[Direction.OUTBOUND], internal=by[Direction.INTERNAL]),
    ]
    uncertain = sum(call.crashed for call in calls)
    return Figure(
        name=name,
        shown=value,
        href="#a",
        why=links["why_active"],
        more=more,
        range=_range(name, len(calls), 0, _nice(len(calls)), value),
        usual=words.t("live.figure.uncertain", count=uncertain) if uncertain else "",
    )


def _answer_rate(moment: Moment, today: Today, links: Mapping[str, str]) -> Figure:
    words = moment.words
    answered, calls = _whole(today.values["answered_inbound_calls"]), _whole(today.values["inbound_calls"])
    before = today.before
    last = before["answer_rate"].value if before else None
    value = rate(answered, calls, words)
    is_share = bool(value.unit)
    more = [words.t("site.value.of_break", part=answered), count(calls, words.language)] if is_share else []
    name = words.t("live.figure.answer_rate")
    share = today.values["answer_rate"].value
    return Figure(
        name=name,
        shown=value,
        href=links["answered"],
        why=links["why_answer_rate"],
        more=more,
        range=_range(name, share, 0, 1, value, last=last),
        compare=_compared(moment, share if is_share else None, last, Unit.SHARE),
        usual=_empty(moment, calls),
    )


def _average_wait(moment: Moment, today: Today, links: Mapping[str, str]) -> Figure:
    value_ms, last_ms = _milliseconds(today, "average_wait")
    name = moment.words.t("live.figure.wait")
    value = shown(value_ms, Unit.DURATION, moment.words.language)
    return Figure(
        name=name,
        shown=value,
        href=links["inbound"],
        why=links["why_average_wait"],
        more=[],
        range=_range(name, value_ms, 0, _WAIT_END_MS, value, last=last_ms),
        compare=_compared(moment, value_ms, last_ms, Unit.DURATION),
        usual=_empty(moment, _whole(today.values["inbound_calls"])),
    )


def _longest_wait(moment: Moment, today: Today, links: Mapping[str, str]) -> Figure:
    value_ms, last_ms = _milliseconds(today, "longest_wait")
    name = moment.words.t("live.figure.longest_wait")
    value = shown(value_ms, Unit.DURATION, moment.words.language)
    return Figure(
        name=name,
        shown=value,
        href=links["longest"],
        why=links["why_longest_wait"],
        more=[],
        range=_range(name, value_ms, 0, _LONG_END_MS, value, last=last_ms),
        compare=_compared(moment, value_ms, last_ms, Unit.DURATION),
        usual=_empty(moment, _whole(today.values["inbound_calls"])),
    )


def _incoming(moment: Moment, today: Today, links: Mapping[str, str]) -> Figure:
    words = moment.words
    calls = _whole(today.values["inbound_calls"])
    last = today.before["inbound_calls"].value if today.before else None
    name = words.t("live.figure.incoming_today")
    value = Shown(text=count(calls, words.language))
    return Figure(
        name=name,
        shown=value,
        href=links["inbound"],
        why=links["why_inbound_calls"],
        more=[],
        range=_range(name, calls, 0, _nice(max(calls, last or 0)), value, last=last),
        compare=_compared(moment, calls, last, Unit.COUNT),
        usual=words.t("live.figure.same_time") if last is not None else "",
    )


def _compared(moment: Moment, value: float | None, last: float | None, unit: Unit) -> Difference | None:
    if value is None:
        return None
    against = last_weekday(moment.now_ms, moment.zone, moment.words)
    return difference(value, last, unit=unit, against=against, words=moment.words)


def _empty(moment: Moment, calls: int) -> str:
    return "" if calls else moment.words.t("site.value.no_calls")


def _whole(value: Value) -> int:
    return round(value.value or 0)


def _milliseconds(today: Today, name: str) -> tuple[float | None, float | None]:
    value = today.values[name].value
    last = today.before[name].value if today.before else None
    return (None if value is None else value * 1000, None if last is None else last * 1000)


def _nice(value: float) -> int:
    """Return the end of a scale: it changes only when the figure outgrows it."""
    return next((end for end in _NICE if value * 1.2 <= end), ceil(value * 1.2))


def _range(
    name: str,
    value: float | None,
    low: float,
    high: float,
    value_shown: Shown,
    *,
    last: float | None = None,
    status: Status = Status.OFF,
) -> Markup:
    summary = f"{name}: {value_shown}"
    return charts.range_line(Range(low=low, high=high, value=value, summary=summary, last=last, status=status))


def _class(status: Status) -> str:
    return status.value if status in {Status.WARN, Status.BAD} else ""

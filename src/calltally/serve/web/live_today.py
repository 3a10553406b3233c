"""The figures of today against the same weekday last week until the same time, and the course of the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from calltally.engine.answers import Answer, Question, Selection, Value
from calltally.engine.questions import Questions
from calltally.engine.usual import FEWEST, comparable_spans, usual_band
from calltally.model.buckets import Unit, day_start_ms, local_date
from calltally.model.instants import HOUR_MS, MINUTE_MS, Span
from calltally.render import charts, times
from calltally.render import numbers as written
from calltally.render.charts import Caption, Chart, Series, Style
from calltally.render.times import Grain
from calltally.render.words import Words

FIGURES: Final = (
    "inbound_calls",
    "answered_inbound_calls",
    "in_progress_calls",
    "answer_rate",
    "average_wait",
    "longest_wait",
)
_FIRST_HOUR, _LAST_HOUR = 8, 18
_BUSIER: Final = 1.25
_MANY: Final = 20
_CHART_PX: Final = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Today so far, and the same weekdays before until the same time, newest first; none if nothing is known."""

    values: Mapping[str, Value]
    weeks: tuple[Mapping[str, Value], ...]

    def last(self, name: str) -> float | None:
        """Return a figure of a week ago."""
        return self.weeks[0][name].value if self.weeks else None

    def usual(self, name: str) -> tuple[float, float] | None:
        """Return the range in which a figure usually lies, `None` with too few weeks of history."""
        return usual_band([week[name].value for week in self.weeks])


def today_span(now_ms: int, zone: ZoneInfo) -> Span:
    """Return today up to now."""
    since_ms = day_start_ms(local_date(now_ms, zone), zone)
    return Span(since_ms, max(now_ms, since_ms + 1))


def whole_day(now_ms: int, zone: ZoneInfo) -> Span:
    """Return today from midnight to midnight."""
    day = local_date(now_ms, zone)
    return Span(day_start_ms(day, zone), day_start_ms(day + timedelta(days=1), zone))


def ask_today(questions: Questions, selection: Selection, now_ms: int, zone: ZoneInfo) -> Mapping[str, Value]:
    """Return the figures of today."""
    return _figures(questions, selection, today_span(now_ms, zone), zone)


def ask_weeks(
    questions: Questions, selection: Selection, now_ms: int, zone: ZoneInfo, *, first_ms: int
) -> tuple[Mapping[str, Value], ...]:
    """Return the same figures for the same weekdays before until the same minute, newest first."""
    until_ms = now_ms - now_ms % MINUTE_MS
    spans = comparable_spans(today_span(until_ms, zone), zone, first_ms=first_ms)
    return tuple(_figures(questions, selection, span, zone) for span in spans if not span.is_empty)


def _figures(questions: Questions, selection: Selection, span: Span, zone: ZoneInfo) -> Mapping[str, Value]:
    answer = questions.ask(Question(metrics=FIGURES, span=span, zone=zone, selection=selection))
    return dict(zip(FIGURES, answer.total.values, strict=True))


@dataclass(frozen=True, slots=True)
class Course:
    """Incoming calls per quarter hour of a day: all, unanswered, and what is usual (empty if that is not known)."""

    starts_ms: tuple[int, ...]
    end_ms: int
    calls: tuple[int, ...]
    missed: tuple[int, ...]
    usual: tuple[float, ...]


def ask_usual(
    questions: Questions, selection: Selection, now_ms: int, zone: ZoneInfo, *, first_ms: int
) -> Mapping[int, float]:
    """Return the mean of the same weekdays before, by the minute of the day; empty with too few weeks of history."""
    days: list[Mapping[int, float]] = []
    for span in comparable_spans(whole_day(now_ms, zone), zone, first_ms=first_ms):
        answer = questions.ask(
            Question(metrics=("inbound_calls",), span=span, zone=zone, unit=Unit.QUARTER, selection=selection)
        )
        days.append({_minute(row.span.since_ms, zone): row.values[0].value or 0 for row in answer.rows})
    if len(days) < FEWEST:
        return {}
    minutes = {minute for day in days for minute in day}
    return {minute: sum(day.get(minute, 0) for day in days) / len(days) for minute in minutes}


def _minute(instant_ms: int, zone: ZoneInfo) -> int:
    moment = times.local(instant_ms, zone)
    return moment.hour * 60 + moment.minute


def ask_course(
    questions: Questions, selection: Selection, usual: Mapping[int, float], now_ms: int, zone: ZoneInfo
) -> Course:
    """Return the course of today, cut to the hours in which something happens."""
    names = ("inbound_calls", "unanswered_inbound_calls")
    span = whole_day(now_ms, zone)
    answer = questions.ask(Question(metrics=names, span=span, zone=zone, unit=Unit.QUARTER, selection=selection))
    rows = answer.rows[slice(*_busy(answer, usual, zone))]
    return Course(
        starts_ms=tuple(row.span.since_ms for row in rows),
        end_ms=rows[-1].span.until_ms,
        calls=tuple(round(row.values[0].value or 0) for row in rows),
        missed=tuple(round(row.values[1].value or 0) for row in rows),
        usual=tuple(usual.get(_minute(row.span.since_ms, zone), 0) for row in rows) if usual else (),
    )


def _busy(answer: Answer, usual: Mapping[int, float], zone: ZoneInfo) -> tuple[int, int]:
    """Return the first and the last (exclusive) bucket to show: the working day, and what lies outside of it."""
    wanted: list[int] = []
    for index, row in enumerate(answer.rows):
        hour = times.local(row.span.since_ms, zone).hour
        happens = row.values[0].value or usual.get(_minute(row.span.since_ms, zone), 0) >= 1
        if happens or _FIRST_HOUR <= hour < _LAST_HOUR:
            wanted.append(index)
    first, last = min(wanted, default=0), max(wanted, default=len(answer.rows) - 1)
    whole_hours = 4
    return first // whole_hours * whole_hours, min(-(-(last + 1) // whole_hours) * whole_hours, len(answer.rows))


def course_figure(course: Course, *, now_ms: int, zone: ZoneInfo, words: Words, calls: str) -> Markup:
    """Return the chart of the day; `calls` is the address of its calls."""
    past = [start for start in course.starts_ms if start <= now_ms]
    so_far, missed = sum(course.calls), sum(course.missed)
    usual_so_far = _usual_so_far(course, now_ms)
    is_busier = bool(usual_so_far) and so_far >= _MANY and so_far > usual_so_far * _BUSIER
    title = words.t("live.day.title_busier" if is_busier else "live.day.title")
    series = [
        Series(name=words.t("live.day.all"), style=Style.ANSWERED, values=_up_to(course.calls, len(past))),
        Series(name=words.t("live.day.unanswered"), style=Style.MISSED, values=_up_to(course.missed, len(past))),
    ]
    if course.usual:
        name = words.t("live.day.usual", weekday=times.weekday(now_ms, zone, words.language))
        series.append(Series(name=name, style=Style.USUAL, values=tuple(course.usual)))
    axis = charts.time_axis(course.starts_ms, course.end_ms, grain=Grain.QUARTER, zone=zone, words=words, now_ms=now_ms)
    chart = Chart(
        title=title,
        summary=_summary(words, so_far=so_far, missed=missed, usual=usual_so_far),
        unit=written.Unit.COUNT,
        series=tuple(series),
        axis=replace(axis, edges=(), labels=_clock_labels(course, zone)),
        words=words,
        height=_CHART_PX,
    )
    caption = Caption(title=title, subtitle=words.t("live.day.sub"), calls=calls)
    return charts.chart_figure(chart, charts.columns(chart), caption, as_columns=True)


def _up_to(values: Sequence[int], count: int) -> tuple[float | None, ...]:
    return tuple(value if index < count else None for index, value in enumerate(values))


def _clock_labels(course: Course, zone: ZoneInfo) -> tuple[str, ...]:
    return tuple(times.clock_minutes(start, zone) for start in course.starts_ms)


def _usual_so_far(course: Course, now_ms: int) -> float:
    total = 0.0
    for start, value in zip(course.starts_ms, course.usual, strict=False):
        share = min(max((now_ms - start) / (HOUR_MS / 4), 0.0), 1.0)
        total += value * share
    return total


def _summary(words: Words, *, so_far: int, missed: int, usual: float) -> str:
    told = words.t("live.day.summary", count=so_far, missed=missed)
    return f"{told} {words.t('live.day.summary_usual', count=round(usual))}" if usual else told

"""The drawn panels of the Statistics page: what is found as title, then columns, lines or a pie, and their table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from markupsafe import Markup

from calltally.engine.answers import PRUNED
from calltally.engine.heard import is_unheard
from calltally.engine.unfinished import REBUILDING
from calltally.model.instants import SECOND_MS, Gap
from calltally.model.words import Direction, Outcome
from calltally.render import charts, numbers, times
from calltally.render.charts import Caption, Chart, Series, Style
from calltally.render.numbers import Unit
from calltally.render.times import Grain
from calltally.render.words import Words
from calltally.serve.web.asking import UNANSWERED, Period
from calltally.serve.web.statistics_answers import Statistics

FEW: Final = 20
"""Under so many calls nothing is said to be found: it would be chance."""

_STRIKING_MISSED: Final = 10
_STRIKING_TIMES: Final = 2
"""So many times what a bucket loses on average."""
_STRIKING_SHARE: Final = 1.5
"""So many times the share that is lost on the whole: who is called more loses more, and that is nothing to be found."""
_MOST_GAPS: Final = 60
_REASONS: Final = {PRUNED: "pruned", REBUILDING: "rebuild"}
_NARROWEST_GAP: Final = 0.002
"""A share of the timespan; what is narrower is a thin line at best, and the explanation tells of it."""


Shape: TypeAlias = Callable[[Chart], Markup]
"""Columns or lines."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One page's way to draw: its answers and the reader's words."""

    statistics: Statistics
    words: Words

    def t(self, key: str, **slots: str | int) -> str:
        """Return words."""
        return self.words.t(key, **slots)

    def per(self) -> str:
        """Return "per day"."""
        return self.t(f"filter.per.{self.statistics.unit}")

    def span(self) -> str:
        """Return the timespan in words, "22 Oct to 20 Nov"."""
        span, zone = self.statistics.shown_span, self.statistics.site.zone
        first, last = (times.local(instant_ms, zone).year for instant_ms in (span.since_ms, span.until_ms - 1))
        if first == last:
            return charts.span_text(span.since_ms, span.until_ms, zone=zone, words=self.words)
        low, high = (times.day_month(each, zone, self.words.language) for each in (span.since_ms, span.until_ms - 1))
        return self.t("site.value.to", low=f"{low} {first}", high=f"{high} {last}")

    def axis(self) -> charts.Axis:
        """Return the time axis of every chart."""
        statistics = self.statistics
        return charts.time_axis(
            statistics.starts_ms(),
            statistics.span.until_ms,
            grain=Grain(statistics.unit.value),
            zone=statistics.site.zone,
            words=self.words,
            now_ms=statistics.now_ms,
            gaps=tuple((gap.since_ms, gap.until_ms, self._gap_name(gap)) for gap in self._wide_gaps()),
        )

    def _wide_gaps(self) -> list[Gap]:
        """Return the gaps that are wide enough to be seen, in the order of their time."""
        widest = sorted(self.statistics.gaps(), key=self._length_ms)[-_MOST_GAPS:]
        span = self.statistics.shown_span
        least = (span.until_ms - span.since_ms) * _NARROWEST_GAP
        return sorted((gap for gap in widest if self._length_ms(gap) >= least), key=lambda gap: gap.since_ms)

    def _length_ms(self, gap: Gap) -> int:
        span = self.statistics.shown_span
        return max(0, min(gap.until_ms, span.until_ms) - max(gap.since_ms, span.since_ms))

    def _gap_name(self, gap: Gap) -> str:
        time = numbers.duration(self._length_ms(gap))
        if is_unheard(gap) and gap.source is None:
            return self.t("status.word.never")
        if gap.source is None:
            return self.t(f"state.degraded.{_REASONS.get(gap.reason, 'down')}", time=time)
        return self.t("state.degraded.gap", source=gap.source, time=time)

    def why(self, metric: str) -> str:
        """Return the address of an explanation."""
        return self.statistics.asked.url(why=metric) + "#why"

    def calls(self, **changes: object) -> str:
        """Return the address of calls of this page."""
        return self.statistics.asked.url(**{**_LIST, **changes})

    def count(self, value: float) -> str:
        """Return a count."""
        return numbers.count(round(value), self.words.language)

    def share(self, metric: str) -> str:
        """Return a rate of the whole timespan as it is shown."""
        value = self.statistics.total(metric)
        return str(numbers.rate(round(value.numerator or 0), round(value.denominator or 0), self.words))

    def seconds(self, metric: str) -> str:
        """Return a duration of the whole timespan as it is shown."""
        value = self.statistics.total(metric).value
        return numbers.duration(None if value is None else value * SECOND_MS)

    def milliseconds(self, metric: str) -> tuple[float | None, ...]:
        """Return a duration over time."""
        return tuple(None if value is None else value * SECOND_MS for value in self.statistics.column(metric))

    def chart(self, title: str, rest: str, unit: Unit, *series: Series) -> Chart:
        """Return a chart; `rest` is what its summary says about the whole timespan."""
        summary = self.t("statistics.summary.range", span=self.span(), rest=rest)
        return Chart(title=title, summary=summary, unit=unit, series=series, axis=self.axis(), words=self.words)

    def figure(self, chart: Chart, shape: Shape, subtitle: str, *, of: float, why: str, calls: str) -> Markup:
        """Return a whole figure; `of` is how many calls it tells of: without any it says so."""
        caption = Caption(title=chart.title, subtitle=subtitle, why=self.why(why), calls=calls if of else None)
        if not of:
            return self.empty(caption)
        return charts.chart_figure(chart, shape(chart), caption, as_columns=shape is charts.columns)

    def empty(self, caption: Caption) -> Markup:
        """Return a figure without calls: why there are none, and the way to some."""
        statistics = self.statistics
        sentence, line = self.t("statistics.empty.value"), ""
        if not statistics.count("calls"):
            days = statistics.earlier.days
            sentence = self.t("state.empty.days", count=days)
            line = self.t("state.empty.connected" if statistics.completeness() == 1 else "state.empty.not_connected")
        month = statistics.asked.url(period=Period.DAYS_30)
        everything = statistics.asked.url(period=Period.DAYS_365, teams=(), groups=(), sources=(), directions=())
        way = Markup('<a href="{}">{}</a>')
        ways = Markup(" ").join(
            (way.format(month, self.t("state.empty.wider")), way.format(everything, self.t("state.empty.everything")))
        )
        caption_of, plot = charts.caption_of(caption, self.words), charts.message_plot(sentence, line=line)
        return Markup('<figure>{}{}<p class="read">{}</p></figure>').format(caption_of, plot, ways)


_LIST: Final[Mapping[str, object]] = {"path": "/calls", "why": None, "unit": None, "compares": True}
"""What a link to calls does not take along."""


def incoming(draw: Drawing) -> Markup:
    """Return incoming calls over time, answered and unanswered."""
    return _both_ways(draw, Direction.INBOUND, Style.ANSWERED, _lost_most(draw) or draw.t("statistics.incoming.title"))


def outgoing(draw: Drawing) -> Markup:
    """Return outgoing calls over time, answered and unanswered."""
    title = draw.t("statistics.outgoing.title")
    if draw.statistics.count("outbound_calls") >= FEW:
        title = draw.t("statistics.outgoing.found_share", share=draw.share("outbound_answer_rate"))
    return _both_ways(draw, Direction.OUTBOUND, Style.OUTGOING, title)


def _both_ways(draw: Drawing, direction: Direction, style: Style, title: str) -> Markup:
    panel = "incoming" if direction is Direction.INBOUND else "outgoing"
    names = (draw.t("statistics.series.answered"), draw.t("statistics.series.missed"))
    metrics = (f"answered_{direction}_calls", f"unanswered_{direction}_calls")
    figures = [draw.count(draw.statistics.total(metric).value or 0) for metric in metrics]
    rest = ", ".join(f"{name} {figure}" for name, figure in zip(names, figures, strict=True))
    chart = draw.chart(
        title,
        rest,
        Unit.COUNT,
        Series(name=names[0], style=style, values=draw.statistics.column(metrics[0])),
        Series(name=names[1], style=Style.MISSED, values=draw.statistics.column(metrics[1])),
    )
    subtitle = draw.t(f"statistics.{panel}.sub", per=draw.per())
    return draw.figure(
        chart,
        charts.columns,
        subtitle,
        of=draw.statistics.count(f"{direction}_calls"),
        why=f"{direction}_calls",
        calls=draw.calls(directions=(direction,)),
    )


def _lost_most(draw: Drawing) -> str:
    """Return which bucket lost most incoming calls if those are strikingly many, empty if not.

    It is the one whose column the eye meets, not a Sunday on which two of three callers found nobody.
    """
    statistics = draw.statistics
    whole, missed = statistics.count("inbound_calls"), statistics.count("unanswered_inbound_calls")
    columns = (statistics.column("unanswered_inbound_calls"), statistics.column("inbound_calls"))
    buckets = [(lost or 0, calls or 0, place) for place, (lost, calls) in enumerate(zip(*columns, strict=True))]
    lost, calls, place = max(buckets, default=(0, 0, 0))
    is_striking = (
        calls >= FEW
        and lost >= max(_STRIKING_MISSED, _STRIKING_TIMES * missed / len(buckets))
        and lost / calls >= _STRIKING_SHARE * missed / max(whole, 1)
    )
    if not is_striking:
        return ""
    when = draw.axis().labels[place]
    return draw.t("statistics.incoming.found_peak", when=when, missed=draw.count(lost), whole=draw.count(calls))


def pickup_in(draw: Drawing) -> Markup:
    """Return how many incoming calls were answered."""
    return _pickup(draw, Direction.INBOUND, Style.ANSWERED)


def pickup_out(draw: Drawing) -> Markup:
    """Return how many outgoing calls were answered."""
    return _pickup(draw, Direction.OUTBOUND, Style.OUTGOING)


def _pickup(draw: Drawing, direction: Direction, style: Style) -> Markup:
    panel, rate = ("in", "answer_rate") if direction is Direction.INBOUND else ("out", "outbound_answer_rate")
    whole = draw.statistics.count(f"{direction}_calls")
    answered, missed = (draw.statistics.count(f"{word}_{direction}_calls") for word in ("answered", "unanswered"))
    title = draw.t(f"statistics.pickup_{panel}.title")
    if whole >= FEW:
        title = draw.t(f"statistics.pickup_{panel}.found", share=draw.share(rate))
    slices = [
        charts.Slice(
            name=draw.t(f"statistics.pie.{word}"),
            count=count,
            style=slice_style,
            href=draw.calls(directions=(direction,), outcomes=(outcome,)),
        )
        for word, count, slice_style, outcome in (
            ("answered", answered, style, Outcome.ANSWERED.value),
            ("missed", missed, Style.MISSED, UNANSWERED),
            ("open", whole - answered - missed, Style.OPEN, Outcome.IN_PROGRESS.value),
        )
        if count or slice_style is not Style.OPEN
    ]
    caption = charts.caption_of(Caption(title=title, subtitle=draw.span(), why=draw.why(rate)), draw.words)
    pie = charts.pie(*slices, words=draw.words)
    return Markup("<figure>{}{}{}</figure>").format(caption, pie, _table_of(slices, draw))


def _table_of(slices: list[charts.Slice], draw: Drawing) -> Markup:
    row = Markup('<tr><th scope="row">{}</th><td class="num">{}</td></tr>')
    rows = Markup("").join(row.format(each.name, draw.count(each.count)) for each in slices)
    head = Markup('<thead><tr><th scope="col">{}</th><th class="num" scope="col">{}</th></tr></thead>').format(
        draw.t("statistics.table.outcome"), draw.t("statistics.table.calls")
    )
    frame = Markup("<details><summary>{}</summary><table>{}<tbody>{}</tbody></table></details>")
    return frame.format(draw.t("site.tool.table", count=len(slices)), head, rows)


def wait(draw: Drawing) -> Markup:
    """Return the mean time to answer, and the time within which nine of ten were answered."""
    mean, nine = draw.seconds("asa"), draw.seconds("wait_p90")
    names = (draw.t("statistics.wait.mean"), draw.t("statistics.wait.nine_of_ten"))
    answered = draw.statistics.count("answered_inbound_calls")
    title = draw.t("statistics.wait.found", mean=mean) if answered >= FEW else draw.t("statistics.wait.title")
    chart = draw.chart(
        title,
        f"{names[0]} {mean}, {names[1]} {nine}",
        Unit.DURATION,
        Series(name=names[1], style=Style.NINE_OF_TEN, values=draw.milliseconds("wait_p90")),
        Series(name=names[0], style=Style.ANSWERED, values=draw.milliseconds("asa")),
    )
    subtitle = draw.t("statistics.wait.sub", per=draw.per())
    calls = draw.calls(directions=(Direction.INBOUND,), outcomes=(Outcome.ANSWERED.value,))
    return draw.figure(chart, charts.lines, subtitle, of=answered, why="asa", calls=calls)


def talk(draw: Drawing) -> Markup:
    """Return the mean duration of calls."""
    mean, half = draw.seconds("average_talk_time"), draw.seconds("talk_p50")
    name = draw.t("statistics.talk.mean")
    talks = draw.statistics.total("average_talk_time").denominator or 0
    title = draw.t("statistics.talk.found", mean=mean) if talks >= FEW else draw.t("statistics.talk.title")
    chart = draw.chart(
        title,
        f"{name} {mean}, {draw.t('statistics.talk.half', time=half)}",
        Unit.DURATION,
        Series(name=name, style=Style.ANSWERED, values=draw.milliseconds("average_talk_time")),
    )
    subtitle = draw.t("statistics.talk.sub", per=draw.per())
    calls = draw.calls(outcomes=(Outcome.ANSWERED.value,))
    return draw.figure(chart, charts.lines, subtitle, of=talks, why="average_talk_time", calls=calls)


def volume(draw: Drawing) -> Markup:
    """Return all calls over time, and those that came in and went out."""
    kinds = (
        ("all", "calls", Style.ALL),
        ("inbound", "inbound_calls", Style.ANSWERED),
        ("outbound", "outbound_calls", Style.OUTGOING),
    )
    names = {metric: draw.t(f"statistics.volume.{word}") for word, metric, _ in kinds}
    rest = ", ".join(f"{name} {draw.count(draw.statistics.count(metric))}" for metric, name in names.items())
    chart = draw.chart(
        draw.t("statistics.volume.title"),
        rest,
        Unit.COUNT,
        *(Series(name=names[metric], style=style, values=draw.statistics.column(metric)) for _, metric, style in kinds),
    )
    subtitle, count = draw.t("statistics.volume.sub", per=draw.per()), draw.statistics.count("calls")
    return draw.figure(chart, charts.lines, subtitle, of=count, why="calls", calls=draw.calls())


def voicemail_calls(draw: Drawing) -> Markup:
    """Return how many calls ended in a mailbox, over time."""
    metric = "voicemail_calls"
    count = draw.statistics.count(metric)
    chart = draw.chart(
        draw.t("statistics.voicemail_calls.title"),
        draw.t("statistics.voicemail.count", count=count),
        Unit.COUNT,
        Series(name=draw.t("statistics.voicemail.name"), style=Style.VOICEMAIL, values=draw.statistics.column(metric)),
    )
    subtitle = draw.t("statistics.voicemail_calls.sub", per=draw.per())
    inbound = draw.statistics.count("inbound_calls")
    return draw.figure(chart, charts.columns, subtitle, of=inbound, why=metric, calls=_mailbox(draw))


def voicemail_share(draw: Drawing) -> Markup:
    """Return the share of incoming calls that ended in a mailbox, over time."""
    metric = "voicemail_share"
    share = draw.share(metric)
    inbound = draw.statistics.count("inbound_calls")
    chart = draw.chart(
        draw.t("statistics.voicemail.found", share=share)
        if inbound >= FEW
        else draw.t("statistics.voicemail_share.title"),
        f"{draw.t('statistics.voicemail.count', count=draw.statistics.count('voicemail_calls'))}, {share}",
        Unit.SHARE,
        Series(name=draw.t("statistics.voicemail.name"), style=Style.VOICEMAIL, values=draw.statistics.column(metric)),
    )
    subtitle = draw.t("statistics.voicemail.sub", per=draw.per())
    return draw.figure(chart, charts.lines, subtitle, of=inbound, why=metric, calls=_mailbox(draw))


def _mailbox(draw: Drawing) -> str:
    return draw.calls(directions=(Direction.INBOUND,), outcomes=(Outcome.VOICEMAIL.value,))


CHARTS: Final[Mapping[str, Callable[[Drawing], Markup]]] = {
    "incoming": incoming,
    "outgoing": outgoing,
    "pickup_in": pickup_in,
    "pickup_out": pickup_out,
    "wait": wait,
    "talk": talk,
    "volume": volume,
    "voicemail_calls": voicemail_calls,
    "voicemail_share": voicemail_share,
}

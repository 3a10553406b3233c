"""Invented values that look like a site's, for snapshots and for the gallery."""

from datetime import timedelta
from math import exp, sin
from zoneinfo import ZoneInfo

from calltally.render import charts, numbers, times
from calltally.render.charts import Phase, Style
from calltally.render.numbers import Unit
from calltally.render.times import Grain
from calltally.render.words import Words

ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = 1_795_180_052_000
"""Friday 20 November 2026, 14:07:32 at the site."""
DAY_MS = 86_400_000
QUARTER_MS = 900_000
SUNDAY = 6
START_MS = NOW_MS - 1_032_000


def day_starts(days: int) -> list[int]:
    midnight = times.local(NOW_MS, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return [round((midnight - timedelta(days=back)).timestamp() * 1000) for back in reversed(range(days))]


def weekdays(days: int) -> list[int]:
    return [times.local(start, ZONE).weekday() for start in day_starts(days)]


def days_axis(words: Words, days: int, *, gap: bool = False) -> charts.Axis:
    starts = day_starts(days)
    silent = words.t("state.degraded.gap", source="sipgate", time="3:30 h")
    gaps = ((starts[days // 2] + 35_000_000, starts[days // 2] + 80_000_000, silent),) if gap else ()
    return charts.time_axis(
        starts, starts[-1] + DAY_MS, grain=Grain.DAY, zone=ZONE, words=words, now_ms=NOW_MS, gaps=gaps
    )


def today(words: Words) -> charts.Chart:
    six = NOW_MS - NOW_MS % DAY_MS + 6 * 4 * QUARTER_MS
    starts = [six + QUARTER_MS * quarter for quarter in range(48)]
    usual = [16 * exp(-(((q - 12) / 7) ** 2)) + 12 * exp(-(((q - 33) / 6) ** 2)) for q in range(48)]
    calls = [round(value * (1 + 0.25 * sin(q * 2.1))) if q < 29 else None for q, value in enumerate(usual)]
    lost = [None if value is None else round(value * (0.08 if q < 22 else 0.24)) for q, value in enumerate(calls)]
    weekday = times.weekday(NOW_MS, ZONE, words.language)
    return charts.Chart(
        title=words.t("live.day.title_busier"),
        summary=words.t("site.unit.calls", count=412),
        unit=Unit.COUNT,
        series=(
            charts.Series(name=words.t("live.day.all"), style=Style.ANSWERED, values=tuple(calls)),
            charts.Series(name=words.t("live.day.unanswered"), style=Style.MISSED, values=tuple(lost)),
            charts.Series(name=words.t("live.day.usual", weekday=weekday), style=Style.USUAL, values=tuple(usual)),
        ),
        axis=charts.time_axis(
            starts, starts[-1] + QUARTER_MS, grain=Grain.QUARTER, zone=ZONE, words=words, now_ms=NOW_MS
        ),
        words=words,
        height=140,
    )


def volume(words: Words, days: int, style: str, *, scale: int = 420) -> charts.Chart:
    week = (1.0, 0.95, 0.9, 0.92, 0.88, 0.2, 0.0)
    answered = [round(scale * week[day] * (1 + 0.1 * sin(i))) for i, day in enumerate(weekdays(days))]
    missed = [round(value * (0.1 + 0.05 * sin(i * 1.7))) for i, value in enumerate(answered)]
    incoming = style == "answered"
    title = "statistics.incoming.found_peak" if incoming else "statistics.outgoing.found_share"
    return charts.Chart(
        title=words.t(title, when="16 Nov", missed=88, whole=512, share="79.6 %"),
        summary=words.t("site.unit.calls", count=sum(answered) + sum(missed)),
        unit=Unit.COUNT,
        series=(
            charts.Series(name=words.t("statistics.series.answered"), style=Style(style), values=tuple(answered)),
            charts.Series(name=words.t("statistics.series.missed"), style=Style.MISSED, values=tuple(missed)),
        ),
        axis=days_axis(words, days, gap=incoming),
        words=words,
    )


def waits(words: Words, days: int) -> charts.Chart:
    """Return means with gaps on Sundays, and one day that stands alone between two without calls."""
    silent = {days - 9, days - 11}
    mean = [
        None if day == SUNDAY or i in silent else 18_000 + 6_000 * sin(i * 1.3) for i, day in enumerate(weekdays(days))
    ]
    ninety = [None if value is None else value * 2.2 + 4_000 * sin(i) for i, value in enumerate(mean)]
    nine_of_ten = words.t("statistics.wait.nine_of_ten")
    return charts.Chart(
        title=words.t("statistics.wait.found", mean="0:18"),
        summary=words.t("statistics.figure.nine_of_ten", time="0:41"),
        unit=Unit.DURATION,
        series=(
            charts.Series(name=words.t("statistics.wait.mean"), style=Style.ANSWERED, values=tuple(mean)),
            charts.Series(name=nine_of_ten, style=Style.NINE_OF_TEN, values=tuple(ninety)),
        ),
        axis=days_axis(words, days),
        words=words,
        target=charts.Target(value=20_000, text=words.t("statistics.wait.target", time="0:20")),
    )


def voicemail(words: Words, days: int) -> charts.Chart:
    values = tuple(0.034 + 0.012 * sin(i * 0.07) for i in range(days))
    return charts.Chart(
        title=words.t("statistics.voicemail.found", share="3.4 %"),
        summary=words.t("statistics.voicemail.count", count=369),
        unit=Unit.SHARE,
        series=(charts.Series(name=words.t("statistics.voicemail.name"), style=Style.VOICEMAIL, values=values),),
        axis=days_axis(words, days),
        words=words,
    )


def pie(words: Words, answered: int, missed: int, style: str, *, still: int = 0) -> str:
    rest = (charts.Slice(name=words.t("statistics.pie.open"), count=still, style=Style.OPEN),) if still else ()
    return charts.pie(
        charts.Slice(name=words.t("statistics.pie.answered"), count=answered, style=Style(style), href="/calls"),
        charts.Slice(name=words.t("statistics.pie.missed"), count=missed, style=Style.MISSED, href="/calls"),
        *rest,
        words=words,
    )


def _part(phase: Phase, since: int, until: int, text: str = "", *, fades: bool = False) -> charts.Part:
    return charts.Part(
        phase=phase, since_ms=START_MS + since * 1000, until_ms=START_MS + until * 1000, text=text, fades=fades
    )


def _lanes(words: Words) -> tuple[charts.Lane, ...]:
    t = words.t
    caller = (_part(Phase.WAIT, 0, 48), _part(Phase.TALK, 48, 420, t("call.legs.connected", time="6:12")))
    rang = (_part(Phase.UNANSWERED, 1, 30, t("call.legs.not_picked", time="0:29")),)
    talked = (_part(Phase.RING, 31, 48), _part(Phase.TALK, 48, 262, t("call.legs.talked", time="3:34")))
    unknown = (_part(Phase.RING, 250, 262), _part(Phase.TALK, 262, 420, t("call.legs.end_unknown"), fades=True))
    mailbox = (_part(Phase.MAILBOX, 380, 440, t("call.legs.mailbox", time="1:00")),)
    detail = f"Bergmann Sanitärtechnik, {t('call.legs.caller')}"
    return (
        charts.Lane(name=numbers.phone("+491715550142"), detail=detail, parts=caller),
        charts.Lane(
            name="Lars Wöhrmann",
            detail=t("call.legs.detail", user="112", number=2),
            parts=rang,
            caused_at_ms=START_MS + 1000,
        ),
        charts.Lane(
            name="Jana Petersen",
            detail=t("call.legs.detail", user="107", number=3),
            parts=talked,
            caused_at_ms=START_MS + 31_000,
        ),
        charts.Lane(
            name="Mehmet Kowalczyk",
            detail=t("call.legs.detail", user="121", number=4),
            parts=unknown,
            caused_at_ms=START_MS + 250_000,
        ),
        charts.Lane(name="Mailbox", detail=t("call.legs.leg", number=5), parts=mailbox),
    )


def lanes(words: Words) -> str:
    messages = tuple(
        charts.MessageMark(at_ms=START_MS + at * 1000, label="newCall", href=f"?message={at}", chosen=at == 262)
        for at in (0, 1, 30, 31, 48, 250, 262, 420)
    )
    return charts.call_lanes(
        charts.Timeline(
            since_ms=START_MS,
            until_ms=START_MS + 440_000,
            start_text=times.clock(START_MS, ZONE),
            summary=words.t("call.legs.title", count=5),
            lanes=_lanes(words),
            messages=messages,
        ),
        words,
    )

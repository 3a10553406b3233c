"""The time axis: names of buckets, and labels at natural borders (full hours, Mondays, firsts of months)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from calltally.model.instants import rfc3339_ms
from calltally.render.chart import Axis, Gap, Tick
from calltally.render.times import Grain, bucket_name, day_month, local, month_names, weekday_names
from calltally.render.words import Language, Words

MOST_TICKS = 8
MOST_SHORT_TICKS = 13
"""Names of months and years are short: twelve of them fit."""

_MINUTE_BORDERS = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
_FINEST = {
    Grain.DAY: len(_MINUTE_BORDERS),
    Grain.WEEK: len(_MINUTE_BORDERS) + 1,
    Grain.MONTH: len(_MINUTE_BORDERS) + 2,
    Grain.YEAR: len(_MINUTE_BORDERS) + 5,
}
"""The first border that makes sense for a grain; finer ones would name a month by its first weekday."""

Border = Callable[[datetime], object]
"""A key that changes where a natural border lies."""


def time_axis(
    starts_ms: Sequence[int],
    end_ms: int,
    *,
    grain: Grain,
    zone: ZoneInfo,
    words: Words,
    now_ms: int | None = None,
    gaps: tuple[tuple[int, int, str], ...] = (),
) -> Axis:
    """Return the axis of buckets that begin at `starts_ms`, the last one ending at `end_ms`.

    Args:
        starts_ms: the beginning of each bucket, rising.
        end_ms: the end of the last bucket.
        grain: the time unit of the buckets.
        zone: the site's time zone.
        words: the reader's language.
        now_ms: if it lies in the last bucket, that is "so far"; if before it, a line is drawn there.
        gaps: since, until (milliseconds) and name of stretches in which a source was not heard.
    """
    edges = (*starts_ms, end_ms)
    moments = [local(start, zone) for start in starts_ms]
    is_last = now_ms is not None and bool(starts_ms) and starts_ms[-1] <= now_ms < end_ms
    now = None if now_ms is None or is_last or not edges[0] <= now_ms < end_ms else place_of(now_ms, edges)
    return Axis(
        labels=tuple([bucket_name(moment, grain, words) for moment in moments]),
        ticks=ticks_of(moments, grain=grain, language=words.language),
        edges=tuple(rfc3339_ms(edge) for edge in edges) if starts_ms else (),
        centred=grain in {Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.YEAR},
        open_last=is_last,
        now=now,
        gaps=tuple(
            Gap(since=place_of(since, edges), until=place_of(until, edges), text=name)
            for since, until, name in gaps
            if since < end_ms and until > edges[0]
        ),
    )


def place_of(instant_ms: int, edges: Sequence[int]) -> float:
    """Return where an instant lies, in buckets from the left; beyond the ends it stays at the end."""
    for index, (since, until) in enumerate(pairwise(edges)):
        if instant_ms < until:
            return index + max(0.0, (instant_ms - since) / (until - since))
    return float(max(len(edges) - 1, 0))


def ticks_of(moments: Sequence[datetime], *, grain: Grain, language: Language) -> tuple[Tick, ...]:
    """Return the labels of the finest natural border that are not too many to be read."""
    found: list[int] = []
    written: Callable[[datetime], str] = str
    for most, border, text in _borders(language)[_finest(moments, grain) :]:
        found = _beginnings(moments, border)
        written = text
        if len(found) <= most:
            break
    return tuple(Tick(place=index, text=written(moments[index])) for index in found)


def _finest(moments: Sequence[datetime], grain: Grain) -> int:
    """Return where to begin among the borders: at what makes sense for the grain and can be few enough."""
    if grain in _FINEST or len(moments) < 2:  # noqa: PLR2004  one bucket has no span
        return _FINEST.get(grain, 0)
    minutes = (moments[-1].timestamp() - moments[0].timestamp()) / 60
    return sum(minutes / length > MOST_TICKS + 1 for length in _MINUTE_BORDERS)


def _beginnings(moments: Sequence[datetime], border: Border) -> list[int]:
    """Return the buckets at which a natural border lies: the key differs from that of the bucket before."""
    if len(moments) < 2:  # noqa: PLR2004  one bucket has no neighbour
        return list(range(len(moments)))
    before = moments[0].timestamp() * 2 - moments[1].timestamp()
    keys = [border(datetime.fromtimestamp(before, moments[0].tzinfo)), *map(border, moments)]
    return [index for index, (earlier, later) in enumerate(pairwise(keys)) if earlier != later]


def _borders(language: Language) -> tuple[tuple[int, Border, Callable[[datetime], str]], ...]:
    """Return the natural borders, finest first: how many labels are readable, the border, its label."""

    def clock(moment: datetime) -> str:
        if moment.hour == 0 and moment.minute == 0:
            return day(moment)
        return f"{moment.hour}:{moment.minute:02d}"

    def day(moment: datetime) -> str:
        dot = "." if language is Language.DE else ""
        return f"{weekday_names(language, 'abbreviated')[moment.weekday()]} {moment.day}{dot}"

    def date(moment: datetime) -> str:
        name = month_names(language, "abbreviated")[moment.month - 1]
        return f"{moment.day}. {name}" if language is Language.DE else f"{moment.day} {name}"

    def month(moment: datetime) -> str:
        name = month_names(language, "abbreviated")[moment.month - 1]
        return str(moment.year) if moment.month == 1 else name

    def minutes(length: int) -> Border:
        return lambda moment: moment.day * 1440 + (moment.hour * 60 + moment.minute) // length

    def months(length: int) -> Border:
        return lambda moment: (moment.year * 12 + moment.month - 1) // length

    def years(length: int) -> Border:
        return lambda moment: moment.year // length

    return (
        *((MOST_TICKS, minutes(length), clock) for length in _MINUTE_BORDERS),
        (MOST_TICKS, lambda moment: moment.date(), day),
        (MOST_TICKS, lambda moment: moment.isocalendar()[:2], date),
        *((MOST_SHORT_TICKS, months(length), month) for length in (1, 3, 6)),
        *((MOST_SHORT_TICKS, years(length), lambda moment: str(moment.year)) for length in (1, 2, 5, 10, 20, 50, 100)),
    )


def span_text(since_ms: int, until_ms: int, *, zone: ZoneInfo, words: Words) -> str:
    """Return a range of days in words, `22 Oct to 20 Nov`; the end is exclusive, so the day before it is named."""
    first = day_month(since_ms, zone, words.language)
    last = day_month(until_ms - 1, zone, words.language)
    return first if first == last else words.t("site.value.to", low=first, high=last)

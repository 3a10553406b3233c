"""The health of each source as the Live page shows it: when it was heard last, how much, how late, what went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from calltally.engine.health import Health, Hearing
from calltally.engine.sync import troubles_of
from calltally.model.instants import DAY_MS, MINUTE_MS
from calltally.render import charts
from calltally.render.charts import Status
from calltally.render.numbers import NONE, count, lag
from calltally.render.times import clock, clock_minutes, local, short_day
from calltally.render.words import Words
from calltally.serve.site import Site
from calltally.sources.source import Source

QUIET_MS: Final = 15 * MINUTE_MS
"""A source of which nothing was heard for so long is said to be quiet; at night that is nothing bad."""

LOUD_MS: Final = DAY_MS
"""After so long even the quietest site should look."""

RECENT_US: Final = 15 * MINUTE_MS * 1000
"""Refusals and set-aside messages of this time are news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source; everything but `name` is finished.

    Attributes:
        is_troubled: whether asking it fails.
        sentences: why messages are refused, if they are just now, and what fails when it is asked.
    """

    key: str
    name: str
    last: str
    per_minute: str
    behind: str
    errors: str
    errors_title: str
    state: Markup
    status: Status
    receives: bool
    fresh_problems: int
    is_troubled: bool
    sentences: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable:
    """All sources; the title says what is found."""

    title: str
    rows: Sequence[SourceRow]


def title_of(source: str, sources: Mapping[str, Source]) -> str:
    """Return how a source is called on pages: the phone system, and which server of it if there are several."""
    kind, _, server = source.partition(":")
    title = sources[kind].title if kind in sources else kind
    return f"{title} {server}" if server else title


def source_table(site: Site, words: Words, now_ms: int) -> SourceTable:
    """Return the sources that were heard or are set up."""
    # Another process, an import for instance, is known to the database only.
    heard = {**Health(site.store.health()).sources, **_heard_here(site)}
    names = sorted({*heard, *site.settings.sources})
    troubles = troubles_of(site.store)
    rows = [
        _row(site, name, heard.get(name, Hearing()), words, now_ms, troubles=_troubles(site, name, troubles))
        for name in names
    ]
    return SourceTable(title=_title(rows, words), rows=rows)


def _heard_here(site: Site) -> dict[str, Hearing]:
    known = list(site.board.health.sources.items())
    return {name: hearing for name, hearing in known if hearing.received or hearing.refused}


def _title(rows: Sequence[SourceRow], words: Words) -> str:
    if not rows:
        return words.t("live.sources.title_none")
    for row in rows:
        if row.status is Status.BAD:
            return words.t("live.sources.title_failing", source=row.name)
    for row in rows:
        if row.is_troubled:
            return words.t("live.sources.title_not_asked", source=row.name)
    for row in rows:
        if row.fresh_problems:
            return words.t("live.sources.title_errors", source=row.name, count=row.fresh_problems)
    receiving = sum(row.receives for row in rows)
    if receiving == len(rows):
        return words.t("live.sources.title", count=len(rows))
    return words.t("live.sources.title_some", count=receiving, whole=len(rows))


def _troubles(site: Site, name: str, troubles: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return what fails when a source is asked; nothing of one that is asked no more."""
    source, chosen = site.sources.get(name), site.settings.sources.get(name)
    if source is None or source.sync is None or chosen is None or source.sync(chosen) is None:
        return ()
    return troubles.get(name, ())


def _row(site: Site, name: str, hearing: Hearing, words: Words, now_ms: int, *, troubles: Sequence[str]) -> SourceRow:
    last_us = hearing.last_received_at_us
    last_ms = None if last_us is None else last_us // 1000
    is_pushed = _is_pushed(site, name)
    status, word = _state(hearing, last_ms, words, now_ms, site.zone, is_pushed=is_pushed)
    is_refusing = status is Status.BAD
    if troubles and not is_refusing:
        status, word = Status.WARN, words.t("status.word.not_asked")
    refusal = hearing.last_refusal if is_refusing else None
    delay = hearing.delay_ms() if is_pushed else None
    return SourceRow(
        key=name,
        name=title_of(name, site.sources),
        last=NONE if last_ms is None else _when(last_ms, now_ms, site.zone, words),
        per_minute=count(hearing.per_minute(now_ms * 1000), words.language),
        behind=lag(None if delay is None else round(delay), words),
        errors=count(hearing.set_aside + hearing.refused, words.language),
        errors_title=words.t("live.sources.errors_title", set_aside=hearing.set_aside, refused=hearing.refused),
        state=charts.status_sign(status, word),
        status=status,
        receives=last_ms is not None and (not is_pushed or now_ms - last_ms < QUIET_MS),
        fresh_problems=hearing.set_aside if _is_news(hearing.last_problem_at_us, now_ms) else 0,
        is_troubled=bool(troubles),
        sentences=(*([refusal] if refusal else ()), *troubles),
    )


def _is_pushed(site: Site, name: str) -> bool:
    source = site.sources.get(name.partition(":")[0])
    return source is not None and source.webhook is not None


def _when(instant_ms: int, now_ms: int, zone: ZoneInfo, words: Words) -> str:
    """Return the time of today, else the day."""
    if local(instant_ms, zone).date() == local(now_ms, zone).date():
        return clock(instant_ms, zone)
    return short_day(instant_ms, zone, words.language)


def _state(
    hearing: Hearing, last_ms: int | None, words: Words, now_ms: int, zone: ZoneInfo, *, is_pushed: bool
) -> tuple[Status, str]:
    if _is_news(hearing.last_refused_at_us, now_ms):
        return Status.BAD, words.t("status.word.refused", count=hearing.refused)
    if last_ms is None:
        return Status.OFF, words.t("status.word.never")
    if _is_news(hearing.last_problem_at_us, now_ms):
        return Status.WARN, words.t("status.word.set_aside", count=hearing.set_aside)
    if not is_pushed:
        return Status.OK, words.t("status.word.imported")
    silent_ms = now_ms - last_ms
    if silent_ms < QUIET_MS:
        return Status.OK, words.t("status.word.receiving")
    is_today = local(last_ms, zone).date() == local(now_ms, zone).date()
    since = clock_minutes(last_ms, zone) if is_today else short_day(last_ms, zone, words.language)
    return (Status.OFF if silent_ms < LOUD_MS else Status.WARN), words.t("status.word.silent", time=since)


def _is_news(instant_us: int | None, now_ms: int) -> bool:
    return instant_us is not None and now_ms * 1000 - instant_us < RECENT_US

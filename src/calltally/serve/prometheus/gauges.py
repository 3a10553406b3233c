"""The gauges of this moment: open calls, waits, and the health of sources and database."""

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from calltally import __version__
from calltally.engine.health import Hearing
from calltally.engine.observed import Observed
from calltally.metrics.exposed import (
    ACTIVE,
    BACKLOG,
    BUILD,
    DROPPED,
    INCOMPLETE,
    LAG,
    LAST_EVENT,
    LONGEST,
    QUEUE_LONGEST,
    QUEUE_WAITING,
    SOURCE_UP,
    STATES,
    STORE_SIZE,
    STORE_UP,
    Labels,
)
from calltally.metrics.now import is_waiting, waiting_since_ms
from calltally.model.records import Records
from calltally.model.words import Direction, VisitOutcome
from calltally.serve.site import Site
from calltally.serve.stream import live_state

STUCK_SECONDS: Final = 10.0
"""A write that takes longer is taken for one that fails: a server that went away in silence ends none for minutes."""

Values = dict[Labels, float]
"""The values of one family by labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardSource:
    """What is known of one source.

    Attributes:
        delivers: it is set up to send here or to be asked; one that was only imported is neither up nor silent.
    """

    name: str
    delivers: bool
    last_received_at_us: int | None
    last_refused_at_us: int | None
    lag_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What gauges are made of; taken on the event loop, worked on in a thread."""

    now_ms: int
    flows: tuple[Records, ...]
    sources: tuple[HeardSource, ...]
    backlog: int
    degraded: bool


def moment_of(site: Site) -> Moment:
    """Return this moment."""
    heard = site.board.health.sources
    names = sorted({*heard, *site.settings.sources})
    return Moment(
        now_ms=site.now_ms(),
        flows=tuple(site.board.open.values()),
        sources=tuple(_heard(site, name, heard.get(name, Hearing())) for name in names),
        backlog=site.writer.backlog,
        degraded=site.writer.degraded is not None or site.writer.busy_seconds > STUCK_SECONDS,
    )


def _heard(site: Site, name: str, hearing: Hearing) -> HeardSource:
    source = site.sources.get(name.partition(":")[0])
    return HeardSource(
        name=name,
        delivers=name in site.settings.sources
        and source is not None
        and (source.webhook is not None or source.sync is not None),
        last_received_at_us=hearing.last_received_at_us,
        last_refused_at_us=hearing.last_refused_at_us,
        lag_ms=hearing.delay_ms(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InDatabase:
    """What is known of the database; `None` where it did not answer.

    Attributes:
        kind: which it is.
        size: in bytes.
        unfinished: 1 if a rebuild has not ended, else 0.
    """

    kind: str
    size: int | None
    unfinished: int | None


def gauges_of(moment: Moment, observed: Observed, inside: InDatabase) -> Mapping[str, Values]:
    """Return every gauge by family and labels; what is not known has no value."""
    values: dict[str, Values] = {
        BACKLOG: {(): float(moment.backlog)},
        STORE_UP: {(): float(not moment.degraded)},
        STORE_SIZE: {} if inside.size is None else {(): float(inside.size)},
        INCOMPLETE: {} if inside.unfinished is None else {(): float(inside.unfinished)},
        BUILD: {(__version__, platform.python_version(), inside.kind): 1.0},
        **_calls(moment, observed),
        **_queues(moment, observed),
        **_sources(moment, observed),
    }
    return {**values, DROPPED: {(): float(observed.dropped)}}


def _calls(moment: Moment, observed: Observed) -> dict[str, Values]:
    sources = _names(observed, (source.name for source in moment.sources))
    active: Values = {(source, way.value, state): 0.0 for source in sources for way in Direction for state in STATES}
    longest: Values = {(source,): 0.0 for source in sources}
    for records in moment.flows:
        call = records.call
        if call is None or not call.is_open:
            continue
        source = observed.source(call.source)
        key = (source, call.direction.value, live_state(records))
        active[key] = active.get(key, 0.0) + 1
        if is_waiting(records):
            wait = _seconds(moment.now_ms - waiting_since_ms(records))
            longest[source,] = max(wait, longest.get((source,), 0.0))
    return {ACTIVE: active, LONGEST: longest}


def _queues(moment: Moment, observed: Observed) -> dict[str, Values]:
    """Return the queues; one that was ever heard of here stays, with nobody in it."""
    waiting: Values = {}
    longest: Values = {}
    for records in moment.flows:
        for visit in records.visits:
            if visit.outcome is VisitOutcome.IN_PROGRESS:
                place = observed.place(visit.source, visit.queue)
                waiting[place] = waiting.get(place, 0.0) + 1
                longest[place] = max(_seconds(moment.now_ms - visit.entered_at_ms), longest.get(place, 0.0))
    nobody = dict.fromkeys(observed.places(), 0.0)
    return {QUEUE_WAITING: {**nobody, **waiting}, QUEUE_LONGEST: {**nobody, **longest}}


def _sources(moment: Moment, observed: Observed) -> dict[str, Values]:
    up: Values = {}
    last: Values = {}
    lags: Values = {}
    for source in moment.sources:
        if not source.delivers:
            continue
        labels = (observed.source(source.name),)
        up[labels] = float(_is_up(source) and not moment.degraded)
        if source.last_received_at_us is not None:
            last[labels] = max(source.last_received_at_us / 1_000_000, last.get(labels, 0.0))
        if source.lag_ms is not None:
            lags[labels] = max(source.lag_ms / 1000, lags.get(labels, 0.0))
    return {SOURCE_UP: up, LAST_EVENT: last, LAG: lags}


def _is_up(source: HeardSource) -> bool:
    heard, refused = source.last_received_at_us, source.last_refused_at_us
    return heard is not None and (refused is None or refused < heard)


def _names(observed: Observed, names: Iterable[str]) -> list[str]:
    return sorted({observed.source(name) for name in names})


def _seconds(duration_ms: int) -> float:
    return max(0, duration_ms) / 1000

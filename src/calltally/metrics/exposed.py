"""What Prometheus is given: every family of series, its labels and buckets, and what one call or visit adds to it.

Counters and histograms tell of calls and queue visits that are over, and are never taken back; that is what makes them
counters. Which measure of the catalog stands in which series says `series_of`, and `metrics.promql` prints formulas by
it. Labels come from closed lists or from names that are bounded (`queue`, `source`), so the number of series is, too.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

from calltally.metrics.measures import (
    CALL_MEASURES,
    CALL_OUTCOMES,
    VISIT_MEASURES,
    VISIT_OUTCOMES,
    SubjectWord,
    call_measures,
    visit_measures,
)
from calltally.model.events import LegEventKind
from calltally.model.records import Call, Leg, QueueVisit
from calltally.model.words import Direction, Outcome, VisitOutcome

Kind = Literal["counter", "gauge", "histogram", "info"]
Labels = tuple[str, ...]
"""The values of a family's labels, in its order."""

OTHER: Final = "other"
"""Stands for the values of a label beyond the bound, and for outcomes that a histogram does not part."""

QUEUE_EVENT: Final = "queue"
NO_EVENT: Final = "none"
SETTLED_EVENT: Final = "settled"
EVENTS: Final = (*(kind.value for kind in LegEventKind), SETTLED_EVENT, QUEUE_EVENT, NO_EVENT)

NOT_UNDERSTOOD: Final = "not_understood"
REFUSALS: Final = ("not_allowed", "bad_message", "too_large", "busy", "not_stored")
"""Why a delivery is turned away at the door; nothing of it is kept."""

STATES: Final = ("waiting", "active", "ringing", "mailbox")
"""Where an open call can stand; the words of the live stream."""

MOST_ROUTES: Final = 80
"""There are no more routes than this in the program, however it is asked."""

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")

_WAIT: Final = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800)
_TALK: Final = (10, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200)
_INGEST: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ENDED_OUTCOMES: Final = tuple(word.value for word in CALL_OUTCOMES if word is not Outcome.IN_PROGRESS)
_ENDED_VISITS: Final = tuple(word.value for word in VISIT_OUTCOMES if word is not VisitOutcome.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One name, and all series under it.

    Attributes:
        name: as it is written in a scrape, without the `_bucket`, `_sum` and `_count` of a histogram.
        scale: what amounts are divided by to give the unit of the name: 1000 where milliseconds are counted.
        buckets: upper borders of a histogram, in the unit of the name.
        waits: the targets of the queues are borders, too.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    scale: int = 1
    buckets: tuple[float, ...] = ()
    waits: bool = False

    def borders(self, targets: Collection[float]) -> tuple[float, ...]:
        """Return the upper borders of the buckets at a site whose queues have these targets, in seconds."""
        return tuple(sorted({*self.buckets, *targets})) if self.waits else self.buckets


def counter_name(measure: str, subject: SubjectWord = "call") -> str:
    """Return the name of a measure's own counter."""
    prefix = "calltally_visits_" if subject == "visit" else "calltally_"
    name = f"{measure.removesuffix('_ms')}_seconds" if measure.endswith("_ms") else measure
    return f"{prefix}{name}_total"


_CALL: Final = ("source", "direction")
_QUEUE: Final = ("source", "queue")
OWN_CALL_COUNTERS: Final = ("answered_by_software", "withheld", "gave_up")
"""Measures of calls that have a counter of their own; the others stand in `calltally_calls_total` or a histogram."""

OWN_VISIT_COUNTERS: Final = ("ring_ms", "no_answer_rings", "talks", "talk_ms")
"""The same of visits: two that are known when the waiting is over, two when the talk is."""

_HELP: Final = {(each.subject, each.name): each.help for each in (*CALL_MEASURES, *VISIT_MEASURES)}


def _counter(name: str, labels: tuple[str, ...], explanation: str, scale: int = 1) -> Family:
    return Family(name=name, kind="counter", labels=labels, help=explanation, scale=scale)


def _gauge(name: str, labels: tuple[str, ...], explanation: str) -> Family:
    return Family(name=name, kind="gauge", labels=labels, help=explanation)


def _histogram(
    name: str,
    labels: tuple[str, ...],
    explanation: str,
    buckets: tuple[float, ...],
    *,
    scale: int = 1000,
    waits: bool = False,
) -> Family:
    return Family(
        name=name, kind="histogram", labels=labels, help=explanation, scale=scale, buckets=buckets, waits=waits
    )


def _own(measure: str, subject: SubjectWord) -> Family:
    """Return the counter of one measure."""
    told = _HELP[subject, measure]
    unit = ", seconds" if measure.endswith("_ms") else ""
    return _counter(
        counter_name(measure, subject),
        _CALL if subject == "call" else _QUEUE,
        f"{told[0].upper()}{told[1:]}{unit}; counted when they are over.",
        1000 if measure.endswith("_ms") else 1,
    )


_EVERYWHERE: Final = "The same in every process: take max() over instances, not sum()."
CALLS: Final = "calltally_calls_total"
ENTRIES: Final = "calltally_queue_entries_total"
EXITS: Final = "calltally_queue_exits_total"
CALL_WAIT: Final = "calltally_call_wait_seconds"
CALL_RING: Final = "calltally_call_ring_seconds"
CALL_TALK: Final = "calltally_call_talk_seconds"
QUEUE_WAIT: Final = "calltally_queue_wait_seconds"
INGEST: Final = "calltally_ingest_duration_seconds"
RECEIVED: Final = "calltally_events_received_total"
REJECTED: Final = "calltally_events_rejected_total"
DUPLICATE: Final = "calltally_events_duplicate_total"
REQUESTS: Final = "calltally_http_requests_total"
ACTIVE: Final = "calltally_calls_active"
LONGEST: Final = "calltally_calls_longest_wait_seconds"
QUEUE_WAITING: Final = "calltally_queue_waiting_calls"
QUEUE_LONGEST: Final = "calltally_queue_longest_wait_seconds"
SOURCE_UP: Final = "calltally_source_up"
LAST_EVENT: Final = "calltally_source_last_event_timestamp_seconds"
LAG: Final = "calltally_ingest_lag_seconds"
BACKLOG: Final = "calltally_ingest_waiting_messages"
STORE_UP: Final = "calltally_store_up"
STORE_SIZE: Final = "calltally_store_size_bytes"
INCOMPLETE: Final = "calltally_figures_incomplete"
DROPPED: Final = "calltally_metrics_dropped_label_values"
BUILD: Final = "calltally_build_info"

FAMILIES: Final[tuple[Family, ...]] = (
    _counter(RECEIVED, ("source", "event"), "Messages taken in and understood, by what they tell."),
    _counter(
        REJECTED,
        ("source", "reason"),
        "Deliveries turned away, and messages that were kept but not understood (not_understood).",
    ),
    _counter(DUPLICATE, ("source",), "Messages taken in that told nothing new, such as a push that was sent again."),
    _counter(CALLS, (*_CALL, "outcome"), "Calls that are over, each once."),
    *(_own(measure, "call") for measure in OWN_CALL_COUNTERS),
    _counter(ENTRIES, _QUEUE, "Stays of a call in a queue that began."),
    _counter(EXITS, (*_QUEUE, "outcome"), "Stays of a call in a queue whose waiting is over, by how it ended."),
    *(_own(measure, "visit") for measure in OWN_VISIT_COUNTERS),
    _counter(REQUESTS, ("route", "method", "status"), "Requests answered, without the pushes below /in/."),
    _histogram(
        QUEUE_WAIT,
        (*_QUEUE, "outcome"),
        "Wait in a queue, seconds, where it is known; outcome is answered, abandoned or other.",
        _WAIT,
        waits=True,
    ),
    _histogram(
        CALL_WAIT,
        (*_CALL, "outcome"),
        "From the start of a call to its answer, or to its mailbox or end (outcome unanswered), seconds.",
        _WAIT,
        waits=True,
    ),
    _histogram(CALL_RING, _CALL, "Ringing of each leg of a call that is over, seconds.", _WAIT, waits=True),
    _histogram(CALL_TALK, _CALL, "From the answer of a call to its end, seconds.", _TALK),
    _histogram(
        INGEST, ("source",), "From the receipt of a message until it is durable, seconds.", _INGEST, scale=1_000_000
    ),
    _gauge(ACTIVE, (*_CALL, "state"), f"Calls that are open now, by where they stand. {_EVERYWHERE}"),
    _gauge(LONGEST, ("source",), f"Longest wait of the callers who wait now, queue or not, seconds. {_EVERYWHERE}"),
    _gauge(QUEUE_WAITING, _QUEUE, f"Calls that wait in the queue now. {_EVERYWHERE}"),
    _gauge(QUEUE_LONGEST, _QUEUE, f"Longest wait of those who wait in the queue now, seconds. {_EVERYWHERE}"),
    _gauge(
        SOURCE_UP,
        ("source",),
        "1 if the source was heard and its newest delivery was taken in, 0 if not or if nothing can be stored.",
    ),
    _gauge(LAST_EVENT, ("source",), f"When the newest message of the source was received. {_EVERYWHERE}"),
    _gauge(LAG, ("source",), "Middle delay of the newest messages from receipt to the database, seconds."),
    _gauge(BACKLOG, (), "Messages that wait to be written down."),
    _gauge(STORE_UP, (), "1 while the database takes what is written, 0 if it fails or takes longer than ten seconds."),
    _gauge(STORE_SIZE, (), f"Size of the database. {_EVERYWHERE}"),
    _gauge(INCOMPLETE, (), f"1 while a rebuild has not ended, so that pages and API lack calls, else 0. {_EVERYWHERE}"),
    _gauge(DROPPED, (), "Values of labels beyond prometheus.max_label_values, which are counted as other."),
    Family(name=BUILD, kind="info", labels=("version", "python", "store"), help="Always 1; the labels say what runs."),
)
"""Every family, in the order of the documents."""

BY_NAME: Final[Mapping[str, Family]] = {family.name: family for family in FAMILIES}

CLOSED: Final[Mapping[str, tuple[str, ...]]] = {
    "event": EVENTS,
    "reason": (*REFUSALS, NOT_UNDERSTOOD),
    "direction": tuple(word.value for word in Direction),
    "state": STATES,
}
"""Labels whose values are the same in every family."""

_OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    CALLS: _ENDED_OUTCOMES,
    EXITS: _ENDED_VISITS,
    CALL_WAIT: ("answered", "unanswered"),
    QUEUE_WAIT: ("answered", "abandoned", OTHER),
}


LONGEST_VALUE: Final = 100
"""So many characters of a name from outside stand in a label."""


def label_value(name: str) -> str:
    """Return a name from outside as any scraper can take it: valid UTF-8, and not endless."""
    text = name.encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def values_of(family: Family, label: str) -> tuple[str, ...]:
    """Return the closed list of a label's values; empty for one whose values come from outside."""
    return _OUTCOMES.get(family.name, ()) if label == "outcome" else CLOSED.get(label, ())


def ceiling(family: Family, *, most_values: int, sources: int, targets: Collection[float] = ()) -> int:
    """Return how many series a family can have at most.

    Args:
        family: any of `FAMILIES`.
        most_values: `prometheus.max_label_values`.
        sources: how many phone systems are set up.
        targets: those of the queues, in seconds.
    """
    open_labels = {"source": min(sources, most_values) + 1, "queue": most_values + 1}
    open_labels |= {
        "route": MOST_ROUTES,
        "method": len(METHODS) + 1,
        "status": 6,
        "version": 1,
        "python": 1,
        "store": 1,
    }
    sets = prod(len(values_of(family, label)) or open_labels[label] for label in family.labels)
    return sets * (len(family.borders(targets)) + 3 if family.kind == "histogram" else 1)


# --- what a record adds -----------------------------------------------------------------------------------------------

_CALL_PLACES: Final = {measure.name: place for place, measure in enumerate(CALL_MEASURES)}
_VISIT_PLACES: Final = {measure.name: place for place, measure in enumerate(VISIT_MEASURES)}
_OWN_CALL: Final = tuple((counter_name(measure), _CALL_PLACES[measure]) for measure in OWN_CALL_COUNTERS)
_CALL_WAITS: Final = tuple(
    (word, _CALL_PLACES[f"{word}_waits"], _CALL_PLACES[f"{word}_wait_ms"]) for word in _OUTCOMES[CALL_WAIT]
)
_TALKS, _TALK_MS = _CALL_PLACES["talks"], _CALL_PLACES["talk_ms"]
Amount = tuple[str, Labels, int]
"""A family, its labels, and what is added to a counter or observed in a histogram, before its scale."""


def call_amounts(call: Call, legs: Collection[Leg]) -> Iterator[Amount]:
    """Yield what a call that is over adds."""
    place = (call.source, call.direction.value)
    measured = call_measures(call)
    yield CALLS, (*place, call.outcome.value), 1
    for counter, measure_place in _OWN_CALL:
        if amount := measured[measure_place]:
            yield counter, place, amount
    for outcome, count_place, total_place in _CALL_WAITS:
        if measured[count_place]:
            yield CALL_WAIT, (*place, outcome), measured[total_place]
    if measured[_TALKS]:
        yield CALL_TALK, place, measured[_TALK_MS]
    for leg in legs:
        if leg.ring_ms is not None:
            yield CALL_RING, place, leg.ring_ms


def exit_amounts(visit: QueueVisit) -> Iterator[Amount]:
    """Yield what a visit adds when its waiting is over."""
    place = (visit.source, visit.queue)
    yield EXITS, (*place, visit.outcome.value), 1
    if visit.wait_ms is not None:
        parted = visit.outcome in {VisitOutcome.ANSWERED, VisitOutcome.ABANDONED}
        yield QUEUE_WAIT, (*place, visit.outcome.value if parted else OTHER), visit.wait_ms
    yield from _visit_amounts(visit, OWN_VISIT_COUNTERS[:2])


def talk_amounts(visit: QueueVisit) -> Iterator[Amount]:
    """Yield what a visit adds when its talk is known."""
    return _visit_amounts(visit, OWN_VISIT_COUNTERS[2:])


def _visit_amounts(visit: QueueVisit, measures: tuple[str, ...]) -> Iterator[Amount]:
    measured = visit_measures(visit)
    for measure in measures:
        if amount := measured[_VISIT_PLACES[measure]]:
            yield counter_name(measure, "visit"), (visit.source, visit.queue), amount


# --- where a measure stands -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Series:
    """Series of a counter: their name, and what a label must be."""

    name: str
    outcome: str | None = None


def series_of(measure: str, subject: SubjectWord) -> Series | None:
    """Return the series that count a measure, `None` for what only open calls and visits have."""
    return _of_call(measure) if subject == "call" else _of_visit(measure)


def _of_call(measure: str) -> Series | None:
    if measure == "calls":
        return Series(CALLS)
    if measure in {"in_progress", "open_calls"}:
        return None
    if measure in _ENDED_OUTCOMES:
        return Series(CALLS, measure)
    if measure in {"talks", "talk_ms"}:
        return Series(CALL_TALK + ("_sum" if measure.endswith("_ms") else "_count"))
    if measure in OWN_CALL_COUNTERS:
        return Series(counter_name(measure))
    return _of_wait(CALL_WAIT, measure)


def _of_visit(measure: str) -> Series | None:
    if measure == "offered":
        return Series(ENTRIES)
    if measure == VisitOutcome.IN_PROGRESS.value:
        return None
    if measure in _ENDED_VISITS:
        return Series(EXITS, measure)
    if measure in OWN_VISIT_COUNTERS:
        return Series(counter_name(measure, "visit"))
    return _of_wait(QUEUE_WAIT, measure)


def _of_wait(histogram: str, measure: str) -> Series:
    """Return the series of `answered_waits`, `answered_wait_ms`, or `waits` and `wait_ms` of every outcome."""
    suffix = "_sum" if measure.endswith("_ms") else "_count"
    outcome = measure.removesuffix("_ms").removesuffix("waits").removesuffix("wait").removesuffix("_")
    return Series(histogram + suffix, outcome or None)

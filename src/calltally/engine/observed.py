"""What this process has taken in since its start, as counters that never fall (docs/decisions/0038).

A call is counted once, when it has been over for a moment; a visit when its waiting is over; whatever is corrected
later is told by the store, not here. Imports, rebuilds and old history do not count: a scraper would take them for now.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from calltally.engine.ingest import Applied, Understood
from calltally.engine.label_values import LabelValues
from calltally.engine.placing import Change
from calltally.metrics.exposed import (
    BY_NAME,
    CALL_RING,
    CALL_TALK,
    CALL_WAIT,
    CALLS,
    DUPLICATE,
    ENTRIES,
    EXITS,
    INGEST,
    NO_EVENT,
    NOT_UNDERSTOOD,
    OWN_CALL_COUNTERS,
    OWN_VISIT_COUNTERS,
    QUEUE_EVENT,
    QUEUE_WAIT,
    RECEIVED,
    REFUSALS,
    REJECTED,
    REQUESTS,
    SETTLED_EVENT,
    Amount,
    Labels,
    call_amounts,
    counter_name,
    exit_amounts,
    talk_amounts,
    values_of,
)
from calltally.model.events import Event, LegEventKind, LegSettled
from calltally.model.instants import MINUTE_MS
from calltally.model.messages import RawMessage
from calltally.model.records import Call, QueueVisit, Records
from calltally.model.words import Direction, VisitOutcome

SETTLE_US: Final = 2_000_000
"""A call that goes on within this time, at the next phone or in the next queue, was not over."""

LIVE_MS: Final = 5 * MINUTE_MS
"""What ended longer ago when it is heard is history, and not counted."""

LIVE_US: Final = LIVE_MS * 1000
SETTLED_AT_ONCE: Final = 200
"""So many calls are counted in one breath, while the writer may have to wait."""

MOST_UNSETTLED: Final = 4_000
KEPT: Final = 50_000
"""So many calls, and visits, are remembered as counted."""

_ENTERED, _LEFT, _TALKED = 1, 2, 4


@dataclass(slots=True)
class Distribution:
    """How often durations fell into each bucket, the last one without an upper border; `total` is their sum."""

    counts: list[int]
    total: int = 0


@dataclass(frozen=True, slots=True)
class Observations:
    """Counters and histograms at one moment, by family and labels; amounts before the family's scale."""

    counters: Mapping[str, Mapping[Labels, int]]
    histograms: Mapping[str, Mapping[Labels, Distribution]]
    borders: Mapping[str, Sequence[float]]


@dataclass(slots=True)
class _Memory:
    """What was counted already, the oldest forgotten first: flags by id."""

    known: dict[int | str, int] = field(default_factory=dict)

    def flags(self, key: int | str) -> int:
        return self.known.get(key, 0)

    def note(self, key: int | str, flags: int) -> None:
        self.known[key] = self.known.get(key, 0) | flags
        if len(self.known) > KEPT:
            del self.known[next(iter(self.known))]


class Observed:
    """Counts for one process; may be used from any thread."""

    def __init__(
        self,
        *,
        clock_us: Callable[[], int],
        sources: Collection[str] = (),
        queues: Iterable[str] = (),
        targets: Collection[float] = (),
        most_values: int = 50,
    ) -> None:
        """Begin at zero.

        Args:
            clock_us: the clock.
            sources: phone systems that are set up; their series are there from the start.
            queues: names that have a series of their own whatever else comes.
            targets: in seconds, borders of the buckets of waits.
            most_values: how many values of a label from outside have series of their own.
        """
        self._clock_us = clock_us
        self._lock = threading.Lock()
        self.label_values = LabelValues(most_values, source=sources, queue=queues)
        self._borders = {
            name: family.borders(targets) for name, family in BY_NAME.items() if family.kind == "histogram"
        }
        self._scaled = {
            name: [round(border * BY_NAME[name].scale) for border in borders] for name, borders in self._borders.items()
        }
        self._counters: dict[str, dict[Labels, int]] = {
            name: {} for name, family in BY_NAME.items() if family.kind == "counter"
        }
        self._histograms: dict[str, dict[Labels, Distribution]] = {name: {} for name in self._borders}
        self._ended: dict[int, tuple[int, Records]] = {}
        self._calls = _Memory()
        self._visits = _Memory()
        self._places: set[Labels] = set()
        self._begun: set[str] = set()
        for source in sources:
            self._begin_source(source)

    def heard(self, applied: Applied, durable_us: int) -> None:
        """Count a batch that was durable at this instant."""
        with self._lock:
            if applied.told:
                self._count_messages(applied.told, durable_us)
            for source in applied.repeats:
                self._add(DUPLICATE, (source,), 1)
            for change in applied.changes:
                if change.new.visits:
                    self._count_visits(change, durable_us // 1000)
                self._note_call(change, durable_us)
            if len(self._ended) > MOST_UNSETTLED:
                self._settle(durable_us)

    def refused(self, source: str, reason: str) -> None:
        """Count a delivery that was turned away; the reason is one of `exposed.REFUSALS`."""
        with self._lock:
            self._add(REJECTED, (source, reason), 1)

    def not_stored(self, messages: Sequence[RawMessage]) -> None:
        """Count messages that the store did not take; their senders come again."""
        for message in messages:
            self.refused(message.source, "not_stored")

    def answered(self, route: str, method: str, status: str) -> None:
        """Count a request that was answered, by the class of its status."""
        with self._lock:
            self._add(REQUESTS, (route, method, status), 1)

    def place(self, source: str, queue: str) -> Labels:
        """Return the labels of a queue, bounded, whose series exist from now on."""
        with self._lock:
            return self._place(source, queue)

    def places(self) -> list[Labels]:
        """Return every source and queue that has series."""
        with self._lock:
            return sorted(self._places)

    def observations(self) -> Observations:
        """Return everything that was counted, and count the calls that are settled by now."""
        now_us = self._clock_us()
        while True:
            with self._lock:
                if not self._settle(now_us):
                    return Observations(
                        counters={name: dict(series) for name, series in self._counters.items()},
                        histograms={
                            name: {labels: Distribution([*each.counts], each.total) for labels, each in series.items()}
                            for name, series in self._histograms.items()
                        },
                        borders=self._borders,
                    )

    # --- messages -------------------------------------------------------------------------------------------------

    def _count_messages(self, told: Sequence[Understood], durable_us: int) -> None:
        """Count a batch; nearly always it is of one source, and all of it new."""
        messages, tellings, problems = zip(*told, strict=True)
        sources = {message.source for message in messages}
        delays = sorted([durable_us - message.received_at_us for message in messages])
        if len(sources) > 1:
            for source in sources:
                self._count_messages([each for each in told if each[0].source == source], durable_us)
        elif delays[-1] > LIVE_US:
            recent = [each for each in told if durable_us - each[0].received_at_us <= LIVE_US]
            if recent:
                self._count_messages(recent, durable_us)
        else:
            source = self._begin_source(sources.pop())
            refused = len(problems) - problems.count(None)
            if refused:
                self._add(REJECTED, (source, NOT_UNDERSTOOD), refused)
                tellings = tuple(events for events, problem in zip(tellings, problems, strict=True) if problem is None)
            for event, count in _events(tellings).items():
                self._add(RECEIVED, (source, event), count)
            self._observe_all(INGEST, (source,), delays)

    def _observe_all(self, name: str, labels: Labels, amounts: list[int]) -> None:
        """Observe amounts in rising order: they are cut at the borders, not looked at one by one."""
        borders = self._scaled[name]
        distribution = self._distribution(name, labels)
        below = 0
        for place, border in enumerate(borders):
            reached = bisect_left(amounts, border + 1, below)
            distribution.counts[place] += reached - below
            below = reached
        distribution.counts[-1] += len(amounts) - below
        distribution.total += sum(amounts)

    # --- calls and visits -----------------------------------------------------------------------------------------

    def _note_call(self, change: Change, now_us: int) -> None:
        """Remember a call that is over now, and forget one that goes on."""
        flow_id, old, new = change.flow_id, change.old.call, change.new.call
        if new is None or new.is_open:
            if flow_id in self._ended:
                del self._ended[flow_id]
            elif old is not None and not old.is_open:
                # It was over, and counted by this process or another: it goes on, and will not be counted again.
                self._calls.note(flow_id, _LEFT)
        elif flow_id in self._ended:
            self._ended[flow_id] = (self._ended[flow_id][0], change.new)
        elif (old is None or old.is_open) and not self._calls.flags(flow_id):
            if _is_live(new, now_us // 1000):
                self._ended[flow_id] = (now_us, change.new)
            else:
                self._calls.note(flow_id, _LEFT)

    def _settle(self, now_us: int) -> bool:
        """Count calls that have been over for long enough, some at a time; return whether there were any."""
        due: list[int] = []
        for flow_id, (ended_us, _) in self._ended.items():
            if len(due) == SETTLED_AT_ONCE or now_us - ended_us < SETTLE_US:
                break
            due.append(flow_id)
        for flow_id in due:
            records = self._ended.pop(flow_id)[1]
            self._calls.note(flow_id, _LEFT)
            if records.call is not None:
                self._begin_source(records.call.source)
                self._count(call_amounts(records.call, records.legs))
        return bool(due)

    def _count_visits(self, change: Change, now_ms: int) -> None:
        before = {visit.visit_id: visit for visit in change.old.visits}
        for visit in change.new.visits:
            old = before.get(visit.visit_id)
            if old is visit:
                continue
            new_flags = _stage(visit) & ~(0 if old is None else _stage(old))
            new_flags &= ~self._visits.flags(visit.visit_id)
            if not new_flags:
                continue
            self._visits.note(visit.visit_id, new_flags)
            if _is_recent(visit, now_ms):
                self._count_visit(visit, new_flags)

    def _count_visit(self, visit: QueueVisit, stages: int) -> None:
        self._place(visit.source, visit.queue)
        if stages & _ENTERED:
            self._add(ENTRIES, (visit.source, visit.queue), 1)
        if stages & _LEFT:
            self._count(exit_amounts(visit))
        if stages & _TALKED:
            self._count(talk_amounts(visit))

    # --- series ---------------------------------------------------------------------------------------------------

    def _count(self, amounts: Iterable[Amount]) -> None:
        for name, labels, amount in amounts:
            if name in self._counters:
                self._add(name, labels, amount)
            else:
                distribution = self._distribution(name, labels)
                distribution.counts[bisect_left(self._scaled[name], amount)] += 1
                distribution.total += amount

    def _add(self, name: str, labels: Labels, amount: int) -> None:
        series = self._counters[name]
        if labels not in series:
            labels = self._bounded(name, labels)
        series[labels] = series.get(labels, 0) + amount

    def _distribution(self, name: str, labels: Labels) -> Distribution:
        series = self._histograms[name]
        if labels not in series:
            labels = self._bounded(name, labels)
        found = series.get(labels)
        if found is None:
            found = series[labels] = Distribution([0] * (len(self._scaled[name]) + 1))
        return found

    def _bounded(self, name: str, labels: Labels) -> Labels:
        """Return labels within the bounds; those of a series that is there are."""
        return tuple(map(self.label_values.bounded, BY_NAME[name].labels, labels))

    def _begin_source(self, source: str) -> str:
        """Give a source its series, so that the first call of each kind is seen as a rise; return its bounded name."""
        if source in self._begun:
            return source
        name = self.label_values.bounded("source", source)
        if name in self._begun:
            return name
        self._begun.add(name)
        for reason in (*REFUSALS, NOT_UNDERSTOOD):
            self._add(REJECTED, (name, reason), 0)
        self._add(DUPLICATE, (name,), 0)
        for kind in (LegEventKind.STARTED, QUEUE_EVENT):
            self._add(RECEIVED, (name, kind), 0)
        for direction in Direction:
            place = (name, direction.value)
            for outcome in values_of(BY_NAME[CALLS], "outcome"):
                self._add(CALLS, (*place, outcome), 0)
            for measure in OWN_CALL_COUNTERS:
                self._add(counter_name(measure), place, 0)
            for outcome in values_of(BY_NAME[CALL_WAIT], "outcome"):
                self._distribution(CALL_WAIT, (*place, outcome))
            for histogram in (CALL_RING, CALL_TALK):
                self._distribution(histogram, place)
        return name

    def _place(self, source: str, queue: str) -> Labels:
        """Give a queue its series; return its bounded labels."""
        place = (source, queue)
        if place in self._places:
            return place
        place = (self._begin_source(source), self.label_values.bounded("queue", queue))
        if place in self._places:
            return place
        self._places.add(place)
        self._add(ENTRIES, place, 0)
        for outcome in values_of(BY_NAME[EXITS], "outcome"):
            self._add(EXITS, (*place, outcome), 0)
        for outcome in values_of(BY_NAME[QUEUE_WAIT], "outcome"):
            self._distribution(QUEUE_WAIT, (*place, outcome))
        for measure in OWN_VISIT_COUNTERS:
            self._add(counter_name(measure, "visit"), place, 0)
        return place


def _events(tellings: Sequence[Sequence[Event]]) -> dict[str, int]:
    """Return how many messages tell of each event; the word of an event is one object, which counts quickly."""
    words = [getattr(events[0], "kind", None) or _word(events[0]) if events else NO_EVENT for events in tellings]
    counts = Counter(map(id, words))
    return {str(word): counts[id(word)] for word in {id(word): word for word in words}.values()}


def _word(event: Event) -> str:
    return SETTLED_EVENT if isinstance(event, LegSettled) else QUEUE_EVENT


def _is_live(call: Call, now_ms: int) -> bool:
    """Whether a call that is over ended just now; one whose end was lost is given up now."""
    return call.ended_at_ms is None or now_ms - call.ended_at_ms <= LIVE_MS


def _is_recent(visit: QueueVisit, now_ms: int) -> bool:
    """Whether what a visit tells last was just now."""
    told = (visit.entered_at_ms, visit.answered_at_ms, visit.left_at_ms)
    return now_ms - max(instant for instant in told if instant is not None) <= LIVE_MS


def _stage(visit: QueueVisit) -> int:
    """Return how far a visit has come."""
    if visit.outcome is VisitOutcome.IN_PROGRESS:
        return _ENTERED
    talked = _TALKED if visit.talk_ms is not None else 0
    return _ENTERED | _LEFT | talked

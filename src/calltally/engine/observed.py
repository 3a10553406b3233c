"""What this process has taken in since its start, as counters that never fall (docs/decisions/0038).

A call is counted once, when it has been over for a moment; a visit when its waiting is over; whatever is corrected
later is told by the store, not here. Imports, rebuilds and old history do not count: a scraper would take them for now.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from calltally.engine.ingest import Applied, Understood
from calltally.engine.label_values import LabelValues
from calltally.engine.placing import Change
from calltally.engine.series import Observations, Series
from calltally.metrics.exposed import (
    DUPLICATE,
    ENTRIES,
    INGEST,
    NO_EVENT,
    NOT_UNDERSTOOD,
    QUEUE_EVENT,
    RECEIVED,
    REJECTED,
    REQUESTS,
    SETTLED_EVENT,
    Labels,
    call_amounts,
    exit_amounts,
    talk_amounts,
)
from calltally.model.events import Event, LegSettled
from calltally.model.instants import MINUTE_MS
from calltally.model.messages import RawMessage
from calltally.model.records import Call, QueueVisit, Records
from calltally.model.words import VisitOutcome

SETTLE_US: Final = 2_000_000
"""A call that goes on within this time, at the next phone or in the next queue, was not over."""

LIVE_MS: Final = 5 * MINUTE_MS
"""What ended longer ago when it is heard is history, and not counted."""

LIVE_US: Final = LIVE_MS * 1000
SETTLED_AT_ONCE: Final = 200
"""So many calls are counted in one breath, while the event loop may have to wait."""

MOST_UNSETTLED: Final = 4_000
KEPT: Final = 50_000
"""So many calls, and visits, are remembered as counted."""

_ENTERED, _LEFT, _TALKED = 1, 2, 4


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
        self._series = Series(LabelValues(most_values, source=sources, queue=queues), targets)
        self._ended: dict[int, tuple[int, Records]] = {}
        self._calls = _Memory()
        self._visits = _Memory()
        for source in sources:
            self._series.begin_source(source)

    def heard(self, applied: Applied, durable_us: int) -> None:
        """Count a batch that was durable at this instant."""
        with self._lock:
            if applied.told:
                self._count_messages(applied.told, durable_us)
            for source in applied.repeats:
                self._series.add(DUPLICATE, (source,), 1)
            for change in applied.changes:
                if change.new.visits:
                    self._count_visits(change, durable_us // 1000)
                self._note_call(change, durable_us)
            if len(self._ended) > MOST_UNSETTLED:
                self._settle(durable_us)

    def refused(self, source: str, reason: str) -> None:
        """Count a delivery that was turned away; the reason is one of `exposed.REFUSALS`."""
        with self._lock:
            self._series.add(REJECTED, (source, reason), 1)

    def not_stored(self, messages: Sequence[RawMessage]) -> None:
        """Count messages that the store did not take; their senders come again."""
        for message in messages:
            self.refused(message.source, "not_stored")

    def answered(self, route: str, method: str, status: str) -> None:
        """Count a request that was answered, by the class of its status."""
        with self._lock:
            self._series.add(REQUESTS, (route, method, status), 1)

    def place(self, source: str, queue: str) -> Labels:
        """Return the labels of a queue, bounded, whose series exist from now on."""
        with self._lock:
            return self._series.place(source, queue)

    def source(self, name: str) -> str:
        """Return how a source is called in labels."""
        with self._lock:
            return self._series.label_values.bounded("source", name)

    @property
    def dropped(self) -> int:
        """How many values of labels were folded into `other`."""
        return self._series.label_values.dropped

    def places(self) -> list[Labels]:
        """Return every source and queue that has series."""
        with self._lock:
            return sorted(self._series.places)

    def observations(self) -> Observations:
        """Return everything that was counted, and count the calls that are settled by now."""
        now_us = self._clock_us()
        while True:
            with self._lock:
                if not self._settle(now_us):
                    return self._series.observations()

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
            source = self._series.begin_source(sources.pop())
            refused = len(problems) - problems.count(None)
            if delays[0] < 0:  # the clock was set back meanwhile, and a sum must not fall
                delays = [max(0, delay) for delay in delays]
            if refused:
                self._series.add(REJECTED, (source, NOT_UNDERSTOOD), refused)
                tellings = tuple(events for events, problem in zip(tellings, problems, strict=True) if problem is None)
            for event, count in _events(tellings).items():
                self._series.add(RECEIVED, (source, event), count)
            self._series.observe_all(INGEST, (source,), delays)

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
                self._series.begin_source(records.call.source)
                self._series.count(call_amounts(records.call, records.legs))
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
        self._series.place(visit.source, visit.queue)
        if stages & _ENTERED:
            self._series.add(ENTRIES, (visit.source, visit.queue), 1)
        if stages & _LEFT:
            self._series.count(exit_amounts(visit))
        if stages & _TALKED:
            self._series.count(talk_amounts(visit))


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

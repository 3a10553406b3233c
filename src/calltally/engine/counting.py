"""From changed records to changed roll-ups: what a call counted before is taken back, what it counts now is added."""

from collections.abc import Callable, Iterable, Sequence
from operator import add, neg, sub
from typing import TypeAlias

from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES, call_measures, call_spreads, visit_measures
from calltally.model.buckets import LocalDays
from calltally.model.instants import QUARTER_MS
from calltally.model.records import Call, QueueVisit, Records
from calltally.store.asked import CellDeltas, RollUpDeltas

Cell: TypeAlias = tuple[int, tuple[object, ...]]
"""A quarter hour or day, and the dimensions."""

Cells: TypeAlias = dict[Cell, Sequence[int]]
Spreads = Sequence[tuple[str, int]]
_NO_CALL = (0,) * len(CALL_MEASURES)
_NO_VISIT = (0,) * len(VISIT_MEASURES)
_NO_SPREAD = (0,)
LinesId = Callable[[tuple[str, ...]], int]


class Tally:
    """Collects the roll-up changes of one transaction, by quarter hour; the days follow from them at the end."""

    def __init__(self, days: LocalDays, lines_id: LinesId) -> None:
        """Take the site's days and the store's ids for sets of own numbers."""
        self._days = days
        self._lines_id = lines_id
        self._calls: Cells = {}
        self._visits: Cells = {}
        self._spreads: Cells = {}

    def change(self, old: Records, new: Records) -> None:
        """Count the difference between what a flow was and what it is."""
        if old.call is not new.call:
            self._change_call(old.call, new.call)
        if old.visits != new.visits:
            for visit in old.visits:
                self._count_visit(visit, sub)
            for visit in new.visits:
                self._count_visit(visit, add)

    def deltas(self) -> RollUpDeltas:
        """Return every cell that changed."""
        return RollUpDeltas(
            call_quarter=_changed(self._calls),
            call_day=self._by_day(self._calls),
            visit_quarter=_changed(self._visits),
            visit_day=self._by_day(self._visits),
            spread_quarter=_changed(self._spreads),
            spread_day=self._by_day(self._spreads),
        )

    def _change_call(self, old: Call | None, new: Call | None) -> None:
        before = call_measures(old) if old is not None else _NO_CALL
        after = call_measures(new) if new is not None else _NO_CALL
        if old is None or new is None or _place(old) != _place(new):
            if old is not None:
                self._count_call(old, map(neg, before), call_spreads(old), ())
            if new is not None:
                self._count_call(new, after, (), call_spreads(new))
        else:
            self._count_call(new, map(sub, after, before), call_spreads(old), call_spreads(new))

    def _count_call(self, call: Call, changes: Iterable[int], taken: Spreads, added: Spreads) -> None:
        """Count changed measures, and bins taken from and added to the spreads, in the cells of one call."""
        quarter = call.started_at_ms - call.started_at_ms % QUARTER_MS
        dimensions = (call.source, call.direction.value, self._lines_id(call.own_numbers))
        cell = (quarter, dimensions)
        self._calls[cell] = list(map(add, self._calls.get(cell, _NO_CALL), changes))
        if taken == added:
            return
        for spreads, sign in ((taken, -1), (added, 1)):
            for spread in spreads:
                place = (quarter, (*dimensions, *spread))
                self._spreads[place] = [self._spreads.get(place, _NO_SPREAD)[0] + sign]

    def _count_visit(self, visit: QueueVisit, count: Callable[[int, int], int]) -> None:
        quarter = visit.entered_at_ms - visit.entered_at_ms % QUARTER_MS
        cell = (quarter, (visit.source, visit.queue))
        self._visits[cell] = list(map(count, self._visits.get(cell, _NO_VISIT), visit_measures(visit)))

    def _by_day(self, quarters: Cells) -> CellDeltas:
        """Return the changes of days from those of their quarter hours; a quarter hour lies in one local day."""
        days: Cells = {}
        for (quarter, dimensions), sums in quarters.items():
            cell = (self._days.start_of(quarter), dimensions)
            known = days.get(cell)
            days[cell] = sums if known is None else list(map(add, known, sums))
        return _changed(days)


def _place(call: Call) -> tuple[object, ...]:
    """Return what the cell of a call follows from."""
    return (call.started_at_ms, call.source, call.direction, call.own_numbers)


def _changed(cells: Cells) -> CellDeltas:
    return {(bucket, *dimensions): sums for (bucket, dimensions), sums in cells.items() if any(sums)}

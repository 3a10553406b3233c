"""From changed records to changed roll-ups: what a call counted before is taken back, what it counts now is added."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import add, sub
from typing import TypeAlias, TypeVar

from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES, call_measures, call_spreads, visit_measures
from calltally.model.buckets import LocalDays
from calltally.model.instants import QUARTER_MS
from calltally.model.records import Call, QueueVisit, Records
from calltally.model.words import Direction
from calltally.store.asked import CellDeltas, RollUpDeltas

Place: TypeAlias = tuple[int, str, Direction, tuple[str, ...]]
"""What the cell of a call follows from: quarter hour, source, direction and own numbers."""

Cell: TypeAlias = tuple[object, ...]
"""A quarter hour or day, and the dimensions: a key of `RollUpDeltas`."""

Cells: TypeAlias = dict[Cell, Sequence[int]]
CellT = TypeVar("CellT", bound=Cell)
Measured: TypeAlias = tuple[int, ...]
Spread: TypeAlias = tuple[str, int]
_NO_CALL = (0,) * len(CALL_MEASURES)
_NO_VISIT = (0,) * len(VISIT_MEASURES)
LinesId = Callable[[tuple[str, ...]], int]


class _Counted:
    """What the calls of one place counted before and count now; added up once, at the end."""

    __slots__ = ("added", "added_spreads", "taken", "taken_spreads")

    def __init__(self) -> None:
        self.taken: list[Measured] = []
        self.added: list[Measured] = []
        self.taken_spreads: list[Spread] = []
        self.added_spreads: list[Spread] = []

    def measures(self) -> Sequence[int]:
        """Return the change of each measure."""
        return list(map(sub, _summed(self.added), _summed(self.taken)))

    def spreads(self) -> Counter[Spread]:
        """Return the change of each bin."""
        counts = Counter(self.added_spreads)
        for spread in self.taken_spreads:
            counts[spread] -= 1
        return counts


class _Sums:
    """The changes of calls in all buckets of one length."""

    def __init__(self) -> None:
        self.calls: Cells = {}
        self._spreads: dict[Cell, int] = {}

    def add(self, cell: Cell, measures: Sequence[int], spreads: Mapping[Spread, int]) -> None:
        """Add what changed in a cell; several places may lie in it."""
        self.calls[cell] = list(map(add, self.calls.get(cell, _NO_CALL), measures))
        counts = self._spreads
        for spread, count in spreads.items():
            bin_cell = cell + spread
            counts[bin_cell] = counts.get(bin_cell, 0) + count

    def changed_spreads(self) -> CellDeltas:
        """Return the bins that changed."""
        return {cell: (count,) for cell, count in self._spreads.items() if count}


class Tally:
    """Collects the roll-up changes of one transaction, by quarter hour; the days follow from them at the end."""

    def __init__(self, days: LocalDays, lines_id: LinesId) -> None:
        """Take the site's days and the store's ids for sets of own numbers."""
        self._days = days
        self._lines_id = lines_id
        self._calls: dict[Place, _Counted] = {}
        self._visits: dict[tuple[int, str, str], Sequence[int]] = {}

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
        quarters, days = _Sums(), _Sums()
        for (quarter, source, direction, own_numbers), counted in self._calls.items():
            dimensions = (source, str(direction), self._lines_id(own_numbers))
            measures, spreads = counted.measures(), counted.spreads()
            quarters.add((quarter, *dimensions), measures, spreads)
            days.add((self._days.start_of(quarter), *dimensions), measures, spreads)
        return RollUpDeltas(
            call_quarter=_changed(quarters.calls),
            call_day=_changed(days.calls),
            visit_quarter=_changed(self._visits),
            visit_day=_changed(self._visits_by_day()),
            spread_quarter=quarters.changed_spreads(),
            spread_day=days.changed_spreads(),
        )

    def _change_call(self, old: Call | None, new: Call | None) -> None:
        if old is not None:
            counted = self._counted(old)
            counted.taken.append(call_measures(old))
            counted.taken_spreads += call_spreads(old)
        if new is not None:
            counted = self._counted(new)
            counted.added.append(call_measures(new))
            counted.added_spreads += call_spreads(new)

    def _counted(self, call: Call) -> _Counted:
        """Return what is counted in the place of a call."""
        started_at_ms = call.started_at_ms
        place = (started_at_ms - started_at_ms % QUARTER_MS, call.source, call.direction, call.own_numbers)
        counted = self._calls.get(place)
        if counted is None:
            counted = self._calls[place] = _Counted()
        return counted

    def _count_visit(self, visit: QueueVisit, count: Callable[[int, int], int]) -> None:
        cell = (visit.entered_at_ms - visit.entered_at_ms % QUARTER_MS, visit.source, visit.queue)
        self._visits[cell] = list(map(count, self._visits.get(cell, _NO_VISIT), visit_measures(visit)))

    def _visits_by_day(self) -> Cells:
        """Return the changes of days from those of their quarter hours; a quarter hour lies in one local day."""
        days: Cells = {}
        for (quarter, *dimensions), sums in self._visits.items():
            cell = (self._days.start_of(quarter), *dimensions)
            days[cell] = list(map(add, days.get(cell, _NO_VISIT), sums))
        return days


def _summed(rows: list[Measured]) -> Sequence[int]:
    """Return the sum of each measure."""
    return list(map(sum, zip(*rows, strict=True))) if rows else _NO_CALL


def _changed(cells: Mapping[CellT, Sequence[int]]) -> CellDeltas:
    return {cell: sums for cell, sums in cells.items() if any(sums)}

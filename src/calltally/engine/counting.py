"""From changed records to changed roll-ups: what a call counted before is taken back, what it counts now is added."""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from calltally.metrics.measures import CALL_MEASURES, call_measures, call_spreads, visit_measures
from calltally.model.instants import QUARTER_MS
from calltally.model.records import Call, QueueVisit, Records
from calltally.store.store import RollUpDeltas

Cell = tuple[object, ...]
Cells = dict[Cell, list[int]]
REMEMBERED_QUARTERS = 100_000
Changes = Sequence[tuple[int, int]]
"""Places of measures and what is to be added to them."""

Spreads = Sequence[tuple[str, int]]
_NO_CALL = (0,) * len(CALL_MEASURES)
LinesId = Callable[[tuple[str, ...]], int]


class LocalDays:
    """The local midnight before an instant, remembered per quarter hour (offsets change on quarter hours)."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Take the site's zone."""
        self._zone = zone
        self._known: dict[int, int] = {}

    def start_of(self, instant_ms: int) -> int:
        """Return the start of the local day in which an instant lies."""
        quarter = instant_ms // QUARTER_MS
        start = self._known.get(quarter)
        if start is None:
            local = datetime.fromtimestamp(quarter * QUARTER_MS / 1000, self._zone)
            start = int(datetime.combine(local.date(), time(), self._zone).timestamp()) * 1000
            if len(self._known) > REMEMBERED_QUARTERS:
                self._known.clear()
            self._known[quarter] = start
        return start


class Tally:
    """Collects the roll-up changes of one transaction."""

    def __init__(self, days: LocalDays, lines_id: LinesId) -> None:
        """Take the site's days and the store's ids for sets of own numbers."""
        self._days = days
        self._lines_id = lines_id
        self._call_quarter: Cells = {}
        self._call_day: Cells = {}
        self._visit_quarter: Cells = {}
        self._visit_day: Cells = {}
        self._spread_quarter: Cells = {}
        self._spread_day: Cells = {}

    def change(self, old: Records, new: Records) -> None:
        """Count the difference between what a flow was and what it is."""
        if old.call != new.call:
            self._change_call(old.call, new.call)
        if old.visits != new.visits:
            for visit in old.visits:
                self._count_visit(visit, -1)
            for visit in new.visits:
                self._count_visit(visit, 1)

    def deltas(self) -> RollUpDeltas:
        """Return every cell that changed."""
        return RollUpDeltas(
            call_quarter=_changed(self._call_quarter),
            call_day=_changed(self._call_day),
            visit_quarter=_changed(self._visit_quarter),
            visit_day=_changed(self._visit_day),
            spread_quarter=_changed(self._spread_quarter),
            spread_day=_changed(self._spread_day),
        )

    def _change_call(self, old: Call | None, new: Call | None) -> None:
        before = call_measures(old) if old is not None else _NO_CALL
        after = call_measures(new) if new is not None else _NO_CALL
        if old is None or new is None or _place(old) != _place(new):
            if old is not None:
                self._count_call(old, _difference(before, _NO_CALL), call_spreads(old), ())
            if new is not None:
                self._count_call(new, _difference(_NO_CALL, after), (), call_spreads(new))
        else:
            self._count_call(new, _difference(before, after), call_spreads(old), call_spreads(new))

    def _count_call(self, call: Call, changes: Changes, taken: Spreads, added: Spreads) -> None:
        """Count changed measures, and bins taken from and added to the spreads, in the cells of one call."""
        quarter = call.started_at_ms - call.started_at_ms % QUARTER_MS
        day = self._days.start_of(call.started_at_ms)
        dimensions = (call.source, call.direction.value, self._lines_id(call.own_numbers))
        _add(self._call_quarter, (quarter, *dimensions), changes, len(_NO_CALL))
        _add(self._call_day, (day, *dimensions), changes, len(_NO_CALL))
        if taken == added:
            return
        for spreads, sign in ((taken, -1), (added, 1)):
            for spread, bin_number in spreads:
                _add(self._spread_quarter, (quarter, *dimensions, spread, bin_number), ((0, sign),), 1)
                _add(self._spread_day, (day, *dimensions, spread, bin_number), ((0, sign),), 1)

    def _count_visit(self, visit: QueueVisit, sign: int) -> None:
        quarter = visit.entered_at_ms - visit.entered_at_ms % QUARTER_MS
        day = self._days.start_of(visit.entered_at_ms)
        measures = visit_measures(visit)
        changes = [(index, sign * measure) for index, measure in enumerate(measures) if measure]
        _add(self._visit_quarter, (quarter, visit.source, visit.queue), changes, len(measures))
        _add(self._visit_day, (day, visit.source, visit.queue), changes, len(measures))


def _place(call: Call) -> tuple[object, ...]:
    """Return what the cells of a call follow from."""
    return (call.started_at_ms, call.source, call.direction, call.own_numbers)


def _difference(before: Sequence[int], after: Sequence[int]) -> Changes:
    return [(index, new - old) for index, (old, new) in enumerate(zip(before, after, strict=True)) if new != old]


def _add(cells: Cells, cell: Cell, changes: Changes, width: int) -> None:
    sums = cells.get(cell)
    if sums is None:
        sums = cells[cell] = [0] * width
    for index, change in changes:
        sums[index] += change


def _changed(cells: Cells) -> Cells:
    return {cell: sums for cell, sums in cells.items() if any(sums)}

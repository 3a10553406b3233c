"""From changed records to changed roll-ups: what a call counted before is taken back, what it counts now is added."""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from calltally.metrics.measures import call_measures, call_spreads, visit_measures
from calltally.model.instants import QUARTER_MS
from calltally.model.records import Call, QueueVisit, Records
from calltally.store.store import RollUpDeltas

Cell = tuple[object, ...]
Cells = dict[Cell, list[int]]
REMEMBERED_QUARTERS = 100_000
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
            if old.call is not None:
                self._count_call(old.call, -1)
            if new.call is not None:
                self._count_call(new.call, 1)
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

    def _count_call(self, call: Call, sign: int) -> None:
        quarter = call.started_at_ms - call.started_at_ms % QUARTER_MS
        day = self._days.start_of(call.started_at_ms)
        dimensions = (call.source, call.direction.value, self._lines_id(call.own_numbers))
        measures = call_measures(call)
        _add(self._call_quarter, (quarter, *dimensions), measures, sign)
        _add(self._call_day, (day, *dimensions), measures, sign)
        for spread, bin_number in call_spreads(call):
            _add(self._spread_quarter, (quarter, *dimensions, spread, bin_number), (1,), sign)
            _add(self._spread_day, (day, *dimensions, spread, bin_number), (1,), sign)

    def _count_visit(self, visit: QueueVisit, sign: int) -> None:
        quarter = visit.entered_at_ms - visit.entered_at_ms % QUARTER_MS
        day = self._days.start_of(visit.entered_at_ms)
        measures = visit_measures(visit)
        _add(self._visit_quarter, (quarter, visit.source, visit.queue), measures, sign)
        _add(self._visit_day, (day, visit.source, visit.queue), measures, sign)


def _add(cells: Cells, cell: Cell, measures: Sequence[int], sign: int) -> None:
    sums = cells.get(cell)
    if sums is None:
        cells[cell] = [sign * measure for measure in measures] if sign < 0 else list(measures)
        return
    for index, measure in enumerate(measures):
        if measure:
            sums[index] += sign * measure


def _changed(cells: Cells) -> Cells:
    return {cell: sums for cell, sums in cells.items() if any(sums)}

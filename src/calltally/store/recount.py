"""Counting again: roll-up cells from records, and days from quarter hours, a few local days at a time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from calltally.metrics.measures import CALL_MEASURES, SPREADS, VISIT_MEASURES, Measure
from calltally.metrics.sql import condition_sql, measure_sql
from calltally.model.buckets import LocalDays, day_start_ms, local_date
from calltally.model.instants import QUARTER_MS, Span
from calltally.store.cells import CALL_CELL, ROLL_UPS, VISIT_CELL, CellStatements
from calltally.store.statements import Cursor, Dialect, names_of

WINDOW_DAYS: Final = 7
END_OF_TIME_MS: Final = 2**62
_TIMES: Final = (
    ("calls", "started_at_ms"),
    ("visits", "entered_at_ms"),
    *((table.name, "bucket_ms") for table, _, _ in ROLL_UPS),
)
"""Where there may be something to count, and when."""
Cell = tuple[object, ...]
Cells = dict[Cell, list[int]]
Part = tuple[Cells, Cells, Cells, Cells, Cells, Cells]
"""The cells of every roll-up in one window of time, in the order of `cells.ROLL_UPS`."""


class Recount:
    """Counts records and cells again through the definitions of `metrics`."""

    def __init__(self, cursor: Cursor, dialect: Dialect, days: LocalDays) -> None:
        self._cursor = cursor
        self.dialect = dialect
        self._days = days

    def windows(self, since_ms: int | None = None) -> Iterator[Span]:
        """Yield the windows in which there are records or cells, oldest first.

        What was already yielded may be changed meanwhile.

        Args:
            since_ms: only from the day on of the first record or cell at or after this instant.
        """
        next_ms = self._first_from(since_ms)
        while next_ms is not None:
            window = _window(self._days, next_ms)
            yield window
            next_ms = self._first_from(window.until_ms)

    def _first_from(self, since_ms: int | None) -> int | None:
        """Return the first time from an instant on at which there is anything."""
        found: list[int] = []
        for table, column in _TIMES:
            condition = "" if since_ms is None else f" WHERE {column} >= {since_ms}"
            self._cursor.execute(f"SELECT MIN({column}) FROM {table}{condition}")  # noqa: S608  our own names, a number
            found += [row[0] for row in self._cursor.fetchall() if row[0] is not None]
        return min(found, default=None)

    def counted(self, window: Span, where: str = "") -> Part:
        """Return what the records of a window of whole local days add up to; `where` is a further condition on them."""
        further = f" AND {where}" if where else ""
        calls = self._count("calls", "started_at_ms", CALL_CELL[1:], CALL_MEASURES, window, further)
        visits = self._count("visits", "entered_at_ms", VISIT_CELL[1:], VISIT_MEASURES, window, further)
        spreads = self._count_spreads(window, further)
        return (calls, self.by_day(calls), visits, self.by_day(visits), spreads, self.by_day(spreads))

    def stored(self, window: Span) -> Part:
        """Return the stored cells of a window."""
        found: list[Cells] = []
        for table, cell, measures in ROLL_UPS:
            names = names_of(self.dialect.quote, (*cell, *measures))
            condition = f"bucket_ms >= {window.since_ms} AND bucket_ms < {window.until_ms}"
            self._cursor.execute(f"SELECT {names} FROM {table.name} WHERE {condition}")  # noqa: S608  our own names, numbers
            found.append({tuple(row[: len(cell)]): list(row[len(cell) :]) for row in self._cursor.fetchall()})
        quarter, day, visit_quarter, visit_day, spread_quarter, spread_day = found
        return (quarter, day, visit_quarter, visit_day, spread_quarter, spread_day)

    def by_day(self, quarters: Mapping[Cell, Sequence[int]]) -> Cells:
        """Return cells of quarter hours added up to local days."""
        days: Cells = {}
        for quarter, sums in quarters.items():
            cell = (self._days.start_of(_bucket(quarter)), *quarter[1:])
            before = days.get(cell)
            days[cell] = list(sums) if before is None else [a + b for a, b in zip(before, sums, strict=True)]
        return days

    def _count(
        self,
        table: str,
        column: str,
        dimensions: Sequence[str],
        measures: Sequence[Measure],
        window: Span,
        further: str,
    ) -> Cells:
        sums = ", ".join(measure_sql(measure) for measure in measures)
        return self._cells(table, column, dimensions, sums, further, window)

    def _count_spreads(self, window: Span, further: str) -> Cells:
        found: Cells = {}
        for spread in SPREADS:
            when = "".join(f" AND {condition_sql(condition)}" for condition in spread.when)
            known = f" AND {spread.column} IS NOT NULL"
            cells = self._cells(
                "calls", "started_at_ms", (*CALL_CELL[1:], spread.column), "COUNT(*)", when + known + further, window
            )
            for (*cell, bin_number), count in cells.items():
                found[(*cell, spread.name, bin_number)] = count
        return found

    def _cells(self, table: str, column: str, dimensions: Sequence[str], sums: str, when: str, window: Span) -> Cells:
        bucket = f"{column} - {column} % {QUARTER_MS}"
        names = ", ".join((bucket, *dimensions))
        condition = f"{column} >= {window.since_ms} AND {column} < {window.until_ms}{when}"
        self._cursor.execute(f"SELECT {names}, {sums} FROM {table} WHERE {condition} GROUP BY {names}")  # noqa: S608  our own names, numbers
        width = 1 + len(dimensions)
        return {tuple(row[:width]): [int(each) for each in row[width:]] for row in self._cursor.fetchall()}


def add_part(cursor: Cursor, statements: Sequence[CellStatements], part: Part, *, sign: int = 1) -> None:
    """Add the cells of a window to the roll-ups, or take them out."""
    for statement, cells in zip(statements, part, strict=True):
        statement.add.write(cursor, [(*cell, *(sign * each for each in sums)) for cell, sums in cells.items()])
        if sign < 0:
            statement.remove_empty.write(cursor, list(cells))


def cells_before(part: Part, before_ms: int) -> Part:
    """Return the cells of a window whose bucket begins before an instant."""
    kept = [{cell: sums for cell, sums in cells.items() if _bucket(cell) < before_ms} for cells in part]
    return (kept[0], kept[1], kept[2], kept[3], kept[4], kept[5])


def cells_from(part: Part, from_ms: int) -> Part:
    """Return the cells of a window whose bucket begins at or after an instant."""
    kept = [{cell: sums for cell, sums in cells.items() if _bucket(cell) >= from_ms} for cells in part]
    return (kept[0], kept[1], kept[2], kept[3], kept[4], kept[5])


def _window(days: LocalDays, instant_ms: int) -> Span:
    """Return a range of a few whole local days that begins with the day of an instant."""
    first = local_date(instant_ms, days.zone)
    start_ms = day_start_ms(first, days.zone)
    if (date.max - first).days <= WINDOW_DAYS:
        return Span(start_ms, END_OF_TIME_MS)
    return Span(start_ms, day_start_ms(first + timedelta(days=WINDOW_DAYS), days.zone))


def _bucket(cell: Cell) -> int:
    bucket_ms = cell[0]
    if not isinstance(bucket_ms, int):
        raise TypeError(bucket_ms)
    return bucket_ms


def remake_days(cursor: Cursor, dialect: Dialect, statements: Sequence[CellStatements], days: LocalDays) -> None:
    """Make the roll-ups by local day again from those by quarter hour, for a site that moved to another time zone."""
    recount = Recount(cursor, dialect, days)
    for table, _, _ in ROLL_UPS[1::2]:
        cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608  our own name
    for window in recount.windows():
        stored = recount.stored(window)
        empty: Cells = {}
        add_part(
            cursor,
            statements,
            (
                empty,
                recount.by_day(stored[0]),
                empty,
                recount.by_day(stored[2]),
                empty,
                recount.by_day(stored[4]),
            ),
        )

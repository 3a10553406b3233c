"""Adding to roll-ups: every cell that a transaction changed."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Table

from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES
from calltally.store import tables
from calltally.store.asked import CellDeltas, RollUpDeltas
from calltally.store.statements import Cursor, Dialect

CALL_CELL: Final = ("bucket_ms", "source", "direction", "lines_id")
VISIT_CELL: Final = ("bucket_ms", "source", "queue")
SPREAD_CELL: Final = (*CALL_CELL, "spread", "bin")
CALL_NAMES: Final = tuple(measure.name for measure in CALL_MEASURES)
VISIT_NAMES: Final = tuple(measure.name for measure in VISIT_MEASURES)
SPREAD_NAMES: Final = ("count",)

ROLL_UPS: Final[tuple[tuple[Table, tuple[str, ...], tuple[str, ...]], ...]] = (
    (tables.CALL_QUARTER, CALL_CELL, CALL_NAMES),
    (tables.CALL_DAY, CALL_CELL, CALL_NAMES),
    (tables.VISIT_QUARTER, VISIT_CELL, VISIT_NAMES),
    (tables.VISIT_DAY, VISIT_CELL, VISIT_NAMES),
    (tables.SPREAD_QUARTER, SPREAD_CELL, SPREAD_NAMES),
    (tables.SPREAD_DAY, SPREAD_CELL, SPREAD_NAMES),
)
"""Every roll-up with the columns of its cells and its measures; the order is that of `deltas_in_order`."""


class CellStatements:
    """How one roll-up changes; the first measure counts what the cell is made of."""

    def __init__(self, dialect: Dialect, table: Table, cell: Sequence[str], measures: Sequence[str]) -> None:
        self.add = dialect.add(table, cell, measures)
        self.remove_empty = dialect.delete(table, cell, f"{dialect.quote(measures[0])} = 0")


def roll_up_statements(dialect: Dialect) -> tuple[CellStatements, ...]:
    """Return the statements of every roll-up, in the order of `ROLL_UPS`."""
    return tuple(CellStatements(dialect, table, cell, measures) for table, cell, measures in ROLL_UPS)


def add(cursor: Cursor, statements: Sequence[CellStatements], deltas: RollUpDeltas) -> None:
    """Add to the roll-ups, and delete cells in which nothing is counted any more."""
    for statement, cells in zip(statements, deltas_in_order(deltas), strict=True):
        if cells:
            statement.add.write(cursor, [(*cell, *sums) for cell, sums in cells.items()])
            statement.remove_empty.write(cursor, [cell for cell, sums in cells.items() if sums[0] < 0])


def days_in(deltas: RollUpDeltas) -> set[int]:
    """Return the local days whose cells change."""
    days = {cell[0] for cells in (deltas.call_day, deltas.visit_day) for cell in cells}
    return {day for day in days if isinstance(day, int)}


def deltas_in_order(deltas: RollUpDeltas) -> tuple[CellDeltas, ...]:
    """Return the changes of each roll-up, in the order of `ROLL_UPS`."""
    return (
        deltas.call_quarter,
        deltas.call_day,
        deltas.visit_quarter,
        deltas.visit_day,
        deltas.spread_quarter,
        deltas.spread_day,
    )

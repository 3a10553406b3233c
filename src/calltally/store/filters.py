"""From `Filter` to conditions, and from `Dimension` to columns."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, or_

from calltally.model.instants import Span
from calltally.store import tables
from calltally.store.asked import Dimension, Filter, Grain, Subject
from calltally.store.searching import contains, is_storable

Condition = ColumnElement[bool]

_RECORDS = {Subject.CALL: tables.CALLS, Subject.VISIT: tables.VISITS}
_ROLL_UPS = {
    (Subject.CALL, Grain.QUARTER): tables.CALL_QUARTER,
    (Subject.CALL, Grain.DAY): tables.CALL_DAY,
    (Subject.VISIT, Grain.QUARTER): tables.VISIT_QUARTER,
    (Subject.VISIT, Grain.DAY): tables.VISIT_DAY,
}
_PARTS = (tables.LEGS, tables.VISITS)
"""Records of which a call has several; what they do not know themselves is known of their call."""
_OF_CALLS_ONLY = {
    tables.LEGS: ("lines", "text", "is_open"),
    tables.VISITS: ("directions", "lines", "trunks", "callers", "parties", "text", "caller_withheld", "is_open"),
}
_COLUMNS = {"lines": "lines_id"}
_NUMBERS = ("caller", "callee")
"""Where digits are looked for; the ids of agents hold digits that nobody means."""


def table_of(subject: Subject, grain: Grain) -> Table:
    """Return where a subject's sums are read from."""
    return _RECORDS[subject] if grain is Grain.RECORD else _ROLL_UPS[subject, grain]


def time_of(table: Table) -> ColumnElement[int]:
    """Return the column that says when something counts."""
    for name in ("bucket_ms", "started_at_ms", "entered_at_ms"):
        if name in table.c:
            return table.c[name]
    raise ValueError(f"{table.name} has no time")


def column_of(dimension: Dimension, table: Table) -> ColumnElement[str]:
    """Return the column of a dimension.

    Raises:
        ValueError: the table does not know it.
    """
    name = _COLUMNS.get(dimension.value, dimension.value)
    if name in table.c:
        return table.c[name]
    if table in _PARTS and name in tables.CALLS.c:
        return tables.CALLS.c[name]
    raise ValueError(f"sums of {table.name} cannot be split by {dimension.value}")


def needs_calls(table: Table, where: Filter, by: Dimension | None = None) -> bool:
    """Return whether a question about legs or visits can only be answered together with their calls."""
    if table not in _PARTS:
        return False
    split = by is not None and _COLUMNS.get(by.value, by.value) not in table.c
    return split or any(getattr(where, name) is not None for name in _OF_CALLS_ONLY[table])


def within(table: Table, span: Span) -> list[Condition]:
    """Return the conditions that a time lies in a range."""
    column = time_of(table)
    return [column >= span.since_ms, column < span.until_ms]


def conditions(table: Table, where: Filter) -> list[Condition]:
    """Return the conditions of a filter.

    Raises:
        ValueError: the table does not know what is filtered by.
    """
    found: list[Condition] = []
    for values, dimension in (
        (where.sources, Dimension.SOURCE),
        (where.directions, Dimension.DIRECTION),
        (where.lines, Dimension.LINES),
        (where.queues, Dimension.QUEUE),
        (where.agents, Dimension.AGENT),
        (where.trunks, Dimension.TRUNK),
        (where.outcomes, Dimension.OUTCOME),
        (where.callers, Dimension.CALLER),
    ):
        if values is not None:
            found.append(_among(column_of(dimension, table), values))
    if where.parties is not None:
        caller, callee = column_of(Dimension.CALLER, table), column_of(Dimension.CALLEE, table)
        found.append(or_(_among(caller, where.parties), _among(callee, where.parties)))
    return found + _flags(table, where)


def _flags(table: Table, where: Filter) -> list[Condition]:
    calls = tables.CALLS.c if table in _PARTS else table.c
    found: list[Condition] = []
    for flag, name in ((where.caller_withheld, "caller_withheld"), (where.is_open, "is_open")):
        if flag is not None:
            known = table.c if name in table.c else calls
            if name not in known:
                raise ValueError(f"{table.name} does not know {name}")
            found.append(known[name] == int(flag))
    if where.with_queue is not None:
        queue = column_of(Dimension.QUEUE, table)
        found.append(queue.is_not(None) if where.with_queue else queue.is_(None))
    if where.text is not None:
        if "agent_name" not in calls:
            raise ValueError(f"{table.name} cannot be searched")
        names = _NUMBERS if where.text.removeprefix("+").isdigit() else (*_NUMBERS, "agent", "agent_name")
        found.append(or_(*(contains(calls[name], where.text) for name in names)))
    return found


def _among(column: ColumnElement[str], values: Sequence[str | int]) -> Condition:
    plain = [str(value) if isinstance(value, str) else value for value in values]
    plain = [value for value in plain if not isinstance(value, str) or is_storable(value)]
    return column == plain[0] if len(plain) == 1 else column.in_(plain)

"""Sums, greatest values and spreads, from records or from roll-ups."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, cast, func, literal_column, null, select

from calltally.metrics.measures import CALL_MEASURES, SPREADS, VISIT_MEASURES, Measure
from calltally.metrics.sql import conditions_sql, measure_sql
from calltally.model.instants import Span
from calltally.store import tables
from calltally.store.asked import Dimension, Filter, Grain, SpreadQuestion, SpreadRow, Subject, SumQuestion, SumRow
from calltally.store.filters import column_of, conditions, needs_calls, table_of, time_of, within
from calltally.store.plans import by_caller, ended_in_time, in_time, still_open, suits_callers
from calltally.store.records import first_and_last

_MEASURES = {
    Subject.CALL: {measure.name: measure for measure in CALL_MEASURES},
    Subject.VISIT: {measure.name: measure for measure in VISIT_MEASURES},
}
_SPREADS = {spread.name: spread for spread in SPREADS}
_DURATIONS = {Subject.CALL: ("wait_ms", "talk_ms"), Subject.VISIT: ("wait_ms", "ring_ms", "talk_ms")}


def sums(connection: Connection, question: SumQuestion) -> list[SumRow]:
    """Return sums, by bucket (rising) and value; buckets without records have no row."""
    table = table_of(question.subject, question.grain)
    bucket = _bucket(table, question.grain, question.step_ms)
    value: ColumnElement[Any] = null() if question.by is None else column_of(question.by, table)
    totals = [_total(table, question.subject, name) for name in question.measures]
    found = _limited(
        select(bucket, value, *totals, func.count()), table, span=question.span, where=question.where, by=question.by
    )
    found = by_caller(found) if _suits_callers(connection, table, question) else in_time(found, table)
    groups = [each for each, asked in ((bucket, question.step_ms), (value, question.by)) if asked is not None]
    if groups:
        found = found.group_by(*groups)
    if question.order_by is not None:
        order = _total(table, question.subject, question.order_by)
        found = found.order_by(order.desc(), *(() if question.by is None else (value.is_(None), value)))
    if question.limit is not None:
        found = found.limit(question.limit)
    rows = [SumRow(row[0], row[1], tuple(map(int, row[2:-1]))) for row in connection.execute(found) if row[-1]]
    return rows if question.order_by is not None else sorted(rows, key=_order)


def maximum(
    connection: Connection, subject: Subject, column: str, span: Span, where: Filter, step_ms: int | None
) -> list[tuple[int | None, int]]:
    """Return the greatest duration per bucket, from records; buckets in which none is known have no row.

    Raises:
        ValueError: the subject has no such duration.
    """
    if column not in _DURATIONS[subject]:
        raise ValueError(f"{column} is no duration of a {subject.value}")
    table = table_of(subject, Grain.RECORD)
    bucket = _bucket(table, Grain.RECORD, step_ms)
    found = _limited(select(bucket, func.max(table.c[column])), table, span=span, where=where)
    found = found.where(table.c[column].is_not(None))
    if step_ms is not None:
        found = found.group_by(bucket)
    ways = (ended_in_time(found), still_open(found)) if table is tables.CALLS else (in_time(found, table),)
    greatest: dict[int | None, int] = {}
    for way in ways:
        for bucket_ms, duration_ms in connection.execute(way):
            if duration_ms is not None:
                greatest[bucket_ms] = max(duration_ms, greatest.get(bucket_ms, 0))
    return sorted(greatest.items(), key=lambda item: item[0] or 0)


def spread(connection: Connection, question: SpreadQuestion) -> list[SpreadRow]:
    """Return the counts per bin of a duration.

    Raises:
        ValueError: the subject has no such spread.
    """
    definition = _SPREADS.get(question.spread)
    if definition is None or question.subject is not Subject.CALL:
        raise ValueError(f"there is no spread {question.spread!r} of a {question.subject.value}")
    bin_number: ColumnElement[Any]
    count: ColumnElement[Any]
    counted: list[ColumnElement[Any]]
    if question.grain is Grain.RECORD:
        table = tables.CALLS
        bin_number, count = table.c[definition.column], func.count()
        when: ColumnElement[Any] = literal_column(conditions_sql(definition.when, "calls."))
        counted = [when, bin_number.is_not(None)]
    else:
        table = tables.SPREAD_QUARTER if question.grain is Grain.QUARTER else tables.SPREAD_DAY
        bin_number, count = table.c.bin, cast(func.sum(table.c.count), BigInteger)
        counted = [table.c.spread == question.spread]
    bucket = _bucket(table, question.grain, question.step_ms)
    found = _limited(select(bucket, bin_number, count), table, span=question.span, where=question.where)
    found = in_time(found.where(*counted), table)
    found = found.group_by(bin_number) if question.step_ms is None else found.group_by(bucket, bin_number)
    # Rows are sorted as they come: a year by day has a hundred thousand of them.
    return [
        SpreadRow(bucket_ms, number, int(times))
        for bucket_ms, number, times in sorted(map(tuple, connection.execute(found)))
    ]


def _suits_callers(connection: Connection, table: Table, question: SumQuestion) -> bool:
    if table is not tables.CALLS or question.by is not Dimension.CALLER or question.step_ms is not None:
        return False
    if connection.dialect.name == "postgresql":
        return False
    whole = first_and_last(connection)
    return whole is not None and suits_callers(question.measures, question.where, span=question.span, whole=whole)


def _measure(subject: Subject, name: str) -> Measure:
    measure = _MEASURES[subject].get(name)
    if measure is None:
        raise ValueError(f"there is no measure {name!r} of a {subject.value}")
    return measure


def _total(table: Table, subject: Subject, name: str) -> ColumnElement[Any]:
    measure = _measure(subject, name)
    if "bucket_ms" in table.c:
        # Elsewhere sums of large numbers are decimals, which take long to read.
        return cast(func.coalesce(func.sum(table.c[name]), 0), BigInteger)
    return literal_column(measure_sql(measure, f"{table.name}."))


def _bucket(table: Table, grain: Grain, step_ms: int | None) -> ColumnElement[Any]:
    if step_ms is None:
        return null()
    column = time_of(table)
    if grain is not Grain.RECORD:
        return column
    name = f"{table.name}.{column.key}"
    return literal_column(f"{name} - {name} % {int(step_ms)}")


def _limited(
    found: Select[Any], table: Table, *, span: Span, where: Filter, by: Dimension | None = None
) -> Select[Any]:
    """Return a question limited to a range and a filter, with the calls joined where visits are asked about them."""
    if needs_calls(table, where, by):
        found = found.select_from(table.join(tables.CALLS, tables.CALLS.c.flow_id == table.c.flow_id))
    else:
        found = found.select_from(table)
    return found.where(*within(table, span), *conditions(table, where))


def _order(row: SumRow) -> tuple[int, bool, str | int]:
    return (row.bucket_ms or 0, row.value is not None, "" if row.value is None else row.value)

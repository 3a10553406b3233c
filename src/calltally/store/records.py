"""Whole records: one call by its id, the open ones, and all of them in the order of exports."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, select

from calltally.model.instants import Span
from calltally.model.records import Call, Leg, QueueVisit, Records
from calltally.store import tables
from calltally.store.asked import ALL, Dimension, Filter
from calltally.store.filters import conditions, needs_calls, time_of, within
from calltally.store.known import Known
from calltally.store.plans import in_time
from calltally.store.rows import Row, call_of, leg_of, lines_in, visit_of
from calltally.store.saving import fingerprint, id_tokens, records_in

BATCH = 1_000
LIST = 500


def lines(connection: Connection, known: Known) -> Mapping[int, tuple[str, ...]]:
    """Return every set of own numbers seen so far by its id."""
    known.learn_lines(_line_rows(connection))
    return known.lines


def calls_of(connection: Connection, known: Known, rows: Collection[Row]) -> list[Call]:
    """Return the calls of rows of `calls`, in the same order."""
    numbers = known.lines_with(map(lines_in, rows), lambda: _line_rows(connection))
    return [call_of(row, numbers) for row in rows]


def _line_rows(connection: Connection) -> list[Row]:
    return [tuple(row) for row in connection.execute(select(tables.LINE_SETS.c.lines_id, tables.LINE_SETS.c.numbers))]


def records_of(connection: Connection, known: Known, flow_ids: Sequence[int]) -> dict[int, Records]:
    """Return the records of flows."""
    found: dict[int, Records] = {}
    for start in range(0, len(flow_ids), LIST):
        some = flow_ids[start : start + LIST]
        calls, legs, visits = (
            connection.execute(select(table).where(table.c.flow_id.in_(some))).all()
            for table in (tables.CALLS, tables.LEGS, tables.VISITS)
        )
        found |= records_in(calls, legs, visits, lambda ids: known.lines_with(ids, lambda: _line_rows(connection)))
    return found


def open_flows(connection: Connection, known: Known) -> dict[int, Records]:
    """Return the records of every flow whose call is open."""
    return records_of(connection, known, open_flow_ids(connection))


def open_flow_ids(connection: Connection) -> list[int]:
    """Return the id of every flow whose call is open."""
    calls = tables.CALLS.c
    return list(connection.execute(select(calls.flow_id).where(calls.is_open == 1)).scalars())


def call(connection: Connection, known: Known, call_id: str) -> tuple[int, Records] | None:
    """Return flow id and records of a call, found by its id or by the id of one of its legs.

    Ids are linked to their flow (`saving.Saving`), so that no other index is needed. If several sources use the same
    id, the call whose own id it is comes first, then the newest.
    """
    sources = connection.execute(
        select(tables.SEEN.c.value).where(tables.SEEN.c.dimension == Dimension.SOURCE)
    ).scalars()
    tokens = [fingerprint(token) for source in sources for token in id_tokens(source, call_id)]
    links = tables.LINKS.c
    flow_ids = connection.execute(select(links.flow_id).where(links.token.in_(tokens)).distinct()).scalars().all()
    found = [
        (_is_call(records, call_id), flow_id, records)
        for flow_id, records in records_of(connection, known, flow_ids).items()
        if _is_call(records, call_id) or any(leg.leg_id == call_id for leg in records.legs)
    ]
    if not found:
        return None
    _, flow_id, records = max(found, key=lambda each: each[:2])
    return flow_id, records


def _is_call(records: Records, call_id: str) -> bool:
    return records.call is not None and records.call.call_id == call_id


def all_calls(connection: Connection, known: Known, span: Span | None, source: str | None) -> Iterator[Call]:
    """Yield calls ordered by `(started_at_ms, source, call_id)`."""
    # All sets of numbers now: while rows are streamed, a connection to a server can be asked nothing else.
    known.learn_lines(_line_rows(connection))
    for rows in _in_order(connection, tables.CALLS, tables.CALLS.c.call_id, span, source):
        yield from calls_of(connection, known, rows)


def all_legs(connection: Connection, span: Span | None, source: str | None, where: Filter) -> Iterator[Leg]:
    """Yield legs ordered by `(started_at_ms, source, leg_id)`."""
    for rows in _in_order(connection, tables.LEGS, tables.LEGS.c.leg_id, span, source, where):
        yield from map(leg_of, rows)


def all_visits(connection: Connection, span: Span | None, source: str | None, where: Filter) -> Iterator[QueueVisit]:
    """Yield visits ordered by `(entered_at_ms, source, visit_id)`."""
    for rows in _in_order(connection, tables.VISITS, tables.VISITS.c.visit_id, span, source, where):
        yield from map(visit_of, rows)


def _in_order(
    connection: Connection,
    table: Table,
    record_id: ColumnElement[Any],
    span: Span | None,
    source: str | None,
    where: Filter = ALL,
) -> Iterator[Sequence[Row]]:
    found: Select[Any] = in_time(select(table), table)
    if needs_calls(table, where):
        found = found.select_from(table.join(tables.CALLS, tables.CALLS.c.flow_id == table.c.flow_id))
    found = found.where(*conditions(table, where))
    if span is not None:
        found = found.where(*within(table, span))
    if source is not None:
        found = found.where(table.c.source == source)
    found = found.order_by(time_of(table), table.c.source, record_id, table.c.flow_id)
    yield from connection.execute(found, execution_options={"yield_per": BATCH}).partitions()


def first_and_last(connection: Connection) -> Span | None:
    """Return the range of the starts of all calls, `None` without calls."""
    started = tables.CALLS.c.started_at_ms
    edges = [
        connection.execute(in_time(select(started), tables.CALLS).order_by(order).limit(1)).scalar()
        for order in (started, started.desc())
    ]
    first, last = edges
    return None if first is None or last is None else Span(first, last + 1)

"""Pages of calls: sorted, filtered, and continued by an opaque cursor."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from calltally.store import tables
from calltally.store.asked import CallList, CallOrder, CallPage
from calltally.store.filters import conditions, within
from calltally.store.known import Known
from calltally.store.plans import ended_in_time, in_time, still_open
from calltally.store.records import calls_of
from calltally.store.searching import is_storable

_CALLS = tables.CALLS.c
_ORDERS = {
    CallOrder.NEWEST: ("started_at_ms", True),
    CallOrder.OLDEST: ("started_at_ms", False),
    CallOrder.LONGEST_WAIT: ("wait_ms", True),
    CallOrder.LONGEST_TALK: ("talk_ms", True),
}
"""The column that calls are put in order by, and whether it falls."""
SPARE = 30
"""How many calls more than needed are looked at, because several may share the least duration of a page."""
END_OF_NUMBERS: Final = 2**63
Mark = tuple[int, str, int]
"""Where a page ends: sort key, call id and flow of its last call."""


def calls(connection: Connection, known: Known, question: CallList) -> CallPage:
    """Return one page of calls.

    Raises:
        ValueError: the cursor is nonsense.
    """
    name, falling = _ORDERS[question.order]
    column = _CALLS[name]
    found = select(tables.CALLS).where(*within(tables.CALLS, question.span), *conditions(tables.CALLS, question.where))
    if question.after is not None:
        found = found.where(*_beyond(column, _mark_of(question.after, question.order), falling=falling))
    if name == "started_at_ms":
        rows = _next(connection, in_time(found, tables.CALLS), question.limit + 1, falling=falling)
    else:
        rows = _longest(connection, found, name, question.limit + 1)
    page = rows[: question.limit]
    following = None
    if len(rows) > question.limit and page:
        last = page[-1]
        following = _cursor(question.order, (getattr(last, name), last.call_id, last.flow_id))
    return CallPage(tuple(calls_of(connection, known, page)), following)


def _next(connection: Connection, found: Select[Any], limit: int, *, falling: bool) -> list[Row[Any]]:
    """Return the first rows in the order of their start."""
    started = _CALLS.started_at_ms
    order = started.desc() if falling else started
    if connection.dialect.name == "mysql":
        # MariaDB sorts all rows of a range, unless the index alone gives the order.
        rows = connection.execute(found.order_by(order).limit(limit + SPARE)).all()
        if len(rows) < limit + SPARE or rows[limit - 1].started_at_ms != rows[-1].started_at_ms:
            sign = -1 if falling else 1
            return sorted(rows, key=lambda row: (sign * row.started_at_ms, row.call_id, row.flow_id))[:limit]
    return list(connection.execute(found.order_by(order, _CALLS.call_id, _CALLS.flow_id).limit(limit)))


def _longest(connection: Connection, found: Select[Any], name: str, limit: int) -> list[Row[Any]]:
    """Return the rows with the greatest durations, in order.

    Narrow indexes tell which they are; whole rows are then read, and put in order, for a few calls only.
    """
    column = _CALLS[name]
    narrow = found.where(column.is_not(None)).with_only_columns(column, _CALLS.flow_id, maintain_column_froms=True)
    candidates = sorted(
        (
            (int(duration_ms), int(flow_id))
            for some in (ended_in_time(narrow), still_open(narrow))
            for duration_ms, flow_id in connection.execute(some.order_by(column.desc()).limit(limit + SPARE))
        ),
        reverse=True,
    )
    rows: list[Row[Any]] = []
    if len(candidates) >= limit + SPARE and candidates[limit - 1][0] == candidates[limit + SPARE - 1][0]:
        # Still more calls may share the least duration of the page: only their ids tell which of them are first.
        rows += connection.execute(in_time(found.where(column >= candidates[limit - 1][0]), tables.CALLS))
    else:
        flow_ids = [flow_id for _, flow_id in candidates[: limit + SPARE]]
        rows += connection.execute(select(tables.CALLS).where(_CALLS.flow_id.in_(flow_ids)))
    return sorted(rows, key=lambda row: (-getattr(row, name), row.call_id, row.flow_id))[:limit]


def _beyond(column: ColumnElement[Any], mark: Mark, *, falling: bool) -> list[ColumnElement[bool]]:
    key, call_id, flow_id = mark
    further, not_before = (column < key, column <= key) if falling else (column > key, column >= key)
    later = or_(_CALLS.call_id > call_id, and_(_CALLS.call_id == call_id, _CALLS.flow_id > flow_id))
    return [not_before, or_(further, later)]


def _cursor(order: CallOrder, mark: Mark) -> str:
    return urlsafe_b64encode(json.dumps([order.value, *mark], separators=(",", ":")).encode()).decode().rstrip("=")


def _mark_of(text: str, order: CallOrder) -> Mark:
    try:
        match json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4))):
            case [order.value, int(key), str(call_id), int(flow_id)] if max(
                abs(key), abs(flow_id)
            ) < END_OF_NUMBERS and is_storable(call_id):
                return key, call_id, flow_id
            case _:
                pass
    except (ValueError, RecursionError):
        pass
    raise ValueError("The cursor does not belong to this list of calls; begin again without it.")

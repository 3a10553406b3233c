"""Which index a question takes: fixed by what is asked, so that no plan changes by itself."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Select, Table, literal_column

from calltally.model.instants import Span
from calltally.store import tables
from calltally.store.asked import Filter

_BY_TIME: Final = {tables.CALLS: "calls_started", tables.LEGS: "legs_started", tables.VISITS: "visits_entered"}
_OF_OPEN_AND_ENDED: Final = "calls_done"
"""MariaDB has no indexes of a part of the rows: there this one holds all calls, the open ones beside each other."""
_CALLER_MEASURES: Final = {"calls", "withheld"}
"""Measures that follow from `tables.CALL_CALLER_COLUMNS`."""
_LEAST_SHARE: Final = 0.08
"""From this share of all time on, the whole index on callers is read sooner than the calls of that time are sorted."""


def in_time(found: Select[Any], table: Table) -> Select[Any]:
    """Return a question that reads records through the index on their time; roll-ups are in its order anyway."""
    index = _BY_TIME.get(table)
    return found if index is None else _through(found, table, index)


def by_caller(found: Select[Any]) -> Select[Any]:
    """Return a question that reads calls in the order of callers, so that they need not be sorted."""
    return _through(found, tables.CALLS, "calls_caller")


def suits_callers(measures: Collection[str], where: Filter, *, span: Span, whole: Span) -> bool:
    """Return whether `by_caller` is the better way for sums by caller; `whole` is the time of all calls."""
    if not _CALLER_MEASURES.issuperset(measures) or not _is_narrow(where):
        return False
    covered = min(span.until_ms, whole.until_ms) - max(span.since_ms, whole.since_ms)
    return covered >= _LEAST_SHARE * (whole.until_ms - whole.since_ms)


def ended_in_time(found: Select[Any]) -> Select[Any]:
    """Return a question limited to ended calls, read through their narrow index on time."""
    # The condition is a constant, as SQLite must see that the index holds all calls that are asked for.
    return _through(found.where(tables.CALLS.c.is_open == literal_column("0")), tables.CALLS, "calls_done")


def still_open(found: Select[Any]) -> Select[Any]:
    """Return a question limited to open calls, which are few."""
    return _through(found.where(tables.CALLS.c.is_open == literal_column("1")), tables.CALLS, "calls_open")


def with_problem(found: Select[Any]) -> Select[Any]:
    """Return a question limited to messages that were set aside, which are few."""
    return _through(found.where(tables.MESSAGES.c.problem.is_not(None)), tables.MESSAGES, "messages_problem")


def _is_narrow(where: Filter) -> bool:
    further = (where.queues, where.agents, where.trunks, where.outcomes, where.parties, where.text)
    return all(each is None for each in (*further, where.with_queue, where.is_open))


def _through(found: Select[Any], table: Table, index: str) -> Select[Any]:
    there = _OF_OPEN_AND_ENDED if index == "calls_open" else index
    return found.with_hint(table, f"INDEXED BY {index}", "sqlite").with_hint(table, f"FORCE INDEX ({there})", "mysql")

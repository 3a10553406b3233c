"""The hand-written measures are the declared ones, in Python and in SQL."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from calltally.metrics.measures import (
    CALL_MEASURES,
    CALL_OUTCOMES,
    SPREADS,
    VISIT_MEASURES,
    VISIT_OUTCOMES,
    Condition,
    Measure,
    Presence,
    call_measures,
    call_spreads,
    visit_measures,
)
from calltally.metrics.spread import bin_of
from calltally.metrics.sql import measure_sql
from calltally.model.records import Call, QueueVisit
from tests.metrics.records import calls, visits

Row = Mapping[str, str | int | None]


def _row(record: Call | QueueVisit, columns: Sequence[str]) -> Row:
    values = {column: getattr(record, column) for column in columns}
    return {column: int(value) if isinstance(value, bool) else value for column, value in values.items()}


def _call_row(call: Call) -> Row:
    columns = ("direction", "outcome", "answered_by", "caller_withheld", "queue", "wait_ms", "talk_ms", "is_open")
    return _row(call, columns)


def _visit_row(visit: QueueVisit) -> Row:
    return _row(visit, ("outcome", "wait_ms", "ring_ms", "talk_ms", "no_answer_rings"))


def _holds(condition: Condition, row: Row) -> bool:
    column, allowed = condition
    if isinstance(allowed, Presence):
        return (row[column] is not None) == (allowed is Presence.KNOWN)
    return row[column] in allowed


def _declared(measure: Measure, row: Row) -> int:
    if not all(_holds(condition, row) for condition in measure.when):
        return 0
    return 1 if measure.column is None else int(row[measure.column] or 0)


def _recounted(measures: Sequence[Measure], rows: Sequence[Row]) -> tuple[int, ...]:
    with sqlite3.connect(":memory:") as base:
        names = tuple(rows[0])
        base.execute(f"CREATE TABLE record ({', '.join(names)})")
        marks = ", ".join("?" for _ in names)
        base.executemany(f"INSERT INTO record VALUES ({marks})", [tuple(row.values()) for row in rows])  # noqa: S608  fixed
        aggregates = ", ".join(measure_sql(measure, "record.") for measure in measures)
        found = base.execute(f"SELECT {aggregates} FROM record").fetchone()  # noqa: S608  printed by the code under test
    base.close()
    return tuple(found)


@given(calls())
def test_a_call_adds_to_each_measure_what_the_declaration_says(call: Call) -> None:
    row = _call_row(call)
    assert call_measures(call) == tuple(_declared(measure, row) for measure in CALL_MEASURES)


@given(visits())
def test_a_visit_adds_to_each_measure_what_the_declaration_says(visit: QueueVisit) -> None:
    row = _visit_row(visit)
    assert visit_measures(visit) == tuple(_declared(measure, row) for measure in VISIT_MEASURES)


@given(st.lists(calls(), min_size=1, max_size=20))
def test_the_sum_of_calls_is_what_sql_recounts(many: list[Call]) -> None:
    summed = tuple(map(sum, zip(*map(call_measures, many), strict=True)))
    assert summed == _recounted(CALL_MEASURES, [_call_row(call) for call in many])


@given(st.lists(visits(), min_size=1, max_size=20))
def test_the_sum_of_visits_is_what_sql_recounts(many: list[QueueVisit]) -> None:
    summed = tuple(map(sum, zip(*map(visit_measures, many), strict=True)))
    assert summed == _recounted(VISIT_MEASURES, [_visit_row(visit) for visit in many])


@given(calls())
def test_a_call_counts_in_the_spreads_that_the_declaration_says(call: Call) -> None:
    row = _call_row(call)
    expected = Counter(
        (spread.name, bin_of(int(row[spread.duration] or 0)))
        for spread in SPREADS
        if row[spread.duration] is not None and all(_holds(condition, row) for condition in spread.when)
    )
    assert Counter(call_spreads(call)) == expected


@given(calls())
def test_a_call_has_one_outcome_and_as_many_spread_entries_as_waits_and_talks(call: Call) -> None:
    sums = dict(zip((measure.name for measure in CALL_MEASURES), call_measures(call), strict=True))
    outcomes = sum(sums[outcome.value] for outcome in CALL_OUTCOMES)
    assert outcomes == (call.outcome in CALL_OUTCOMES)
    spreads = Counter(name for name, _ in call_spreads(call))
    assert (spreads["answered_wait"], spreads["unanswered_wait"], spreads["talk"]) == (
        sums["answered_waits"],
        sums["unanswered_waits"],
        sums["talks"],
    )


@given(visits())
def test_a_visit_is_offered_once_and_has_one_outcome(visit: QueueVisit) -> None:
    sums = dict(zip((measure.name for measure in VISIT_MEASURES), visit_measures(visit), strict=True))
    assert sums["offered"] == 1 == sum(sums[outcome.value] for outcome in VISIT_OUTCOMES)


def test_measures_keep_their_names_and_order_because_stores_have_them_as_columns() -> None:
    assert " ".join(measure.name for measure in CALL_MEASURES) == (
        "calls in_progress answered voicemail abandoned no_answer busy failed unknown answered_by_software withheld "
        "answered_waits answered_wait_ms unanswered_waits unanswered_wait_ms talks talk_ms open_calls gave_up"
    )
    assert " ".join(measure.name for measure in VISIT_MEASURES) == (
        "offered answered abandoned timeout full closed joinempty leaveempty divert_ca_ratio divert_waittime "
        "exit_with_key withdrawn in_progress unknown answered_waits answered_wait_ms abandoned_waits abandoned_wait_ms "
        "waits wait_ms ring_ms talks talk_ms no_answer_rings"
    )

"""A formula gives one number, whether Python evaluates it or SQL; and it can be read."""

import sqlite3
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.metrics.catalog import METRICS
from calltally.metrics.formula import (
    Formula,
    Gauge,
    Maximum,
    Minus,
    Percentile,
    Plus,
    Ratio,
    Seconds,
    Sum,
    Summed,
    evaluate,
    sums_of,
)
from calltally.metrics.measures import CALL_MEASURES, SPREADS, VISIT_MEASURES, SubjectWord
from calltally.metrics.phrase import Leaf, english, phrase
from calltally.metrics.promql import promql
from calltally.metrics.sql import formula_sql
from calltally.model.words import Direction

Cells = list[tuple[Direction, list[int]]]
MEASURES: dict[SubjectWord, tuple[str, ...]] = {
    "call": tuple(measure.name for measure in CALL_MEASURES),
    "visit": tuple(measure.name for measure in VISIT_MEASURES),
}


def _formulas_of(subject: SubjectWord) -> dict[str, Summed]:
    found = {}
    for metric in METRICS:
        if not isinstance(metric.formula, Maximum | Percentile | Gauge):
            (its_subject,) = {leaf.subject for leaf in sums_of(metric.formula)}
            if its_subject == subject:
                found[metric.name] = metric.formula
    return found


def _by_sql(subject: SubjectWord, cells: Cells) -> dict[str, float | None]:
    formulas = _formulas_of(subject)
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE TABLE cell (direction, {', '.join(MEASURES[subject])})")
    marks = ", ".join("?" * (len(MEASURES[subject]) + 1))
    rows = [(direction.value, *sums) for direction, sums in cells]
    base.executemany(f"INSERT INTO cell VALUES ({marks})", rows)  # noqa: S608  question marks
    columns = ", ".join(formula_sql(formula, "cell.") for formula in formulas.values())
    values = base.execute(f"SELECT {columns} FROM cell").fetchone()  # noqa: S608  printed by the code under test
    base.close()
    return dict(zip(formulas, values, strict=True))


def _by_python(subject: SubjectWord, cells: Cells) -> dict[str, float | None]:
    totals: dict[Sum, int] = {}
    for direction, sums in cells:
        for name, value in zip(MEASURES[subject], sums, strict=True):
            for which in (direction, None):
                leaf = Sum(name, which, subject)
                totals[leaf] = totals.get(leaf, 0) + value
    return {name: evaluate(formula, totals) for name, formula in _formulas_of(subject).items()}


@st.composite
def roll_ups(draw: st.DrawFn) -> tuple[SubjectWord, Cells]:
    """Return some cells of one of the two kinds of roll-up."""
    subject: SubjectWord = draw(st.sampled_from(("call", "visit")))
    size = len(MEASURES[subject])
    sums = st.lists(st.integers(0, 3) | st.integers(0, 10**12), min_size=size, max_size=size)
    return subject, draw(st.lists(st.tuples(st.sampled_from(Direction), sums), max_size=4))


@given(roll_ups())
def test_python_and_sql_agree_on_every_metric(drawn: tuple[SubjectWord, Cells]) -> None:
    by_python, by_sql = _by_python(*drawn), _by_sql(*drawn)
    assert {name for name, value in by_python.items() if value is None} == {
        name for name, value in by_sql.items() if value is None
    }
    assert [value or 0 for value in by_python.values()] == pytest.approx(
        [value or 0 for value in by_sql.values()], rel=1e-12
    )


IN, OUT = Direction.INBOUND, Direction.OUTBOUND
RATE = Ratio(Sum("answered", IN), Sum("calls", IN))
MEAN = Ratio(Seconds(Sum("talk_ms")), Sum("talks"))
REST = Minus(Sum("calls"), Plus(Sum("answered"), Sum("busy")))


@pytest.mark.parametrize(
    ("formula", "totals", "expected"),
    [
        (RATE, {Sum("answered", IN): 3, Sum("calls", IN): 4}, 0.75),
        (RATE, {Sum("answered", IN): 0, Sum("calls", IN): 4}, 0.0),
        (RATE, {Sum("answered", OUT): 3, Sum("calls", OUT): 4}, None),  # no inbound call, no rate
        (RATE, {}, None),
        (MEAN, {Sum("talk_ms"): 83_500, Sum("talks"): 2}, 41.75),
        (REST, {Sum("calls"): 9, Sum("answered"): 5, Sum("busy"): 1}, 3),
        (Sum("calls"), {}, 0),
    ],
)
def test_formulas_by_hand(formula: Summed, totals: dict[Sum, int], expected: float | None) -> None:
    assert evaluate(formula, totals) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (RATE, "answered inbound calls / inbound calls"),
        (MEAN, "talk time of answered calls / answered calls with a known talk time"),
        (REST, "calls - (answered calls + calls that met a busy line)"),
        (Ratio(REST, Sum("calls")), "(calls - (answered calls + calls that met a busy line)) / calls"),
        (Sum("answered", None, "visit"), "answered queue visits"),
        (Maximum("wait_ms", IN), "longest wait of inbound calls"),
        (Percentile("talk", 0.9), "90 % of the talk times of answered calls are this long or shorter"),
    ],
)
def test_formulas_read_as_words(formula: Formula, expected: str) -> None:
    assert phrase(formula) == expected


TALKS = "calltally_call_talk_seconds"
OPEN = "max by (source, direction, state) (calltally_calls_active"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (
            RATE,
            (
                'sum(increase(calltally_calls_total{direction="inbound",outcome="answered"}[1h]))'
                ' / (sum(increase(calltally_calls_total{direction="inbound"}[1h])) > 0)'
            ),
        ),
        (Seconds(Sum("talk_ms")), f"sum(increase({TALKS}_sum[1h]))"),
        (Sum("talk_ms"), f"1000 * sum(increase({TALKS}_sum[1h]))"),
        (Sum("withheld", IN), 'sum(increase(calltally_withheld_total{direction="inbound"}[1h]))'),
        (
            Seconds(Sum("unanswered_wait_ms", IN)),
            'sum(increase(calltally_call_wait_seconds_sum{direction="inbound",outcome="unanswered"}[1h]))',
        ),
        (
            Minus(Sum("calls"), Plus(Sum("busy"), Sum("failed"))),
            (
                "(sum(increase(calltally_calls_total[1h]))"
                ' - (sum(increase(calltally_calls_total{outcome="busy"}[1h]))'
                ' + sum(increase(calltally_calls_total{outcome="failed"}[1h]))))'
            ),
        ),
        # What is counted is over, so there is nothing in progress to take away.
        (Minus(Sum("calls"), Sum("in_progress")), "sum(increase(calltally_calls_total[1h]))"),
        (Minus(Sum("in_progress"), Sum("calls")), "(0 - sum(increase(calltally_calls_total[1h])))"),
        (Sum("in_progress"), f'sum({OPEN}{{state=~"waiting|ringing"}}))'),
        (Sum("open_calls"), f"sum({OPEN}))"),
        (Sum("offered", None, "visit"), "sum(increase(calltally_queue_entries_total[1h]))"),
        (Sum("timeout", None, "visit"), 'sum(increase(calltally_queue_exits_total{outcome="timeout"}[1h]))'),
        (Sum("waits", None, "visit"), "sum(increase(calltally_queue_wait_seconds_count[1h]))"),
        (Sum("no_answer_rings", None, "visit"), "sum(increase(calltally_visits_no_answer_rings_total[1h]))"),
        (Sum("in_progress", None, "visit"), "sum(max by (source, queue) (calltally_queue_waiting_calls))"),
        (
            Percentile("talk", 0.9, OUT),
            f'histogram_quantile(0.9, sum by (le) (increase({TALKS}_bucket{{direction="outbound"}}[1h])))',
        ),
        (Maximum("talk_ms"), f"histogram_quantile(1, sum by (le) (increase({TALKS}_bucket[1h])))"),
        (Gauge("waiting"), f'sum({OPEN}{{state="waiting"}}))'),
    ],
)
def test_formulas_print_as_promql(formula: Formula, expected: str) -> None:
    assert promql(formula, "1h") == expected


def test_every_leaf_that_can_stand_in_a_formula_has_words() -> None:
    leaves: list[Leaf] = [
        *(Sum(measure.name, IN) for measure in CALL_MEASURES),
        *(Sum(measure.name, None, "visit") for measure in VISIT_MEASURES),
        *(Percentile(spread.name, 0.5, IN) for spread in SPREADS),
        Maximum("wait_ms", IN),
        Maximum("talk_ms", IN),
        Gauge("waiting"),
        Gauge("active"),
    ]
    assert len({english(leaf) for leaf in leaves}) == len(leaves)
    assert all("{" not in english(leaf) for leaf in leaves)
    assert set(get_args(SubjectWord)) == {"call", "visit"}

"""What Prometheus gets is named by the conventions, bounded, and adds up to the numbers of the catalog."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import ceil
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.metrics.catalog import METRICS
from calltally.metrics.exposed import (
    BY_NAME,
    CALL_TALK,
    CALL_WAIT,
    CALLS,
    ENTRIES,
    FAMILIES,
    QUEUE_WAIT,
    Amount,
    Family,
    call_amounts,
    ceiling,
    exit_amounts,
    series_of,
    talk_amounts,
    values_of,
)
from calltally.metrics.formula import Gauge, Maximum, Percentile, Sum, evaluate
from calltally.metrics.measures import CALL_MEASURES, CALL_OUTCOMES, VISIT_MEASURES, call_measures, visit_measures
from calltally.metrics.metric import Metric
from calltally.metrics.prometheus_document import document
from calltally.metrics.promql import promql
from calltally.model.records import Call, QueueVisit
from calltally.model.words import AnsweredBy, Direction, Outcome, VisitOutcome
from tests.metrics.ended import MISSED, WAITING
from tests.metrics.records import calls, visits
from tests.programs import path_of

ROOT = Path(__file__).parents[2]
OPEN_CALLS = {"in_progress", "open_calls"}
ENDED_CALLS = calls().filter(
    lambda call: not call.is_open and call.outcome not in {Outcome.IN_PROGRESS, Outcome.FORWARDED}
)
ENDED_VISITS = visits().filter(lambda visit: visit.outcome is not VisitOutcome.IN_PROGRESS)


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_a_family_is_named_by_the_conventions(family: Family) -> None:
    assert re.fullmatch(r"calltally(_[a-z]+)+", family.name)
    assert family.name.endswith("_total") is (family.kind == "counter")
    assert family.name.endswith("_info") is (family.kind == "info")
    assert bool(family.buckets) is (family.kind == "histogram")
    assert not {"_ms", "_us", "_minutes"} & set(re.findall(r"_[a-z]+", family.name))
    assert family.help.endswith(".")
    assert list(family.buckets) == sorted(set(family.buckets))


def test_no_family_hides_the_series_of_another() -> None:
    written = Counter(
        name + suffix
        for name, family in BY_NAME.items()
        for suffix in (("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",))
    )
    assert set(written.values()) == {1}


def test_the_targets_of_queues_are_borders_of_waits_and_of_nothing_else() -> None:
    with_targets = [family.name for family in FAMILIES if 33.0 in family.borders({33.0})]
    assert {QUEUE_WAIT, CALL_WAIT} < set(with_targets)
    assert all(20 in BY_NAME[name].buckets for name in with_targets)


def test_the_ceiling_is_what_the_lists_multiply_to() -> None:
    # Source: one set up and `other`; 3 directions, 7 outcomes.
    assert ceiling(BY_NAME["calltally_calls_total"], most_values=50, sources=1) == 2 * 3 * 7
    # 51 queues, 3 outcomes, 15 buckets and two targets, +Inf, sum and count.
    assert ceiling(BY_NAME[QUEUE_WAIT], most_values=50, sources=1, targets=(7, 33)) == 2 * 51 * 3 * (15 + 2 + 3)


# --- the catalog ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS, ids=[metric.name for metric in METRICS])
def test_a_number_of_the_catalog_is_printed_over_series_that_there_are(metric: Metric) -> None:
    query = promql(metric.formula, "1h")
    selected = re.findall(r"(calltally_\w+)(?:\{([^}]*)\})?", query)
    assert selected
    for name, where in selected:
        family = BY_NAME.get(name) or BY_NAME[re.sub(r"_(bucket|sum|count)$", "", name)]
        for label, value in re.findall(r'(\w+)=~?"([^"]+)"', where):
            assert label in family.labels
            assert set(value.split("|")) <= set(values_of(family, label))
    assert f"| `{metric.name}` | `{query.replace('|', chr(92) + '|')}` |" in document()


def test_the_page_of_series_is_fresh() -> None:
    assert (ROOT / "docs" / "prometheus-metrics.md").read_text(encoding="utf-8") == document()


Exported = dict[tuple[str, tuple[str, ...]], int]
"""Samples of counters, histogram sums and counts, by name and labels, before their scale."""


def _exported(some_calls: Iterable[Call], some_visits: Iterable[QueueVisit]) -> Exported:
    """Return what these calls and visits, all of them over, add to the series."""
    samples: Exported = {}

    def add(amounts: Iterable[Amount]) -> None:
        for name, labels, amount in amounts:
            assert len(labels) == len(BY_NAME[name].labels)
            is_histogram = BY_NAME[name].kind == "histogram"
            for suffix, value in (("_sum", amount), ("_count", 1)) if is_histogram else (("", amount),):
                key = (name + suffix, labels)
                samples[key] = samples.get(key, 0) + value

    for call in some_calls:
        add(call_amounts(call, ()))
    for visit in some_visits:
        add([(ENTRIES, (visit.source, visit.queue), 1)])
        add(exit_amounts(visit))
        add(talk_amounts(visit))
    return samples


def _labels(name: str) -> tuple[str, ...]:
    return BY_NAME[name].labels if name in BY_NAME else BY_NAME[re.sub(r"_(sum|count)$", "", name)].labels


def _read(samples: Exported, leaf: Sum) -> int:
    """Return the sum of the series in which a measure stands."""
    series = series_of(leaf.measure, leaf.subject)
    if series is None:
        return 0
    wanted = {"direction": leaf.direction and leaf.direction.value, "outcome": series.outcome}
    return sum(
        amount
        for (name, labels), amount in samples.items()
        if name == series.name
        and all(wanted.get(label) in {None, value} for label, value in zip(_labels(name), labels, strict=True))
    )


def _measured(some_calls: Iterable[Call], some_visits: Iterable[QueueVisit]) -> dict[Sum, int]:
    """Return the totals of every measure of calls and visits that are over."""
    totals: dict[Sum, int] = {}
    for call in some_calls:
        for measure, amount in zip(CALL_MEASURES, call_measures(call), strict=True):
            for direction in (None, call.direction):
                leaf = Sum(measure.name, direction)
                totals[leaf] = totals.get(leaf, 0) + amount
    for visit in some_visits:
        for measure, amount in zip(VISIT_MEASURES, visit_measures(visit), strict=True):
            leaf = Sum(measure.name, None, "visit")
            totals[leaf] = totals.get(leaf, 0) + amount
    return totals


@given(st.lists(ENDED_CALLS, max_size=6), st.lists(ENDED_VISITS, max_size=6))
def test_series_and_measures_tell_the_same_of_what_is_over(
    some_calls: list[Call], some_visits: list[QueueVisit]
) -> None:
    samples, totals = _exported(some_calls, some_visits), _measured(some_calls, some_visits)
    for measure in CALL_MEASURES:
        for direction in (None, *Direction):
            if measure.name not in OPEN_CALLS:
                leaf = Sum(measure.name, direction)
                assert _read(samples, leaf) == totals.get(leaf, 0), leaf
    for measure in VISIT_MEASURES:
        if measure.name != VisitOutcome.IN_PROGRESS.value:
            leaf = Sum(measure.name, None, "visit")
            assert _read(samples, leaf) == totals.get(leaf, 0), leaf


# --- by Prometheus itself ---------------------------------------------------------------------------------------------

NOW = {"waiting": 3, "active": 2, "ringing": 4, "mailbox": 1}
QUEUED = 5
OPEN_NOW = {
    "waiting_now": 3,
    "active_now": 2,
    "in_progress_calls": 7,  # waiting and ringing
    "open_calls": 10,
    "in_progress_visits": 5,
}


def _some_calls() -> list[Call]:
    """Return calls that are over, of every direction and outcome, with known and unknown durations."""
    random = Random(7)  # noqa: S311  the same calls on every run
    outcomes = [word for word in CALL_OUTCOMES if word is not Outcome.IN_PROGRESS]
    return [
        replace(
            MISSED,
            direction=direction,
            outcome=outcome,
            caller_withheld=random.random() < 0.3,
            wait_ms=random.choice((None, 0, random.randrange(400_000))),
            talk_ms=random.choice((None, 0, random.randrange(4_000_000))),
            answered_by=random.choice(tuple(AnsweredBy)),
            queue=random.choice((None, "support")),
        )
        for direction in (Direction.INBOUND, Direction.INTERNAL)  # none outbound: nothing to divide by
        for outcome in outcomes
        for _ in range(6)
    ]


def _some_visits() -> list[QueueVisit]:
    random = Random(8)  # noqa: S311  the same visits on every run
    return [
        replace(
            WAITING,
            queue=random.choice(("support", "orders")),
            outcome=outcome,
            wait_ms=random.choice((None, 0, random.randrange(400_000))),
            talk_ms=random.choice((None, random.randrange(900_000))),
            no_answer_rings=random.randrange(3),
        )
        for outcome in VisitOutcome
        if outcome is not VisitOutcome.IN_PROGRESS
        for _ in range(4)
    ]


def _series(name: str, labels: dict[str, str], value: float) -> dict[str, str]:
    """Return a counter that rose from nothing to a value within the hour, as promtool reads it."""
    where = ",".join(f"{label}={json.dumps(text)}" for label, text in labels.items())
    return {"series": f"{name}{{{where}}}", "values": f"0 {value!r}"}


def _input(some_calls: list[Call], some_visits: list[QueueVisit]) -> list[dict[str, str]]:
    # Without any call a series is there, and 0.
    outcomes = values_of(BY_NAME[CALLS], "outcome")
    found = [_series(CALLS, {"direction": "outbound", "outcome": outcome}, 0) for outcome in outcomes]
    every = [each for call in some_calls for each in call_amounts(call, ())]
    every += [each for visit in some_visits for each in (*exit_amounts(visit), *talk_amounts(visit))]
    for (name, values), amount in _exported(some_calls, some_visits).items():
        family = BY_NAME.get(name) or BY_NAME[re.sub(r"_(sum|count)$", "", name)]
        labels = dict(zip(family.labels, values, strict=True))
        found.append(_series(name, labels, amount if name.endswith("_count") else amount / family.scale))
        if name.endswith("_count"):
            amounts = [each for of, place, each in every if (of, place) == (family.name, values)]
            for border in (*family.buckets, float("inf")):
                below = sum(each <= border * family.scale for each in amounts)
                text = "+Inf" if border == float("inf") else str(float(border))
                found.append(_series(f"{family.name}_bucket", {**labels, "le": text}, below))
    for instance in ("a", "b"):  # two processes, which say the same of now
        for state, count in NOW.items():
            labels = {"instance": instance, "source": "sipgate", "direction": "inbound", "state": state}
            found.append(_series("calltally_calls_active", labels, count))
        queue = {"instance": instance, "source": "asterisk", "queue": "support"}
        found.append(_series("calltally_queue_waiting_calls", queue, QUEUED))
    return found


def _is(query: str, value: float) -> tuple[str, int]:
    return f"abs({query} - {value!r}) < bool 1e-9", 1


def _expected(metric: Metric, some_calls: list[Call], some_visits: list[QueueVisit]) -> tuple[str, int]:
    """Return a question to Prometheus about a number, and its answer."""
    query = promql(metric.formula, "61m")
    if metric.name in OPEN_NOW:
        return _is(query, OPEN_NOW[metric.name])
    formula = metric.formula
    assert not isinstance(formula, Gauge)
    if isinstance(formula, Maximum | Percentile):
        spread = getattr(formula, "spread", "")
        column = "talk_ms" if spread == "talk" or getattr(formula, "column", "") == "talk_ms" else "wait_ms"
        durations = sorted(
            amount
            for call in some_calls
            if formula.direction in {None, call.direction}
            for name, labels, amount in call_amounts(call, ())
            if name == {"talk_ms": CALL_TALK, "wait_ms": CALL_WAIT}[column]
            and (spread != "answered_wait" or labels[-1] == "answered")
        )
        share = getattr(formula, "share", 1)
        found = durations[max(0, ceil(share * len(durations)) - 1)] / 1000
        borders = (0, *BY_NAME[CALL_TALK if column == "talk_ms" else CALL_WAIT].buckets)
        above = next(border for border in borders[1:] if border >= found)
        below = borders[borders.index(above) - 1]
        if share == 1:
            return _is(query, above)
        return f"({query} >= bool {below}) * ({query} <= bool {above})", 1
    value = evaluate(formula, _measured(some_calls, some_visits))
    return (f"count({query}) or vector(0)", 0) if value is None else _is(query, value)


@pytest.mark.needs("promtool")
def test_prometheus_computes_every_number_of_the_catalog_as_python_does(tmp_path: Path) -> None:
    some_calls, some_visits = _some_calls(), _some_visits()
    questions = [_expected(metric, some_calls, some_visits) for metric in METRICS]
    test = {
        "evaluation_interval": "1h",
        "tests": [
            {
                "interval": "1h",
                "input_series": _input(some_calls, some_visits),
                "promql_expr_test": [
                    {"expr": query, "eval_time": "1h", "exp_samples": [{"labels": "{}", "value": answer}]}
                    for query, answer in questions
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(json.dumps(test), encoding="utf-8")
    arguments = [path_of("promtool"), "test", "rules", "test.yml"]
    told = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert {answer for _, answer in questions} == {0, 1}

"""The catalog holds the promised names, each well defined; its page in the documentation is fresh."""

import re
from pathlib import Path

import pytest

from calltally.metrics.catalog import BY_NAME, METRICS, UnknownMetricError, metric
from calltally.metrics.document import document
from calltally.metrics.formula import Formula, Gauge, Maximum, Percentile, Ratio, Sum, evaluate, sums_of
from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES
from calltally.metrics.metric import Metric
from calltally.model.words import Direction

ROOT = Path(__file__).parents[2]

PROMISED = """
calls inbound_calls outbound_calls internal_calls answered_inbound_calls unanswered_inbound_calls
answered_outbound_calls unanswered_outbound_calls answer_rate outbound_answer_rate asa
average_talk_time longest_wait voicemail_calls voicemail_share gave_up_rate waiting_now active_now
"""


def test_every_promised_name_is_there() -> None:
    assert set(PROMISED.split()) <= set(BY_NAME)


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(METRICS)


@pytest.mark.parametrize("each", METRICS, ids=[each.name for each in METRICS])
def test_a_metric_is_fully_described(each: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", each.name)
    assert each.title
    assert each.formula_text
    assert each.help.endswith(".")
    assert (each.unit == "ratio") <= isinstance(each.formula, Ratio)
    known = {("call", measure.name) for measure in CALL_MEASURES} | {
        ("visit", measure.name) for measure in VISIT_MEASURES
    }
    assert {(leaf.subject, leaf.measure) for leaf in sums_of(each.formula)} <= known


def test_only_the_numbers_of_this_moment_have_no_range() -> None:
    assert {each.name for each in METRICS if each.kind == "now"} == {"waiting_now", "active_now"}


def test_an_unknown_name_is_refused_with_a_hint() -> None:
    with pytest.raises(UnknownMetricError, match="no metric 'answer_rat'"):
        metric("answer_rat")


IN, OUT = Direction.INBOUND, Direction.OUTBOUND
DAY = {
    Sum("calls"): 40,  # twelve of them are internal
    Sum("answered"): 20,
    Sum("answered_by_software"): 5,
    Sum("failed"): 2,
    Sum("calls", OUT): 8,
    Sum("answered", OUT): 6,
    Sum("calls", IN): 20,
    Sum("answered", IN): 12,
    Sum("voicemail", IN): 3,
    Sum("abandoned"): 4,
    Sum("abandoned", IN): 3,
    Sum("in_progress", IN): 2,
    Sum("gave_up", IN): 2,
    Sum("withheld", IN): 5,
    Sum("answered_waits", IN): 12,
    Sum("answered_wait_ms", IN): 240_000,
    Sum("unanswered_waits", IN): 6,
    Sum("unanswered_wait_ms", IN): 120_000,
    Sum("offered", None, "visit"): 8,
    Sum("answered", None, "visit"): 5,
    Sum("answered_waits", None, "visit"): 4,
    Sum("answered_wait_ms", None, "visit"): 40_000,
    Sum("abandoned", None, "visit"): 2,
    Sum("abandoned_waits", None, "visit"): 1,
    Sum("abandoned_wait_ms", None, "visit"): 9_000,
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inbound_calls", 20),
        ("answered_inbound_calls", 12),
        ("unanswered_inbound_calls", 6),  # 3 in a mailbox and 3 given up; 2 still ring and are neither
        ("voicemail_calls", 3),
        ("abandoned_calls", 4),
        ("abandoned_inbound_calls", 3),  # one was called from here, and given up here
        ("answer_rate", 0.6),
        ("voicemail_share", 0.15),
        ("gave_up_rate", 0.1),
        ("withheld_share", 0.25),
        ("asa", 20),
        ("average_wait", 20),
        ("average_unanswered_wait", 20),
        ("abandonment_rate", 0.25),
        ("visit_asa", 10),  # of five answered visits the log has the wait of four
        ("average_time_to_abandon", 9),
        ("outbound_answer_rate", 0.75),
        ("failed_share", 0.05),
        ("software_share", 0.25),
        ("average_talk_time", None),
    ],
)
def test_a_day_by_hand(name: str, expected: float | None) -> None:
    formula = metric(name).formula
    assert not isinstance(formula, Maximum | Percentile | Gauge)
    assert evaluate(formula, DAY) == expected


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("longest_wait", Maximum("wait_ms", IN)),  # only who calls us waits for us
        ("longest_talk", Maximum("talk_ms")),
        ("wait_p50", Percentile("answered_wait", 0.5, IN)),
        ("wait_p95", Percentile("answered_wait", 0.95, IN)),
        ("talk_p50", Percentile("talk", 0.5)),
        ("talk_p90", Percentile("talk", 0.9)),
    ],
)
def test_what_cannot_be_added_up_is_of_the_calls_that_its_name_says(name: str, formula: Formula) -> None:
    assert metric(name).formula == formula


def test_the_page_of_the_documentation_is_fresh() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == document()

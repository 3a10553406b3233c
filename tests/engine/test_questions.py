"""Every answer is what counting the records gives, whichever roll-ups it was read from."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from math import isclose
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.engine.answers import Answer, By, ImpossibleQuestionError, Question, Selection, by_asked
from calltally.engine.heard import FIRST_START
from calltally.engine.memberships import UnknownChoiceError
from calltally.engine.questions import CallOrder, Questions
from calltally.metrics.catalog import METRICS, UnknownMetricError, metric
from calltally.metrics.formula import sums_of
from calltally.model.buckets import TooManyBucketsError, Unit, day_start_ms
from calltally.model.directory import OTHER, Team
from calltally.model.instants import DAY_MS, HOUR_MS, MINUTE_MS, Span
from calltally.model.words import Direction
from calltally.store.asked import RECORDS_PRUNED
from calltally.store.open import open_store
from tests.engine.any_questions import ask_of
from tests.engine.histories import (
    CALLERS,
    NUMBERS,
    TEAMS,
    Counted,
    History,
    buckets,
    keys_of,
    made_up,
    matching,
    rows_of,
)

SITES = (
    ("Europe/Berlin", date(2026, 10, 21)),  # a day of 25 hours
    ("America/Havana", date(2026, 3, 4)),  # a day of 23 hours that begins at one o'clock
    ("Asia/Kathmandu", date(2024, 2, 25)),  # quarter hours off, and a leap day
    ("Australia/Lord_Howe", date(2026, 4, 1)),  # half an hour of summer time ends
)


@pytest.fixture(scope="module", params=SITES, ids=[zone for zone, _ in SITES])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    name, first = request.param
    zone = ZoneInfo(name)
    made = made_up(tmp_path_factory.mktemp("site"), zone, day_start_ms(first, zone))
    yield made
    made.store.close()


def questions_of(history: History, teams: tuple[Team, ...] = TEAMS) -> Questions:
    return Questions(history.store, history.zone, lambda: teams)


def agree(one: float | None, other: float | None) -> bool:
    """Whether two values are the same but for rounding."""
    return one is other if one is None or other is None else isclose(one, other, rel_tol=1e-12)


def assert_counted(history: History, question: Question, answer: Answer) -> None:
    """Compare an answer, row by row, with what counting gives."""
    found = matching(history, question)
    right = rows_of(question, found)
    for row in answer.rows:
        its = right.get((row.span.since_ms, row.key), Counted((), ()))
        for name, value in zip(question.metrics, row.values, strict=True):
            expected = None if _has_no_answer(question, name, row.key) else its.value(name)
            assert agree(value.value, expected), (name, row.key, row.span, value, expected)
    for name, value in zip(question.metrics, answer.total.values, strict=True):
        expected = None if _has_no_answer(question, name, "*") else found.value(name)
        assert agree(value.value, expected), (name, "total", value, expected)


def _has_no_answer(question: Question, name: str, key: str | None) -> bool:
    """Whether no records are asked for: visits by the outcome of calls, and durations of records without a value."""
    leaves = sums_of(metric(name).formula)
    if question.by is By.OUTCOME and leaves and leaves[0].subject == "visit":
        return True
    return not leaves and key is None and question.by in {By.AGENT, By.TRUNK}


@settings(max_examples=60)
@given(data=st.data())
def test_answers_over_time_are_what_counting_gives(history: History, data: st.DataObject) -> None:
    question = ask_of(data, history)
    answer = questions_of(history).ask(question)
    assert [row.span for row in answer.rows] == buckets(question)
    assert_counted(history, question, answer)


@settings(max_examples=60)
@given(data=st.data())
def test_answers_by_dimension_are_what_counting_gives(history: History, data: st.DataObject) -> None:
    question = ask_of(data, history, by=tuple(each for each in By if each is not By.CALLER))
    if question.unit is Unit.QUARTER:
        question = replace(question, unit=Unit.DAY)
    answer = questions_of(history).ask(question)
    assert_counted(history, question, answer)
    calls = matching(history, question).calls
    found = {key for call in calls for key in keys_of(call, None, question.by)}
    if question.by is By.TEAM and question.selection.teams is not None:
        found &= set(question.selection.teams)  # a call may be in other teams too
    assert found <= {row.key for row in answer.rows} or not _asks_for_calls(question)


def _asks_for_calls(question: Question) -> bool:
    """Whether the keys of calls are looked for: they are not if all sums are of visits."""
    leaves = [leaf for name in question.metrics for leaf in sums_of(metric(name).formula)]
    return not leaves or any(leaf.subject == "call" and leaf.direction is None for leaf in leaves)


@settings(max_examples=30)
@given(data=st.data())
def test_the_parts_of_a_range_add_up_to_the_range(history: History, data: st.DataObject) -> None:
    question = replace(ask_of(data, history), metrics=tuple(each.name for each in METRICS if _adds_up(each.name)))
    cut = data.draw(st.integers(question.span.since_ms + 1, question.span.until_ms - 1))
    ask = questions_of(history).ask
    parts = [Span(question.span.since_ms, cut), Span(cut, question.span.until_ms)]
    one, other = (ask(replace(question, span=part)).total.values for part in parts)
    whole = ask(question).total.values
    added = [(left.value or 0) + (right.value or 0) for left, right in zip(one, other, strict=True)]
    assert [value.value for value in whole] == pytest.approx(added)


def _adds_up(name: str) -> bool:
    return metric(name).unit == "count" and metric(name).kind == "range"


@settings(max_examples=30)
@given(data=st.data())
def test_groups_with_other_add_up_to_everything(history: History, data: st.DataObject) -> None:
    question = ask_of(data, history, by=(By.GROUP, By.DIRECTION, By.SOURCE, By.QUEUE, By.TRUNK, By.AGENT))
    question = replace(question, metrics=("calls", "answered_inbound_calls", "offered_visits"), unit=None)
    answer = questions_of(history).ask(question)
    summed = [sum(row.values[place].value or 0 for row in answer.rows) for place in range(3)]
    assert summed == [value.value for value in answer.total.values]


def total(history: History, **asked: object) -> float | None:
    question = Question(metrics=("calls",), span=history.span, zone=history.zone)
    return questions_of(history).ask(replace(question, **asked)).total.values[0].value  # type: ignore[arg-type]


def test_a_call_of_two_teams_counts_in_both_and_once_in_all(history: History) -> None:
    question = Question(metrics=("calls",), span=history.span, zone=history.zone, by=By.TEAM)
    answer = questions_of(history).ask(question)
    rows = {row.key: row.values[0].value or 0 for row in answer.rows}
    assert list(rows) == ["North", "South", OTHER]
    assert sum(rows.values()) > len(history.calls)
    assert answer.total.values[0].value == len(history.calls)
    assert total(history, selection=Selection(teams=("North", "South"))) == len(history.calls) - rows[OTHER]


def test_a_selection_of_nothing_has_nothing(history: History) -> None:
    asked = Question(metrics=("calls", "talk_p50", "longest_talk"), span=history.span, zone=history.zone)
    for nothing in (Selection(directions=()), Selection(groups=()), Selection(teams=()), Selection(sources=())):
        for by in (None, By.DIRECTION, By.GROUP, By.TEAM, By.SOURCE):
            answer = questions_of(history).ask(replace(asked, by=by, selection=nothing))
            for row in (*answer.rows, answer.total):
                assert [value.value for value in row.values] == [0, None, None]


def test_changing_a_team_restates_history(history: History) -> None:
    asked = Question(metrics=("calls",), span=history.span, zone=history.zone, selection=Selection(teams=("North",)))
    teams: list[tuple[Team, ...]] = [TEAMS]
    questions = Questions(history.store, history.zone, lambda: teams[0])
    before = questions.ask(asked).total.values[0].value
    teams[0] = (Team(name="North", numbers=frozenset(NUMBERS[3:])),)
    after = questions.ask(asked).total.values[0].value
    assert after == sum(NUMBERS[3] in call.own_numbers for call in history.calls) != before


def test_groups_carry_their_names(history: History) -> None:
    question = Question(metrics=("calls",), span=history.span, zone=history.zone, by=By.GROUP)
    labels = {row.key: row.label for row in questions_of(history).ask(question).rows}
    assert labels == {"g0": "Sales", "g1": "Service", OTHER: OTHER}


@pytest.mark.parametrize("metrics", [("inbound_calls",), ("unanswered_inbound_calls", "calls"), ("answer_rate", "asa")])
@pytest.mark.parametrize("unit", [None, Unit.DAY])
def test_the_most_calling_numbers_come_first(history: History, metrics: tuple[str, ...], unit: Unit | None) -> None:
    span, zone = history.span, history.zone
    question = Question(metrics=metrics, span=span, zone=zone, unit=unit, by=By.CALLER, limit=2)
    answer = questions_of(history).ask(question)
    assert_counted(history, question, answer)
    known = [caller for caller in CALLERS if caller is not None]
    all_of_them = rows_of(replace(question, unit=None), matching(history, question))
    value = {caller: all_of_them[span.since_ms, caller].value(metrics[0]) or 0 for caller in known}
    assert (
        list(dict.fromkeys(row.key for row in answer.rows)) == sorted(known, key=lambda each: (-value[each], each))[:2]
    )


def test_a_limit_keeps_the_greatest(history: History) -> None:
    question = Question(metrics=("calls",), span=history.span, zone=history.zone, by=By.AGENT)
    every = questions_of(history).ask(question).rows
    assert [row.key for row in every] == ["anna", "ben", None]
    (first,) = questions_of(history).ask(replace(question, limit=1)).rows
    assert first.values[0].value == max(row.values[0].value or 0 for row in every)


def test_gaps_make_their_buckets_incomplete(history: History) -> None:
    question = Question(metrics=("calls",), span=history.span, zone=ZoneInfo("UTC"), unit=Unit.HOUR)
    answer = questions_of(history).ask(question)
    assert sum(row.missing_ms for row in answer.rows) == answer.total.missing_ms == 5_900_000
    assert answer.gaps == history.gaps
    assert {row.completeness for row in answer.rows if row.missing_ms == 0} == {1.0}
    asterisk = questions_of(history).ask(replace(question, selection=Selection(sources=("asterisk",))))
    assert asterisk.total.missing_ms == 900_000
    by_source = questions_of(history).ask(replace(question, unit=None, by=By.SOURCE))
    assert [(row.key, row.missing_ms) for row in by_source.rows] == [("asterisk", 900_000), ("sipgate", 5_900_000)]


DAYS = Span(0, 3 * DAY_MS)
PRUNED_QUESTIONS = [
    # span, what is asked                                      what is incomplete
    (DAYS, {}, ""),
    (DAYS, {"unit": Unit.DAY}, ""),
    (DAYS, {"by": By.TEAM}, ""),
    (DAYS, {"metrics": ("calls", "wait_p90"), "by": By.DIRECTION}, ""),
    (Span(0, HOUR_MS), {"unit": Unit.MINUTE}, "rows and total"),
    (DAYS, {"selection": Selection(agents=("w1",))}, "rows and total"),
    (DAYS, {"by": By.AGENT}, "rows and total"),
    (DAYS, {"by": By.CALLER, "limit": 3}, "rows"),  # the total is that of everybody, from the roll-ups
    (DAYS, {"metrics": ("longest_wait",)}, "rows and total"),
    (Span(MINUTE_MS, 2 * DAY_MS), {}, "rows and total"),  # the first minutes are no whole quarter hour
    (Span(2 * DAY_MS, 3 * DAY_MS), {"by": By.AGENT}, ""),
]


@pytest.mark.parametrize(("span", "asked", "incomplete"), PRUNED_QUESTIONS)
def test_what_pruned_records_would_have_to_answer_is_incomplete(
    tmp_path: Path, span: Span, asked: dict[str, object], incomplete: str
) -> None:
    start_ms = 1_772_323_200_000  # midnight, the first of March 2026
    with closing(open_store(str(tmp_path / "calls.db"), zone="UTC")) as store:
        with store.write() as transaction:
            transaction.set_value(RECORDS_PRUNED, str(start_ms + DAY_MS).encode())
            transaction.set_value(FIRST_START, str(start_ms).encode())
        moved = Span(start_ms + span.since_ms, start_ms + span.until_ms)
        question = Question(metrics=("calls",), span=moved, zone=ZoneInfo("UTC"))
        asking = replace(question, **asked)  # type: ignore[arg-type]  # the names are those of a question
        answer = Questions(store, ZoneInfo("UTC"), lambda: TEAMS).ask(asking)
    assert {(gap.source, gap.reason) for gap in answer.gaps} == ({(None, "pruned")} if incomplete else set())
    missing_ms = sum(gap.until_ms - gap.since_ms for gap in answer.gaps)
    assert answer.total.missing_ms == (missing_ms if "total" in incomplete else 0)


def test_the_range_before_is_asked_with_the_same_question(history: History) -> None:
    span = Span(history.span.since_ms + 4 * DAY_MS, history.span.since_ms + 6 * DAY_MS)
    question = Question(metrics=("calls",), span=span, zone=history.zone, unit=Unit.DAY)
    before = questions_of(history).ask_before(question)
    assert before.span.until_ms == span.since_ms
    assert_counted(history, replace(question, span=before.span), before)


def test_the_longest_waits_are_listed(history: History) -> None:
    page = questions_of(history).calls(
        history.span, Selection(directions=(Direction.INBOUND,)), order=CallOrder.LONGEST_WAIT, limit=5
    )
    waits = [call.wait_ms or 0 for call in history.calls if call.direction is Direction.INBOUND]
    assert [call.wait_ms for call in page.calls] == sorted(waits, reverse=True)[:5]
    longest = Question(metrics=("longest_wait",), span=history.span, zone=history.zone)
    assert questions_of(history).ask(longest).total.values[0].value == max(waits) / 1000


def test_an_empty_answer_has_no_rates(history: History) -> None:
    later = Span(history.span.until_ms + DAY_MS, history.span.until_ms + 2 * DAY_MS)
    asked = ("calls", "answer_rate", "asa", "wait_p90", "longest_wait")
    answer = questions_of(history).ask(Question(metrics=asked, span=later, zone=history.zone))
    assert [value.value for value in answer.total.values] == [0, None, None, None, None]


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        ({"metrics": ("callz",)}, UnknownMetricError, "no metric 'callz'"),
        ({"metrics": ("waiting_now",)}, ImpossibleQuestionError, "a number of this moment"),
        ({"span": Span(5, 5)}, ImpossibleQuestionError, "ends before it begins"),
        ({"selection": Selection(groups=("Sale",))}, UnknownChoiceError, "no group 'Sale'"),
        ({"selection": Selection(teams=("north",))}, UnknownChoiceError, "no team 'north'"),
        ({"span": Span(0, 10**12), "unit": Unit.HOUR}, TooManyBucketsError, "more than 10,000 buckets"),
        ({"by": By.QUEUE, "limit": 0}, ImpossibleQuestionError, "not between 1 and 1000"),
        ({"by": By.QUEUE, "limit": 2, "metrics": ("wait_p90",)}, ImpossibleQuestionError, "a limit goes by"),
    ],
)
def test_questions_without_an_answer_are_refused(
    history: History, asked: dict[str, object], error: type[ValueError], text: str
) -> None:
    with pytest.raises(error, match=text):
        total(history, **asked)


def test_dimensions_are_asked_for_by_name() -> None:
    assert by_asked("team") is By.TEAM
    with pytest.raises(ValueError, match="Nothing can be split by 'teams'"):
        by_asked("teams")

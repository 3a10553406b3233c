"""Sums from records and from both roll-ups are what counting by hand gives, for every filter and split."""

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.metrics.measures import (
    CALL_MEASURES,
    SPREADS,
    VISIT_MEASURES,
    call_measures,
    call_spreads,
    visit_measures,
)
from calltally.model.buckets import LocalDays
from calltally.model.instants import DAY_MS, HOUR_MS, QUARTER_MS, Span
from calltally.model.records import Call, QueueVisit
from calltally.model.words import Direction, Outcome
from calltally.store.asked import ALL, Dimension, Filter, Grain, SpreadQuestion, SpreadRow, Subject, SumQuestion, SumRow
from calltally.store.store import Store
from tests.stores.kinds import ZONE, Kind, opened
from tests.stores.samples import NOON_MS, VISIT, any_flow, flow, keep_new

CALLS = tuple(measure.name for measure in CALL_MEASURES)
VISITS = tuple(measure.name for measure in VISIT_MEASURES)
DAYS = LocalDays(ZoneInfo(ZONE))
ALWAYS = Span(NOON_MS - 99 * DAY_MS, NOON_MS + 99 * DAY_MS)
START: dict[Grain, Callable[[int], int]] = {
    Grain.RECORD: lambda at_ms: at_ms - at_ms % HOUR_MS,
    Grain.QUARTER: lambda at_ms: at_ms - at_ms % QUARTER_MS,
    Grain.DAY: DAYS.start_of,
}
Key = tuple[int | None, str | int | None]


def counted(rows: Iterable[tuple[Key, tuple[int, ...]]]) -> dict[Key, tuple[int, ...]]:
    """Return the sums per key."""
    sums: dict[Key, tuple[int, ...]] = {}
    for key, values in rows:
        sums[key] = tuple(a + b for a, b in zip(sums.get(key, (0,) * len(values)), values, strict=True))
    return sums


def as_keys(rows: list[SumRow]) -> dict[Key, tuple[int, ...]]:
    found = {(row.bucket_ms, row.value): row.sums for row in rows}
    assert len(found) == len(rows)
    return found


def splits(lines: dict[tuple[str, ...], int]) -> dict[Dimension | None, Callable[[Call], str | int | None]]:
    """Return what a call is counted under in each dimension, under nothing in the whole."""
    return {
        None: lambda _: None,
        Dimension.SOURCE: lambda call: call.source,
        Dimension.DIRECTION: lambda call: call.direction,
        Dimension.LINES: lambda call: lines[call.own_numbers],
        Dimension.OUTCOME: lambda call: call.outcome,
        Dimension.QUEUE: lambda call: call.queue,
        Dimension.AGENT: lambda call: call.agent,
        Dimension.TRUNK: lambda call: call.trunk,
        Dimension.CALLER: lambda call: call.caller,
        Dimension.CALLEE: lambda call: call.callee,
    }


@settings(max_examples=40)
@given(data=st.data())
def test_sums_of_calls_are_what_counting_gives(kind: Kind, data: st.DataObject) -> None:
    flows = [data.draw(any_flow(f"call{number}")) for number in range(5)]
    with opened(kind) as store:
        keep_new(store, flows)
        lines = {numbers: lines_id for lines_id, numbers in store.lines().items()}
        of = splits(lines)
        directions = data.draw(st.none() | st.lists(st.sampled_from(Direction), unique=True).map(tuple))
        chosen = data.draw(st.none() | st.lists(st.sampled_from(sorted(lines.values())), unique=True).map(tuple))
        calls = [
            records.call
            for records in flows
            if records.call
            and (directions is None or records.call.direction in directions)
            and (chosen is None or lines[records.call.own_numbers] in chosen)
        ]
        by = data.draw(st.sampled_from([*of]))
        for grain in Grain:
            if grain is not Grain.RECORD and by not in (None, Dimension.SOURCE, Dimension.DIRECTION, Dimension.LINES):
                continue
            for step_ms in (HOUR_MS, None):
                question = SumQuestion(
                    subject=Subject.CALL,
                    grain=grain,
                    measures=CALLS,
                    span=ALWAYS,
                    where=Filter(directions=directions, lines=chosen),
                    step_ms=step_ms,
                    by=by,
                )
                expected = counted(
                    (
                        (None if step_ms is None else START[grain](call.started_at_ms), of[by](call)),
                        call_measures(call),
                    )
                    for call in calls
                )
                assert as_keys(store.sums(question)) == expected


@settings(max_examples=25)
@given(data=st.data())
def test_sums_of_visits_are_what_counting_gives(kind: Kind, data: st.DataObject) -> None:
    flows = [data.draw(any_flow(f"call{number}")) for number in range(4)]
    visits = [(records.call, visit) for records in flows if records.call for visit in records.visits]
    of: dict[Dimension | None, Callable[[Call, QueueVisit], str | int | None]] = {
        None: lambda *_: None,
        Dimension.SOURCE: lambda _, visit: visit.source,
        Dimension.QUEUE: lambda _, visit: visit.queue,
        Dimension.AGENT: lambda _, visit: visit.agent,
        Dimension.OUTCOME: lambda _, visit: visit.outcome,
        Dimension.DIRECTION: lambda call, _: call.direction,
        Dimension.TRUNK: lambda call, _: call.trunk,
    }
    with opened(kind) as store:
        keep_new(store, flows)
        for by, grain in ((by, grain) for by in of for grain in Grain):
            if grain is not Grain.RECORD and by not in (None, Dimension.SOURCE, Dimension.QUEUE):
                continue
            question = SumQuestion(
                subject=Subject.VISIT, grain=grain, measures=VISITS, span=ALWAYS, step_ms=HOUR_MS, by=by
            )
            expected = counted(
                ((START[grain](visit.entered_at_ms), of[by](call, visit)), visit_measures(visit))
                for call, visit in visits
            )
            assert as_keys(store.sums(question)) == expected


@settings(max_examples=25)
@given(data=st.data())
def test_spreads_are_what_counting_gives(kind: Kind, data: st.DataObject) -> None:
    flows = [data.draw(any_flow(f"call{number}")) for number in range(5)]
    with opened(kind) as store:
        keep_new(store, flows)
        for grain, spread, step_ms in (
            (grain, spread.name, step_ms) for grain in Grain for spread in SPREADS for step_ms in (None, HOUR_MS)
        ):
            question = SpreadQuestion(
                subject=Subject.CALL,
                grain=grain,
                spread=spread,
                span=ALWAYS,
                step_ms=step_ms,
                where=Filter(directions=(Direction.INBOUND, Direction.OUTBOUND)),
            )
            bins = [
                (None if step_ms is None else START[grain](records.call.started_at_ms), number)
                for records in flows
                if records.call and records.call.direction is not Direction.INTERNAL
                for name, number in call_spreads(records.call)
                if name == spread
            ]
            expected = [
                SpreadRow(*key, bins.count(key)) for key in sorted(set(bins), key=lambda key: (key[0] or 0, key[1]))
            ]
            assert store.spread(question) == expected


def test_a_range_is_half_open(store: Store) -> None:
    keep_new(store, [flow("1", started_at_ms=NOON_MS), flow("2", started_at_ms=NOON_MS + QUARTER_MS)])
    for grain in (Grain.RECORD, Grain.QUARTER):
        for since_ms, until_ms, expected in ((0, 1, [(1,)]), (0, 2, [(2,)]), (1, 2, [(1,)]), (2, 3, [])):
            span = Span(NOON_MS + since_ms * QUARTER_MS, NOON_MS + until_ms * QUARTER_MS)
            question = SumQuestion(subject=Subject.CALL, grain=grain, measures=("calls",), span=span)
            assert [row.sums for row in store.sums(question)] == expected


@pytest.mark.parametrize("days", [1, 400])
@pytest.mark.parametrize("measures", [("calls", "withheld"), ("calls", "answered")])
def test_the_most_calling_numbers_come_first(store: Store, days: int, measures: tuple[str, str]) -> None:
    """Whichever way they are found: ties by number, withheld numbers together under none."""
    callers = ["+491"] * 2 + ["+492"] * 3 + ["+493"] * 2 + [None] * 4 + ["+494"]
    keep_new(
        store,
        [flow(str(number), caller=caller, caller_withheld=caller is None) for number, caller in enumerate(callers)],
    )
    keep_new(store, [flow("old", started_at_ms=NOON_MS - 300 * DAY_MS, caller="+490", outcome=Outcome.BUSY)])
    question = SumQuestion(
        subject=Subject.CALL,
        grain=Grain.RECORD,
        measures=measures,
        span=Span(NOON_MS - days * DAY_MS, NOON_MS + DAY_MS),
        by=Dimension.CALLER,
        order_by="calls",
        limit=4,
    )
    second = (4, 3, 2, 2) if "answered" in measures else (4, 0, 0, 0)
    assert [(row.value, row.sums[0]) for row in store.sums(question)] == [
        (None, 4),
        ("+492", 3),
        ("+491", 2),
        ("+493", 2),
    ]
    assert tuple(row.sums[1] for row in store.sums(question)) == second


def test_the_greatest_durations_count_open_calls_too(store: Store) -> None:
    keep_new(
        store,
        [
            flow("1", wait_ms=5, visits=[VISIT]),
            flow("2", wait_ms=9, is_open=True),
            flow("3", wait_ms=None),
            flow("4", wait_ms=7, started_at_ms=NOON_MS + HOUR_MS),
            flow("5", wait_ms=None, started_at_ms=NOON_MS + 2 * HOUR_MS),
            flow("6", wait_ms=6, started_at_ms=NOON_MS + HOUR_MS, is_open=True),
        ],
    )
    assert store.maximum(Subject.CALL, "wait_ms", ALWAYS, ALL, HOUR_MS) == [(NOON_MS, 9), (NOON_MS + HOUR_MS, 7)]
    assert store.maximum(Subject.CALL, "wait_ms", ALWAYS, Filter(is_open=False), None) == [(None, 7)]
    assert store.maximum(Subject.CALL, "wait_ms", Span(0, 1), ALL, None) == []
    assert store.maximum(Subject.VISIT, "wait_ms", ALWAYS, ALL, None) == [(None, VISIT.wait_ms)]


IMPOSSIBLE = [
    SumQuestion(subject=Subject.CALL, grain=Grain.RECORD, measures=("offered",), span=ALWAYS),
    SumQuestion(subject=Subject.CALL, grain=Grain.DAY, measures=("calls",), span=ALWAYS, by=Dimension.AGENT),
    SumQuestion(subject=Subject.VISIT, grain=Grain.QUARTER, measures=("offered",), span=ALWAYS, by=Dimension.LINES),
    SumQuestion(subject=Subject.CALL, grain=Grain.DAY, measures=("calls",), span=ALWAYS, where=Filter(queues=("q",))),
    SumQuestion(subject=Subject.CALL, grain=Grain.DAY, measures=("calls",), span=ALWAYS, where=Filter(is_open=True)),
    SumQuestion(subject=Subject.CALL, grain=Grain.DAY, measures=("calls",), span=ALWAYS, where=Filter(text="1")),
]


@pytest.mark.parametrize("question", IMPOSSIBLE)
def test_questions_that_a_grain_cannot_answer_are_refused(store: Store, question: SumQuestion) -> None:
    with pytest.raises(ValueError, match=r"measure|split|know|search"):
        store.sums(question)


def test_other_durations_and_spreads_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="duration"):
        store.maximum(Subject.CALL, "started_at_ms", ALWAYS, ALL, None)
    with pytest.raises(ValueError, match="spread"):
        store.spread(SpreadQuestion(subject=Subject.VISIT, grain=Grain.DAY, spread="talk", span=ALWAYS))

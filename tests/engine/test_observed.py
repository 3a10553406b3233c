"""Counters of a process: each call once, never taken back, not for history, and bounded whatever names are sent."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.engine import observed as observing
from calltally.engine.ingest import Applied
from calltally.engine.label_values import LabelValues
from calltally.engine.observed import LIVE_US, MOST_UNSETTLED, SETTLE_US, Observed
from calltally.engine.placing import Change
from calltally.engine.series import Observations
from calltally.metrics.exposed import (
    CALL_TALK,
    CALLS,
    DUPLICATE,
    ENTRIES,
    EXITS,
    FAMILIES,
    INGEST,
    LONGEST_VALUE,
    OTHER,
    QUEUE_WAIT,
    RECEIVED,
    REJECTED,
    ceiling,
    counter_name,
)
from calltally.model.messages import RawMessage
from calltally.model.records import NOTHING, Call, QueueVisit, Records
from tests.engine.ingest_world import START_US, STORY, Clock, World, answer, hangup, new_call, push
from tests.metrics.ended import LOST, MISSED, RINGING, SERVED, SERVED_WHOLLY, START_MS, TALKED, WAITING

Step = tuple[float, Call | None]
"""Seconds since the start, and what the call is from then on; `None` where it became part of another."""


def _applied(*changes: Change) -> Applied:
    return Applied(messages=(), stored_at_us=0, changes=changes, problems=())


def _live(steps: Sequence[Step], before: Call | None = None) -> dict[str, int]:
    """Return the outcomes that are counted when a call changes in these steps, scraped just before each."""
    clock = Clock()
    counters = Observed(clock_us=clock)
    old = NOTHING if before is None else Records(call=before)
    for second, call in steps:
        clock.now_us = START_US + int(second * 1_000_000)
        new = NOTHING if call is None else Records(call=call)
        counters.observations()
        counters.heard(_applied(Change(7, old, new)), clock.now_us)
        old = new
    clock.now_us += SETTLE_US
    return _outcomes(counters.observations())


def _outcomes(observations: Observations) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, _, outcome), count in observations.counters[CALLS].items():
        if count:
            found[outcome] = found.get(outcome, 0) + count
    return found


@pytest.mark.parametrize(
    ("steps", "before", "expected"),
    [
        ([(0, RINGING)], None, {}),  # it still rings
        ([(0, RINGING), (9, MISSED)], None, {"no_answer": 1}),
        ([(9, MISSED)], None, {"no_answer": 1}),  # known as a whole at once
        ([(9, MISSED), (10, TALKED)], None, {"answered": 1}),  # corrected before it was counted
        ([(9, MISSED), (12, TALKED)], None, {"no_answer": 1}),  # corrected later: the store holds the truth
        ([(9, MISSED), (10, RINGING), (19, TALKED)], None, {"answered": 1}),  # it went on at the next phone
        ([(9, MISSED), (12, RINGING), (19, TALKED)], None, {"no_answer": 1}),  # it went on after it was counted
        ([(1, RINGING), (9, TALKED)], MISSED, {}),  # counted before this process began
        ([(9, MISSED), (10, None)], None, {}),  # became part of another call
        ([(9, MISSED), (12, None)], None, {"no_answer": 1}),
        ([(9 + LIVE_US / 1e6, TALKED)], RINGING, {"answered": 1}),
        ([(9.1 + LIVE_US / 1e6, TALKED)], RINGING, {}),  # history
        ([(40_000, LOST)], RINGING, {"answered": 1}),  # its end was lost, and it is given up now
    ],
)
def test_a_call_is_counted_once_and_never_taken_back(
    steps: list[Step], before: Call | None, expected: dict[str, int]
) -> None:
    assert _live(steps, before) == expected


def test_a_call_waits_for_a_moment_before_it_is_counted() -> None:
    clock = Clock()
    counters = Observed(clock_us=clock)
    counters.heard(_applied(Change(1, NOTHING, Records(call=MISSED))), clock.now_us)
    clock.now_us += SETTLE_US - 1
    assert not _outcomes(counters.observations())
    clock.now_us += 1
    assert _outcomes(counters.observations()) == {"no_answer": 1}


def test_calls_are_counted_also_when_nobody_scrapes() -> None:
    clock = Clock()
    counters = Observed(clock_us=clock)
    for flow_id in range(MOST_UNSETTLED + 2_000):
        clock.now_us += 10_000
        ended = replace(MISSED, ended_at_ms=clock.now_us // 1000)
        counters.heard(_applied(Change(flow_id, NOTHING, Records(call=ended))), clock.now_us)
    clock.now_us += SETTLE_US
    assert _outcomes(counters.observations()) == {"no_answer": MOST_UNSETTLED + 2_000}


def _visited(visits: Iterable[QueueVisit], before: QueueVisit | None = None) -> Observations:
    clock = Clock()
    counters = Observed(clock_us=clock)
    old = NOTHING if before is None else Records(call=RINGING, visits=(before,))
    for visit in visits:
        clock.now_us += 20_000_000
        new = Records(call=RINGING, visits=(visit,))
        counters.heard(_applied(Change(1, old, new)), clock.now_us)
        old = new
    return counters.observations()


TALKS = counter_name("talk_ms", "visit")


@pytest.mark.parametrize(
    ("visits", "before", "entries", "exits", "waited_ms", "talked_ms"),
    [
        ([WAITING], None, 1, {}, 0, 0),
        ([WAITING, SERVED], None, 1, {"answered": 1}, 12_000, 0),
        ([WAITING, SERVED, SERVED_WHOLLY], None, 1, {"answered": 1}, 12_000, 28_000),
        ([SERVED_WHOLLY], None, 1, {"answered": 1}, 12_000, 28_000),
        ([SERVED_WHOLLY], SERVED, 0, {}, 0, 28_000),  # the rest was counted before this process began
        ([WAITING, SERVED, WAITING, SERVED], None, 1, {"answered": 1}, 12_000, 0),
        ([replace(WAITING, entered_at_ms=START_MS - 3_600_000)], None, 0, {}, 0, 0),  # history
    ],
)
def test_a_visit_is_counted_stage_by_stage(
    visits: list[QueueVisit],
    before: QueueVisit | None,
    entries: int,
    exits: dict[str, int],
    waited_ms: int,
    talked_ms: int,
) -> None:
    found = _visited(visits, before)
    place = ("asterisk", "support")
    assert found.counters[ENTRIES].get(place, 0) == entries
    assert {labels[2]: count for labels, count in found.counters[EXITS].items() if count} == exits
    assert sum(each.total for each in found.histograms[QUEUE_WAIT].values()) == waited_ms
    assert found.counters[TALKS].get(place, 0) == talked_ms


# --- whole histories --------------------------------------------------------------------------------------------------

TOLD = (
    *STORY,
    new_call(60, "G", direction="out"),
    hangup(66, "G", "busy", direction="out"),
    new_call(70, "H"),
    answer(75, "H"),
    hangup(80, "H"),
)


def _told(folder: Path, messages: Iterable[RawMessage]) -> tuple[World, Observed, list[Observations]]:
    """Return a site that was told these messages one by one, and what was counted after each."""
    world = World(folder)
    counters = Observed(clock_us=world.clock, sources=("sipgate",))
    seen: list[Observations] = []
    for message in messages:
        world.clock.now_us = max(world.clock.now_us, message.received_at_us) + 4_000
        before = len(world.applied)
        world.ingest.apply([replace(message, received_at_us=world.clock.now_us - 4_000)])
        for applied in world.applied[before:]:
            counters.heard(applied, world.clock.now_us)
        seen.append(counters.observations())
    world.clock.now_us += SETTLE_US
    seen.append(counters.observations())
    return world, counters, seen


def _all_values(seen: Observations) -> dict[tuple[str, ...], int]:
    values = {(name, *labels): count for name, series in seen.counters.items() for labels, count in series.items()}
    for name, distributions in seen.histograms.items():
        for labels, each in distributions.items():
            values |= {(name, *labels, str(place)): count for place, count in enumerate(each.counts)}
            values[name, *labels, "sum"] = each.total
    return values


@settings(max_examples=25)
@given(st.lists(st.sampled_from(TOLD), max_size=20))
def test_counters_never_fall_whatever_the_order_and_the_corrections(messages: list[RawMessage]) -> None:
    with TemporaryDirectory() as folder:
        world, _, seen = _told(Path(folder), messages)
        calls = [call for call in world.store.all_calls(None, None) if not call.is_open]
        world.store.close()
    before: dict[tuple[str, ...], int] = {}
    for each in map(_all_values, seen):
        assert before.keys() <= each.keys()
        assert all(each[key] >= value for key, value in before.items())
        before = each
    assert sum(_outcomes(seen[-1]).values()) >= len(calls)


def test_a_history_in_order_is_counted_as_the_store_tells_it(tmp_path: Path) -> None:
    world, _, seen = _told(tmp_path, sorted(TOLD, key=lambda message: message.received_at_us))
    told: dict[str, int] = {}
    for call in world.store.all_calls(None, None):
        told[call.outcome.value] = told.get(call.outcome.value, 0) + 1
    assert _outcomes(seen[-1]) == told == {"answered": 2, "abandoned": 1, "voicemail": 1, "no_answer": 1, "busy": 1}
    inbound = seen[-1].histograms[CALL_TALK]["sipgate", "inbound"]
    assert sum(inbound.counts) == 2
    assert inbound.total == 83_000 + 5_000


def test_messages_are_counted_by_what_they_tell_and_how_long_they_took(tmp_path: Path) -> None:
    messages = [new_call(0, "A"), new_call(1, "A"), answer(12, "A"), hangup(95, "A"), push(96, "event=ping&callId=Z")]
    _, _, seen = _told(tmp_path, messages)
    received = {labels[1]: count for labels, count in seen[-1].counters[RECEIVED].items() if count}
    assert received == {"started": 2, "answered": 1, "ended": 1}
    rejected = {labels[1]: count for labels, count in seen[-1].counters[REJECTED].items() if count}
    assert rejected == {"not_understood": 1}
    assert seen[-1].counters[DUPLICATE] == {("sipgate",): 1}
    took = seen[-1].histograms[INGEST]["sipgate",]
    assert (took.counts[0], sum(took.counts), took.total) == (5, 5, 5 * 4_000)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("sipgate", "asterisk")),
            st.sampled_from((-3_000_000, 0, 4_999, 5_000, 5_001, 900_000, 11_000_000, LIVE_US, LIVE_US + 1)),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_a_batch_of_delays_falls_into_the_buckets_one_by_one(delays: list[tuple[str, int]]) -> None:
    counters = Observed(clock_us=Clock())
    told = [
        (RawMessage(source=source, received_at_us=START_US - delay, headers={}, body=b""), (), None)
        for source, delay in delays
    ]
    counters.heard(replace(_applied(), told=told), START_US)
    found = counters.observations()
    borders = [*(round(border * 1_000_000) for border in found.borders[INGEST]), 10**12]
    for source in {source for source, _ in delays}:
        # The clock may have been set back meanwhile: what seems to take less than no time took none.
        recent = [max(0, delay) for name, delay in delays if name == source and delay <= LIVE_US]
        expected = [
            sum(low < delay <= high for delay in recent) for low, high in zip([-1, *borders[:-1]], borders, strict=True)
        ]
        each = found.histograms[INGEST].get((source,))
        assert (each.counts if each else [0] * len(borders)) == expected
        assert (each.total if each else 0) == sum(recent)


# --- bounds -----------------------------------------------------------------------------------------------------------

HOSTILE = ('"', "\\", "\n", "\x00", "ä" * 500, "\udcff", "{}", OTHER, "", "a,b=c", "#")


def test_hostile_queue_names_cannot_exceed_the_ceiling() -> None:
    most = 7
    counters = Observed(clock_us=Clock(), sources=("asterisk",), queues=("support",), targets=(33,), most_values=most)
    for number in range(5_000):
        queue = f"{number}{HOSTILE[number % len(HOSTILE)]}"
        visit = replace(SERVED_WHOLLY, visit_id=str(number), queue=queue)
        counters.heard(_applied(Change(number, NOTHING, Records(call=RINGING, visits=(visit,)))), START_US)
    counters.heard(_applied(Change(-1, NOTHING, Records(call=RINGING, visits=(SERVED,)))), START_US)
    found = counters.observations()
    for family in FAMILIES:
        series = len(found.counters.get(family.name, ()))
        series += sum(len(each.counts) + 2 for each in found.histograms.get(family.name, {}).values())
        assert series <= ceiling(family, most_values=most, sources=1, targets=(33,)), family.name
    queues = {queue for _, queue in found.counters[ENTRIES]}
    assert len(queues) == most + 1
    assert {"support", OTHER} <= queues
    assert sum(found.counters[ENTRIES].values()) == 5_001
    assert counters.dropped == 5_000 - (most - 1)
    for queue in queues:
        assert len(queue.encode()) <= 4 * LONGEST_VALUE


def test_configured_names_come_first_and_dropped_ones_are_told_apart() -> None:
    labels = LabelValues(2, queue=("support",))
    assert [labels.bounded("queue", name) for name in ("b", "c", "support", "c", "d", "b")] == [
        "b",
        OTHER,
        "support",
        OTHER,
        OTHER,
        "b",
    ]
    assert labels.dropped == 2
    assert labels.bounded("direction", "inbound") == "inbound"


def test_memory_of_what_was_counted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "KEPT", 10)
    memory = observing._Memory()  # noqa: SLF001  the bound itself is under test
    for key in range(100):
        memory.note(key, 1)
    assert len(memory.known) == 10
    assert memory.flags(99) == 1
    assert memory.flags(5) == 0

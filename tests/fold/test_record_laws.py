"""The laws that every set of leg events keeps, whatever nonsense it holds."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from calltally.fold.records import records_from
from calltally.model.events import Event, LegEvent, LegEventKind, LegSettled
from calltally.model.instants import Gap
from calltally.model.records import NOTHING, Leg
from calltally.model.words import AnsweredBy, Direction, End, HangupCause, Outcome

START_MS = 1_795_000_000_000
NUMBERS = st.sampled_from([None, "+491", "+492", "+493"])
EVENTS = st.builds(
    LegEvent,
    source=st.just("sipgate"),
    at_ms=st.integers(START_MS, START_MS + 50),
    sequence=st.integers(0, 3),
    tie=st.just(0),
    kind=st.sampled_from(LegEventKind),
    leg_id=st.sampled_from("ABC"),
    links=st.sampled_from([("c:A",), ("c:A", "x:1"), ("c:A", "c:B", "x:2")]),
    origin_leg_id=st.sampled_from([None, "A", "B", "Z"]),
    direction=st.sampled_from([None, Direction.INBOUND, Direction.OUTBOUND]),
    caller=NUMBERS,
    caller_withheld=st.booleans(),
    callee=NUMBERS,
    users=st.sampled_from([(), ("w3",), ("w3", "w4")]),
    user_names=st.sampled_from([(), ("Deniz",), ("Deniz", "Eva")]),
    voicemail=st.booleans(),
    answering_number=NUMBERS,
    diversion=NUMBERS,
    answered_by=st.sampled_from([None, AnsweredBy.PERSON, AnsweredBy.SOFTWARE]),
    cause=st.sampled_from([None, *HangupCause]),
    digits=st.sampled_from([None, "1", "2"]),
)
SETTLINGS = st.builds(
    LegSettled,
    source=st.just("sipgate"),
    at_ms=st.integers(START_MS, START_MS + 50),
    sequence=st.integers(0, 3),
    tie=st.just(0),
    leg_id=st.sampled_from("ABC"),
    links=st.just(("c:A",)),
    started_at_ms=st.one_of(st.none(), st.integers(START_MS - 20, START_MS + 20)),
    ended_at_ms=st.one_of(st.none(), st.integers(START_MS + 20, START_MS + 60_000)),
    outcome=st.sampled_from([None, *(outcome for outcome in Outcome if outcome is not Outcome.IN_PROGRESS)]),
)
FLOWS = st.lists(st.one_of(EVENTS, EVENTS, SETTLINGS), max_size=12).map(
    lambda events: [replace(event, tie=number) for number, event in enumerate(events)]
)
GAPS = st.lists(
    st.builds(
        Gap,
        source=st.sampled_from([None, "sipgate", "asterisk"]),
        since_ms=st.just(START_MS),
        until_ms=st.integers(START_MS, START_MS + 60),
        reason=st.just("stopped"),
    ),
    max_size=2,
)


@given(events=FLOWS, gaps=GAPS, repeats=st.integers(0, 5), seed=st.integers())
def test_order_and_repeats_change_nothing(events: list[Event], gaps: list[Gap], repeats: int, seed: int) -> None:
    expected = records_from(events, gaps)
    shuffled = [*events, *events[:repeats]]
    random.Random(seed).shuffle(shuffled)  # noqa: S311  an order, no secret
    assert records_from(shuffled, gaps) == expected


@given(events=FLOWS, gaps=GAPS)
def test_whatever_was_heard_the_records_agree_with_themselves(events: list[Event], gaps: list[Gap]) -> None:
    records = records_from(events, gaps)
    if records.call is None:
        assert records == NOTHING
        return
    call = records.call
    assert call.leg_ids == tuple(leg.leg_id for leg in records.legs)
    assert call.outcome is not Outcome.FORWARDED
    assert (call.answered_by is not None) is (call.outcome is Outcome.ANSWERED)
    assert call.is_open is any(leg.end is End.OPEN for leg in records.legs)
    assert call.ended_at_ms is None or not call.is_open
    assert not call.crashed or call.is_open
    for length_ms in (call.wait_ms, call.talk_ms):
        assert length_ms is None or length_ms >= 0
    for leg in records.legs:
        agrees(leg)


def agrees(leg: Leg) -> None:
    """Assert what holds of every leg."""
    assert leg.call_id
    assert (leg.end in {End.KNOWN, End.ESTIMATED}) is (leg.ended_at_ms is not None)
    assert leg.voicemail is (leg.outcome is Outcome.VOICEMAIL)
    assert leg.outcome is not Outcome.IN_PROGRESS or leg.end is End.OPEN
    assert (leg.answered_by is not None) is (leg.outcome is Outcome.ANSWERED)
    assert not leg.crashed or leg.end is End.OPEN
    instants = [leg.started_at_ms, leg.network_answered_at_ms, leg.ended_at_ms]
    known = [instant_ms for instant_ms in instants if instant_ms is not None]
    assert known == sorted(known)
    assert leg.answered_at_ms in {None, leg.network_answered_at_ms}
    if leg.answered_at_ms is not None and leg.ended_at_ms is not None:
        assert leg.talk_ms == leg.ended_at_ms - leg.answered_at_ms

"""Records to store: plain ones by keyword, and any that a fold could make."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from calltally.engine.counting import Tally
from calltally.metrics.measures import CALL_MEASURES, CALL_OUTCOMES, SPREADS, VISIT_MEASURES
from calltally.model.buckets import LocalDays
from calltally.model.instants import DAY_MS, Span
from calltally.model.messages import RawMessage
from calltally.model.records import NOTHING, Call, Leg, QueueVisit, Records
from calltally.model.words import (
    AnsweredBy,
    AnswerSource,
    Direction,
    End,
    EndedBy,
    HangupCause,
    Outcome,
    VisitOutcome,
)
from calltally.store.asked import Dimension, Grain, JournalEntry, SpreadQuestion, Subject, SumQuestion
from calltally.store.store import Store
from tests.stores.kinds import ZONE

NOON_MS = 1_742_990_400_000
"""2025-03-26 12:00 UTC, the Wednesday before clocks go forward in Berlin."""

CALL = Call(
    source="sipgate",
    call_id="1",
    direction=Direction.INBOUND,
    caller="+4930111",
    caller_withheld=False,
    callee="+4921100",
    own_numbers=("+4921100",),
    started_at_ms=NOON_MS,
    answered_at_ms=NOON_MS + 4_000,
    ended_at_ms=NOON_MS + 64_000,
    wait_ms=4_000,
    talk_ms=60_000,
    outcome=Outcome.ANSWERED,
    answered_by=AnsweredBy.PERSON,
    voicemail=False,
    queue=None,
    agent="1234567w0",
    agent_name="Anna Arndt",
    trunk=None,
    leg_ids=(),
    visit_ids=(),
    is_open=False,
    crashed=False,
)
LEG = Leg(
    source="sipgate",
    leg_id="1",
    call_id="1",
    direction=Direction.INBOUND,
    caller="+4930111",
    caller_withheld=False,
    callee="+4921100",
    answering_number=None,
    diversion=None,
    own_numbers=("+4921100",),
    users=("1234567w0",),
    answered_by_user="1234567w0",
    agent="1234567w0",
    answered_by=AnsweredBy.PERSON,
    trunk=None,
    room=None,
    queue=None,
    started_at_ms=NOON_MS,
    network_answered_at_ms=NOON_MS + 4_000,
    answered_at_ms=NOON_MS + 4_000,
    ended_at_ms=NOON_MS + 64_000,
    ring_ms=4_000,
    queue_wait_ms=None,
    talk_ms=60_000,
    outcome=Outcome.ANSWERED,
    hangup_cause=HangupCause.NORMAL,
    hangup_cause_raw="normalClearing",
    sip_code=None,
    voicemail=False,
    crashed=False,
    end=End.KNOWN,
    answer_source=AnswerSource.OBSERVED,
    transfer_type=None,
    transfer_target=None,
    recording_urls=(),
    linked_leg_id=None,
)
VISIT = QueueVisit(
    source="sipgate",
    visit_id="1",
    call_id="1",
    source_call_id="1",
    queue="support",
    agent=None,
    entered_at_ms=NOON_MS,
    answered_at_ms=None,
    left_at_ms=NOON_MS + 9_000,
    outcome=VisitOutcome.ABANDONED,
    wait_ms=9_000,
    ring_ms=None,
    talk_ms=None,
    ended_by=None,
    no_answer_rings=0,
    entered_position=1,
    left_position=1,
    key=None,
)


def flow(call_id: str, *, legs: int = 1, visits: Sequence[QueueVisit] = (), **changes: Any) -> Records:  # noqa: ANN401  any field of a call
    """Return the records of a call of that id, with legs `<id>`, `<id>.1` ... and changed fields."""
    leg_ids = tuple(f"{call_id}.{number}" if number else call_id for number in range(legs))
    call = replace(
        CALL, call_id=call_id, leg_ids=leg_ids, visit_ids=tuple(visit.visit_id for visit in visits), **changes
    )
    return Records(
        call=call,
        legs=tuple(
            replace(LEG, source=call.source, leg_id=leg_id, call_id=call_id, started_at_ms=call.started_at_ms)
            for leg_id in leg_ids
        ),
        visits=tuple(replace(visit, source=call.source, call_id=call_id) for visit in visits),
    )


def message(number: int, *, source: str = "sipgate", at_ms: int = NOON_MS) -> RawMessage:
    """Return a message that differs from those of other numbers."""
    return RawMessage(
        source=source,
        received_at_us=at_ms * 1000 + number,
        headers={"content-type": "text/plain"},
        body=f"message {number}".encode(),
    )


def keep(
    store: Store,
    changes: Sequence[tuple[int, Records, Records]],
    *,
    zone: str = ZONE,
    heard_ms: Sequence[int] = (NOON_MS,),
) -> None:
    """Save flows as `(flow id, before, after)` with messages of these times, links and roll-ups, as ingest does."""
    with store.write() as transaction:
        tally = Tally(LocalDays(ZoneInfo(zone)), transaction.lines_id)
        for _, before, after in changes:
            tally.change(before, after)
        transaction.append(
            [
                JournalEntry(message=message(flow_id, at_ms=at_ms), flow_id=flow_id, problem=None, stored_at_us=1)
                for flow_id, _, _ in changes
                for at_ms in heard_ms
            ]
        )
        transaction.link(
            {f"{leg.source}|c:{leg.leg_id}": flow_id for flow_id, _, after in changes for leg in after.legs}
            | {f"sipgate|x:{flow_id}": flow_id for flow_id, _, _ in changes}
        )
        transaction.save([(flow_id, len(heard_ms), after) for flow_id, _, after in changes])
        transaction.add(tally.deltas())


def keep_new(store: Store, records: Sequence[Records], *, heard_ms: Sequence[int] = (NOON_MS,)) -> range:
    """Save flows that are new; return their ids."""
    with store.write() as transaction:
        flow_ids = transaction.new_flow_ids(len(records))
    keep(
        store, [(flow_id, NOTHING, after) for flow_id, after in zip(flow_ids, records, strict=True)], heard_ms=heard_ms
    )
    return flow_ids


# --- any records

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_INSTANTS = st.integers(NOON_MS - 9 * DAY_MS, NOON_MS + 9 * DAY_MS)
_DURATIONS = st.integers(0, 9) | st.integers(0, 10_000_000)
_LINES = st.sampled_from(((), ("+4921100",), ("+4921100", "+4921101"), ("+4921101", "+4921100"), ("+49211",)))
_TUPLES = st.lists(TEXTS, max_size=2).map(tuple)
_METADATA = st.dictionaries(TEXTS, TEXTS | st.integers(-9, 9) | st.lists(TEXTS, max_size=2) | st.none(), max_size=2)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


_COMMON: dict[str, st.SearchStrategy[Any]] = {
    "direction": st.sampled_from(Direction),
    "caller": _maybe(TEXTS),
    "caller_withheld": st.booleans(),
    "callee": _maybe(TEXTS),
    "own_numbers": _LINES,
    "answered_at_ms": _maybe(_INSTANTS),
    "ended_at_ms": _maybe(_INSTANTS),
    "talk_ms": _maybe(_DURATIONS),
    "answered_by": _maybe(st.sampled_from(AnsweredBy)),
    "voicemail": st.booleans(),
    "queue": _maybe(TEXTS),
    "agent": _maybe(TEXTS),
    "trunk": _maybe(TEXTS),
    "crashed": st.booleans(),
}
_CALLS = st.fixed_dictionaries(
    {
        **_COMMON,
        "outcome": st.sampled_from(CALL_OUTCOMES),
        "started_at_ms": _INSTANTS,
        "wait_ms": _maybe(_DURATIONS),
        "agent_name": _maybe(TEXTS),
        "is_open": st.booleans(),
    }
)
_LEGS = st.fixed_dictionaries(
    {
        **_COMMON,
        "answering_number": _maybe(TEXTS),
        "diversion": _maybe(TEXTS),
        "users": _TUPLES,
        "answered_by_user": _maybe(TEXTS),
        "room": _maybe(TEXTS),
        "started_at_ms": _INSTANTS,
        "network_answered_at_ms": _maybe(_INSTANTS),
        "ring_ms": _maybe(_DURATIONS),
        "queue_wait_ms": _maybe(_DURATIONS),
        "outcome": st.sampled_from(Outcome),
        "hangup_cause": _maybe(st.sampled_from(HangupCause)),
        "hangup_cause_raw": _maybe(TEXTS),
        "sip_code": _maybe(st.integers(100, 699)),
        "end": st.sampled_from(End),
        "answer_source": st.sampled_from(AnswerSource),
        "transfer_type": _maybe(TEXTS),
        "transfer_target": _maybe(TEXTS),
        "recording_urls": _TUPLES,
        "linked_leg_id": _maybe(TEXTS),
        "metadata": _METADATA,
    }
)
_VISITS = st.fixed_dictionaries(
    {
        "source_call_id": TEXTS,
        "queue": st.sampled_from(("support", "sales", "Üb'er")),
        "agent": _maybe(TEXTS),
        "entered_at_ms": _INSTANTS,
        "answered_at_ms": _maybe(_INSTANTS),
        "left_at_ms": _maybe(_INSTANTS),
        "outcome": st.sampled_from(VisitOutcome),
        "wait_ms": _maybe(_DURATIONS),
        "ring_ms": _maybe(_DURATIONS),
        "talk_ms": _maybe(_DURATIONS),
        "ended_by": _maybe(st.sampled_from(EndedBy)),
        "no_answer_rings": st.integers(0, 3),
        "entered_position": _maybe(st.integers(1, 9)),
        "left_position": _maybe(st.integers(1, 9)),
        "key": _maybe(st.sampled_from("0123456789*#")),
    }
)


@st.composite
def any_flow(draw: st.DrawFn, call_id: str) -> Records:
    """Return the records of one call of that id, whatever a fold could make of it."""
    source = draw(st.sampled_from(("sipgate", "asterisk", "opensips:edge-2")))
    legs = draw(st.lists(_LEGS, max_size=3))
    visits = draw(st.lists(_VISITS, max_size=2))
    leg_ids = tuple(f"{call_id}.{number}" for number in range(len(legs)))
    visit_ids = tuple(f"{call_id}/{number}" for number in range(len(visits)))
    return Records(
        call=Call(source=source, call_id=call_id, leg_ids=leg_ids, visit_ids=visit_ids, **draw(_CALLS)),
        legs=tuple(
            Leg(source=source, call_id=call_id, leg_id=leg_id, **values)
            for leg_id, values in zip(leg_ids, legs, strict=True)
        ),
        visits=tuple(
            QueueVisit(source=source, call_id=call_id, visit_id=visit_id, **values)
            for visit_id, values in zip(visit_ids, visits, strict=True)
        ),
    )


# --- what roll-ups hold


def cells(store: Store) -> list[object]:
    """Return everything that can be read from the roll-ups."""
    always = Span(-(2**62), 2**62)
    found: list[object] = []
    for grain in (Grain.QUARTER, Grain.DAY):
        for subject, measures, dimensions in (
            (Subject.CALL, CALL_MEASURES, (Dimension.SOURCE, Dimension.DIRECTION, Dimension.LINES)),
            (Subject.VISIT, VISIT_MEASURES, (Dimension.SOURCE, Dimension.QUEUE)),
        ):
            names = tuple(measure.name for measure in measures)
            found += [
                store.sums(SumQuestion(subject=subject, grain=grain, measures=names, span=always, step_ms=1, by=by))
                for by in dimensions
            ]
        found += [
            store.spread(SpreadQuestion(subject=Subject.CALL, grain=grain, spread=spread.name, span=always, step_ms=1))
            for spread in SPREADS
        ]
    return found


def clear(store: Store) -> int:
    """Delete the records that can be made again, count the others, and return the id from which on flows are new."""
    with store.write() as transaction:
        first_new = transaction.begin_rebuild()
    since: int | None = 0
    while since is not None:
        with store.write() as transaction:
            since = transaction.clear_records(first_new, since)
    since_ms: int | None = None
    while True:
        with store.write() as transaction:
            since_ms = transaction.count_again(since_ms)
        if since_ms is None:
            return first_new

"""Random calls and queue visits, as rows and as records, for the laws of measures."""

from hypothesis import strategies as st

from calltally.metrics.measures import CALL_OUTCOMES
from calltally.model.records import Call, QueueVisit
from calltally.model.words import AnsweredBy, Direction, Outcome, VisitOutcome

DURATIONS = st.none() | st.integers(0, 3) | st.integers(0, 10_000_000)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Return any call that a fold could make, likely or not."""
    return Call(
        source="sipgate",
        call_id="1",
        direction=draw(st.sampled_from(Direction)),
        caller=None,
        caller_withheld=draw(st.booleans()),
        callee=None,
        own_numbers=(),
        started_at_ms=0,
        answered_at_ms=None,
        ended_at_ms=None,
        wait_ms=draw(DURATIONS),
        talk_ms=draw(DURATIONS),
        outcome=draw(st.sampled_from((*CALL_OUTCOMES, Outcome.FORWARDED))),
        answered_by=draw(st.none() | st.sampled_from(AnsweredBy)),
        voicemail=draw(st.booleans()),
        queue=draw(st.none() | st.just("q")),
        agent=None,
        agent_name=None,
        trunk=None,
        leg_ids=(),
        visit_ids=(),
        is_open=draw(st.booleans()),
        crashed=False,
    )


@st.composite
def visits(draw: st.DrawFn) -> QueueVisit:
    """Return any queue visit that a fold could make, likely or not."""
    return QueueVisit(
        source="asterisk",
        visit_id="1",
        call_id="1",
        source_call_id="1",
        queue="q",
        agent=None,
        entered_at_ms=0,
        answered_at_ms=None,
        left_at_ms=None,
        outcome=draw(st.sampled_from(VisitOutcome)),
        wait_ms=draw(DURATIONS),
        ring_ms=draw(DURATIONS),
        talk_ms=draw(DURATIONS),
        ended_by=None,
        no_answer_rings=draw(st.integers(0, 9)),
        entered_position=None,
        left_position=None,
        key=None,
    )

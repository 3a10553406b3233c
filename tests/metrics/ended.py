"""A call and a queue visit by hand, from their begin to their end."""

from dataclasses import replace

from calltally.model.records import Call, QueueVisit
from calltally.model.words import Direction, Outcome, VisitOutcome

START_MS = 1_795_000_000_000
RINGING = Call(
    source="sipgate",
    call_id="A",
    direction=Direction.INBOUND,
    caller=None,
    caller_withheld=False,
    callee=None,
    own_numbers=(),
    started_at_ms=START_MS,
    answered_at_ms=None,
    ended_at_ms=None,
    wait_ms=None,
    talk_ms=None,
    outcome=Outcome.IN_PROGRESS,
    answered_by=None,
    voicemail=False,
    queue=None,
    agent=None,
    agent_name=None,
    trunk=None,
    leg_ids=("A",),
    visit_ids=(),
    is_open=True,
    crashed=False,
)
MISSED = replace(RINGING, outcome=Outcome.NO_ANSWER, is_open=False, ended_at_ms=START_MS + 9_000, wait_ms=9_000)
TALKED = replace(RINGING, outcome=Outcome.ANSWERED, is_open=False, ended_at_ms=START_MS + 9_000, talk_ms=5_000)
LOST = replace(TALKED, ended_at_ms=None, talk_ms=None)
WAITING = QueueVisit(
    source="asterisk",
    visit_id="v1",
    call_id="A",
    source_call_id="A",
    queue="support",
    agent=None,
    entered_at_ms=START_MS,
    answered_at_ms=None,
    left_at_ms=None,
    outcome=VisitOutcome.IN_PROGRESS,
    wait_ms=None,
    ring_ms=None,
    talk_ms=None,
    ended_by=None,
    no_answer_rings=0,
    entered_position=1,
    left_position=None,
    key=None,
)
SERVED = replace(WAITING, outcome=VisitOutcome.ANSWERED, answered_at_ms=START_MS + 12_000, wait_ms=12_000)
SERVED_WHOLLY = replace(SERVED, left_at_ms=START_MS + 40_000, talk_ms=28_000)

"""Events, legs and calls while they are worked out: the fields of the finished value, to be set one by one.

Why not at once: `model/quick.py`. The fields stand here a second time because type checkers let a value be frozen or
be filled in, but not first the one and then the other; that a draft has just the fields of its value, of the same
types, is checked when this is imported.
"""

from collections.abc import Mapping
from dataclasses import fields

from calltally.model.events import LegEvent, LegEventKind
from calltally.model.quick import finisher
from calltally.model.records import Call, Leg
from calltally.model.words import AnsweredBy, AnswerSource, Direction, End, HangupCause, Outcome


class LegEventDraft:
    """A `LegEvent` that is not finished: `finished_event` makes it one when every field is set."""

    __slots__ = tuple(each.name for each in fields(LegEvent))

    source: str
    at_ms: int
    sequence: int
    tie: int
    kind: LegEventKind
    leg_id: str
    links: tuple[str, ...]
    origin_leg_id: str | None
    direction: Direction | None
    caller: str | None
    caller_withheld: bool
    callee: str | None
    users: tuple[str, ...]
    user_names: tuple[str, ...]
    voicemail: bool
    answering_number: str | None
    diversion: str | None
    answered_by: AnsweredBy | None
    cause: HangupCause | None
    cause_raw: str | None
    digits: str | None


class LegDraft:
    """A `Leg` that is not finished: `finished_leg` makes it one when every field is set."""

    __slots__ = tuple(each.name for each in fields(Leg))

    source: str
    leg_id: str
    call_id: str
    direction: Direction
    caller: str | None
    caller_withheld: bool
    callee: str | None
    answering_number: str | None
    diversion: str | None
    own_numbers: tuple[str, ...]
    users: tuple[str, ...]
    answered_by_user: str | None
    agent: str | None
    answered_by: AnsweredBy | None
    trunk: str | None
    room: str | None
    queue: str | None
    started_at_ms: int
    network_answered_at_ms: int | None
    answered_at_ms: int | None
    ended_at_ms: int | None
    ring_ms: int | None
    queue_wait_ms: int | None
    talk_ms: int | None
    outcome: Outcome
    hangup_cause: HangupCause | None
    hangup_cause_raw: str | None
    sip_code: int | None
    voicemail: bool
    crashed: bool
    end: End
    answer_source: AnswerSource
    transfer_type: str | None
    transfer_target: str | None
    recording_urls: tuple[str, ...]
    linked_leg_id: str | None
    metadata: Mapping[str, object]


class CallDraft:
    """A `Call` that is not finished: `finished_call` makes it one when every field is set."""

    __slots__ = tuple(each.name for each in fields(Call))

    source: str
    call_id: str
    direction: Direction
    caller: str | None
    caller_withheld: bool
    callee: str | None
    own_numbers: tuple[str, ...]
    started_at_ms: int
    answered_at_ms: int | None
    ended_at_ms: int | None
    wait_ms: int | None
    talk_ms: int | None
    outcome: Outcome
    answered_by: AnsweredBy | None
    voicemail: bool
    queue: str | None
    agent: str | None
    agent_name: str | None
    trunk: str | None
    leg_ids: tuple[str, ...]
    visit_ids: tuple[str, ...]
    is_open: bool
    crashed: bool


finished_event = finisher(LegEventDraft, LegEvent)
finished_leg = finisher(LegDraft, Leg)
finished_call = finisher(CallDraft, Call)

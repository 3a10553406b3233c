"""Between records and rows: tuples in the order of the tables' columns, written out by hand because every call passes.

What is written is given back unchanged: `call_of(call_row(...))` is the call. Enums and booleans become plain texts and
numbers here, because drivers treat anything else as a stranger, which costs more than all the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from calltally.metrics.spread import bin_of
from calltally.model.drafts import CallDraft, LegDraft, finished_call, finished_leg
from calltally.model.messages import RawMessage
from calltally.model.quick import quick
from calltally.model.records import Call, Leg, QueueVisit
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
from calltally.store.asked import JournalEntry

Row = Sequence[Any]
"""A row as a driver gives it: the decode boundary of this room."""
Lines = Mapping[int, tuple[str, ...]]

_queue_visit: Final = quick(QueueVisit)

_encode: Final = msgspec.json.Encoder().encode
_texts: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_headers: Final = msgspec.json.Decoder(dict[str, str]).decode
_metadata: Final = msgspec.json.Decoder(dict[str, object]).decode

_DIRECTION: Final = {word.value: word for word in Direction}
_OUTCOME: Final = {word.value: word for word in Outcome}
_VISIT_OUTCOME: Final = {word.value: word for word in VisitOutcome}
_END: Final = {word.value: word for word in End}
_ANSWER_SOURCE: Final = {word.value: word for word in AnswerSource}
_ANSWERED_BY: Final[Mapping[str | None, AnsweredBy | None]] = {None: None, **{word.value: word for word in AnsweredBy}}
_CAUSE: Final[Mapping[str | None, HangupCause | None]] = {None: None, **{word.value: word for word in HangupCause}}
_ENDED_BY: Final[Mapping[str | None, EndedBy | None]] = {None: None, **{word.value: word for word in EndedBy}}

_WORDS: Final = (Direction, Outcome, VisitOutcome, End, AnswerSource, AnsweredBy, HangupCause, EndedBy)
_TEXT: Final[Mapping[str | None, str | None]] = {None: None, **{word: word.value for words in _WORDS for word in words}}
"""The plain text of every word; looking it up takes a tenth of the time that the word itself needs to tell it."""


def texts_json(texts: tuple[str, ...]) -> str:
    """Return a list of texts as JSON."""
    return _encode(texts).decode() if texts else "[]"


def texts_of(json: str) -> tuple[str, ...]:
    """Return the texts that `texts_json` was given."""
    return _texts(json) if json != "[]" else ()


def entry_row(entry: JournalEntry) -> tuple[object, ...]:
    """Return a journal entry as a row of `messages`."""
    message = entry.message
    return (
        message.received_at_us,
        message.source,
        message.digest,
        entry.flow_id,
        _encode(message.headers).decode() if message.headers else "{}",
        message.body,
        entry.stored_at_us,
        entry.problem,
    )


def entry_of(row: Row) -> JournalEntry:
    """Return the journal entry of a row of `messages`."""
    return JournalEntry(message=message_of(row), flow_id=row[3], stored_at_us=row[6], problem=row[7])


def message_of(row: Row) -> RawMessage:
    """Return the message of a row of `messages`."""
    headers = row[4]
    return RawMessage(
        source=row[1],
        received_at_us=row[0],
        headers=_headers(headers) if headers != "{}" else {},
        body=bytes(row[5]),
        digest=row[2],
    )


def call_row(flow_id: int, messages: int, call: Call, lines_id: int) -> tuple[object, ...]:
    """Return a call as a row of `calls`."""
    wait_ms, talk_ms = call.wait_ms, call.talk_ms
    return (
        flow_id,
        call.source,
        call.call_id,
        _TEXT[call.direction],
        lines_id,
        call.started_at_ms,
        call.caller,
        1 if call.caller_withheld else 0,
        messages,
        _TEXT[call.outcome],
        call.answered_at_ms,
        call.ended_at_ms,
        wait_ms,
        talk_ms,
        None if wait_ms is None else bin_of(wait_ms),
        None if talk_ms is None else bin_of(talk_ms),
        1 if call.is_open else 0,
        1 if call.crashed else 0,
        1 if call.voicemail else 0,
        call.callee,
        _TEXT[call.answered_by],
        call.queue,
        call.agent,
        call.agent_name,
        call.trunk,
        texts_json(call.leg_ids),
        texts_json(call.visit_ids),
    )


def call_of(row: Row, lines: Lines) -> Call:
    """Return the call of a row of `calls`; `lines` knows the numbers of its `lines_id`."""
    call = CallDraft()
    call.source = row[1]
    call.call_id = row[2]
    call.direction = _DIRECTION[row[3]]
    call.own_numbers = lines[row[4]]
    call.started_at_ms = row[5]
    call.caller = row[6]
    call.caller_withheld = row[7] == 1
    call.outcome = _OUTCOME[row[9]]
    call.answered_at_ms = row[10]
    call.ended_at_ms = row[11]
    call.wait_ms = row[12]
    call.talk_ms = row[13]
    call.is_open = row[16] == 1
    call.crashed = row[17] == 1
    call.voicemail = row[18] == 1
    call.callee = row[19]
    call.answered_by = _ANSWERED_BY[row[20]]
    call.queue = row[21]
    call.agent = row[22]
    call.agent_name = row[23]
    call.trunk = row[24]
    call.leg_ids = texts_of(row[25])
    call.visit_ids = texts_of(row[26])
    return finished_call(call)


def lines_in(row: Row) -> int:
    """Return the id of the own numbers in a row of `calls`."""
    return int(row[4])


def leg_row(flow_id: int, leg_no: int, leg: Leg) -> tuple[object, ...]:
    """Return a leg as a row of `legs`."""
    who = (
        flow_id,
        leg_no,
        leg.source,
        leg.leg_id,
        leg.call_id,
        _TEXT[leg.direction],
        leg.caller,
        1 if leg.caller_withheld else 0,
        leg.callee,
        leg.started_at_ms,
        leg.answering_number,
        leg.diversion,
        texts_json(leg.own_numbers),
        texts_json(leg.users),
        leg.answered_by_user,
        leg.agent,
        _TEXT[leg.answered_by],
        leg.trunk,
        leg.room,
        leg.queue,
    )
    return who + _course_row(leg)


def _course_row(leg: Leg) -> tuple[object, ...]:
    """Return the end of a row of `legs`: how the leg went."""
    return (
        leg.network_answered_at_ms,
        leg.answered_at_ms,
        leg.ended_at_ms,
        leg.ring_ms,
        leg.queue_wait_ms,
        leg.talk_ms,
        _TEXT[leg.outcome],
        _TEXT[leg.hangup_cause],
        leg.hangup_cause_raw,
        leg.sip_code,
        1 if leg.voicemail else 0,
        1 if leg.crashed else 0,
        _TEXT[leg.end],
        _TEXT[leg.answer_source],
        leg.transfer_type,
        leg.transfer_target,
        texts_json(leg.recording_urls),
        leg.linked_leg_id,
        _encode(leg.metadata).decode() if leg.metadata else "{}",
    )


def leg_of(row: Row) -> Leg:
    """Return the leg of a row of `legs`."""
    leg = LegDraft()
    leg.source = row[2]
    leg.leg_id = row[3]
    leg.call_id = row[4]
    leg.direction = _DIRECTION[row[5]]
    leg.caller = row[6]
    leg.caller_withheld = row[7] == 1
    leg.callee = row[8]
    leg.started_at_ms = row[9]
    leg.answering_number = row[10]
    leg.diversion = row[11]
    leg.own_numbers = texts_of(row[12])
    leg.users = texts_of(row[13])
    leg.answered_by_user = row[14]
    leg.agent = row[15]
    leg.answered_by = _ANSWERED_BY[row[16]]
    leg.trunk = row[17]
    leg.room = row[18]
    leg.queue = row[19]
    _set_course(leg, row)
    return finished_leg(leg)


def _set_course(leg: LegDraft, row: Row) -> None:
    """Set how a leg went, from the end of its row."""
    leg.network_answered_at_ms = row[20]
    leg.answered_at_ms = row[21]
    leg.ended_at_ms = row[22]
    leg.ring_ms = row[23]
    leg.queue_wait_ms = row[24]
    leg.talk_ms = row[25]
    leg.outcome = _OUTCOME[row[26]]
    leg.hangup_cause = _CAUSE[row[27]]
    leg.hangup_cause_raw = row[28]
    leg.sip_code = row[29]
    leg.voicemail = row[30] == 1
    leg.crashed = row[31] == 1
    leg.end = _END[row[32]]
    leg.answer_source = _ANSWER_SOURCE[row[33]]
    leg.transfer_type = row[34]
    leg.transfer_target = row[35]
    leg.recording_urls = texts_of(row[36])
    leg.linked_leg_id = row[37]
    leg.metadata = _metadata(row[38]) if row[38] != "{}" else {}


def visit_row(flow_id: int, visit_no: int, visit: QueueVisit) -> tuple[object, ...]:
    """Return a queue visit as a row of `visits`."""
    return (
        flow_id,
        visit_no,
        visit.source,
        visit.visit_id,
        visit.call_id,
        visit.source_call_id,
        visit.queue,
        visit.entered_at_ms,
        visit.agent,
        visit.answered_at_ms,
        visit.left_at_ms,
        _TEXT[visit.outcome],
        visit.wait_ms,
        visit.ring_ms,
        visit.talk_ms,
        _TEXT[visit.ended_by],
        visit.no_answer_rings,
        visit.entered_position,
        visit.left_position,
        visit.key,
    )


def visit_of(row: Row) -> QueueVisit:
    """Return the queue visit of a row of `visits`."""
    return _queue_visit(
        source=row[2],
        visit_id=row[3],
        call_id=row[4],
        source_call_id=row[5],
        queue=row[6],
        entered_at_ms=row[7],
        agent=row[8],
        answered_at_ms=row[9],
        left_at_ms=row[10],
        outcome=_VISIT_OUTCOME[row[11]],
        wait_ms=row[12],
        ring_ms=row[13],
        talk_ms=row[14],
        ended_by=_ENDED_BY[row[15]],
        no_answer_rings=row[16],
        entered_position=row[17],
        left_position=row[18],
        key=row[19],
    )

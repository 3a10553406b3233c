"""Makes queue visits, and the call they are part of, from the lines of a queue's log.

What the log says is kept as it says it: waits, rings and talks in its own whole seconds, nothing where a line has no
figure, but for the wait of LEAVEEMPTY, which never has one and is counted from the entry, as Wazo does. What becomes of
a call whose fate the log does not tell is in docs/decisions/0012.
"""

import re
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter, itemgetter

from calltally.fold import queue_words as words
from calltally.fold.stays import Stay, stays_of
from calltally.model.drafts import CallDraft, finished_call
from calltally.model.events import QueueEvent
from calltally.model.quick import quick
from calltally.model.records import NOTHING, Call, QueueVisit, Records
from calltally.model.words import AnsweredBy, Direction, Outcome, VisitOutcome

_queue_visit = quick(QueueVisit)
_records = quick(Records)

_at_ms = attrgetter("at_ms")
_first = itemgetter(0)
_INBOUND = Direction.INBOUND
_PERSON = AnsweredBy.PERSON
_ANSWERED = VisitOutcome.ANSWERED

_WITHHELD = frozenset({"", "anonymous", "private", "restricted", "withheld"})
_UNKNOWN_CALLER = frozenset({"unknown", "<unknown>", "unavailable"})
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SPACERS = str.maketrans("", "", " -./()")
_E164_DIGITS = range(7, 16)
_LONGEST_NUMBER = 128


def visit_records(events: Sequence[QueueEvent]) -> Records:
    """Return the visits that the lines of one call tell of, and their call; `NOTHING` where they tell of no visit.

    Args:
        events: all known lines of one call id, any order, repeats allowed.
    """
    stays = stays_of(events)
    if not stays:
        return NOTHING
    visits = _visits(events[0], stays)
    entries = [stay.entry for stay in stays if stay.entry is not None]
    first = min(entries, key=_at_ms) if len(entries) > 1 else next(iter(entries), None)
    number = words.entry_parts(first)[0] if first is not None else None
    is_open = not stays[-1].is_over and stays[-1].end is None
    return _records(call=call_from_visits(visits, number=number, is_open=is_open), visits=visits)


def visits_from(events: Sequence[QueueEvent]) -> tuple[QueueVisit, ...]:
    """Return the visits that the lines of one call id tell of, in the order of entry."""
    return visit_records(events).visits


def call_from_visits(visits: Sequence[QueueVisit], *, number: str | None, is_open: bool) -> Call | None:
    """Return the call that these visits are part of; `None` without any.

    Args:
        visits: all visits of one call id, in the order of entry.
        number: the caller's number as logged on entry; `None` if the log holds no entry.
        is_open: the caller is still in the last of the queues.
    """
    if not visits:
        return None
    first = visits[0]
    call = CallDraft()
    call.source = first.source
    call.call_id = first.call_id
    call.direction = _INBOUND
    call.caller, call.caller_withheld = (None, False) if number is None else caller_from(number)
    call.callee = call.trunk = None
    call.own_numbers = call.leg_ids = ()
    call.started_at_ms = first.entered_at_ms
    call.ended_at_ms = _call_end(visits, is_open=is_open)
    call.voicemail = call.crashed = False
    call.queue = first.queue
    call.visit_ids = tuple([visit.visit_id for visit in visits])
    call.is_open = is_open
    _set_answer(call, _first_answered(visits), visits[-1])
    return finished_call(call)


def _set_answer(call: CallDraft, answered: QueueVisit | None, last: QueueVisit) -> None:
    """Set who answered and what became of the call; its times and whether it is open are set already."""
    call.outcome = _call_outcome(last, answered, is_open=call.is_open)
    if answered is None:
        call.answered_at_ms = call.answered_by = call.agent = call.agent_name = None
        call.wait_ms = _between(call.started_at_ms, call.ended_at_ms)
        call.talk_ms = 0
        return
    call.answered_at_ms = answered.answered_at_ms
    call.answered_by = _PERSON
    call.agent = call.agent_name = answered.agent
    call.wait_ms = _between(call.started_at_ms, call.answered_at_ms)
    call.talk_ms = _between(call.answered_at_ms, call.ended_at_ms)


def caller_from(number: str) -> tuple[str | None, bool]:
    """Return the caller's number, `None` if it is not known, and whether it was withheld.

    Only a number with its plus is surely international; any other is kept as it was logged.
    """
    text = number.strip()
    if _E164.fullmatch(text):
        return text, False
    if text.lower() in _WITHHELD:
        return None, True
    if text.lower() in _UNKNOWN_CALLER or len(text) > _LONGEST_NUMBER:
        return None, False
    digits = text[1:].translate(_SPACERS) if text.startswith("+") else ""
    if digits.isascii() and digits.isdigit() and digits[0] != "0" and len(digits) in _E164_DIGITS:
        return "+" + digits, False
    return text, False


def _visits(any_line: QueueEvent, stays: Sequence[Stay]) -> tuple[QueueVisit, ...]:
    """Return the visits in the order of entry.

    The id names call, queue and second of entry, and which it is of several entries into that queue in that second, so
    that most ids stay what they are when an earlier part of the log is imported later.
    """
    if len(stays) == 1:
        entered_ms = _entered_ms(stays[0])
        visit_id = f"{any_line.call_ref}/{stays[0].queue}/{entered_ms // 1000}/1"
        return (_visit(any_line, visit_id, stays[0], entered_ms),)
    entered = [(_entered_ms(stay), stay) for stay in stays]
    entered.sort(key=_first)
    same: Counter[tuple[str, int]] = Counter()
    visits: list[QueueVisit] = []
    for entered_ms, stay in entered:
        second = entered_ms // 1000
        same[stay.queue, second] += 1
        visit_id = f"{any_line.call_ref}/{stay.queue}/{second}/{same[stay.queue, second]}"
        visits.append(_visit(any_line, visit_id, stay, entered_ms))
    return tuple(visits)


def _visit(any_line: QueueEvent, visit_id: str, stay: Stay, entered_ms: int) -> QueueVisit:
    entry, connect, end, figures = stay.entry, stay.connect, stay.end, stay.figures
    outcome = _visit_outcome(stay)
    wait_ms, ring_ms, position = figures.wait_ms, None, figures.entered_position
    agent = answered_at_ms = left_at_ms = ended_by = key = None
    if entry is not None:
        entered_position = words.entry_parts(entry)[1]
        position = position if entered_position is None else entered_position
    if connect is not None:
        ring_ms = words.connect_ring_ms(connect)
        wait_ms = words.connect_wait_ms(connect) if wait_ms is None else wait_ms
    if end is not None:
        left_at_ms, ended_by, key = end.at_ms, words.ENDS_OF_TALK.get(end.name), words.key_of(end)
        if wait_ms is None and entry is not None and end.name == words.LEAVE_EMPTY:
            wait_ms = words.seconds_between_ms(entry, end)
    if outcome is _ANSWERED:
        agent = (end.agent if end is not None else None) or (connect.agent if connect is not None else None)
        answered_at_ms = _answered_ms(stay)
    return _queue_visit(
        source=any_line.source,
        visit_id=visit_id,
        call_id=any_line.call_ref,
        source_call_id=any_line.call_ref,
        queue=stay.queue,
        agent=agent,
        entered_at_ms=entered_ms,
        answered_at_ms=answered_at_ms,
        left_at_ms=left_at_ms,
        outcome=outcome,
        wait_ms=wait_ms,
        ring_ms=ring_ms,
        talk_ms=figures.talk_ms,
        ended_by=ended_by,
        no_answer_rings=stay.rings,
        entered_position=position,
        left_position=figures.left_position,
        key=key,
    )


def _entered_ms(stay: Stay) -> int:
    """Return when a stay began: its entry; else the end without talk and wait; else the connection without the wait."""
    if stay.entry is not None:
        return stay.entry.at_ms
    if stay.end is None:
        return stay.began_ms or 0
    figures = stay.figures
    if stay.connect is None:
        return stay.end.at_ms - (figures.talk_ms or 0) - (figures.wait_ms or 0)
    if figures.talk_ms is None or figures.wait_ms is None:
        return stay.began_ms or 0
    return min(stay.connect.at_ms, stay.end.at_ms - figures.talk_ms - figures.wait_ms)


def _answered_ms(stay: Stay) -> int | None:
    """Return when a member was connected; without its line the end tells, if it says how long they talked."""
    if stay.connect is not None:
        return stay.connect.at_ms
    if stay.end is None or stay.figures.talk_ms is None:
        return None
    return max(stay.end.at_ms - stay.figures.talk_ms, _entered_ms(stay))


def _visit_outcome(stay: Stay) -> VisitOutcome:
    if stay.end is not None:
        return words.OUTCOMES[stay.end.name]
    if stay.connect is not None:
        return _ANSWERED
    return VisitOutcome.UNKNOWN if stay.is_over else VisitOutcome.IN_PROGRESS


def _first_answered(visits: Sequence[QueueVisit]) -> QueueVisit | None:
    """Return the visit whose answer came first; one whose instant of answer is not known comes last."""
    answered = [visit for visit in visits if visit.outcome is _ANSWERED]
    if len(answered) < 2:  # noqa: PLR2004  one or none needs no choice
        return answered[0] if answered else None
    known = [visit for visit in answered if visit.answered_at_ms is not None]
    return min(known, key=lambda visit: visit.answered_at_ms or 0) if known else answered[0]


def _call_end(visits: Sequence[QueueVisit], *, is_open: bool) -> int | None:
    """Return when the caller left the last queue; `None` while he is in it, and if the log does not hold its end."""
    last_ms = visits[-1].left_at_ms
    if is_open or last_ms is None:
        return None
    return max([visit.left_at_ms for visit in visits if visit.left_at_ms is not None])


def _call_outcome(last: QueueVisit, answered: QueueVisit | None, *, is_open: bool) -> Outcome:
    """Return what became of a call: what its last visit tells, if nobody answered."""
    if answered is not None:
        return Outcome.ANSWERED
    if is_open:
        return Outcome.IN_PROGRESS
    if last.outcome is VisitOutcome.ABANDONED:
        return Outcome.ABANDONED
    return Outcome.UNKNOWN if last.outcome is VisitOutcome.UNKNOWN else Outcome.NO_ANSWER


def _between(since_ms: int | None, until_ms: int | None) -> int | None:
    if since_ms is None or until_ms is None:
        return None
    return until_ms - since_ms if until_ms > since_ms else 0

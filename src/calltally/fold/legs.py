"""One leg from everything that was heard of it: who took part, and the course it took (`course.py`)."""

from collections.abc import Sequence

from calltally.fold.course import Course, course_of
from calltally.fold.hearing import Heard, heard_in
from calltally.model.events import LegEvent, LegEventKind, LegSettled
from calltally.model.instants import Gap
from calltally.model.quick import quick
from calltally.model.records import Leg
from calltally.model.words import AnsweredBy, Direction, End, Outcome

_leg = quick(Leg)

_INBOUND = Direction.INBOUND
_OPEN = End.OPEN
_PERSON = AnsweredBy.PERSON
_ANSWERED = Outcome.ANSWERED


def leg_from(events: Sequence[LegEvent | LegSettled], *, call_id: str, gaps: Sequence[Gap]) -> Leg | None:
    """Return the leg that events tell of, or `None` if none of them says more than that it ran or ran no longer.

    Args:
        events: all events of one leg, in order, at least one.
        call_id: the id of its call.
        gaps: when calltally, or a source, could not be heard.
    """
    heard = heard_in(events)
    main = heard.started
    if main is None:
        if heard.told:
            main = heard.told[0]
        elif heard.settled is not None:
            main = _stand_in(heard.settled)
        else:
            return None
    return _leg_of(heard, main, call_id, gaps)


def _leg_of(heard: Heard, main: LegEvent, call_id: str, gaps: Sequence[Gap]) -> Leg:
    direction = _direction(heard, main)
    course = course_of(heard, direction)
    caller, caller_withheld = _caller(heard, main)
    callee = main.callee or _found(heard, "callee")
    diversion = main.diversion or _found(heard, "diversion")
    answering_number = main.answering_number or _found(heard, "answering_number")
    origin = main.origin_leg_id or _found(heard, "origin_leg_id")
    users, names = _users(heard, main, direction)
    agent = _agent(heard, course, direction, users)
    return _leg(
        source=main.source,
        leg_id=main.leg_id,
        call_id=call_id,
        direction=direction,
        caller=caller,
        caller_withheld=caller_withheld,
        callee=callee,
        answering_number=answering_number,
        diversion=diversion,
        own_numbers=_distinct(diversion, callee, answering_number) if direction is _INBOUND else _distinct(caller),
        users=users,
        answered_by_user=agent if direction is _INBOUND else None,
        agent=agent,
        answered_by=_answered_by(heard) if course.outcome is _ANSWERED else None,
        trunk=None,
        room=None,
        queue=None,
        started_at_ms=course.started_at_ms,
        network_answered_at_ms=course.picked_up_at_ms,
        answered_at_ms=course.answered_at_ms,
        ended_at_ms=course.ended_at_ms,
        ring_ms=course.ring_ms,
        queue_wait_ms=None,
        talk_ms=course.talk_ms,
        outcome=course.outcome,
        hangup_cause=heard.ended.cause if heard.ended else None,
        hangup_cause_raw=heard.ended.cause_raw if heard.ended else None,
        sip_code=None,
        voicemail=course.voicemail,
        crashed=course.end is _OPEN and bool(gaps) and _is_crashed(heard, main.source, gaps),
        end=course.end,
        answer_source=course.answer_source,
        transfer_type=None,
        transfer_target=None,
        recording_urls=heard.settled.recording_urls if heard.settled else (),
        linked_leg_id=origin if origin != main.leg_id else None,
        metadata=_metadata(heard, names),
    )


def _stand_in(settled: LegSettled) -> LegEvent:
    """Return what the start of a leg would have said of which nothing but its history is known."""
    return LegEvent(
        source=settled.source,
        at_ms=settled.at_ms,
        sequence=settled.sequence,
        tie=settled.tie,
        kind=LegEventKind.STARTED,
        leg_id=settled.leg_id,
        links=settled.links,
        direction=settled.direction,
        caller=settled.caller,
        caller_withheld=settled.caller_withheld,
        callee=settled.callee,
    )


def _direction(heard: Heard, main: LegEvent) -> Direction:
    """Return the direction as told, else as settled; a leg of which nobody says it rings here, so it comes in."""
    if main.direction is not None:
        return main.direction
    told = next((event.direction for event in heard.told if event.direction is not None), None)
    return told or (heard.settled.direction if heard.settled else None) or _INBOUND


def _found(heard: Heard, field: str) -> str | None:
    """Return the first value of a text field in all that was told, else in the history; `None` if it is nowhere."""
    for event in heard.told:
        value: str | None = getattr(event, field)
        if value:
            return value
    return None if heard.settled is None else getattr(heard.settled, field, None)


def _caller(heard: Heard, main: LegEvent) -> tuple[str | None, bool]:
    if main.caller is not None or main.caller_withheld:
        return main.caller, main.caller_withheld
    caller = _found(heard, "caller")
    if caller is not None:
        return caller, False
    settled = heard.settled
    return None, any(event.caller_withheld for event in heard.told) or (settled is not None and settled.caller_withheld)


def _distinct(*numbers: str | None) -> tuple[str, ...]:
    found: list[str] = []
    for number in numbers:
        if number and number not in found:
            found.append(number)
    return tuple(found)


def _users(heard: Heard, main: LegEvent, direction: Direction) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the users of a leg and their names; who answered is one of them, also if the start did not name them."""
    users, names = main.users, main.user_names
    answered = heard.answered
    if answered is None or direction is not _INBOUND or not answered.users or answered.users[0] in users:
        return users, names
    filled = (*names, *("" for _ in users[len(names) :]))
    return (*users, answered.users[0]), (*filled, *answered.user_names[:1])


def _agent(heard: Heard, course: Course, direction: Direction, users: tuple[str, ...]) -> str | None:
    """Return who answered an inbound leg, or the user who placed an outbound one, if it is clear who that is."""
    if direction is not _INBOUND:
        return users[0] if len(users) == 1 else None
    if course.outcome is not _ANSWERED or heard.answered is None or not heard.answered.users:
        return None
    return heard.answered.users[0]


def _answered_by(heard: Heard) -> AnsweredBy:
    answered = heard.answered
    return _PERSON if answered is None else answered.answered_by or _PERSON


def _is_crashed(heard: Heard, source: str, gaps: Sequence[Gap]) -> bool:
    """Whether the source could not be heard at some time after the leg was last heard of."""
    return any(gap.until_ms > heard.last_ms and gap.source in {None, source} for gap in gaps)


def _metadata(heard: Heard, names: tuple[str, ...]) -> dict[str, object]:
    metadata: dict[str, object] = {}
    if names and not (heard.started is not None and heard.started.voicemail):
        metadata["user_names"] = list(names)
    digits = [event.digits for event in heard.told if event.digits]
    if digits:
        metadata["digits"] = list(dict.fromkeys(digits))
    if heard.settled is not None:
        metadata.update(heard.settled.metadata)
    return metadata

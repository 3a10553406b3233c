"""One leg from everything that was heard of it: who took part, and the course it took (`course.py`)."""

from collections.abc import Sequence

from calltally.fold.course import set_course
from calltally.fold.hearing import Heard, heard_in
from calltally.model.drafts import LegDraft, finished_leg
from calltally.model.events import LegEvent, LegEventKind, LegSettled
from calltally.model.instants import Gap
from calltally.model.records import Leg
from calltally.model.words import AnsweredBy, Direction, End, Outcome

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
    leg = LegDraft()
    leg.source = main.source
    leg.leg_id = main.leg_id
    leg.call_id = call_id
    leg.direction = _direction(heard, main)
    _set_numbers(leg, heard, main)
    set_course(leg, heard)
    _set_people(leg, heard, main)
    ended = heard.ended
    settled = heard.settled
    leg.hangup_cause = None if ended is None else ended.cause
    leg.hangup_cause_raw = None if ended is None else ended.cause_raw
    leg.crashed = leg.end is _OPEN and bool(gaps) and _is_crashed(heard, main.source, gaps)
    leg.recording_urls = () if settled is None else settled.recording_urls
    leg.trunk = leg.room = leg.queue = leg.transfer_type = leg.transfer_target = None
    leg.queue_wait_ms = leg.sip_code = None
    return finished_leg(leg)


def _set_numbers(leg: LegDraft, heard: Heard, main: LegEvent) -> None:
    """Set who called whom, and from which leg this one came; what the main event leaves out may stand in others."""
    callee = main.callee
    diversion = main.diversion
    answering_number = main.answering_number
    origin = main.origin_leg_id
    for event in heard.told:
        callee = callee or event.callee
        diversion = diversion or event.diversion
        answering_number = answering_number or event.answering_number
        origin = origin or event.origin_leg_id
    if not callee:
        callee = None if heard.settled is None else heard.settled.callee
    leg.caller, leg.caller_withheld = _caller(heard, main)
    leg.callee = callee
    leg.diversion = diversion or None
    leg.answering_number = answering_number or None
    if leg.direction is _INBOUND:
        leg.own_numbers = _distinct(diversion, callee, answering_number)
    else:
        leg.own_numbers = (leg.caller,) if leg.caller else ()
    leg.linked_leg_id = origin if origin and origin != main.leg_id else None


def _set_people(leg: LegDraft, heard: Heard, main: LegEvent) -> None:
    """Set whose leg it was and who answered it; the course of the leg is set already."""
    users, names = _users(heard, main, leg.direction)
    is_answered = leg.outcome is _ANSWERED
    answered = heard.answered
    agent: str | None = None
    if leg.direction is not _INBOUND:
        agent = users[0] if len(users) == 1 else None
        leg.answered_by_user = None
    else:
        if is_answered and answered is not None and answered.users:
            agent = answered.users[0]
        leg.answered_by_user = agent
    leg.users = users
    leg.agent = agent
    leg.answered_by = _answered_by(heard) if is_answered else None
    leg.metadata = _metadata(heard, names)


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


def _caller(heard: Heard, main: LegEvent) -> tuple[str | None, bool]:
    if main.caller is not None or main.caller_withheld:
        return main.caller, main.caller_withheld
    caller = next((event.caller for event in heard.told if event.caller), None)
    settled = heard.settled
    if caller is None and settled is not None:
        caller = settled.caller
    if caller is not None:
        return caller, False
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
    for event in heard.told:
        if event.digits:
            metadata["digits"] = list(dict.fromkeys([event.digits for event in heard.told if event.digits]))
            break
    if heard.settled is not None:
        metadata.update(heard.settled.metadata)
    return metadata

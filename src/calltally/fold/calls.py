"""One call from its legs: forwarded, transferred, mailbox and internal legs are one conversation attempt.

Rules (their reasons: `docs/decisions/0011-outcomes-of-a-leg.md`):

- The call begins with the leg that all others name as their origin, else with the earliest; that one says who called
  whom, and in which direction.
- A call is internal if its first leg goes out and another comes in as its other half. Then only the half that comes in
  says who answered: the half that goes out is "answered" by a mailbox too.
- Answered if a person or software agent answered any leg; else voicemail if a mailbox was reached; else in progress
  while any leg is open; else what became of the leg that ended last, but for those that were forwarded.
- The caller's wait ends with the answer; or with the last leg before the mailbox; or with the call.
"""

from collections.abc import Sequence

from calltally.model.drafts import CallDraft, finished_call
from calltally.model.records import Call, Leg
from calltally.model.words import Direction, End, Outcome

_INBOUND = Direction.INBOUND
_OUTBOUND = Direction.OUTBOUND
_INTERNAL = Direction.INTERNAL
_OPEN = End.OPEN
_ANSWERED = Outcome.ANSWERED
_VOICEMAIL = Outcome.VOICEMAIL
_IN_PROGRESS = Outcome.IN_PROGRESS
_FORWARDED = Outcome.FORWARDED
_UNKNOWN = Outcome.UNKNOWN


def by_start(leg: Leg) -> tuple[int, bool, str]:
    """Return the key that puts legs in the order of their start, the leg that others come from first."""
    return (leg.started_at_ms, leg.linked_leg_id is not None, leg.leg_id)


def call_from(legs: Sequence[Leg]) -> Call:
    """Return the call of one or more legs, which are in the order of their start."""
    root = _root(legs)
    call = CallDraft()
    call.source = root.source
    call.call_id = root.call_id
    call.caller = root.caller
    call.caller_withheld = root.caller_withheld
    call.callee = root.callee
    call.own_numbers = root.own_numbers if len(legs) == 1 else _own_numbers(legs)
    call.direction = _INTERNAL if len(legs) > 1 and _is_internal(root, legs) else root.direction
    call.leg_ids = (root.leg_id,) if len(legs) == 1 else tuple([leg.leg_id for leg in legs])
    call.visit_ids = ()
    call.queue = call.trunk = None
    call.started_at_ms = legs[0].started_at_ms
    call.ended_at_ms = _end_ms(legs)
    _set_state(call, legs)
    mailbox = _mailbox(legs) if call.voicemail else None
    answered = _first_answered(legs, call.direction, mailbox)
    call.outcome = _outcome(legs, answered=answered, mailbox=mailbox, is_open=call.is_open)
    call.answered_at_ms = None if answered is None else answered.answered_at_ms
    call.answered_by = None if answered is None else answered.answered_by
    call.wait_ms = _wait_ms(call, legs, answered, mailbox)
    call.talk_ms = _talk_ms(call, legs)
    call.agent, call.agent_name = _agent(root, answered, call.direction)
    return finished_call(call)


def _set_state(call: CallDraft, legs: Sequence[Leg]) -> None:
    """Set whether any leg is open, whether any leads to a mailbox, and whether all that are open crashed."""
    is_open = has_mailbox = False
    crashed = True
    for leg in legs:
        has_mailbox = has_mailbox or leg.voicemail
        if leg.end is _OPEN:
            is_open = True
            crashed = crashed and leg.crashed
    call.is_open = is_open
    call.voicemail = has_mailbox
    call.crashed = is_open and crashed


def _root(legs: Sequence[Leg]) -> Leg:
    """Return the leg that the call began with."""
    first = legs[0]
    origin = first.linked_leg_id
    if origin is None:
        return first
    return next((leg for leg in legs if leg.leg_id == origin), first)


def _is_internal(root: Leg, legs: Sequence[Leg]) -> bool:
    return any(leg is not root and _are_halves(root, leg) for leg in legs)


def _are_halves(one: Leg, two: Leg) -> bool:
    """Whether two legs are the two sides of one conversation within the site.

    A leg that comes in from an outbound call is its other half unless the person who was called out there now calls in:
    then the outbound call was transferred.
    """
    if one.direction is two.direction:
        return False
    if one.caller and one.callee and (one.caller, one.callee) == (two.caller, two.callee):
        return True
    if one.direction is not _OUTBOUND or two.linked_leg_id != one.leg_id:
        return False
    return two.caller is None or two.caller != one.callee


def _mailbox(legs: Sequence[Leg]) -> Leg | None:
    """Return the first mailbox leg that was reached: it picked up, or it is over."""
    for leg in legs:
        if leg.voicemail and (leg.network_answered_at_ms is not None or leg.end is not _OPEN):
            return leg
    return None


def _first_answered(legs: Sequence[Leg], direction: Direction, mailbox: Leg | None) -> Leg | None:
    """Return the leg that was answered first."""
    answered = [leg for leg in legs if leg.outcome is _ANSWERED]
    if direction is _INTERNAL:
        halves = [leg for leg in answered if leg.direction is _INBOUND]
        answered = halves or ([] if mailbox else answered)
    if len(answered) < 2:  # noqa: PLR2004  one or none needs no choice
        return answered[0] if answered else None
    return min(answered, key=_answer_order)


def _answer_order(leg: Leg) -> tuple[int, tuple[int, bool, str]]:
    return (leg.started_at_ms if leg.answered_at_ms is None else leg.answered_at_ms, by_start(leg))


def _outcome(legs: Sequence[Leg], *, answered: Leg | None, mailbox: Leg | None, is_open: bool) -> Outcome:
    if answered is not None:
        return _ANSWERED
    if mailbox is not None:
        return _VOICEMAIL
    if is_open:
        return _IN_PROGRESS
    over = [leg for leg in legs if leg.outcome is not _FORWARDED]
    return max(over, key=_end_order).outcome if over else _UNKNOWN


def _end_order(leg: Leg) -> tuple[int, tuple[int, bool, str]]:
    return (leg.started_at_ms if leg.ended_at_ms is None else leg.ended_at_ms, by_start(leg))


def _end_ms(legs: Sequence[Leg]) -> int | None:
    """Return the end of the last leg, `None` unless every leg's end is known."""
    last_ms: int | None = None
    for leg in legs:
        if leg.ended_at_ms is None:
            return None
        if last_ms is None or leg.ended_at_ms > last_ms:
            last_ms = leg.ended_at_ms
    return last_ms


def _wait_ms(call: CallDraft, legs: Sequence[Leg], answered: Leg | None, mailbox: Leg | None) -> int | None:
    until_ms: int | None
    if answered is not None:
        until_ms = answered.answered_at_ms
    elif call.outcome is _IN_PROGRESS:
        until_ms = None
    elif mailbox is not None:
        until_ms = _before_mailbox_ms(legs, mailbox)
    else:
        until_ms = call.ended_at_ms
    return None if until_ms is None else until_ms - call.started_at_ms


def _before_mailbox_ms(legs: Sequence[Leg], mailbox: Leg) -> int:
    """Return when the last leg to a person ended, or when the mailbox leg began if that is earlier or better known."""
    ends = [leg.ended_at_ms for leg in legs if not leg.voicemail and leg.started_at_ms <= mailbox.started_at_ms]
    known = [end_ms for end_ms in ends if end_ms is not None]
    return min(max(known), mailbox.started_at_ms) if known and len(known) == len(ends) else mailbox.started_at_ms


def _talk_ms(call: CallDraft, legs: Sequence[Leg]) -> int | None:
    if call.outcome is _ANSWERED:
        if call.answered_at_ms is None or call.ended_at_ms is None:
            return None
        return call.ended_at_ms - call.answered_at_ms
    if call.outcome is _IN_PROGRESS:
        return None
    return None if call.outcome is _UNKNOWN and any(leg.talk_ms is None for leg in legs) else 0


def _own_numbers(legs: Sequence[Leg]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([number for leg in legs for number in leg.own_numbers]))


def _agent(root: Leg, answered: Leg | None, direction: Direction) -> tuple[str | None, str | None]:
    """Return who answered, or who placed an outbound call, and that user's name."""
    leg = root if direction is _OUTBOUND else answered
    if (leg is None or leg.agent is None) and root.direction is _OUTBOUND:
        leg = root
    if leg is None or leg.agent is None:
        return None, None
    names = leg.metadata.get("user_names")
    place = leg.users.index(leg.agent) if leg.agent in leg.users else len(leg.users)
    name = names[place] if isinstance(names, list) and place < len(names) else None
    return leg.agent, name or None

"""Events from what sipgate pushes, and from what its REST interface said when it was asked.

A push says no time, so an event's time is the time of receipt. Missing and unknown values follow these rules: a push
without `callId` or with an unknown `event` or `direction` is set aside; an unknown `cause` is kept, because a refused
hangup would leave the call open for ever; every other field may be absent or empty.
"""

from collections.abc import Callable, Sequence

from calltally.model.drafts import LegEventDraft, finished_event
from calltally.model.events import Event, LegEvent, LegEventKind
from calltally.model.messages import BadMessageError, RawMessage
from calltally.model.words import AnsweredBy, Direction, HangupCause
from calltally.sources.sipgate.form import Form, form_from
from calltally.sources.sipgate.ids import id_from
from calltally.sources.sipgate.numbers import is_withheld, number_from
from calltally.sources.sipgate.polled import expired_from, running_from, settled_from

_KINDS = {
    "newCall": LegEventKind.STARTED,
    "answer": LegEventKind.ANSWERED,
    "hangup": LegEventKind.ENDED,
    "dtmf": LegEventKind.DIGITS,
}
_STARTED = LegEventKind.STARTED
_ANSWERED = LegEventKind.ANSWERED
_ENDED = LegEventKind.ENDED
_DIGITS = LegEventKind.DIGITS

_DIRECTIONS = {"in": Direction.INBOUND, "out": Direction.OUTBOUND}
_OUTBOUND = Direction.OUTBOUND
_PERSON = AnsweredBy.PERSON

CAUSES = {
    "normalClearing": HangupCause.NORMAL,
    "busy": HangupCause.BUSY,
    "cancel": HangupCause.CANCELLED,
    "noAnswer": HangupCause.DECLINED,
    "congestion": HangupCause.UNREACHABLE,
    "chanunavail": HangupCause.UNREACHABLE,
    "notFound": HangupCause.NOT_FOUND,
    "forwarded": HangupCause.FORWARDED,
}
_OTHER = HangupCause.OTHER

_POLLED: dict[str, Callable[[RawMessage], Event]] = {
    "history": settled_from,
    "running": running_from,
    "expired": expired_from,
}


def parse(message: RawMessage) -> Sequence[Event]:
    """Return the events that one message tells of.

    Raises:
        BadMessageError: the message is none that sipgate sends.
    """
    kind = message.kind
    if not kind:
        return (_pushed(message),)
    read = _POLLED.get(kind)
    if read is None:
        raise BadMessageError(f"a sipgate message of the kind {kind[:40]!r} is not known")
    return (read(message),)


def _pushed(message: RawMessage) -> LegEvent:
    form = form_from(message.body)
    get = form.first.get
    word = get("event")
    kind = _KINDS.get(word or "")
    if kind is None:
        raise BadMessageError("the field event is missing" if not word else f"unknown event {word[:40]!r}")
    leg_id = id_from(get("callId"), "callId")
    if leg_id is None:
        raise BadMessageError("the field callId is missing")
    origin = get("origCallId")
    origin = leg_id if origin == leg_id else id_from(origin, "origCallId")
    caller = get("from")
    direction = _direction(get("direction"))
    users, user_names = _users(form)
    event = LegEventDraft()
    event.source = message.source
    event.at_ms, event.sequence = divmod(message.received_at_us, 1000)
    event.tie = message.digest
    event.kind = kind
    event.leg_id = leg_id
    event.links = _links(leg_id, origin, id_from(get("xcid"), "xcid"))
    event.origin_leg_id = origin
    event.direction = direction
    event.caller = number_from(caller)
    event.caller_withheld = is_withheld(caller)
    event.callee = number_from(get("to"))
    event.users = users
    event.user_names = user_names
    event.voicemail = user_names == ("voicemail",) and kind is _STARTED
    event.answering_number = number_from(get("answeringNumber"))
    event.diversion = number_from(get("diversion"))
    event.answered_by = _PERSON if kind is _ANSWERED and (users or direction is _OUTBOUND) else None
    cause = get("cause") or None if kind is _ENDED else None
    event.cause = CAUSES.get(cause, _OTHER) if cause else None
    event.cause_raw = cause
    event.digits = get("dtmf") or None if kind is _DIGITS else None
    return finished_event(event)


def _direction(word: str | None) -> Direction | None:
    if not word:
        return None
    direction = _DIRECTIONS.get(word)
    if direction is None:
        raise BadMessageError(f"unknown direction {word[:40]!r}")
    return direction


def _links(leg_id: str, origin: str | None, flow: str | None) -> tuple[str, ...]:
    own = "c:" + leg_id
    if origin is None or origin == leg_id:
        return (own,) if flow is None else (own, "x:" + flow)
    return (own, "c:" + origin) if flow is None else (own, "c:" + origin, "x:" + flow)


def _users(form: Form) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return full user ids and display names, the n-th of both belonging together."""
    first = form.first
    if not first.get("fullUserId") and not first.get("userId") and not first.get("user") and not form.lists:
        return (), ()
    ids = form.all("fullUserId") or form.all("userId")
    names = form.all("user")
    for user_id in ids:
        id_from(user_id, "fullUserId")
    if "" in ids:
        names = [name for user_id, name in zip(ids, names, strict=False) if user_id]
        ids = [user_id for user_id in ids if user_id]
    return tuple(ids), tuple(names)

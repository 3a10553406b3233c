"""Events from what sipgate's REST interface said about a leg: its history entry, and whether it is running now.

sipgate does not explain the times of its history. calltally takes `created` for the start and `created + duration` for
the end, and that only for a positive duration: missed calls have none. Whether `duration` counts from the start or from
the pick-up is not documented; the fold can tell from the pushes that it has (`fold/settling.py`).
"""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from calltally.model.events import LegEvent, LegEventKind, LegSettled
from calltally.model.messages import BadMessageError, RawMessage
from calltally.model.words import AnswerSource, Direction, Outcome
from calltally.sources.sipgate.ids import id_from
from calltally.sources.sipgate.numbers import is_withheld, number_from

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_LONGEST_SECONDS = 366 * 86_400
_MOST_RECORDINGS = 100
_LONGEST_TEXT = 1024


class _Recording(msgspec.Struct):
    url: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    """The fields of a history entry that matter here; all others are passed over."""

    call_id: str | None = None
    created: str | None = None
    duration: float | None = None
    direction: str | None = None
    type: str | None = None
    status: str | None = None
    call_status: str | None = None
    source: str | None = None
    target: str | None = None
    recordings: list[_Recording | str] | None = None


class _Running(msgspec.Struct, rename="camel"):
    call_id: str | None = None
    running: bool | None = None


Shape = TypeVar("Shape", _Entry, _Running)

_entries = msgspec.json.Decoder(_Entry)
_states = msgspec.json.Decoder(_Running)

_DIRECTIONS = {
    "INCOMING": Direction.INBOUND,
    "MISSED_INCOMING": Direction.INBOUND,
    "OUTGOING": Direction.OUTBOUND,
    "MISSED_OUTGOING": Direction.OUTBOUND,
}
_BY_STATUS = {"PICKUP": Outcome.ANSWERED, "FORWARD": Outcome.FORWARDED, "BUSY": Outcome.BUSY}
_BY_CALL_STATUS = {
    "SUCCESS": Outcome.ANSWERED,
    "VOICEMAIL_NO_MESSAGE": Outcome.VOICEMAIL,
    "BUSY": Outcome.BUSY,
    "BUSY_ON_BUSY": Outcome.BUSY,
    "FAILURE": Outcome.FAILED,
    "MISSED": Outcome.NO_ANSWER,
    "REJECTED": Outcome.NO_ANSWER,
    "REJECTED_DND": Outcome.NO_ANSWER,
}


def settled_from(message: RawMessage) -> LegSettled:
    """Return what one history entry says about its leg.

    Raises:
        BadMessageError: it is no history entry.
    """
    entry = _decoded(_entries, message.body)
    leg_id = _leg_id(entry.call_id)
    direction = _DIRECTIONS.get(entry.direction or "")
    started_at_ms = _instant_ms(entry.created)
    return LegSettled(
        source=message.source,
        at_ms=message.received_at_us // 1000,
        sequence=message.received_at_us % 1000,
        tie=message.digest,
        leg_id=leg_id,
        links=("c:" + leg_id,),
        started_at_ms=started_at_ms,
        ended_at_ms=_end_ms(started_at_ms, entry.duration),
        outcome=_outcome(entry),
        direction=direction,
        caller=number_from(_text(entry.source, "source")),
        caller_withheld=is_withheld(entry.source),
        callee=number_from(_text(entry.target, "target")),
        answer_source=AnswerSource.REPORTED,
        recording_urls=_recordings(entry.recordings or []),
        metadata={key: value for key, value in _words(entry) if value},
    )


def running_from(message: RawMessage) -> LegEvent:
    """Return that the list of running calls named a leg, or named it no longer.

    Raises:
        BadMessageError: the message says something else.
    """
    state = _decoded(_states, message.body)
    if state.running is None:
        raise BadMessageError("the field running is missing")
    return _heard(message, _leg_id(state.call_id), LegEventKind.SEEN if state.running else LegEventKind.GONE)


def expired_from(message: RawMessage) -> LegEvent:
    """Return that nothing was heard of a leg for too long.

    Raises:
        BadMessageError: the message names no leg.
    """
    return _heard(message, _leg_id(_decoded(_states, message.body).call_id), LegEventKind.EXPIRED)


def _heard(message: RawMessage, leg_id: str, kind: LegEventKind) -> LegEvent:
    return LegEvent(
        source=message.source,
        at_ms=message.received_at_us // 1000,
        sequence=message.received_at_us % 1000,
        tie=message.digest,
        kind=kind,
        leg_id=leg_id,
        links=("c:" + leg_id,),
    )


def _decoded(decoder: msgspec.json.Decoder[Shape], body: bytes) -> Shape:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise BadMessageError(f"not the JSON that was expected: {problem}") from problem


def _leg_id(text: str | None) -> str:
    leg_id = id_from(text, "callId")
    if leg_id is None:
        raise BadMessageError("the field callId is missing")
    return leg_id


def _text(text: str | None, field: str) -> str | None:
    if text is not None and (len(text) > _LONGEST_TEXT or not text.isprintable()):
        raise BadMessageError(f"the field {field} holds no number")
    return text


def _instant_ms(text: str | None) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadMessageError(f"the field created holds no time: {text[:40]!r}") from None
    if moment.tzinfo is None:
        raise BadMessageError(f"the field created names no offset from UTC: {text[:40]!r}")
    if not _EARLIEST < moment < _LATEST:
        raise BadMessageError(f"the field created holds no time of a call: {text[:40]!r}")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _end_ms(started_at_ms: int | None, duration: float | None) -> int | None:
    if started_at_ms is None or duration is None or not 0 < duration <= _LONGEST_SECONDS:
        return None
    return started_at_ms + round(duration * 1000)


def _outcome(entry: _Entry) -> Outcome | None:
    if entry.type == "VOICEMAIL" or entry.call_status == "VOICEMAIL_NO_MESSAGE":
        return Outcome.VOICEMAIL
    by_status = _BY_STATUS.get(entry.status or "") or _BY_CALL_STATUS.get(entry.call_status or "")
    if by_status is None and entry.status == "NOPICKUP":
        return Outcome.NO_ANSWER
    return by_status


def _recordings(recordings: list[_Recording | str]) -> tuple[str, ...]:
    urls = [each if isinstance(each, str) else each.url for each in recordings[:_MOST_RECORDINGS]]
    return tuple(url for url in urls if url and url.isprintable() and url.startswith(("https://", "http://")))


def _words(entry: _Entry) -> tuple[tuple[str, str | None], ...]:
    known = entry.call_status if entry.call_status in _BY_CALL_STATUS else None
    status = entry.status if entry.status in {*_BY_STATUS, "NOPICKUP"} else None
    return ("history_status", status), ("history_call_status", known)

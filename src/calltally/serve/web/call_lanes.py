"""The lanes of a call: who waited, where it rang, who talked, and the messages on the same axis of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from calltally.model.records import Call, Leg, QueueVisit, Records
from calltally.model.words import Direction, End, Outcome
from calltally.render.charts import Lane, MessageMark, Part, Phase, Timeline, call_lanes
from calltally.render.numbers import duration, phone
from calltally.render.times import clock
from calltally.render.words import Words
from calltally.serve.web.messages import Told
from calltally.serve.web.names import Names

MOST_LANES: Final = 40
_SHORTEST_MS: Final = 1_000
_FADE_SHARE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What the lanes are drawn with; `summary` tells the call in words for those who do not see them."""

    names: Names
    words: Words
    zone: ZoneInfo
    now_ms: int
    summary: str


def lanes_of(records: Records, messages: Sequence[Told], chosen: int | None, drawing: Drawing) -> Markup:
    """Return the drawing; `chosen` is the number of the message that is shown below."""
    call = records.call
    if call is None:
        return Markup("")
    since_ms, until_ms = _ends(call, records, messages, drawing.now_ms)
    end_ms = call.ended_at_ms if call.ended_at_ms is not None else until_ms
    lanes = [_caller(call, end_ms, drawing)]
    lanes += [_leg(leg, number, end_ms, drawing) for number, leg in enumerate(records.legs, start=1)]
    lanes += [_visit(visit, end_ms, drawing) for visit in records.visits]
    timeline = Timeline(
        since_ms=since_ms,
        until_ms=until_ms,
        start_text=clock(since_ms, drawing.zone),
        summary=drawing.summary,
        lanes=tuple(lanes[:MOST_LANES]),
        messages=tuple(_marks(messages, chosen)),
    )
    return call_lanes(timeline, drawing.words)


def _ends(call: Call, records: Records, messages: Sequence[Told], now_ms: int) -> tuple[int, int]:
    """Return the ends of the axis; what came long after a call lies at its end."""
    since_ms = min([call.started_at_ms, *(leg.started_at_ms for leg in records.legs)])
    if call.is_open:
        until_ms = now_ms if not call.crashed else _last_heard_ms(call, records, messages)
    elif call.ended_at_ms is not None:
        until_ms = call.ended_at_ms
    else:
        until_ms = _last_heard_ms(call, records, messages)
    until_ms = max(until_ms, since_ms + _SHORTEST_MS)
    if call.ended_at_ms is None:
        until_ms += (until_ms - since_ms) // _FADE_SHARE
    return since_ms, until_ms


def _last_heard_ms(call: Call, records: Records, messages: Sequence[Told]) -> int:
    known = [call.started_at_ms, call.answered_at_ms, call.ended_at_ms]
    for leg in records.legs:
        known += [leg.started_at_ms, leg.network_answered_at_ms, leg.answered_at_ms, leg.ended_at_ms]
    known += [message.at_ms for message in messages if message.is_push]
    return max(instant for instant in known if instant is not None)


def _caller(call: Call, end_ms: int, drawing: Drawing) -> Lane:
    words = drawing.words
    party = drawing.names.party(call)
    is_inbound = call.direction is Direction.INBOUND
    role = words.t("call.legs.caller" if is_inbound else "call.legs.callee")
    detail = f"{party.number}, {role}" if party.name and party.number else role
    waited_until_ms = call.started_at_ms + call.wait_ms if call.wait_ms is not None else end_ms
    fades = call.ended_at_ms is None
    parts = []
    if waited_until_ms > call.started_at_ms:
        phase = Phase.WAIT if is_inbound else Phase.RING
        is_over = call.wait_ms is not None
        said = words.t("call.legs.waiting" if is_inbound else "call.legs.ringing", time=duration(call.wait_ms))
        parts.append(
            Part(
                phase=phase,
                since_ms=call.started_at_ms,
                until_ms=waited_until_ms,
                text=said if is_over and call.answered_at_ms is None else "",
                fades=fades and call.answered_at_ms is None and not is_over,
            )
        )
    if call.answered_at_ms is not None:
        said = words.t("call.legs.connected", time=duration(call.talk_ms)) if call.talk_ms is not None else ""
        said = said or _unended(call, words)
        parts.append(Part(phase=Phase.TALK, since_ms=call.answered_at_ms, until_ms=end_ms, text=said, fades=fades))
    return Lane(name=party.text(words), detail=detail, parts=tuple(parts))


def _unended(call: Call, words: Words) -> str:
    return words.t("call.legs.open" if call.is_open and not call.crashed else "call.legs.end_unknown")


def _leg(leg: Leg, number: int, end_ms: int, drawing: Drawing) -> Lane:
    words = drawing.words
    detail = words.t("call.legs.leg", number=number)
    own = leg.answering_number or leg.callee if leg.direction is Direction.INBOUND else leg.caller
    name = _leg_name(leg, drawing)
    if own and phone(own) != name:
        detail = f"{phone(own)}, {detail}"
    return Lane(
        name=name,
        detail=detail,
        parts=tuple(_leg_parts(leg, end_ms, words)),
        caused_at_ms=leg.started_at_ms if leg.linked_leg_id is not None else None,
    )


def _leg_name(leg: Leg, drawing: Drawing) -> str:
    words, names = drawing.words, drawing.names
    if leg.voicemail:
        return words.t("call.outcome.voicemail")
    if leg.agent:
        return names.user(leg, leg.agent)
    ringing = names.ringing(leg)
    if len(ringing) == 1:
        return ringing[0]
    if ringing:
        return names.group(leg.own_numbers) or words.t("live.active.phones", count=len(ringing))
    own = leg.answering_number or leg.callee if leg.direction is Direction.INBOUND else leg.caller
    return names.own(own) or words.t("call.legs.leg", number="")


def _leg_parts(leg: Leg, end_ms: int, words: Words) -> Iterator[Part]:
    fades = leg.ended_at_ms is None
    over_ms = leg.ended_at_ms if leg.ended_at_ms is not None else max(end_ms, leg.started_at_ms)
    end_word = words.t("call.legs.open" if leg.end is End.OPEN and not leg.crashed else "call.legs.end_unknown")
    picked_ms = leg.answered_at_ms if leg.answered_at_ms is not None else leg.network_answered_at_ms
    if picked_ms is None:
        rang = duration(over_ms - leg.started_at_ms)
        if leg.outcome is Outcome.IN_PROGRESS:
            yield Part(phase=Phase.RING, since_ms=leg.started_at_ms, until_ms=over_ms, text=end_word, fades=fades)
        elif leg.voicemail:
            said = words.t("call.legs.mailbox", time=rang)
            yield Part(phase=Phase.MAILBOX, since_ms=leg.started_at_ms, until_ms=over_ms, text=said, fades=fades)
        else:
            said = end_word if fades else words.t("call.legs.not_picked", time=rang)
            yield Part(phase=Phase.UNANSWERED, since_ms=leg.started_at_ms, until_ms=over_ms, text=said, fades=fades)
        return
    if picked_ms > leg.started_at_ms:
        yield Part(phase=Phase.RING, since_ms=leg.started_at_ms, until_ms=picked_ms)
    key = "call.legs.mailbox" if leg.voicemail else "call.legs.talked"
    said = end_word if fades else words.t(key, time=duration(over_ms - picked_ms))
    phase = Phase.MAILBOX if leg.voicemail or leg.answered_at_ms is None else Phase.TALK
    yield Part(phase=phase, since_ms=picked_ms, until_ms=max(over_ms, picked_ms), text=said, fades=fades)


def _visit(visit: QueueVisit, end_ms: int, drawing: Drawing) -> Lane:
    words = drawing.words
    fades = visit.left_at_ms is None
    over_ms = visit.left_at_ms if visit.left_at_ms is not None else max(end_ms, visit.entered_at_ms)
    waited_until_ms = visit.answered_at_ms if visit.answered_at_ms is not None else over_ms
    is_waiting = visit.answered_at_ms is None
    said = (
        words.t("call.legs.waiting", time=duration(visit.wait_ms)) if is_waiting and visit.wait_ms is not None else ""
    )
    parts = [
        Part(
            phase=Phase.WAIT,
            since_ms=visit.entered_at_ms,
            until_ms=waited_until_ms,
            text=said,
            fades=fades and is_waiting,
        )
    ]
    if visit.answered_at_ms is not None:
        talked = words.t("call.legs.talked", time=duration(visit.talk_ms)) if visit.talk_ms is not None else ""
        parts.append(Part(phase=Phase.TALK, since_ms=visit.answered_at_ms, until_ms=over_ms, text=talked, fades=fades))
    return Lane(
        name=drawing.names.member(visit.agent) or words.t("call.visits.nobody"),
        detail=visit.queue,
        parts=tuple(parts),
    )


def _marks(messages: Sequence[Told], chosen: int | None) -> Iterator[MessageMark]:
    for message in messages:
        yield MessageMark(
            at_ms=message.at_ms,
            label=f"{message.received} {message.kind}",
            href=message.href,
            chosen=message.number == chosen,
        )

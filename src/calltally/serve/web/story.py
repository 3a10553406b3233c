"""The story of a call in a few sentences: who waited, who did not pick up, who talked, and how it ended."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from calltally.model.instants import SECOND_MS
from calltally.model.records import Call, Leg, QueueVisit, Records
from calltally.model.words import Direction, EndedBy, HangupCause, Outcome, VisitOutcome
from calltally.render.escape import markup, text
from calltally.render.numbers import duration, elapsed
from calltally.render.times import clock
from calltally.render.words import Words
from calltally.serve.web.names import Names

_NOT_REACHED: Final = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.BUSY: "busy",
    Outcome.FAILED: "failed",
}
_MOST_NAMES: Final = 3
_SLOT: Final = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a story is told with; `crashed` is since when calltally was down, as a time, if it lost the call."""

    names: Names
    words: Words
    zone: ZoneInfo
    now_ms: int
    target_ms: int
    crashed: str = ""


def story(records: Records, telling: Telling) -> Markup:
    """Return the sentences, who and how long in bold."""
    call = records.call
    if call is None:
        return markup("")
    parts = [*_beginning(call, records, telling), *_middle(call, records, telling), *_end(call, records, telling)]
    return markup(" ".join(parts))


def told(words: Words, key: str, **slots: str) -> Markup:
    """Return a sentence whose slots are bold; a slot that is markup already stays as it is."""
    pieces = _SLOT.split(text(words.pattern(key)))
    return markup("".join(_slot(slots[piece]) if place % 2 else piece for place, piece in enumerate(pieces)))


def _slot(value: str) -> str:
    return value if isinstance(value, Markup) else f"<b>{text(value)}</b>"


def _beginning(call: Call, records: Records, telling: Telling) -> Iterator[Markup]:
    words, names = telling.words, telling.names
    if call.direction is not Direction.INBOUND:
        caller = names.agent(call) or names.own(call.caller) or words.t("site.value.unknown")
        root = records.legs[0] if records.legs else None
        if call.direction is Direction.INTERNAL and root is not None:
            caller = _one_of(names.ringing(root)) or names.own(call.caller) or caller
        yield told(words, "call.story.called_out", who=caller, party=names.party(call).text(words))
        if call.answered_at_ms is not None and call.wait_ms is not None:
            yield told(words, "call.story.picked_up", time=duration(call.wait_ms))
        return
    if call.wait_ms is None or call.outcome is Outcome.ABANDONED:
        return
    if call.wait_ms < SECOND_MS and call.voicemail:
        return
    yield _waited(call, call.wait_ms, telling)


def _waited(call: Call, wait_ms: int, telling: Telling) -> Markup:
    words = telling.words
    place = call.queue or telling.names.group(call.own_numbers)
    time = duration(wait_ms)
    over_ms = wait_ms - telling.target_ms
    if over_ms < SECOND_MS or call.outcome is not Outcome.ANSWERED:
        key = "call.story.waited_in" if place else "call.story.waited"
        return told(words, key, time=time, queue=place)
    late = markup(f'<span class="warn">{text(words.t("call.story.over_target", time=duration(over_ms)))}</span>')
    if place:
        return told(words, "call.story.waited_in_late", time=time, queue=place, late=late)
    return told(words, "call.story.waited_late", time=time, late=late)


def _middle(call: Call, records: Records, telling: Telling) -> Iterator[Markup]:
    legs = [
        leg for leg in records.legs if call.direction is not Direction.INTERNAL or leg.direction is Direction.INBOUND
    ]
    answered = [leg for leg in legs if leg.outcome is Outcome.ANSWERED]
    for leg in legs:
        if leg.outcome is Outcome.ANSWERED:
            yield _talked(call, leg, telling, is_last=leg is answered[-1])
        elif leg.direction is Direction.INBOUND and not leg.voicemail and (answered or call.voicemail or len(legs) > 1):
            yield from _missed(leg, telling)
    for visit in records.visits:
        yield from _visited(visit, telling)
    if call.voicemail and call.outcome is Outcome.VOICEMAIL:
        yield told(telling.words, "call.story.mailbox")


def _missed(leg: Leg, telling: Telling) -> Iterator[Markup]:
    who = _several(telling.names.ringing(leg), telling.words) or telling.names.own(leg.callee)
    if not who or leg.outcome is Outcome.IN_PROGRESS:
        return
    if leg.outcome is Outcome.FORWARDED:
        yield told(telling.words, "call.story.forwarded", who=who)
    elif leg.outcome is Outcome.BUSY:
        yield told(telling.words, "call.story.was_busy", who=who)
    else:
        yield told(telling.words, "call.story.not_picked", who=who)


def _talked(call: Call, leg: Leg, telling: Telling, *, is_last: bool) -> Markup:
    words, names = telling.words, telling.names
    who = names.user(leg, leg.agent) if leg.agent else names.own(leg.answering_number)
    who = who or (_one_of(names.ringing(leg)) if leg.direction is Direction.OUTBOUND else "")
    who = who or names.own(leg.callee) or names.agent(call) or words.t("call.story.somebody")
    if leg.talk_ms is not None:
        key = "call.story.talked" if is_last else "call.story.talked_then"
        return told(words, key, who=who, time=duration(leg.talk_ms))
    if call.is_open and not call.crashed and leg.answered_at_ms is not None:
        return told(words, "call.story.talks", who=who, time=elapsed(telling.now_ms - leg.answered_at_ms))
    return told(words, "call.story.spoke", who=who)


def _visited(visit: QueueVisit, telling: Telling) -> Iterator[Markup]:
    words = telling.words
    if visit.outcome is VisitOutcome.ANSWERED and visit.talk_ms is not None:
        who = telling.names.member(visit.agent) or words.t("call.story.somebody")
        yield told(words, "call.story.talked", who=who, time=duration(visit.talk_ms))
    elif visit.outcome not in {VisitOutcome.ANSWERED, VisitOutcome.ABANDONED, VisitOutcome.IN_PROGRESS}:
        yield told(words, "call.story.left_queue", queue=visit.queue, how=words.t(f"call.visit.{visit.outcome}"))


def _end(call: Call, records: Records, telling: Telling) -> Iterator[Markup]:
    words = telling.words
    if call.is_open:
        if call.crashed:
            key = "call.story.crashed" if telling.crashed else "call.story.crashed_unknown"
            yield told(words, key, time=telling.crashed)
        else:
            is_ringing = call.answered_at_ms is None and not call.voicemail
            yield told(words, "call.story.ringing" if is_ringing else "call.story.running")
        return
    if call.outcome is Outcome.ABANDONED:
        who = "gave_up" if call.direction is Direction.INBOUND else "gave_up_out"
        key = f"call.story.{who}" if call.wait_ms is not None else "call.story.gave_up_unknown"
        yield told(words, key, time=duration(call.wait_ms))
    elif call.outcome in _NOT_REACHED:
        yield told(words, f"call.story.{_not_reached(call, records)}")
    elif call.ended_at_ms is None:
        yield told(words, "call.story.end_unknown")
    else:
        yield _hung_up(call, records, telling)


def _not_reached(call: Call, records: Records) -> str:
    causes = {leg.hangup_cause for leg in records.legs}
    if call.outcome is Outcome.NO_ANSWER and causes == {HangupCause.DECLINED}:
        return "declined"
    return _NOT_REACHED[call.outcome]


def _hung_up(call: Call, records: Records, telling: Telling) -> Markup:
    words = telling.words
    ended_by = next((visit.ended_by for visit in reversed(records.visits) if visit.ended_by is not None), None)
    if ended_by is EndedBy.CALLER:
        return told(words, "call.story.caller_hung_up")
    if ended_by is EndedBy.AGENT:
        return told(words, "call.story.agent_hung_up", who=telling.names.agent(call) or words.t("call.story.agent"))
    return told(words, "call.story.ended", time=clock(call.ended_at_ms or 0, telling.zone))


def _one_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ""


def _several(names: tuple[str, ...], words: Words) -> str:
    """Return a few names, the others as a count."""
    if len(names) <= _MOST_NAMES:
        return words.t("call.story.and").join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
    shown = _MOST_NAMES - 1
    return ", ".join(names[:shown]) + " " + words.t("site.value.and_more", count=len(names) - shown)

"""The messages of a call as its page shows them: what each is and says, and its body made readable."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from calltally.model.events import Event, LegEvent, LegEventKind, LegSettled, QueueEvent
from calltally.model.instants import MINUTE_MS
from calltally.model.messages import BadMessageError, RawMessage
from calltally.render.escape import plain
from calltally.render.numbers import lag, phone
from calltally.render.times import clock_ms
from calltally.render.words import Words
from calltally.serve.web.names import Names
from calltally.sources.source import Source
from calltally.store.asked import JournalEntry

LONGEST_SHOWN: Final = 64 * 1024
_MARKED: Final = frozenset({"event", "cause"})
_FEWEST_PAIRS: Final = 2

Line = tuple[str, str, bool]
"""Key (empty for plain text), value, and whether it is the field that mattered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message.

    Attributes:
        number: its place in the order of receipt, from 1.
        at_ms: when it was received.
        legs: the numbers of the legs that it tells of, `1, 3`.
        stored: how long it took to become durable; empty where it was imported later.
        is_push: whether the phone system sent it by itself.
    """

    number: int
    at_ms: int
    received: str
    kind: str
    legs: str
    says: str
    stored: str
    problem: str
    href: str
    is_push: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What messages are read with; `legs` are the ids of the call's legs in their order."""

    sources: Mapping[str, Source]
    names: Names
    words: Words
    zone: ZoneInfo
    legs: Sequence[str]
    href: Callable[[int], str]


def told_messages(entries: Sequence[JournalEntry], reading: Reading) -> list[Told]:
    """Return all messages of a call in the order of their receipt."""
    return [_told(entry, number, reading) for number, entry in enumerate(entries, start=1)]


def _told(entry: JournalEntry, number: int, reading: Reading) -> Told:
    message = entry.message
    events, problem = _events(message, reading.sources)
    at_ms = message.received_at_us // 1000
    delay_ms = (entry.stored_at_us - message.received_at_us) // 1000
    found = [reading.legs.index(event.leg_id) + 1 for event in _of_legs(events) if event.leg_id in reading.legs]
    reason = entry.problem or problem
    words = reading.words
    return Told(
        number=number,
        at_ms=at_ms,
        received=clock_ms(at_ms, reading.zone),
        kind=_kind(events, message, words),
        legs=", ".join(map(str, dict.fromkeys(found))),
        says=words.t("call.messages.set_aside", reason=reason) if reason else _says(events, reading),
        stored=lag(delay_ms, words) if 0 <= delay_ms < MINUTE_MS else "",
        problem=reason,
        href=reading.href(number),
        is_push=not message.kind,
    )


def _events(message: RawMessage, sources: Mapping[str, Source]) -> tuple[Sequence[Event], str]:
    source = sources.get(message.source.partition(":")[0])
    if source is None:
        return (), ""
    try:
        return source.parse(message), ""
    except BadMessageError as problem:
        return (), str(problem)


def _of_legs(events: Sequence[Event]) -> Iterator[LegEvent | LegSettled]:
    for event in events:
        if not isinstance(event, QueueEvent):
            yield event


def _kind(events: Sequence[Event], message: RawMessage, words: Words) -> str:
    if not events:
        return plain(message.kind) or words.t("call.event.other")
    event = events[0]
    if isinstance(event, QueueEvent):
        return plain(event.name)
    return words.t("call.event.settled" if isinstance(event, LegSettled) else f"call.event.{event.kind}")


def _says(events: Sequence[Event], reading: Reading) -> str:
    if not events:
        return ""
    event = events[0]
    match event:
        case QueueEvent():
            said = [event.queue or "", event.agent or "", *event.data]
            return plain(", ".join(part for part in said if part))
        case LegSettled():
            return _settled(event, reading.words)
        case LegEvent():
            return _heard(event, reading)


def _settled(event: LegSettled, words: Words) -> str:
    outcome = words.t(f"call.outcome.{event.outcome}") if event.outcome else words.t("site.value.unknown")
    return words.t("call.event.says_settled", outcome=outcome)


def _heard(event: LegEvent, reading: Reading) -> str:
    words, names = reading.words, reading.names
    who = ", ".join(event.user_names) or ", ".join(names.users.get(user, user) for user in event.users)
    match event.kind:
        case LegEventKind.STARTED:
            caller = words.t("site.value.withheld") if event.caller_withheld else phone(event.caller or "")
            parties = words.t("call.event.says_calls", caller=caller or "?", callee=phone(event.callee or "") or "?")
            return f"{parties}; {who}" if who else parties
        case LegEventKind.ANSWERED:
            return who or names.own(event.answering_number) or names.own(event.callee)
        case LegEventKind.ENDED:
            return event.cause_raw or words.t("call.cause.none")
        case LegEventKind.DIGITS:
            return event.digits or ""
        case _:
            return words.t(f"call.event.says_{event.kind}")


def readable(body: bytes) -> list[Line]:
    """Return a body line by line: the fields of a form decoded, JSON with indents, else the text as it is."""
    shown = body[:LONGEST_SHOWN].decode("utf-8", "replace")
    lines = _form(shown) or _json(shown) or [("", line, False) for line in shown.splitlines()]
    if len(body) > LONGEST_SHOWN:
        lines.append(("", f"... {len(body) - LONGEST_SHOWN:,} bytes", False))
    return [(plain(key), plain(value), marked) for key, value, marked in lines]


def _form(shown: str) -> list[Line]:
    pairs = [pair.partition("=") for pair in shown.strip().split("&")]
    is_form = len(pairs) >= _FEWEST_PAIRS and all(sign for _, sign, _ in pairs)
    if not is_form or shown.lstrip().startswith(("{", "[")):
        return []
    return [(unquote_plus(key), unquote_plus(value), key in _MARKED) for key, _, value in pairs]


def _json(shown: str) -> list[Line]:
    if not shown.lstrip().startswith(("{", "[")):
        return []
    try:
        pretty = json.dumps(json.loads(shown), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return []
    return [("", line, False) for line in pretty.splitlines()]

"""Writes what is heard of a leg shortly: `0 start w4, 12 answer w4, 95 end normal`, seconds counted from the start."""

from collections.abc import Iterable
from dataclasses import replace

from calltally.fold.records import records_from
from calltally.model.events import Event, LegEvent, LegEventKind
from calltally.model.instants import Gap
from calltally.model.records import Call, Leg, Records
from calltally.model.words import AnsweredBy, Direction, HangupCause

START_MS = 1_795_000_000_000
KINDS = {
    "start": LegEventKind.STARTED,
    "answer": LegEventKind.ANSWERED,
    "pick-up": LegEventKind.ANSWERED,
    "end": LegEventKind.ENDED,
    "digits": LegEventKind.DIGITS,
    "seen": LegEventKind.SEEN,
    "gone": LegEventKind.GONE,
    "expired": LegEventKind.EXPIRED,
}


def heard(story: str, leg_id: str = "A", **fields: object) -> list[Event]:
    """Return the events of one leg: `"0 start, 12 answer w4, 95 end normal"`, in seconds from the start."""
    return [event_of(part, number, leg_id, fields) for number, part in enumerate(story.split(", "))]


def event_of(part: str, number: int, leg_id: str, fields: dict[str, object]) -> LegEvent:
    """Return one event; later parts of a story have higher numbers."""
    seconds, word, *rest = part.split()
    told: dict[str, object] = {"direction": Direction.INBOUND, "caller": "+491", "callee": "+492"} | fields
    if KINDS[word] in {LegEventKind.SEEN, LegEventKind.GONE, LegEventKind.EXPIRED}:
        told = {}
    if word == "answer":
        told |= {"answered_by": AnsweredBy.PERSON, "users": tuple(rest)}
    if word == "end":
        told |= {"cause": HangupCause(rest[0]), "cause_raw": rest[0]}
    if word == "start":
        told |= {"voicemail": "mailbox" in rest, "users": tuple(user for user in rest if user != "mailbox")}
    base = LegEvent(
        source="sipgate",
        at_ms=START_MS + round(float(seconds) * 1000),
        sequence=number,
        tie=number,
        kind=KINDS[word],
        leg_id=leg_id,
        links=(f"c:{leg_id}", "x:flow"),
    )
    return replace(base, **told)  # type: ignore[arg-type]  # the table's own words


def call_in(records: Records) -> Call:
    """Return the call of records that have one."""
    assert records.call is not None
    return records.call


def leg_in(events: Iterable[Event], gaps: tuple[Gap, ...] = ()) -> Leg:
    """Return the leg of events that tell of one."""
    (leg,) = records_from(events, gaps).legs
    return leg

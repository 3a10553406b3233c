"""The event of a leg while a push is read: the fields of `LegEvent`, of the same types, to be set one by one.

Why not at once: `model/quick.py`. That the draft has just the fields of its event is checked when this is imported.
"""

from dataclasses import fields

from calltally.model.events import LegEvent, LegEventKind
from calltally.model.quick import finisher
from calltally.model.words import AnsweredBy, Direction, HangupCause


class LegEventDraft:
    """A `LegEvent` that is not finished: `finished_event` makes it one when every field is set."""

    __slots__ = tuple(each.name for each in fields(LegEvent))

    source: str
    at_ms: int
    sequence: int
    tie: int
    kind: LegEventKind
    leg_id: str
    links: tuple[str, ...]
    origin_leg_id: str | None
    direction: Direction | None
    caller: str | None
    caller_withheld: bool
    callee: str | None
    users: tuple[str, ...]
    user_names: tuple[str, ...]
    voicemail: bool
    answering_number: str | None
    diversion: str | None
    answered_by: AnsweredBy | None
    cause: HangupCause | None
    cause_raw: str | None
    digits: str | None


finished_event = finisher(LegEventDraft, LegEvent)

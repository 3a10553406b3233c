"""Sorts what was heard of one leg: which event started it, answered it, ended it, and what was said about it later."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from calltally.model.events import LegEvent, LegEventKind, LegSettled
from calltally.model.quick import quick

_STARTED = LegEventKind.STARTED
_ANSWERED = LegEventKind.ANSWERED
_ENDED = LegEventKind.ENDED
_DIGITS = LegEventKind.DIGITS
_GONE = LegEventKind.GONE
_EXPIRED = LegEventKind.EXPIRED


@dataclass(slots=True)
class Heard:
    """All that is known about one leg.

    Attributes:
        told: what the source told of its own accord, in order; empty if only its lists and its history are known.
        started, answered, ended: the first of each kind; a repeat moves nothing.
        settled: what the source's history says, in its newest reading.
        gone: the first list of running calls, after the last sign of life, which no longer names the leg.
        expired: the leg was given up, after the last sign of life.
        first_ms, last_ms: when anything was heard first and last.
    """

    told: list[LegEvent] = field(default_factory=list)
    started: LegEvent | None = None
    answered: LegEvent | None = None
    ended: LegEvent | None = None
    settled: LegSettled | None = None
    gone: LegEvent | None = None
    expired: LegEvent | None = None
    first_ms: int = 0
    last_ms: int = 0


_heard = quick(Heard)


def heard_in(events: Sequence[LegEvent | LegSettled]) -> Heard:
    """Return what the events of one leg, in order and at least one, say about it."""
    told: list[LegEvent] = []
    heard = _heard(told=told, first_ms=events[0].at_ms, last_ms=events[-1].at_ms)
    gone: LegEvent | None = None
    expired: LegEvent | None = None
    for event in events:
        if isinstance(event, LegSettled):
            heard.settled = event
            continue
        kind = event.kind
        if kind is _GONE:
            gone = gone or event
            continue
        if kind is _EXPIRED:
            expired = expired or event
            continue
        gone = expired = None
        if kind is _STARTED:
            heard.started = heard.started or event
        elif kind is _ANSWERED:
            heard.answered = heard.answered or event
        elif kind is _ENDED:
            heard.ended = heard.ended or event
        elif kind is not _DIGITS:
            continue
        told.append(event)
    heard.gone = gone
    heard.expired = expired
    return heard

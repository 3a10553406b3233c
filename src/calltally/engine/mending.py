"""Which legs to ask the phone system's history about, and which of its answers tell anything new."""

from collections.abc import Iterable, Sequence

from calltally.model.events import LegSettled
from calltally.model.instants import MINUTE_MS, SECOND_MS, Span
from calltally.model.records import Leg, Records
from calltally.model.words import End, Outcome
from calltally.sources.source import OpenLeg

CLOCKS_APART_MS = 10 * MINUTE_MS
"""How far the phone system's clock and ours may differ when a leg is looked for by its start."""
TOLERANCE_MS = 5 * SECOND_MS
"""How far history and pushes may differ and still tell the same."""


def open_legs_of(open_calls: Iterable[Records], source: str) -> list[OpenLeg]:
    """Return the legs of one source whose end is not known."""
    return [
        OpenLeg(leg_id=leg.leg_id, started_at_ms=leg.started_at_ms, crashed=leg.crashed)
        for records in open_calls
        for leg in records.legs
        if leg.source == source and leg.end is End.OPEN
    ]


def spans_around(legs: Sequence[OpenLeg]) -> list[Span]:
    """Return the ranges of time in which these legs began, as few as cover them."""
    spans: list[Span] = []
    for start_ms in sorted(leg.started_at_ms for leg in legs):
        since_ms, until_ms = start_ms - CLOCKS_APART_MS, start_ms + CLOCKS_APART_MS
        if spans and since_ms <= spans[-1].until_ms:
            spans[-1] = Span(spans[-1].since_ms, until_ms)
        else:
            spans.append(Span(since_ms, until_ms))
    return spans


def is_news(leg: Leg, settled: LegSettled) -> bool:
    """Return whether history tells of a leg what its pushes did not: an end, an answer, or a better end."""
    if leg.end in (End.OPEN, End.UNKNOWN):
        return True
    if settled.outcome is Outcome.ANSWERED and leg.network_answered_at_ms is None:
        return True
    return _ended_before(leg, settled)


def _ended_before(leg: Leg, settled: LegSettled) -> bool:
    """Return whether the end was pushed late, or only guessed; history may count its length from start or answer."""
    if leg.ended_at_ms is None or settled.ended_at_ms is None or settled.started_at_ms is None:
        return False
    length_ms = settled.ended_at_ms - settled.started_at_ms
    answered_ms = leg.network_answered_at_ms
    ends = [settled.ended_at_ms] if answered_ms is None else [settled.ended_at_ms, answered_ms + length_ms]
    if leg.end is End.ESTIMATED:
        return all(abs(leg.ended_at_ms - end_ms) > TOLERANCE_MS for end_ms in ends)
    return leg.ended_at_ms - max(ends) > TOLERANCE_MS

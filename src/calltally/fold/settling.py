"""When a leg was answered and when it ended, from pushes that may be lost, late or false and a history that mends them.

The pushes are what happened, as far as they go. The history says three things more:

- A hangup that was lost: the history's end, and if it has none, that the leg is over.
- A hangup that came late, by more than 5 seconds: the history's end.
- An answer that was lost, also behind a hangup that says the caller gave up: the leg was answered.

The history's duration may count from the start or from the pick-up; sipgate does not say which (its `polled.py`).
Where the pushes decide it, they do: an answer later than the history's end means that it counts from the pick-up. A
hangup counts as late only if it is late in both readings, and the time of a lost answer is taken from the duration only
if that puts it clearly behind the start; else it stays unknown.
"""

from calltally.fold.hearing import Heard
from calltally.model.events import LegSettled
from calltally.model.words import End, Outcome

LATE_MS = 5000
"""How much later than the history's end a hangup may arrive before the history is believed."""

CLEARLY_MS = 2000
"""How far behind the start an answer that was worked out must lie to be one: less is the blur of the two clocks."""

_ANSWERED = Outcome.ANSWERED
_KNOWN = End.KNOWN
_OPEN = End.OPEN


def ending_of(heard: Heard, started_at_ms: int) -> tuple[int | None, End]:
    """Return when the leg ended and how well that is known."""
    ended = heard.ended
    settled = heard.settled
    if settled is None and ended is not None:
        return ended.at_ms, _KNOWN
    if settled is not None:
        reported_ms = _reported_end(heard, settled, started_at_ms)
        if ended is not None:
            late = reported_ms is not None and _is_late(heard, settled, ended.at_ms)
            return (reported_ms, End.ESTIMATED) if late else (ended.at_ms, _KNOWN)
        if reported_ms is not None:
            return reported_ms, End.ESTIMATED
    if heard.gone is not None:
        return max(heard.gone.at_ms, started_at_ms), End.ESTIMATED
    if heard.expired is not None or settled is not None:
        return None, End.UNKNOWN
    return None, _OPEN


def reported_answer_ms(heard: Heard, started_at_ms: int) -> int | None:
    """Return when a leg whose answer was lost was answered, as far as its hangup and the history's duration tell."""
    duration_ms = _duration_ms(heard.settled)
    if heard.ended is None or duration_ms is None:
        return None
    answered_at_ms = heard.ended.at_ms - duration_ms
    return answered_at_ms if answered_at_ms - started_at_ms >= CLEARLY_MS else None


def _duration_ms(settled: LegSettled | None) -> int | None:
    if settled is None or settled.ended_at_ms is None or settled.started_at_ms is None:
        return None
    return max(settled.ended_at_ms - settled.started_at_ms, 0)


def _reported_end(heard: Heard, settled: LegSettled, started_at_ms: int) -> int | None:
    if settled.ended_at_ms is None:
        return None
    answered = heard.answered
    if answered is not None and answered.at_ms > settled.ended_at_ms:
        return answered.at_ms + (_duration_ms(settled) or 0)
    return max(settled.ended_at_ms, started_at_ms)


def _is_late(heard: Heard, settled: LegSettled, ended_at_ms: int) -> bool:
    if settled.ended_at_ms is None:
        return False
    latest_ms = settled.ended_at_ms
    if heard.answered is not None:
        latest_ms = max(latest_ms, heard.answered.at_ms + (_duration_ms(settled) or 0))
    elif settled.outcome is _ANSWERED:
        return False
    return ended_at_ms - latest_ms > LATE_MS

"""How calls go at a time: what becomes of them, how long phones ring, how patient callers are, how long people talk."""

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from math import exp
from random import Random

from calltally.model.instants import HOUR_MS, MINUTE_MS, SECOND_MS


class Case(StrEnum):
    """The ways in which a conversation can go."""

    ANSWERED = "answered"
    GAVE_UP = "gave_up"
    DECLINED = "declined"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    PICKED_UP = "picked_up"
    FORWARDED = "forwarded"
    FORWARDED_IN_VAIN = "forwarded_in_vain"
    TRANSFERRED = "transferred"
    TRANSFER_NOT_TAKEN = "transfer_not_taken"
    MAILBOX_AFTER_RINGING = "mailbox_after_ringing"
    MAILBOX_AT_ONCE = "mailbox_at_once"
    CALLED_OUT = "called_out"
    CALLED_OUT_IN_VAIN = "called_out_in_vain"
    CALLED_OUT_BUSY = "called_out_busy"
    CALLED_OUT_WRONG = "called_out_wrong"
    INTERNAL = "internal"
    INTERNAL_IN_VAIN = "internal_in_vain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """How long something takes: usually `usual_ms`, never outside the bounds; a greater `spread` varies it more."""

    least_ms: int
    usual_ms: int
    most_ms: int
    spread: float

    def drawn(self, rng: Random) -> int:
        """Return one length."""
        length = int(self.usual_ms * exp(rng.gauss(0.0, self.spread)))
        return min(max(length, self.least_ms), self.most_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """How things go at a time.

    Attributes:
        cases, weights: what becomes of calls, and how often.
        long_share: the share of talks which last one to three hours.
        lost_share: the share of conversations whose last hangup never arrives.
        cumulated: each weight with those before it.
    """

    cases: tuple[Case, ...]
    weights: tuple[float, ...]
    ring: Spell
    patience: Spell
    talk: Spell
    long_share: float = 0.0
    lost_share: float = 0.0
    cumulated: tuple[float, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Add the weights up."""
        object.__setattr__(self, "cumulated", tuple(accumulate(self.weights)))

    def case(self, rng: Random) -> Case:
        """Return what becomes of a call."""
        return rng.choices(self.cases, cum_weights=self.cumulated)[0]


_USUAL = {
    Case.ANSWERED: 47.0,
    Case.GAVE_UP: 7.5,
    Case.DECLINED: 1.2,
    Case.BUSY: 1.5,
    Case.UNREACHABLE: 0.6,
    Case.PICKED_UP: 0.8,
    Case.FORWARDED: 2.4,
    Case.FORWARDED_IN_VAIN: 0.6,
    Case.TRANSFERRED: 3.0,
    Case.TRANSFER_NOT_TAKEN: 0.5,
    Case.MAILBOX_AFTER_RINGING: 3.4,
    Case.MAILBOX_AT_ONCE: 0.8,
    Case.CALLED_OUT: 18.0,
    Case.CALLED_OUT_IN_VAIN: 5.0,
    Case.CALLED_OUT_BUSY: 1.6,
    Case.CALLED_OUT_WRONG: 0.5,
    Case.INTERNAL: 4.6,
    Case.INTERNAL_IN_VAIN: 1.0,
}
_CASES = tuple(_USUAL)


def _weights(**others: float) -> tuple[float, ...]:
    """Return the weights of all cases, some of them other than usual."""
    return tuple((_USUAL | {Case(name): weight for name, weight in others.items()}).values())


_RING = Spell(least_ms=1_200, usual_ms=9 * SECOND_MS, most_ms=110 * SECOND_MS, spread=0.65)
_PATIENCE = Spell(least_ms=1_500, usual_ms=24 * SECOND_MS, most_ms=4 * MINUTE_MS, spread=0.7)
_TALK = Spell(least_ms=4 * SECOND_MS, usual_ms=135 * SECOND_MS, most_ms=HOUR_MS, spread=0.95)

WORKING = Mood(
    cases=_CASES,
    weights=_weights(),
    ring=_RING,
    patience=_PATIENCE,
    talk=_TALK,
    long_share=0.002,
    lost_share=0.003,
)
BAD_DAY = Mood(
    cases=_CASES,
    weights=_weights(answered=34.0, gave_up=27.0, busy=5.0, mailbox_after_ringing=6.0, forwarded_in_vain=2.0),
    ring=Spell(least_ms=2_000, usual_ms=34 * SECOND_MS, most_ms=5 * MINUTE_MS, spread=0.7),
    patience=Spell(least_ms=2_000, usual_ms=62 * SECOND_MS, most_ms=9 * MINUTE_MS, spread=0.7),
    talk=_TALK,
    long_share=0.002,
    lost_share=0.003,
)
CLOSED = Mood(
    cases=_CASES,
    weights=_weights(
        answered=9.0,
        gave_up=14.0,
        forwarded=1.0,
        transferred=0.5,
        mailbox_after_ringing=6.0,
        mailbox_at_once=46.0,
        called_out=7.0,
        called_out_in_vain=2.0,
        internal=0.6,
        internal_in_vain=0.2,
    ),
    ring=Spell(least_ms=2_000, usual_ms=14 * SECOND_MS, most_ms=110 * SECOND_MS, spread=0.6),
    patience=_PATIENCE,
    talk=_TALK,
    lost_share=0.003,
)
LIVE = Mood(
    cases=_CASES,
    weights=_weights(gave_up=9.0, transferred=4.0),
    ring=Spell(least_ms=3 * SECOND_MS, usual_ms=12 * SECOND_MS, most_ms=40 * SECOND_MS, spread=0.6),
    patience=Spell(least_ms=4 * SECOND_MS, usual_ms=20 * SECOND_MS, most_ms=40 * SECOND_MS, spread=0.6),
    talk=Spell(least_ms=20 * SECOND_MS, usual_ms=75 * SECOND_MS, most_ms=240 * SECOND_MS, spread=0.6),
)
"""Shortened, so that a viewer sees calls come and go. No hangup is lost: calls that never end would fill the board."""

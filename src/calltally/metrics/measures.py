"""What is counted of every call and every queue visit: integers that add up, over time and over every dimension.

Each measure is declared as a column to sum and the conditions under which it counts; the declarations are what stores
print as SQL when they recount. `call_measures` and `visit_measures` give the same figures for one record, written out
by hand because they run for every message; a property test holds them to the declarations.

What a call or visit adds to is found by its start, so the parts of a range add up to the range.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from calltally.metrics.spread import bin_of
from calltally.model.records import Call, QueueVisit
from calltally.model.words import AnsweredBy, Outcome, VisitOutcome

SubjectWord = Literal["call", "visit"]
"""What a measure is taken of; the words of `store.asked.Subject`."""


class Presence(Enum):
    """Whether a column has a value at all."""

    KNOWN = "known"
    ABSENT = "absent"


Condition = tuple[str, tuple[str | int | bool, ...] | Presence]
"""A record column, and the values it may have, or whether it must have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One additive integer.

    Attributes:
        column: the record column whose values are summed (0 where it is NULL); `None` counts records.
        when: all of these must hold for a record to count.
        help: what is counted, for people.
    """

    name: str
    subject: SubjectWord
    column: str | None
    when: tuple[Condition, ...]
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One histogram of a duration of calls: how many fall into each bin of `metrics.spread`.

    Attributes:
        column: the record column with the bin, `wait_bin` or `talk_bin`; records without a bin do not count.
        duration: the record column that the bin was made of.
        when: all of these must hold for a record to count.
    """

    name: str
    column: str
    duration: str
    when: tuple[Condition, ...]


_ANSWERED: Final[Condition] = ("outcome", (Outcome.ANSWERED.value,))
UNANSWERED_OUTCOMES: Final = (
    Outcome.VOICEMAIL,
    Outcome.ABANDONED,
    Outcome.NO_ANSWER,
    Outcome.BUSY,
    Outcome.FAILED,
    Outcome.UNKNOWN,
)
"""The outcomes of a call that is called unanswered: it is over, and nobody answered."""

_UNANSWERED: Final[Condition] = ("outcome", tuple(outcome.value for outcome in UNANSWERED_OUTCOMES))
_WAIT_KNOWN: Final[Condition] = ("wait_ms", Presence.KNOWN)
_TALK_KNOWN: Final[Condition] = ("talk_ms", Presence.KNOWN)

CALL_OUTCOMES: Final = (Outcome.IN_PROGRESS, Outcome.ANSWERED, *UNANSWERED_OUTCOMES)
"""Every outcome a call can have, in the order of their measures; together they are all calls."""

VISIT_OUTCOMES: Final = (
    VisitOutcome.ANSWERED,
    VisitOutcome.ABANDONED,
    VisitOutcome.TIMEOUT,
    VisitOutcome.FULL,
    VisitOutcome.CLOSED,
    VisitOutcome.JOINEMPTY,
    VisitOutcome.LEAVEEMPTY,
    VisitOutcome.DIVERT_CA_RATIO,
    VisitOutcome.DIVERT_WAITTIME,
    VisitOutcome.EXIT_WITH_KEY,
    VisitOutcome.WITHDRAWN,
    VisitOutcome.IN_PROGRESS,
    VisitOutcome.UNKNOWN,
)
"""Every outcome a queue visit can have, in the order of their measures; together they are all visits offered."""


def _call(name: str, explanation: str, *when: Condition, column: str | None = None) -> Measure:
    return Measure(name=name, subject="call", column=column, when=when, help=explanation)


def _visit(name: str, explanation: str, *when: Condition, column: str | None = None) -> Measure:
    return Measure(name=name, subject="visit", column=column, when=when, help=explanation)


_CALL_OUTCOME_HELP: Final = {
    Outcome.IN_PROGRESS: "calls that ring or wait",
    Outcome.ANSWERED: "calls connected to a person or a software agent",
    Outcome.VOICEMAIL: "calls that ended in a mailbox",
    Outcome.ABANDONED: "calls that the caller gave up",
    Outcome.NO_ANSWER: "calls that nobody answered, ended by the phone system",
    Outcome.BUSY: "calls that met a busy line",
    Outcome.FAILED: "calls that could not be put through",
    Outcome.UNKNOWN: "calls whose outcome the source cannot know",
}

CALL_MEASURES: Final[tuple[Measure, ...]] = (
    _call("calls", "calls, each once"),
    *(_call(word.value, _CALL_OUTCOME_HELP[word], ("outcome", (word.value,))) for word in CALL_OUTCOMES),
    _call(
        "answered_by_software",
        "answered calls that a software agent took",
        _ANSWERED,
        ("answered_by", (AnsweredBy.SOFTWARE.value,)),
    ),
    _call("withheld", "calls with a withheld caller number", ("caller_withheld", (True,))),
    _call("answered_waits", "answered calls whose wait is known", _ANSWERED, _WAIT_KNOWN),
    _call("answered_wait_ms", "waits of answered calls", _ANSWERED, _WAIT_KNOWN, column="wait_ms"),
    _call("unanswered_waits", "unanswered calls whose wait is known", _UNANSWERED, _WAIT_KNOWN),
    _call("unanswered_wait_ms", "waits of unanswered calls", _UNANSWERED, _WAIT_KNOWN, column="wait_ms"),
    _call("talks", "answered calls whose talk is over and known", _ANSWERED, _TALK_KNOWN),
    _call("talk_ms", "talk of answered calls", _ANSWERED, _TALK_KNOWN, column="talk_ms"),
    _call("open_calls", "calls whose end is not known", ("is_open", (True,))),
    _call(
        "gave_up",
        "calls that the caller gave up while it rang, without a queue",
        ("outcome", (Outcome.ABANDONED.value,)),
        ("queue", Presence.ABSENT),
    ),
)
"""Measures of calls, in the order of `call_measures` and of the columns of the roll-ups."""

_VISIT_OUTCOME_HELP: Final = {
    VisitOutcome.ANSWERED: "visits that an agent answered",
    VisitOutcome.ABANDONED: "visits that the caller gave up",
    VisitOutcome.TIMEOUT: "visits that reached the queue's longest wait",
    VisitOutcome.FULL: "visits turned away because the queue was full",
    VisitOutcome.CLOSED: "visits turned away because the queue was closed",
    VisitOutcome.JOINEMPTY: "visits turned away because no agent was there",
    VisitOutcome.LEAVEEMPTY: "visits ended because no agent was left",
    VisitOutcome.DIVERT_CA_RATIO: "visits diverted because of too many callers per agent",
    VisitOutcome.DIVERT_WAITTIME: "visits diverted because of the expected wait",
    VisitOutcome.EXIT_WITH_KEY: "visits that the caller left with a key",
    VisitOutcome.WITHDRAWN: "visits that somebody took out of the queue",
    VisitOutcome.IN_PROGRESS: "visits still waiting",
    VisitOutcome.UNKNOWN: "visits whose end the source cannot know",
}
_VISIT_ANSWERED: Final[Condition] = ("outcome", (VisitOutcome.ANSWERED.value,))
_VISIT_ABANDONED: Final[Condition] = ("outcome", (VisitOutcome.ABANDONED.value,))

VISIT_MEASURES: Final[tuple[Measure, ...]] = (
    _visit("offered", "queue visits, each once"),
    *(_visit(word.value, _VISIT_OUTCOME_HELP[word], ("outcome", (word.value,))) for word in VISIT_OUTCOMES),
    _visit("answered_waits", "answered visits whose wait is known", _VISIT_ANSWERED, _WAIT_KNOWN),
    _visit("answered_wait_ms", "waits of answered visits", _VISIT_ANSWERED, column="wait_ms"),
    _visit("abandoned_waits", "abandoned visits whose wait is known", _VISIT_ABANDONED, _WAIT_KNOWN),
    _visit("abandoned_wait_ms", "waits of abandoned visits", _VISIT_ABANDONED, column="wait_ms"),
    _visit("waits", "visits whose wait is known", _WAIT_KNOWN),
    _visit("wait_ms", "waits of all visits", column="wait_ms"),
    _visit("ring_ms", "ringing at agents", column="ring_ms"),
    _visit("talks", "answered visits whose talk is over and known", _VISIT_ANSWERED, _TALK_KNOWN),
    _visit("talk_ms", "talk of answered visits", _VISIT_ANSWERED, _TALK_KNOWN, column="talk_ms"),
    _visit("no_answer_rings", "times that an agent's phone rang in vain", column="no_answer_rings"),
)
"""Measures of queue visits, in the order of `visit_measures` and of the columns of the roll-ups."""

SPREADS: Final[tuple[Spread, ...]] = (
    Spread(name="answered_wait", column="wait_bin", duration="wait_ms", when=(_ANSWERED,)),
    Spread(name="unanswered_wait", column="wait_bin", duration="wait_ms", when=(_UNANSWERED,)),
    Spread(name="talk", column="talk_bin", duration="talk_ms", when=(_ANSWERED,)),
)
"""Histograms of calls, in all directions; their cells have the dimensions of the cells of calls."""

_CALL_FLAGS: Final = {word: (1, *(int(word is other) for other in CALL_OUTCOMES)) for word in Outcome}
_VISIT_FLAGS: Final = {word: (1, *(int(word is other) for other in VISIT_OUTCOMES)) for word in VisitOutcome}
_UNANSWERED_SET: Final = frozenset(UNANSWERED_OUTCOMES)


def call_measures(call: Call) -> tuple[int, ...]:
    """Return what one call adds to each of `CALL_MEASURES`."""
    outcome = call.outcome
    wait_ms = call.wait_ms
    withheld = 1 if call.caller_withheld else 0
    is_open = 1 if call.is_open else 0
    waits = 0 if wait_ms is None else 1
    if outcome is Outcome.ANSWERED:
        talk_ms = call.talk_ms
        software = 1 if call.answered_by is AnsweredBy.SOFTWARE else 0
        talks = 0 if talk_ms is None else 1
        counted = (software, withheld, waits, wait_ms or 0, 0, 0, talks, talk_ms or 0, is_open, 0)
    elif outcome in _UNANSWERED_SET:
        gave_up = 1 if outcome is Outcome.ABANDONED and call.queue is None else 0
        counted = (0, withheld, 0, 0, waits, wait_ms or 0, 0, 0, is_open, gave_up)
    else:
        counted = (0, withheld, 0, 0, 0, 0, 0, 0, is_open, 0)
    return _CALL_FLAGS[outcome] + counted


def visit_measures(visit: QueueVisit) -> tuple[int, ...]:
    """Return what one queue visit adds to each of `VISIT_MEASURES`."""
    outcome = visit.outcome
    wait_ms = visit.wait_ms or 0
    waits = 0 if visit.wait_ms is None else 1
    answered, abandoned = outcome is VisitOutcome.ANSWERED, outcome is VisitOutcome.ABANDONED
    return (
        *_VISIT_FLAGS[outcome],
        waits if answered else 0,
        wait_ms if answered else 0,
        waits if abandoned else 0,
        wait_ms if abandoned else 0,
        waits,
        wait_ms,
        visit.ring_ms or 0,
        1 if answered and visit.talk_ms is not None else 0,
        visit.talk_ms or 0 if answered else 0,
        visit.no_answer_rings,
    )


def call_spreads(call: Call) -> tuple[tuple[str, int], ...]:
    """Return the spreads that one call counts in, as `(spread, bin)`, each once."""
    wait_ms = call.wait_ms
    if call.outcome is Outcome.ANSWERED:
        talk_ms = call.talk_ms
        if wait_ms is None:
            return () if talk_ms is None else (("talk", bin_of(talk_ms)),)
        if talk_ms is None:
            return (("answered_wait", bin_of(wait_ms)),)
        return (("answered_wait", bin_of(wait_ms)), ("talk", bin_of(talk_ms)))
    if wait_ms is None or call.outcome not in _UNANSWERED_SET:
        return ()
    return (("unanswered_wait", bin_of(wait_ms)),)

"""What a message tells, in the same few words for every phone system.

Events are values. Two events are ordered by `(at_ms, sequence, tie)`: the time they tell of, the order of arrival
within that millisecond (or the order of lines within a second of a log), and the fingerprint of their message, so that
any set of events has one order whatever the order of arrival was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from calltally.model.words import AnsweredBy, AnswerSource, Direction, HangupCause, Outcome


class LegEventKind(StrEnum):
    """What happened to a leg."""

    STARTED = "started"
    ANSWERED = "answered"
    ENDED = "ended"
    DIGITS = "digits"
    SEEN = "seen"
    """The source's list of running calls still named the leg at this time."""
    GONE = "gone"
    """The source's list of running calls no longer named the leg at this time."""
    EXPIRED = "expired"
    """Nothing was heard of the leg for the longest time that a call may last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEvent:
    """One event of one leg.

    Attributes:
        links: tokens that join legs to one flow, `c:<leg id>` and `x:<flow id of the source>`; never empty, the first
            is the leg's own.
        caller, callee, answering_number, diversion: normalised numbers (E.164 with plus where the digits allow).
        users: full user ids of the source; `user_names` their display names, same order, may be shorter.
        voicemail: the leg leads to a mailbox.
        answered_by: who picks up if this is an answer; `None` where the source does not say that it was a person.
        cause, cause_raw: why it ended: our word, and exactly what was pushed.
    """

    source: str
    at_ms: int
    sequence: int
    tie: int
    kind: LegEventKind
    leg_id: str
    links: tuple[str, ...]
    origin_leg_id: str | None = None
    direction: Direction | None = None
    caller: str | None = None
    caller_withheld: bool = False
    callee: str | None = None
    users: tuple[str, ...] = ()
    user_names: tuple[str, ...] = ()
    voicemail: bool = False
    answering_number: str | None = None
    diversion: str | None = None
    answered_by: AnsweredBy | None = None
    cause: HangupCause | None = None
    cause_raw: str | None = None
    digits: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSettled:
    """What the source's own history says about a finished leg; it mends lost, late and false pushes.

    Attributes:
        at_ms: when the history was read, not when anything happened.
        started_at_ms, ended_at_ms, outcome: `None` where the history does not say.
        answer_source: where a leg answered by this account has its answer from.
        metadata: what else it says, name -> text; goes into the metadata of the leg.
    """

    source: str
    at_ms: int
    sequence: int
    tie: int
    leg_id: str
    links: tuple[str, ...]
    started_at_ms: int | None
    ended_at_ms: int | None
    outcome: Outcome | None
    direction: Direction | None = None
    caller: str | None = None
    caller_withheld: bool = False
    callee: str | None = None
    answer_source: AnswerSource = AnswerSource.REPORTED
    recording_urls: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


QUEUE_CALL_EXPIRED = "(expired)"
"""The name, which no log has, of our own event: nothing was heard of the call for the longest time one may last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEvent:
    """One line of a queue's log.

    Attributes:
        name: the event's word in the log, `ENTERQUEUE`; unknown words are kept.
        call_ref: the log's call id; `links` holds `c:<call_ref>`.
        queue, agent: as logged, `None` for `NONE`.
        data: the parameters, in order, as text.
    """

    source: str
    at_ms: int
    sequence: int
    tie: int
    name: str
    call_ref: str
    links: tuple[str, ...]
    queue: str | None
    agent: str | None
    data: tuple[str, ...]


Event = LegEvent | LegSettled | QueueEvent


def in_order(event: Event) -> tuple[int, int, int]:
    """Return the sort key of an event."""
    return (event.at_ms, event.sequence, event.tie)

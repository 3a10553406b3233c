"""What the events of one flow add up to: a call, its legs and its queue visits.

Field names are those of exports and API (`contract.md`), with `_at_ms` and `_ms` for instants and durations inside.
Groups and teams are not part of a record: they follow from `own_numbers` when a question is asked, so that a change of
a team or group restates history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from calltally.model.words import (
    AnsweredBy,
    AnswerSource,
    Direction,
    End,
    EndedBy,
    HangupCause,
    Outcome,
    VisitOutcome,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One party's connection.

    Attributes:
        own_numbers: the site's side of the leg: numbers which may belong to a group or a team, entry number first.
        network_answered_at_ms: the pick-up of whatever picked up, a mailbox too.
        answered_at_ms: a person or software agent was connected; `None` for a mailbox.
        ring_ms: start to pick-up, or start to end if nobody picked up; `None` while open.
        talk_ms: end minus answer; `None` if either is unknown, 0 if never answered.
    """

    source: str
    leg_id: str
    call_id: str
    direction: Direction
    caller: str | None
    caller_withheld: bool
    callee: str | None
    answering_number: str | None
    diversion: str | None
    own_numbers: tuple[str, ...]
    users: tuple[str, ...]
    answered_by_user: str | None
    agent: str | None
    answered_by: AnsweredBy | None
    trunk: str | None
    room: str | None
    queue: str | None
    started_at_ms: int
    network_answered_at_ms: int | None
    answered_at_ms: int | None
    ended_at_ms: int | None
    ring_ms: int | None
    queue_wait_ms: int | None
    talk_ms: int | None
    outcome: Outcome
    hangup_cause: HangupCause | None
    hangup_cause_raw: str | None
    sip_code: int | None
    voicemail: bool
    crashed: bool
    end: End
    answer_source: AnswerSource
    transfer_type: str | None
    transfer_target: str | None
    recording_urls: tuple[str, ...]
    linked_leg_id: str | None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueVisit:
    """One stay of one call in one queue. Waits, rings and talks are what the log says; `None` where it says nothing."""

    source: str
    visit_id: str
    call_id: str
    source_call_id: str
    queue: str
    agent: str | None
    entered_at_ms: int
    answered_at_ms: int | None
    left_at_ms: int | None
    outcome: VisitOutcome
    wait_ms: int | None
    ring_ms: int | None
    talk_ms: int | None
    ended_by: EndedBy | None
    no_answer_rings: int
    entered_position: int | None
    left_position: int | None
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One conversation attempt end to end.

    Attributes:
        own_numbers: union of its legs' own numbers, in order of appearance.
        wait_ms: start to answer, or to the moment the caller gave up or reached the mailbox; `None` while neither is
            known.
        talk_ms: end minus answer; `None` if either is unknown, 0 if never answered.
        agent: who answered an inbound call, or who placed an outbound one, where the source says so.
        is_open: no end is known and none is assumed.
        crashed: open, and calltally was down since it was last heard of.
    """

    source: str
    call_id: str
    direction: Direction
    caller: str | None
    caller_withheld: bool
    callee: str | None
    own_numbers: tuple[str, ...]
    started_at_ms: int
    answered_at_ms: int | None
    ended_at_ms: int | None
    wait_ms: int | None
    talk_ms: int | None
    outcome: Outcome
    answered_by: AnsweredBy | None
    voicemail: bool
    queue: str | None
    agent: str | None
    agent_name: str | None
    trunk: str | None
    leg_ids: tuple[str, ...]
    visit_ids: tuple[str, ...]
    is_open: bool
    crashed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Everything one flow adds up to; `NOTHING` before anything is known."""

    call: Call | None = None
    legs: tuple[Leg, ...] = ()
    visits: tuple[QueueVisit, ...] = ()


NOTHING = Records()

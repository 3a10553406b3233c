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
    """One party's connection. Which fields a source can fill is said in its own README.

    Attributes:
        leg_id: the source's own id, `callId` of sipgate; `call_id` is the same for all legs of a call.
        caller, callee, answering_number, diversion: E.164 with plus where the digits allow, else as received.
        answering_number: the number that picked up; `diversion`: the own number that this leg was forwarded from.
        own_numbers: the site's side of the leg: numbers which may belong to a group or a team, entry number first.
        users: full ids of the users whose phones rang; `metadata["user_names"]` has their names in the same order.
        answered_by_user, agent: the user who answered; of an outbound leg only `agent` is known: who placed it.
        network_answered_at_ms: the pick-up of whatever picked up, a mailbox too.
        answered_at_ms: a person or software agent was connected; `None` for a mailbox.
        ring_ms: start to pick-up, or start to end if nobody picked up; `None` while that is not known.
        queue_wait_ms: the part of it in a queue, where the source says so.
        talk_ms: end minus answer; `None` if either is unknown, 0 if surely never answered.
        hangup_cause, hangup_cause_raw: our word, and exactly what the source said.
        crashed: open, and calltally was down, or the source could not be heard, since it was last heard of.
        linked_leg_id: the leg that this one came from, by forwarding or transfer.
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
    """One stay of one call in one queue. Waits, rings and talks are what the log says; `None` where it says nothing.

    Attributes:
        visit_id: ours, made of call, queue and second of entry.
        source_call_id: the call's id in the queue's log; `call_id` is that of the `Call` it belongs to.
        agent: the member who answered, as the log names him; `None` if nobody did.
        entered_at_ms: the entry; where the log does not hold it, the end without talk and wait.
        wait_ms: of a visit that ended because no agent was left, counted from the entry where the log has no figure.
        no_answer_rings: how often a member's phone rang in vain.
        entered_position, left_position: the place in the queue, counted from 1.
        key: the key by which the caller left.
    """

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
        wait_ms: start to answer; without one to the mailbox, and without that to the end. `None` while that is not
            known.
        talk_ms: end minus answer; `None` if either is unknown, 0 if surely never answered.
        queue: the first queue that it entered.
        agent: who answered an inbound call, or who placed an outbound one, where the source says so.
        agent_name: that person's name, where the source says so.
        leg_ids, visit_ids: its legs in the order of their start, its visits in the order of entry.
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

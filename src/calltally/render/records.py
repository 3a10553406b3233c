"""Records as exports and API tell them: the names of the contract, RFC 3339 times, seconds, null for the unknown.

The order of names is the order of columns. `NAMES` has them all, also where there is no record to show.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from calltally.model.instants import rfc3339_ms
from calltally.model.records import Call, Leg, QueueVisit


class Kind(StrEnum):
    """The kinds of records."""

    CALLS = "calls"
    LEGS = "legs"
    VISITS = "visits"


class Belonging(Protocol):
    """Says to which group and teams a record belongs, by the site's numbers that took part."""

    def group_of(self, own_numbers: tuple[str, ...], /) -> str | None:
        """Return the id of the group, `None` if it belongs to none."""
        ...

    def teams_of(self, own_numbers: tuple[str, ...], /) -> tuple[str, ...]:
        """Return the names of the teams."""
        ...


class ColumnType(StrEnum):
    """What a column of records holds, for files whose columns have types."""

    TEXT = "text"
    TEXTS = "texts"
    INSTANT = "instant"
    SECONDS = "seconds"
    COUNT = "count"
    TRUTH = "truth"
    NESTED = "nested"


_TYPES = {
    **dict.fromkeys(("caller_withheld", "voicemail", "crashed"), ColumnType.TRUTH),
    **dict.fromkeys(("users", "teams", "leg_ids", "visit_ids", "recording_urls"), ColumnType.TEXTS),
    **dict.fromkeys(("sip_code", "no_answer_rings", "entered_position", "left_position"), ColumnType.COUNT),
    "metadata": ColumnType.NESTED,
}


def column_type(name: str) -> ColumnType:
    """Return what a column holds; the endings of times and durations say it."""
    if name.endswith("_at"):
        return ColumnType.INSTANT
    if name.endswith("_seconds"):
        return ColumnType.SECONDS
    return _TYPES.get(name, ColumnType.TEXT)


NAMES: Mapping[Kind, tuple[str, ...]] = {
    Kind.CALLS: (
        *("call_id", "source", "direction", "caller", "caller_withheld", "callee", "started_at", "answered_at"),
        *("ended_at", "wait_seconds", "talk_seconds", "outcome", "answered_by", "voicemail", "queue", "agent"),
        *("group", "teams", "trunk", "leg_ids", "visit_ids"),
    ),
    Kind.LEGS: (
        *("leg_id", "call_id", "source", "direction", "caller", "caller_withheld", "callee", "answering_number"),
        *("diversion", "users", "answered_by_user", "agent", "answered_by", "group", "trunk", "room", "queue"),
        *("started_at", "network_answered_at", "answered_at", "ended_at", "ring_seconds", "queue_wait_seconds"),
        *("talk_seconds", "outcome", "hangup_cause", "hangup_cause_raw", "sip_code", "voicemail", "crashed", "end"),
        *("answer_source", "transfer_type", "transfer_target", "recording_urls", "linked_leg_id", "metadata"),
    ),
    Kind.VISITS: (
        *("visit_id", "call_id", "source_call_id", "source", "queue", "agent", "entered_at", "answered_at", "left_at"),
        *("outcome", "wait_seconds", "ring_seconds", "talk_seconds", "ended_by", "no_answer_rings"),
        *("entered_position", "left_position", "key"),
    ),
}


def call_value(call: Call, belonging: Belonging) -> dict[str, object]:
    """Return a call in its outside form."""
    return {
        "call_id": call.call_id,
        "source": call.source,
        "direction": call.direction.value,
        "caller": call.caller,
        "caller_withheld": call.caller_withheld,
        "callee": call.callee,
        "started_at": _instant(call.started_at_ms),
        "answered_at": _instant(call.answered_at_ms),
        "ended_at": _instant(call.ended_at_ms),
        "wait_seconds": seconds(call.wait_ms),
        "talk_seconds": seconds(call.talk_ms),
        "outcome": call.outcome.value,
        "answered_by": call.answered_by.value if call.answered_by else None,
        "voicemail": call.voicemail,
        "queue": call.queue,
        "agent": call.agent,
        "group": belonging.group_of(call.own_numbers),
        "teams": belonging.teams_of(call.own_numbers),
        "trunk": call.trunk,
        "leg_ids": call.leg_ids,
        "visit_ids": call.visit_ids,
    }


def leg_value(leg: Leg, belonging: Belonging) -> dict[str, object]:
    """Return a leg in its outside form."""
    return {
        "leg_id": leg.leg_id,
        "call_id": leg.call_id,
        "source": leg.source,
        "direction": leg.direction.value,
        "caller": leg.caller,
        "caller_withheld": leg.caller_withheld,
        "callee": leg.callee,
        "answering_number": leg.answering_number,
        "diversion": leg.diversion,
        "users": leg.users,
        "answered_by_user": leg.answered_by_user,
        "agent": leg.agent,
        "answered_by": leg.answered_by.value if leg.answered_by else None,
        "group": belonging.group_of(leg.own_numbers),
        "trunk": leg.trunk,
        "room": leg.room,
        "queue": leg.queue,
        **_leg_times(leg),
        "outcome": leg.outcome.value,
        "hangup_cause": leg.hangup_cause.value if leg.hangup_cause else None,
        "hangup_cause_raw": leg.hangup_cause_raw,
        "sip_code": leg.sip_code,
        "voicemail": leg.voicemail,
        "crashed": leg.crashed,
        "end": leg.end.value,
        "answer_source": leg.answer_source.value,
        "transfer_type": leg.transfer_type,
        "transfer_target": leg.transfer_target,
        "recording_urls": leg.recording_urls,
        "linked_leg_id": leg.linked_leg_id,
        "metadata": {name: leg.metadata[name] for name in sorted(leg.metadata)},
    }


def _leg_times(leg: Leg) -> dict[str, object]:
    """Return when a leg began, was picked up and ended, and how long that took."""
    return {
        "started_at": _instant(leg.started_at_ms),
        "network_answered_at": _instant(leg.network_answered_at_ms),
        "answered_at": _instant(leg.answered_at_ms),
        "ended_at": _instant(leg.ended_at_ms),
        "ring_seconds": seconds(leg.ring_ms),
        "queue_wait_seconds": seconds(leg.queue_wait_ms),
        "talk_seconds": seconds(leg.talk_ms),
    }


def visit_value(visit: QueueVisit) -> dict[str, object]:
    """Return a queue visit in its outside form."""
    return {
        "visit_id": visit.visit_id,
        "call_id": visit.call_id,
        "source_call_id": visit.source_call_id,
        "source": visit.source,
        "queue": visit.queue,
        "agent": visit.agent,
        "entered_at": _instant(visit.entered_at_ms),
        "answered_at": _instant(visit.answered_at_ms),
        "left_at": _instant(visit.left_at_ms),
        "outcome": visit.outcome.value,
        "wait_seconds": seconds(visit.wait_ms),
        "ring_seconds": seconds(visit.ring_ms),
        "talk_seconds": seconds(visit.talk_ms),
        "ended_by": visit.ended_by.value if visit.ended_by else None,
        "no_answer_rings": visit.no_answer_rings,
        "entered_position": visit.entered_position,
        "left_position": visit.left_position,
        "key": visit.key,
    }


def seconds(duration_ms: int | None) -> float | None:
    """Return seconds with at most three decimals, whole seconds as an integer; `None` stays `None`."""
    if duration_ms is None:
        return None
    whole, rest = divmod(duration_ms, 1000)
    return duration_ms / 1000 if rest else whole


def _instant(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else rfc3339_ms(instant_ms)

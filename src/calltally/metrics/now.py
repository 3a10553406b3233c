"""What "waiting" and "active" mean: the numbers of this very moment, defined over the records of open flows."""

from collections.abc import Iterable
from dataclasses import dataclass

from calltally.model.records import Records
from calltally.model.words import Direction, VisitOutcome


def is_waiting(records: Records) -> bool:
    """Whether a caller waits: an open inbound call that nobody has answered yet and that is not with a mailbox."""
    call = records.call
    if call is None or not call.is_open or call.direction is not Direction.INBOUND:
        return False
    if any(visit.outcome is VisitOutcome.IN_PROGRESS for visit in records.visits):
        return True
    return call.answered_at_ms is None and not call.voicemail


def is_active(records: Records) -> bool:
    """Whether people talk: an open call of any direction that was answered by a person or a software agent."""
    call = records.call
    return call is not None and call.is_open and call.answered_at_ms is not None and not is_waiting(records)


def waiting_since_ms(records: Records) -> int:
    """Return when the caller began to wait where they wait now.

    At the entry of the open queue visit, else at the call's start.
    """
    for visit in reversed(records.visits):
        if visit.outcome is VisitOutcome.IN_PROGRESS:
            return visit.entered_at_ms
    return records.call.started_at_ms if records.call else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The numbers of the moment.

    `uncertain` counts those of both kinds that calltally lost sight of while it was down.
    """

    waiting_now: int
    active_now: int
    ringing_out: int
    uncertain: int
    oldest_waiting_since_ms: int | None


def now_of(flows: Iterable[Records]) -> Now:
    """Return the numbers of the moment from the records of all open flows."""
    waiting = active = ringing = uncertain = 0
    oldest: int | None = None
    for records in flows:
        call = records.call
        if call is None or not call.is_open:
            continue
        uncertain += call.crashed
        if is_waiting(records):
            waiting += 1
            since = waiting_since_ms(records)
            oldest = since if oldest is None else min(oldest, since)
        elif is_active(records):
            active += 1
        elif call.direction is Direction.OUTBOUND:
            ringing += 1
    return Now(
        waiting_now=waiting, active_now=active, ringing_out=ringing, uncertain=uncertain, oldest_waiting_since_ms=oldest
    )

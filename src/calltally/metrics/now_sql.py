"""Prints the numbers of the moment (`metrics.now`) as SQL over records of open calls."""

from enum import StrEnum

from calltally.metrics.sql import literal_sql
from calltally.model.words import Direction


class NowState(StrEnum):
    """What an open call does."""

    WAITING = "waiting"
    ACTIVE = "active"
    RINGING = "ringing"
    """An outbound call that nobody has answered yet."""
    OTHER = "other"


def now_state_sql(prefix: str, is_in_queue: str) -> str:
    """Return the state of an open call as a text.

    Args:
        prefix: before the columns of the call (`"c."`).
        is_in_queue: the condition that one of its queue visits is still in progress.
    """
    inbound, outbound = (f"{prefix}direction = {literal_sql(each.value)}" for each in (Direction.INBOUND, _OUT))
    unanswered = f"{prefix}answered_at_ms IS NULL"
    waits = f"{inbound} AND ({is_in_queue} OR ({unanswered} AND {prefix}voicemail = 0))"
    states = (
        (waits, NowState.WAITING),
        (f"{prefix}answered_at_ms IS NOT NULL", NowState.ACTIVE),
        (outbound, NowState.RINGING),
    )
    cases = " ".join(f"WHEN {condition} THEN {literal_sql(state.value)}" for condition, state in states)
    return f"CASE {cases} ELSE {literal_sql(NowState.OTHER.value)} END"


_OUT = Direction.OUTBOUND

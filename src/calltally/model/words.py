"""The closed word lists of calls, legs and queue visits."""

from enum import StrEnum
from typing import Final

LONGEST_NAME: Final = 256
"""No id, number, or name of a source, queue, agent or trunk is longer: what is longer is none, and is set aside.

Databases keep these in the keys of their tables, which are not of any length (docs/decisions/0035).
"""


class Direction(StrEnum):
    """Where a call comes from, seen from the site."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Outcome(StrEnum):
    """How a call or a leg went. `ANSWERED` from the moment a person or a software agent is connected."""

    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    ABANDONED = "abandoned"
    """The caller gave up."""
    NO_ANSWER = "no_answer"
    """Nobody picked up, and the phone system ended it, or it was declined."""
    BUSY = "busy"
    FAILED = "failed"
    """It could not be put through."""
    FORWARDED = "forwarded"
    """Of legs only: it went on elsewhere, as another leg."""
    UNKNOWN = "unknown"
    """It is over, and the source did not say how."""


class VisitOutcome(StrEnum):
    """How a stay in a queue ended: the nine words of Wazo and four of ours."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMEOUT = "timeout"
    FULL = "full"
    CLOSED = "closed"
    JOINEMPTY = "joinempty"
    LEAVEEMPTY = "leaveempty"
    DIVERT_CA_RATIO = "divert_ca_ratio"
    DIVERT_WAITTIME = "divert_waittime"
    EXIT_WITH_KEY = "exit_with_key"
    WITHDRAWN = "withdrawn"
    IN_PROGRESS = "in_progress"
    UNKNOWN = "unknown"


class AnsweredBy(StrEnum):
    """Who answered."""

    PERSON = "person"
    SOFTWARE = "software"


class End(StrEnum):
    """How well the end of a leg is known."""

    KNOWN = "known"
    """The source told it when it happened."""
    ESTIMATED = "estimated"
    """Taken from the source's history, or from the first list of running calls that no longer names the leg."""
    UNKNOWN = "unknown"
    """It is over, and nobody knows since when."""
    OPEN = "open"
    """It is not over as far as is known."""


class AnswerSource(StrEnum):
    """Where the knowledge about the answer comes from."""

    OBSERVED = "observed"
    """The source told it when it happened, also that nobody answered."""
    REPORTED = "reported"
    """The source's history says so."""
    INFERRED = "inferred"
    """Something picked up, and the source does not say what; taken for a person (docs/decisions/0010)."""
    UNKNOWN = "unknown"


class HangupCause(StrEnum):
    """Why a leg ended, in our words."""

    NORMAL = "normal"
    BUSY = "busy"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not_found"
    FORWARDED = "forwarded"
    OTHER = "other"


class EndedBy(StrEnum):
    """Who ended an answered queue visit."""

    AGENT = "agent"
    CALLER = "caller"
    BLIND_TRANSFER = "blind_transfer"
    ATTENDED_TRANSFER = "attended_transfer"

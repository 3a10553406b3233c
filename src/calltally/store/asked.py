"""What a store is asked and what it answers: the words of its questions, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from calltally.model.instants import Span
from calltally.model.messages import RawMessage
from calltally.model.records import Call
from calltally.model.words import Direction, Outcome, VisitOutcome

RECORDS_PRUNED: Final = "store.records_pruned_before_ms"
"""Under this name the store keeps, as a text, before which instant records have been pruned; roll-ups outlive them."""

REBUILD_BEGAN: Final = "store.rebuild_began"
"""Under this name stands a text while records are made again; it stays if that was interrupted."""

REBUILD_BEFORE: Final = "store.rebuild_before_ms"
"""Beside it stands, as a text, before which instant calls may be missing meanwhile."""


class Subject(StrEnum):
    """What measures are taken of."""

    CALL = "call"
    VISIT = "visit"


class Grain(StrEnum):
    """Where sums are read from; all give the same figures for a range that both can answer."""

    RECORD = "record"
    """Any range, any dimension, buckets of any whole number of milliseconds since 1970."""
    QUARTER = "quarter"
    """Ranges on borders of quarter hours (UTC); dimensions of the roll-up only."""
    DAY = "day"
    """Ranges on local midnights of the site's zone; dimensions of the roll-up only."""


class Dimension(StrEnum):
    """What sums can be split by.

    The first three (calls) and `SOURCE`, `QUEUE` (visits) are dimensions of the roll-ups.
    """

    SOURCE = "source"
    DIRECTION = "direction"
    LINES = "lines"
    """The set of own numbers that took part, as the id of `Transaction.lines_id`; groups and teams are made of it."""
    OUTCOME = "outcome"
    QUEUE = "queue"
    AGENT = "agent"
    TRUNK = "trunk"
    CALLER = "caller"
    CALLEE = "callee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which records count. `None` means every; an empty tuple means none. Values are compared whole.

    Attributes:
        lines: ids of own-number sets.
        parties: numbers in E.164; a call matches if one is its caller or callee.
        text: what to look for: digits in caller and callee, anything else in the agent, too (search of the Calls page).
        caller_withheld: only calls with (`True`) or without (`False`) a withheld number.
        with_queue: only calls that entered a queue (`True`) or none (`False`).
        is_open: only open or only ended calls.
    """

    sources: tuple[str, ...] | None = None
    directions: tuple[Direction, ...] | None = None
    lines: tuple[int, ...] | None = None
    queues: tuple[str, ...] | None = None
    agents: tuple[str, ...] | None = None
    trunks: tuple[str, ...] | None = None
    outcomes: tuple[Outcome | VisitOutcome, ...] | None = None
    callers: tuple[str, ...] | None = None
    parties: tuple[str, ...] | None = None
    text: str | None = None
    caller_withheld: bool | None = None
    with_queue: bool | None = None
    is_open: bool | None = None


ALL = Filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class SumQuestion:
    """Sums of measures over one range, from one grain.

    Attributes:
        measures: names from `metrics.measures`; sums for the subject's own measures only.
        step_ms: split by time: for `RECORD` buckets of this length counted from 1970, for `QUARTER` and `DAY` any
            value means the grain's own buckets. `None` gives one row per value of `by`.
        by: split by dimension.
        order_by, limit: for long dimensions (callers): the measure to sort by, falling, and how many rows.
    """

    subject: Subject
    grain: Grain
    measures: tuple[str, ...]
    span: Span
    where: Filter = ALL
    step_ms: int | None = None
    by: Dimension | None = None
    order_by: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class SumRow:
    """One bucket and dimension value.

    `sums` is in the order of the question's measures; `bucket_ms` is the bucket's start.
    """

    bucket_ms: int | None
    value: str | int | None
    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadQuestion:
    """How often each bin of a duration occurs (`metrics.spread`), for percentiles.

    `spread` is a name from `metrics.measures`.
    """

    subject: Subject
    grain: Grain
    spread: str
    span: Span
    where: Filter = ALL
    step_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """One bin of one bucket."""

    bucket_ms: int | None
    bin: int
    count: int


class CallOrder(StrEnum):
    """Orders in which calls can be listed; ties by call id."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LONGEST_WAIT = "longest_wait"
    LONGEST_TALK = "longest_talk"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallList:
    """A page of calls. `after` is the opaque cursor of the page before (`ValueError` if it is nonsense)."""

    span: Span
    where: Filter = ALL
    order: CallOrder = CallOrder.NEWEST
    limit: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls and the cursor of the next page, `None` on the last."""

    calls: tuple[Call, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One row of the journal. `problem` says why a message was set aside; `stored_at_us` is when it became durable."""

    message: RawMessage
    flow_id: int | None
    problem: str | None
    stored_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """What was heard of one source: totals since the beginning, and the newest message."""

    source: str
    received: int
    set_aside: int
    last_received_at_us: int | None
    last_problem: str | None
    last_problem_at_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneCounts:
    """What retention took, or would take."""

    messages: int
    calls: int
    legs: int
    visits: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding of `verify`: where stored roll-ups, links or records disagree with a recount."""

    where: str
    expected: str
    found: str


CellDeltas = Mapping[tuple[object, ...], Sequence[int]]
"""Changes of one roll-up.

Cell key (bucket_ms, dimensions...) -> change per measure, in the order of `metrics.measures`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUpDeltas:
    """Changes of all roll-ups in one transaction.

    Keys: calls `(bucket_ms, source, direction, lines_id)`; visits `(bucket_ms, source, queue)`; spreads
    `(bucket_ms, source, direction, lines_id, spread, bin)` with a single count.
    """

    call_quarter: CellDeltas
    call_day: CellDeltas
    visit_quarter: CellDeltas
    visit_day: CellDeltas
    spread_quarter: CellDeltas
    spread_day: CellDeltas

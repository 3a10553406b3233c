"""What can be asked about a range of time, and what an answer looks like."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from calltally.metrics.metric import Metric
from calltally.model.buckets import Unit
from calltally.model.instants import Gap, Span
from calltally.model.words import Direction, Outcome, VisitOutcome


class ImpossibleQuestionError(ValueError):
    """A question that is well written but has no answer; the text says why, `part` which part of the question it is."""

    def __init__(self, sentence: str, part: str) -> None:
        super().__init__(sentence)
        self.part = part


PRUNED: Final = "pruned"
"""The reason of a gap in which nothing is missing but the single calls that this question has to be answered from."""


class By(StrEnum):
    """What an answer can be split by."""

    SOURCE = "source"
    DIRECTION = "direction"
    GROUP = "group"
    TEAM = "team"
    QUEUE = "queue"
    AGENT = "agent"
    TRUNK = "trunk"
    CALLER = "caller"
    OUTCOME = "outcome"


def by_asked(text: str) -> By:
    """Return the dimension that is meant.

    Raises:
        ValueError: none is meant.
    """
    try:
        return By(text)
    except ValueError:
        raise ValueError(f"Nothing can be split by {text!r}; expected {', '.join(By)}.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which calls count. `None` means every, an empty tuple none; all that is given must hold.

    Attributes:
        groups: keys or exact names of groups, `Other` for the calls in none.
        teams: names of teams, `Other` for the calls in none.
        parties: numbers; a call counts if one is its caller or callee.
        text: what to look for: digits in caller and callee, anything else in the agent, too.
        caller_withheld, with_queue, is_open: only calls for which this is so, or only those for which it is not.
    """

    sources: tuple[str, ...] | None = None
    directions: tuple[Direction, ...] | None = None
    groups: tuple[str, ...] | None = None
    teams: tuple[str, ...] | None = None
    queues: tuple[str, ...] | None = None
    agents: tuple[str, ...] | None = None
    trunks: tuple[str, ...] | None = None
    callers: tuple[str, ...] | None = None
    outcomes: tuple[Outcome | VisitOutcome, ...] | None = None
    parties: tuple[str, ...] | None = None
    text: str | None = None
    caller_withheld: bool | None = None
    with_queue: bool | None = None
    is_open: bool | None = None


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Some metrics of one range.

    Attributes:
        metrics: names of the catalog.
        unit: split by time; `None` for one row for the whole range.
        by: split by a dimension.
        zone: the zone of days and longer units; hours and shorter ones are counted from its midnights.
        limit: with `by`, how many values of it, those with most of the first metric.
    """

    metrics: tuple[str, ...]
    span: Span
    zone: ZoneInfo
    unit: Unit | None = None
    by: By | None = None
    selection: Selection = EVERYTHING
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One metric: seconds for durations. `value` is `None` where there is none.

    `numerator` and `denominator` are those of a ratio or mean; a sum has itself as numerator; a percentile has the
    number of its durations as denominator.
    """

    value: float | None
    numerator: float | None
    denominator: float | None


NO_VALUE = Value(None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bucket of time, one value of the dimension, or both.

    Attributes:
        span: the bucket, or the whole range.
        key: the value of the dimension; `None` without one, and for records that have none (a call without a queue, a
            withheld number).
        label: what to call the key, the name of a group; `None` for a key that is `None`.
        values: one for each metric asked for.
        missing_ms: how long in this span a source that counts here could not be heard, or its calls are pruned.
    """

    span: Span
    key: str | None
    label: str | None
    values: tuple[Value, ...]
    missing_ms: int

    @property
    def completeness(self) -> float:
        """The share of the span in which every source could be heard."""
        return 1 - self.missing_ms / (self.span.until_ms - self.span.since_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a question.

    Attributes:
        unit: the unit of the buckets.
        rows: with a unit every bucket in order, empty ones too, for each key in turn. Keys are in the order of the
            phone system (groups) or the site (teams), else of their text, `Other` and `None` last; with a limit by the
            first metric, falling. Callers with a limit are those with a number.
        total: the whole range, each call once; not what the rows add up to where a call counts in two teams.
        gaps: when sources that count here could not be heard, or calls are pruned that this answer needs one by one.
    """

    metrics: tuple[Metric, ...]
    span: Span
    unit: Unit | None
    by: By | None
    rows: tuple[Row, ...]
    total: Row
    gaps: tuple[Gap, ...]

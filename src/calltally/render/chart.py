"""What a chart is made of, before it is drawn."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from calltally.render.numbers import Unit
from calltally.render.words import Words


class Style(StrEnum):
    """The look of a series; colour, dash and shape go together and mean the same everywhere."""

    ANSWERED = "answered"
    OUTGOING = "outgoing"
    MISSED = "missed"
    VOICEMAIL = "voicemail"
    NINE_OF_TEN = "p90"
    USUAL = "usual"
    ALL = "all"
    """What the other series of the chart are parts of."""
    OPEN = "open"
    """What may still become one or the other."""


WIDE = frozenset({Style.ANSWERED, Style.OUTGOING})
"""Styles whose columns are wide and pale with a strong top edge; the others are narrow and solid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One value per bucket; `None` where there is none, which draws a gap and never a zero."""

    name: str
    style: Style
    values: tuple[float | None, ...]

    def drawn(self) -> tuple[float | None, ...]:
        """Return the values that can be drawn: what is not a finite number is no value."""
        return tuple(value if value is not None and isfinite(value) else None for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A label under the time axis at the left border of a bucket (or its middle, see `Axis.centred`).

    Attributes:
        place: index of the bucket.
        text: what stands there.
    """

    place: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch in which a source was not heard, in buckets from the left, and its name."""

    since: float
    until: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The time axis: one label per bucket for table and reading, ticks at natural borders.

    Attributes:
        labels: the name of each bucket, `Mon 16 Nov`.
        ticks: labels under the axis.
        edges: the borders of the buckets as an address says them, one more than buckets; empty: no zoom.
        centred: ticks stand under the middle of their bucket (days) rather than at its left border (hours).
        open_last: the last bucket is still running; it is called "so far" and hatched.
        now: where now is, in buckets from the left; draws a line.
        gaps: incomplete stretches.
    """

    labels: tuple[str, ...]
    ticks: tuple[Tick, ...] = ()
    edges: tuple[str, ...] = ()
    centred: bool = True
    open_last: bool = False
    now: float | None = None
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A line across the plot, in the unit of the chart."""

    value: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything that columns or lines need.

    Attributes:
        title: what is found, or the panel's name.
        summary: one sentence on the whole range; it stands in the reading while nothing is chosen.
        unit: what the values are.
        series: at most four are readable.
        axis: the buckets.
        words: the reader's language.
        target: a line to compare with.
        height: of the plot in pixels.
    """

    title: str
    summary: str
    unit: Unit
    series: tuple[Series, ...]
    axis: Axis
    words: Words
    target: Target | None = None
    height: int = 200

    @property
    def is_empty(self) -> bool:
        """Whether no series but the usual course has any value other than zero to show."""
        return not any(value for series in self.series if series.style is not Style.USUAL for value in series.drawn())

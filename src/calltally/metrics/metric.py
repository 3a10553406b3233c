"""What a number is: a name, one formula, and what a person must know to read it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from calltally.metrics.formula import Formula, Gauge
from calltally.metrics.phrase import phrase

Unit: TypeAlias = Literal["count", "ratio", "seconds"]
Better: TypeAlias = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number.

    Attributes:
        unit: `ratio` values lie between 0 and 1.
        better: which way is good, `neither` where more is just more.
        help: what counts and what does not.
        variant: which of several usual definitions this is, `None` where there is only one.
        target: what to reach unless the site says otherwise, in `unit`.
    """

    name: str
    title: str
    unit: Unit
    formula: Formula
    better: Better
    help: str
    variant: str | None = None
    target: float | None = None

    @property
    def kind(self) -> Literal["range", "now"]:
        """Whether the number has a value over a range, or only at this moment."""
        return "now" if isinstance(self.formula, Gauge) else "range"

    @property
    def formula_text(self) -> str:
        """The formula in English words."""
        return phrase(self.formula)


def count_metric(name: str, title: str, formula: Formula, better: Better, explanation: str) -> Metric:
    """Return a metric that counts."""
    return Metric(name=name, title=title, unit="count", formula=formula, better=better, help=explanation)


def seconds_metric(
    name: str, title: str, formula: Formula, explanation: str, *, better: Better = "lower", variant: str | None = None
) -> Metric:
    """Return a metric of seconds."""
    return Metric(
        name=name, title=title, unit="seconds", formula=formula, better=better, help=explanation, variant=variant
    )

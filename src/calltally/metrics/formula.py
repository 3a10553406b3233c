"""Formulas as small trees: one definition of a number, evaluated here and printed by `sql`, `promql` and `phrase`.

Leaves are sums of measures, and what cannot be summed: a greatest value, a percentile, a state of now. Only sums can be
added, taken away and divided.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from calltally.metrics.measures import SubjectWord
from calltally.model.words import Direction


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of one measure, of one direction or of all; milliseconds for measures that end in `_ms`."""

    measure: str
    direction: Direction | None = None
    subject: SubjectWord = "call"


@dataclass(frozen=True, slots=True)
class Seconds:
    """A sum of milliseconds, in seconds."""

    sum: Sum


@dataclass(frozen=True, slots=True)
class Plus:
    """Both together."""

    left: "Additive"
    right: "Additive"


@dataclass(frozen=True, slots=True)
class Minus:
    """The first without the second."""

    left: "Additive"
    right: "Additive"


@dataclass(frozen=True, slots=True)
class Ratio:
    """The first divided by the second; no value where the second is 0."""

    numerator: "Additive"
    denominator: "Additive"


@dataclass(frozen=True, slots=True)
class Maximum:
    """The greatest value of a duration of calls, in seconds; no value without one."""

    column: Literal["wait_ms", "talk_ms"]
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class Percentile:
    """The duration of calls which `share` of them did not exceed, in seconds, from a spread; no value without one."""

    spread: str
    share: float
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class Gauge:
    """A state of this moment, defined in `metrics.now`; it has no value over a range."""

    name: Literal["waiting", "active"]


Additive: TypeAlias = Sum | Seconds | Plus | Minus
"""What adds up, over time and over dimensions."""

Summed: TypeAlias = Additive | Ratio
"""What can be computed from sums alone."""

Formula: TypeAlias = Summed | Maximum | Percentile | Gauge

Evaluator = Callable[[Sequence[int]], float | None]
"""Computes a value from totals, given in the order that the evaluator was made for."""


def sums_of(formula: Formula) -> tuple[Sum, ...]:
    """Return the sums that a formula needs, each once, in the order of reading."""
    match formula:
        case Sum():
            return (formula,)
        case Seconds():
            return (formula.sum,)
        case Plus() | Minus():
            found = sums_of(formula.left) + sums_of(formula.right)
        case Ratio():
            found = sums_of(formula.numerator) + sums_of(formula.denominator)
        case Maximum() | Percentile() | Gauge():
            return ()
        case _:
            assert_never(formula)
    return tuple(dict.fromkeys(found))


def additive_evaluator(formula: Additive, position: Mapping[Sum, int]) -> Callable[[Sequence[int]], float]:
    """Return the function from totals to the value; `position` says where in the totals each sum stands."""
    match formula:
        case Sum():
            index = position[formula]
            return lambda totals: totals[index]
        case Seconds():
            index = position[formula.sum]
            return lambda totals: totals[index] / 1000
        case Plus():
            left, right = (additive_evaluator(each, position) for each in (formula.left, formula.right))
            return lambda totals: left(totals) + right(totals)
        case Minus():
            left, right = (additive_evaluator(each, position) for each in (formula.left, formula.right))
            return lambda totals: left(totals) - right(totals)
        case _:
            assert_never(formula)


def evaluator(formula: Summed, position: Mapping[Sum, int]) -> Evaluator:
    """Return the function from totals to the value; `None` where a denominator is 0."""
    if not isinstance(formula, Ratio):
        return additive_evaluator(formula, position)
    numerator = additive_evaluator(formula.numerator, position)
    denominator = additive_evaluator(formula.denominator, position)

    def ratio(totals: Sequence[int]) -> float | None:
        below = denominator(totals)
        return numerator(totals) / below if below else None

    return ratio


def evaluate(formula: Summed, totals: Mapping[Sum, int]) -> float | None:
    """Return the value of a formula; sums that are not among the totals are 0."""
    needed = sums_of(formula)
    values = [totals.get(each, 0) for each in needed]
    return evaluator(formula, {each: index for index, each in enumerate(needed)})(values)

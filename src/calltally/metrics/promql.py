"""Prints formulas as PromQL over the series of `metrics.exposed`.

Those count calls and visits that are over, at the moment when they are: a formula over a window tells of what ended in
it, where pages and API tell of what began in it. What only open calls have is read from gauges, which are the same in
every process, so the greatest of all instances is taken before the sum.
"""

from typing import assert_never

from calltally.metrics.exposed import ACTIVE, CALL_TALK, CALL_WAIT, QUEUE_WAITING, series_of
from calltally.metrics.formula import (
    Additive,
    Formula,
    Gauge,
    Maximum,
    Minus,
    Percentile,
    Plus,
    Ratio,
    Seconds,
    Sum,
    sums_of,
)
from calltally.model.words import Direction

_SPREADS = {
    "answered_wait": (CALL_WAIT, "answered"),
    "unanswered_wait": (CALL_WAIT, "unanswered"),
    "talk": (CALL_TALK, None),
}
_NONE = "vector(0)"
_DURATIONS = {"wait_ms": CALL_WAIT, "talk_ms": CALL_TALK}


def promql(formula: Formula, window: str = "$__range") -> str:
    """Return a formula as PromQL over a window of time.

    Percentiles and greatest values come from histograms: they lie within the bucket that is told.

    Args:
        formula: any formula.
        window: a PromQL duration (`1h`), or the variable of a dashboard.
    """
    match formula:
        case Sum() | Seconds() | Plus() | Minus():
            return _additive(formula, window) or _open(sums_of(formula)[0])
        case Ratio():
            above, below = (_additive(each, window) or _NONE for each in (formula.numerator, formula.denominator))
            return f"{above} / ({below} > 0)"
        case Percentile():
            name, outcome = _SPREADS[formula.spread]
            return _quantile(f"{formula.share:g}", name, formula.direction, outcome, window)
        case Maximum():
            return _quantile("1", _DURATIONS[formula.column], formula.direction, None, window)
        case Gauge():
            return _now(ACTIVE, ("source", "direction", "state"), f'{{state="{formula.name}"}}')
        case _:
            assert_never(formula)


def _additive(formula: Additive, window: str) -> str | None:
    """Return the sums of what is over; `None` for what nothing can have that is over."""
    match formula:
        case Sum():
            counted = _increase(formula, window)
            return f"1000 * {counted}" if counted and formula.measure.endswith("_ms") else counted
        case Seconds():
            return _increase(formula.sum, window)
        case Plus() | Minus():
            left, right = _additive(formula.left, window), _additive(formula.right, window)
            if right is None or (left is None and isinstance(formula, Plus)):
                return left or right
            return f"({left or 0} {'+' if isinstance(formula, Plus) else '-'} {right})"
        case _:
            assert_never(formula)


def _increase(leaf: Sum, window: str) -> str | None:
    series = series_of(leaf.measure, leaf.subject)
    if series is None:
        return None
    return f"sum(increase({series.name}{_where(leaf.direction, series.outcome)}[{window}]))"


def _open(leaf: Sum) -> str:
    """Return how many calls or visits are open now, which is what the measures of open ones count."""
    if leaf.subject == "visit":
        return _now(QUEUE_WAITING, ("source", "queue"), "")
    states = '{state=~"waiting|ringing"}' if leaf.measure == "in_progress" else ""
    return _now(ACTIVE, ("source", "direction", "state"), states)


def _now(name: str, labels: tuple[str, ...], where: str) -> str:
    return f"sum(max by ({', '.join(labels)}) ({name}{where}))"


def _quantile(share: str, name: str, direction: Direction | None, outcome: str | None, window: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (increase({name}_bucket{_where(direction, outcome)}[{window}])))"


def _where(direction: Direction | None, outcome: str | None) -> str:
    found = [] if direction is None else [f'direction="{direction.value}"']
    found += [] if outcome is None else [f'outcome="{outcome}"']
    return f"{{{','.join(found)}}}" if found else ""

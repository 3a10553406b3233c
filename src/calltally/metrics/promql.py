"""Prints formulas as PromQL over the counters that calltally exports of its measures.

Counters are `calltally_<measure>_total`, for queue visits `calltally_visits_<measure>_total`; milliseconds are exported
as seconds (`calltally_talk_seconds_total`). Spreads are histograms (`calltally_call_talk_seconds`, a name of their own
because a histogram and a counter may not share one); states of now are gauges (`calltally_calls_waiting`).
"""

from typing import assert_never

from calltally.metrics.formula import Additive, Formula, Gauge, Maximum, Minus, Percentile, Plus, Ratio, Seconds, Sum
from calltally.model.words import Direction


def counter_name(measure: str, subject: str = "call") -> str:
    """Return the name of a measure's counter."""
    prefix = "calltally_visits_" if subject == "visit" else "calltally_"
    name = f"{measure.removesuffix('_ms')}_seconds" if measure.endswith("_ms") else measure
    return f"{prefix}{name}_total"


def promql(formula: Formula, window: str = "$__range") -> str | None:
    """Return a formula as PromQL over a window of time; `None` for a greatest value, which counters do not keep.

    Args:
        formula: any formula.
        window: a PromQL duration (`1h`), or the variable of a dashboard.
    """
    match formula:
        case Sum() | Seconds() | Plus() | Minus():
            return _additive(formula, window)
        case Ratio():
            return f"{_additive(formula.numerator, window)} / ({_additive(formula.denominator, window)} > 0)"
        case Percentile():
            name = _selector(f"calltally_call_{formula.spread}_seconds_bucket", formula.direction)
            return f"histogram_quantile({formula.share:g}, sum by (le) (increase({name}[{window}])))"
        case Gauge():
            return f"sum(calltally_calls_{formula.name})"
        case Maximum():
            return None
        case _:
            assert_never(formula)


def _additive(formula: Additive, window: str) -> str:
    match formula:
        case Sum():
            counted = _increase(formula, window)
            return f"1000 * {counted}" if formula.measure.endswith("_ms") else counted
        case Seconds():
            return _increase(formula.sum, window)
        case Plus():
            return f"({_additive(formula.left, window)} + {_additive(formula.right, window)})"
        case Minus():
            return f"({_additive(formula.left, window)} - {_additive(formula.right, window)})"
        case _:
            assert_never(formula)


def _increase(leaf: Sum, window: str) -> str:
    name = _selector(counter_name(leaf.measure, leaf.subject), leaf.direction)
    return f"sum(increase({name}[{window}]))"


def _selector(name: str, direction: Direction | None) -> str:
    return name if direction is None else f'{name}{{direction="{direction.value}"}}'

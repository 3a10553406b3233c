"""Prints formulas as words that people can check: "answered inbound calls / inbound calls"."""

from collections.abc import Callable
from typing import TypeAlias, assert_never

from calltally.metrics.formula import Formula, Gauge, Maximum, Minus, Percentile, Plus, Ratio, Seconds, Sum

Leaf: TypeAlias = Sum | Seconds | Maximum | Percentile | Gauge

_CALLS = {
    "calls": "{}calls",
    "in_progress": "{}calls in progress",
    "answered": "answered {}calls",
    "voicemail": "{}calls that ended in a mailbox",
    "abandoned": "{}calls that the caller gave up",
    "no_answer": "{}calls that nobody answered",
    "busy": "{}calls that met a busy line",
    "failed": "failed {}calls",
    "unknown": "{}calls with an unknown outcome",
    "answered_by_software": "{}calls answered by software",
    "withheld": "{}calls with a withheld number",
    "answered_waits": "answered {}calls with a known wait",
    "answered_wait_ms": "wait of answered {}calls",
    "unanswered_waits": "unanswered {}calls with a known wait",
    "unanswered_wait_ms": "wait of unanswered {}calls",
    "talks": "answered {}calls with a known talk time",
    "talk_ms": "talk time of answered {}calls",
    "open_calls": "{}calls without a known end",
    "gave_up": "{}calls given up while it rang, without a queue",
}
_VISITS = {
    "offered": "offered queue visits",
    "answered": "answered queue visits",
    "abandoned": "abandoned queue visits",
    "timeout": "queue visits ended by a timeout",
    "full": "queue visits turned away by a full queue",
    "closed": "queue visits turned away by a closed queue",
    "joinempty": "queue visits turned away for want of agents",
    "leaveempty": "queue visits ended for want of agents",
    "divert_ca_ratio": "queue visits diverted for too many callers per agent",
    "divert_waittime": "queue visits diverted for the expected wait",
    "exit_with_key": "queue visits left with a key",
    "withdrawn": "queue visits taken out by somebody",
    "in_progress": "queue visits still waiting",
    "unknown": "queue visits with an unknown end",
    "answered_waits": "answered queue visits with a known wait",
    "answered_wait_ms": "wait of answered queue visits",
    "abandoned_waits": "abandoned queue visits with a known wait",
    "abandoned_wait_ms": "wait of abandoned queue visits",
    "waits": "queue visits with a known wait",
    "wait_ms": "wait of queue visits",
    "ring_ms": "ringing at the agents of queue visits",
    "talks": "answered queue visits with a known talk time",
    "talk_ms": "talk time of answered queue visits",
    "no_answer_rings": "times that an agent's phone rang in vain",
}
_DURATIONS = {"wait_ms": "wait of {}calls", "talk_ms": "talk time of {}calls"}
_SPREADS = {
    "answered_wait": "waits of answered {}calls",
    "unanswered_wait": "waits of unanswered {}calls",
    "talk": "talk times of answered {}calls",
}
_NOW = {"waiting": "inbound calls whose caller waits now", "active": "calls in which people talk now"}


def english(leaf: Leaf) -> str:
    """Return the English words of a leaf."""
    match leaf:
        case Gauge():
            return _NOW[leaf.name]
        case Seconds():
            return english(leaf.sum)
        case Sum(subject="visit"):
            return _VISITS[leaf.measure]
        case Sum() | Maximum() | Percentile():
            which = "" if leaf.direction is None else f"{leaf.direction.value} "
        case _:
            assert_never(leaf)
    match leaf:
        case Sum():
            return _CALLS[leaf.measure].format(which)
        case Maximum():
            return "longest " + _DURATIONS[leaf.column].format(which)
        case Percentile():
            return f"{leaf.share * 100:g} % of the {_SPREADS[leaf.spread].format(which)} are this long or shorter"


def phrase(formula: Formula, say: Callable[[Leaf], str] = english) -> str:
    """Return a formula in words; `say` names the leaves, in English unless told otherwise."""
    match formula:
        case Plus():
            return f"{phrase(formula.left, say)} + {_operand(formula.right, say)}"
        case Minus():
            return f"{phrase(formula.left, say)} - {_operand(formula.right, say)}"
        case Ratio():
            return f"{_operand(formula.numerator, say)} / {_operand(formula.denominator, say)}"
        case Sum() | Seconds() | Maximum() | Percentile() | Gauge():
            return say(formula)
        case _:
            assert_never(formula)


def _operand(formula: Formula, say: Callable[[Leaf], str]) -> str:
    text = phrase(formula, say)
    return f"({text})" if isinstance(formula, Plus | Minus) else text

"""Step A of Grafana's way from a panel to a query: how long a step of a time series is."""

import re
from typing import Final

from tests.grafana.refusals import ExpansionError

WIDTH_POINTS: Final = 500
"""Points of a panel whose width is not known."""
LEAST_MS: Final = 60_000
"""The lower limit of a step for SQL data sources, unless the panel or the data source names one."""

_LADDER: Final = (
    (10, 1),
    (15, 10),
    (35, 20),
    (75, 50),
    (150, 100),
    (350, 200),
    (750, 500),
    (1_500, 1_000),
    (3_500, 2_000),
    (7_500, 5_000),
    (12_500, 10_000),
    (17_500, 15_000),
    (25_000, 20_000),
    (45_000, 30_000),
    (90_000, 60_000),
    (210_000, 120_000),
    (450_000, 300_000),
    (750_000, 600_000),
    (1_050_000, 900_000),
    (1_500_000, 1_200_000),
    (2_700_000, 1_800_000),
    (5_400_000, 3_600_000),
    (9_000_000, 7_200_000),
    (16_200_000, 10_800_000),
    (32_400_000, 21_600_000),
    (86_400_000, 43_200_000),
    (604_800_000, 86_400_000),
    (1_814_400_000, 604_800_000),
    (3_628_800_000, 2_592_000_000),
)
"""Raw steps below the first number become the second."""
_LONGEST_MS: Final = 31_536_000_000

_UNITS: Final = (("y", _LONGEST_MS), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))
_GO_UNITS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_DATE_UNITS: Final = {"d": 86_400_000, "w": 604_800_000}
_GO_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+")
_GO_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_DATE_DURATION: Final = re.compile(r"(\d+)([dw])")


def rounded_ms(raw_ms: float) -> int:
    """Return the step that Grafana makes of a range divided by its points."""
    for below, step_ms in _LADDER:
        if raw_ms < below:
            return step_ms
    return _LONGEST_MS


def step_of(span_ms: int, *, points: int | None = None, least: str | None = None) -> int:
    """Return the step of a panel's query in milliseconds.

    Args:
        span_ms: how long the range of the dashboard is.
        points: the panel's `maxDataPoints`.
        least: the panel's or the data source's minimum interval.
    """
    least_ms = LEAST_MS if not least else duration_ms(least.removeprefix(">"))
    return max(rounded_ms(span_ms / (points or WIDTH_POINTS)), least_ms)


def step_text(step_ms: int) -> str:
    """Return a step in words as `$__interval` says it: only the largest unit, rounded down."""
    for unit, unit_ms in _UNITS:
        if step_ms >= unit_ms:
            return f"{step_ms // unit_ms}{unit}"
    return f"{step_ms}ms"


def duration_ms(text: str) -> int:
    """Return the milliseconds of an interval argument.

    Raises:
        ExpansionError: it is none, or one whose length depends on today's date (months, years).
    """
    if _GO_DURATION.fullmatch(text):
        return round(sum(float(count) * _GO_UNITS[unit] for count, unit in _GO_PART.findall(text)))
    if found := _DATE_DURATION.fullmatch(text):
        return int(found[1]) * _DATE_UNITS[found[2]]
    raise ExpansionError(f"{text!r} is no interval of a fixed length")

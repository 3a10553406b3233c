"""Prints percentiles (`metrics.spread.percentile`) as SQL over running counts of bins."""

from typing import Final

_HAIR: Final = "1e-9"


def percentile_sql(share: float, *, reached: str, total: str, value: str) -> str:
    """Return the aggregate that is the value of the first bin by which a share of all durations is reached.

    Args:
        share: 0.9 for the duration that nine of ten do not exceed.
        reached: how many durations lie in this bin and those before.
        total: how many there are.
        value: the duration that stands for this bin.
    """
    rank = f"GREATEST(1, CEIL({share!r} * {total} - {_HAIR}))"
    return f"MIN(CASE WHEN {reached} >= {rank} THEN {value} END)"

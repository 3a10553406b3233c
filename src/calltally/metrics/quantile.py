"""The quantile of a few values."""

from collections.abc import Sequence
from math import floor


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the values do not exceed, between two of them where it falls there.

    The usual linear form (type 7): 0 is the smallest value, 1 the greatest, 0.5 the median.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("There is no quantile without values.")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = min(floor(place), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

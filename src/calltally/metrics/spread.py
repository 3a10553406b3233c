"""Histograms of durations from which percentiles are read; bins grow by 2 %, and bins of any ranges can be added.

Bin 0 is exactly zero. Bin `n` from 1 on holds the durations from `1.02 ** (n - 1)` ms up to, and without,
`1.02 ** n` ms.
A value read back differs from the true one by 2 % at most, and not at all below 50 ms.
"""

from collections.abc import Mapping
from itertools import accumulate
from math import ceil, log
from typing import Final

RATIO: Final = 1.02
_BINS_PER_E: Final = 1 / log(RATIO)


def bin_of(duration_ms: int) -> int:
    """Return the bin that a duration falls into."""
    return 1 + int(log(duration_ms) * _BINS_PER_E) if duration_ms > 0 else 0


def value_of(bin_number: int) -> int:
    """Return the milliseconds that stand for a bin: the middle between its borders."""
    return round((RATIO ** (bin_number - 1) + RATIO**bin_number) / 2) if bin_number > 0 else 0


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """Return the milliseconds that `share` (over 0, up to 1) of all durations do not exceed, `None` without durations.

    This is the nearest rank: the smallest duration for which at least that share of all is as short or shorter.

    Args:
        counts: how many durations fell into each bin.
        share: 0.9 for the time within which nine of ten were done.
    """
    bins = sorted(counts)
    running = list(accumulate(counts[each] for each in bins))
    if not running or running[-1] <= 0:
        return None
    rank = max(1, ceil(share * running[-1] - 1e-9))
    return next(value_of(each) for each, reached in zip(bins, running, strict=True) if reached >= rank)

"""Quantiles of a few values, by hand and by law."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.metrics.quantile import quantile

BY_HAND = [
    # values         share  what that share does not exceed
    ([7], 0, 7),
    ([7], 0.3, 7),
    ([7], 1, 7),
    ([2, 1], 0.5, 1.5),
    ([2, 1], 1, 2),
    ([4, 1, 3, 2], 0.5, 2.5),
    ([4, 1, 3, 2], 0.25, 1.75),  # three steps from 1 to 4, a quarter of them is three quarters of the first
    ([10, 20, 30], 0.5, 20),
]


@pytest.mark.parametrize(("values", "share", "expected"), BY_HAND)
def test_a_quantile_lies_between_the_two_values_that_it_falls_between(
    values: list[float], share: float, expected: float
) -> None:
    assert quantile(values, share) == expected


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="without values"):
        quantile([], 0.5)


@given(values=st.lists(st.integers(-(10**9), 10**9), min_size=1), shares=st.lists(st.floats(0, 1)).map(sorted))
def test_a_quantile_rises_with_its_share_from_the_smallest_value_to_the_greatest(
    values: list[int], shares: list[float]
) -> None:
    found = [quantile(values, share) for share in (0, *shares, 1)]
    assert (found[0], found[-1]) == (min(values), max(values))
    assert all(one <= other + 1e-6 for one, other in pairwise(found))

"""Percentiles from bins are within 2 % of the true ones, and bins add up."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.metrics.spread import bin_of, percentile, value_of

DURATIONS = st.integers(0, 100) | st.integers(0, 400 * 86_400_000)


@given(DURATIONS)
def test_a_bin_stands_for_its_durations_within_two_percent(duration_ms: int) -> None:
    assert abs(value_of(bin_of(duration_ms)) - duration_ms) <= 0.02 * duration_ms


@pytest.mark.parametrize("duration_ms", range(50))
def test_short_durations_are_exact(duration_ms: int) -> None:
    assert value_of(bin_of(duration_ms)) == duration_ms


@given(DURATIONS, DURATIONS)
def test_bins_keep_the_order_of_durations(one: int, other: int) -> None:
    assert (bin_of(one) <= bin_of(other)) or one > other


@given(st.lists(DURATIONS, min_size=1), st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_percentile_is_within_two_percent_of_the_nearest_rank(durations: list[int], share: float) -> None:
    rank = max(1, ceil(share * len(durations) - 1e-9))
    true_value = sorted(durations)[rank - 1]
    found = percentile(Counter(map(bin_of, durations)), share)
    assert found is not None
    assert abs(found - true_value) <= 0.02 * true_value


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({}, 0.5, None),
        ({7: 0}, 0.5, None),
        ({0: 1}, 0.5, 0),
        ({0: 9, bin_of(20): 1}, 0.9, 0),
        ({0: 9, bin_of(20): 1}, 0.91, 20),
        ({bin_of(3): 1, bin_of(9): 1}, 0.5, 3),
        ({bin_of(3): 1, bin_of(9): 1}, 1.0, 9),
        ({bin_of(3): 7, bin_of(9): 93}, 0.07, 3),  # though 0.07 * 100 is a little more than 7
    ],
)
def test_percentiles_by_hand(counts: dict[int, int], share: float, expected: int | None) -> None:
    assert percentile(counts, share) == expected

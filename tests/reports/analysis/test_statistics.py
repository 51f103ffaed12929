"""Paired statistics against hand computations and against every sign that could have been."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from reports.analysis.statistics import holm, paired_test, signed_rank, smallest_p


def by_hand(differences: list[float]) -> float:
    """Compute p of the signed-rank test over all assignments of signs."""
    values = np.array([value for value in differences if value])
    ranks = rankdata(np.abs(values))
    middle = ranks.sum() / 2
    found = abs(ranks[values > 0].sum() - middle)
    sums = [ranks[np.array(signs)].sum() for signs in product((True, False), repeat=len(values))]
    return sum(bool(abs(one - middle) >= found - 1e-9) for one in sums) / len(sums)


@pytest.mark.parametrize(
    "differences",
    [
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        [-1.0, 2.0, -3.0, 4.0, 5.0, 6.0, 7.0],
        [1.0, 1.0, -1.0, 2.0, 2.0, 3.0],  # ties
        [0.0, 0.5, -0.25, 3.0, 0.75, 1.5],  # a zero, which says nothing
        [2.0] * 7,
        [-1.0, 1.0],
    ],
)
def test_the_signed_rank_test_counts_all_signs(differences: list[float]) -> None:
    assert signed_rank(differences) == pytest.approx(by_hand(differences), rel=1e-9)


def test_equal_scores_are_no_evidence() -> None:
    assert signed_rank([0.0] * 7) == 1.0
    test = paired_test([0.0] * 7)
    assert (test.mean, test.low, test.high, test.p) == (0.0, 0.0, 0.0, 1.0)
    assert test.contains_zero


def test_the_smallest_p_is_that_of_seven_equal_signs() -> None:
    assert smallest_p(7) == signed_rank([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]) == 2 / 2**7
    assert smallest_p(5) > 0.05 > smallest_p(6)


def test_differences_are_averaged_counted_and_given_an_interval() -> None:
    test = paired_test([1.0, -2.0, 3.0, 0.0, 5.0, 6.0, 8.0])
    assert (test.mean, test.n, test.above, test.below) == (3.0, 7, 5, 1)
    assert -2.0 < test.low < test.mean < test.high < 8.0
    assert not test.contains_zero
    assert paired_test([1.0, -2.0, 3.0, -4.0]).contains_zero


def test_the_interval_is_the_percentile_bootstraps_and_the_same_each_time() -> None:
    values = [0.3, -0.1, 1.2, 0.8, 0.4, 2.0, 0.9]
    means = [np.mean(one) for one in product(values[:5], repeat=5)]  # every resample of five
    test = paired_test(values[:5])
    assert test.low == pytest.approx(np.quantile(means, 0.025), abs=0.02)
    assert test.high == pytest.approx(np.quantile(means, 0.975), abs=0.02)
    assert paired_test(values) == paired_test(values)


@pytest.mark.parametrize("differences", [[], [1.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_fewer_than_two_finite_differences_are_refused(differences: list[float]) -> None:
    with pytest.raises(ValueError, match="two finite differences"):
        paired_test(differences)


def test_holm_agrees_with_a_computation_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1, never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_p_keeps_the_order_and_stays_below_bonferroni(
    values: list[float],
) -> None:
    adjusted = holm(values)
    for one, after in zip(values, adjusted, strict=True):
        assert one <= after <= min(1.0, one * len(values)) or after == pytest.approx(
            max(other for other, p in zip(adjusted, values, strict=True) if p <= one)
        )
    order = sorted(range(len(values)), key=values.__getitem__)
    assert all(adjusted[a] <= adjusted[b] for a, b in pairwise(order))

"""Statistics of differences against enumerations, scipy, and simulated methods that are equal."""

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from reports.analysis.comparison.statistics import (
    ALPHA,
    Uncertain,
    holm,
    interval,
    seeds_error,
    seeds_test,
    sign_flip,
    smallest_p,
)

Array = NDArray[np.float64]


def by_hand(differences: list[float]) -> float:
    """Compute p of one mean difference over all assignments of signs."""
    values = np.array(differences)
    found = abs(values.sum())
    sums = [abs((values * signs).sum()) for signs in product((1, -1), repeat=len(values))]
    return sum(bool(one >= found - 1e-9) for one in sums) / len(sums)


@pytest.mark.parametrize(
    "differences",
    [
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        [-1.0, 2.0, -3.0, 4.0, 5.0, 6.0, 7.0],
        [0.1, 0.2, -0.3, 0.0],  # sums that are equal but for rounding, and a zero
        [2.0] * 7,
        [-1.0, 1.0],
        [0.0] * 7,
    ],
)
def test_one_difference_is_tested_over_all_signs(differences: list[float]) -> None:
    alone, adjusted = sign_flip(np.array(differences)[:, None])
    assert alone[0] == adjusted[0] == pytest.approx(by_hand(differences), rel=1e-9)


def test_a_family_is_adjusted_step_by_step() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(6, 4)) + np.array([0.0, 0.5, 1.0, 2.0])
    alone, adjusted = sign_flip(values)
    means = np.abs(values.mean(axis=0))
    signs = np.array(list(product((1, -1), repeat=6)))
    flipped = np.abs(signs @ values) / 6
    reached = 0.0
    for place, index in enumerate(np.argsort(-means)):
        rest = np.argsort(-means)[place:]
        p = (flipped[:, rest].max(axis=1) >= means[index] - 1e-12).mean()
        reached = max(reached, p)
        assert adjusted[index] == pytest.approx(reached)
        assert alone[index] == pytest.approx(by_hand(list(values[:, index])))


def test_the_smallest_p_does_not_depend_on_the_size_of_the_family() -> None:
    values = 1 + 0.1 * np.random.default_rng(1).random((7, 21))
    _, adjusted = sign_flip(values)
    assert adjusted.min() == smallest_p(7) == 2 / 2**7
    assert smallest_p(5) > ALPHA > smallest_p(6)


def test_many_scenes_are_tested_by_random_signs_the_same_each_time() -> None:
    values = np.random.default_rng(2).normal(0.5, 1, size=(20, 3))
    alone, adjusted = sign_flip(values)
    assert [list(one) for one in sign_flip(values)] == [list(alone), list(adjusted)]
    exact = stats.permutation_test(
        (values[:, 0],), np.mean, permutation_type="samples", n_resamples=20_000, rng=3
    ).pvalue
    assert alone[0] == pytest.approx(exact, abs=0.02)
    assert smallest_p(20) == sign_flip(np.ones((20, 1)))[0][0] == 1 / 4096


def test_a_comparison_without_a_scene_is_tested_over_the_others() -> None:
    values = np.array([[1.0, np.nan], [2.0, 3.0], [4.0, np.inf], [3.0, 5.0]])
    alone, adjusted = sign_flip(values)
    assert alone[1] == pytest.approx(by_hand([3.0, 5.0]))
    assert adjusted[1] >= alone[1]


def pairs_of(scores: Array) -> Array:
    """Return the differences of all pairs of methods, (scenes, pairs)."""
    return np.column_stack([scores[:, i] - scores[:, j] for i, j in combinations(range(7), 2)])


@pytest.mark.parametrize("kind", ["normal", "unequal", "heavy", "one far above"])
def test_columns_of_equal_methods_show_a_false_difference_in_one_of_twenty(kind: str) -> None:
    rng = np.random.default_rng(4)
    false = 0
    for _ in range(1000):
        scores = rng.standard_t(3, size=(7, 7)) if kind == "heavy" else rng.normal(size=(7, 7))
        if kind == "unequal":
            scores *= np.geomspace(0.1, 3, 7)
        if kind == "one far above":
            scores[:, 0] += 50
        _, adjusted = sign_flip(pairs_of(scores))
        equal = adjusted[6:] if kind == "one far above" else adjusted  # those without the first
        false += bool(equal.min() < ALPHA)
    assert false / 1000 < 0.071  # 5 %, and three standard errors


def test_a_clear_difference_is_found_among_all_pairs_of_seven_scenes() -> None:
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(100):
        scores = rng.normal(size=(7, 7))
        scores[:, 0] += 4
        _, adjusted = sign_flip(pairs_of(scores))
        found += int((adjusted[:6] < ALPHA).sum())
    assert found / 600 > 0.9


@pytest.mark.parametrize("scatter", [0.0, 1.0, 10.0])
def test_a_method_is_not_told_from_itself_by_three_seeds(scatter: float) -> None:
    rng = np.random.default_rng(6)
    false = 0
    for _ in range(1000):
        seeds = [rng.normal(size=7) + scatter * rng.normal(size=(3, 1)) for _ in range(2)]
        by_scene = seeds[0].mean(axis=0) - seeds[1].mean(axis=0)
        over_scenes = sign_flip(by_scene[:, None])[1][0]
        false += max(over_scenes, p_of(*(one.mean(axis=1) for one in seeds))) < ALPHA
    assert false / 1000 < 0.071


def p_of(first: ArrayLike, second: ArrayLike, *, both: bool = True) -> float:
    """Test the seeds of two methods."""
    difference = float(np.mean(np.asarray(first)) - np.mean(np.asarray(second)))
    return seeds_test(difference, seeds_error(first, second, both=both))


def test_seeds_are_tested_as_scipy_does() -> None:
    first, second = [35.0, 35.4, 35.1], [34.2, 34.9]
    welch = stats.ttest_ind(first, second, equal_var=False).pvalue
    assert p_of(first, second) == pytest.approx(welch, rel=1e-9)
    exact = stats.ttest_1samp(first, 34.0).pvalue
    assert p_of(first, [34.0], both=False) == p_of([34.0], first, both=False)
    assert p_of(first, [34.0], both=False) == pytest.approx(exact, rel=1e-9)
    alike = stats.ttest_ind(first, [34.0]).pvalue
    assert p_of(first, [34.0]) == p_of([34.0], first) == pytest.approx(alike, rel=1e-9)
    assert p_of([35.0], [34.0]) == 0.0
    assert p_of([35.0, 35.0], [34.0]) == 0.0


def test_an_interval_is_students() -> None:
    values = [0.3, -0.1, 1.2, 0.8, 0.4, 2.0, 0.9]
    wanted = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = interval(float(np.mean(values)), Uncertain.of(values))
    assert found == pytest.approx((wanted.low, wanted.high), rel=1e-9)
    assert interval(1.5, Uncertain.of([2.0])) == (1.5, 1.5)


def test_the_scatter_of_seeds_widens_an_interval() -> None:
    scenes, seeds = Uncertain.of([1.0, 2.0, 3.0, 2.0]), Uncertain.of([0.0, 1.0, 5.0])
    both = scenes + seeds
    assert both.variance == pytest.approx(scenes.variance + seeds.variance)
    first, second = [1.0, 2.0, 4.0], [0.0, 1.0, 7.0, 2.0]
    added = Uncertain.of(first) + Uncertain.of(second)
    assert added.freedom == pytest.approx(stats.ttest_ind(first, second, equal_var=False).df)
    assert Uncertain.of([1.0, 2.0]) + Uncertain.of([3.0]) == Uncertain.of([1.0, 2.0])


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

"""Paired statistics over test scenes: how sure a difference between two methods is.

Scenes differ far more from each other than methods do, so everything here is about differences
scene by scene; nothing is assumed to be normal.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
ALPHA = 0.05
RESAMPLES = 9999
_SEED = 2017  # any; the same cells must always give the same table


@dataclass(frozen=True)
class PairedTest:
    """Statistics of paired differences, one a scene, in the metric's own unit.

    Attributes:
        mean: of the differences.
        low: lower end of the bootstrap interval of that mean.
        high: its upper end.
        p: of Wilcoxon's signed-rank test, two-sided.
        n: how many scenes.
        above: on how many the difference is above zero.
        below: on how many it is below.
    """

    mean: float
    low: float
    high: float
    p: float
    n: int
    above: int
    below: int

    @property
    def contains_zero(self) -> bool:
        """Return whether zero lies within the interval."""
        return self.low <= 0 <= self.high


def paired_test(differences: Sequence[float] | np.ndarray) -> PairedTest:
    """Test differences between two methods on the same scenes.

    The interval is the percentile bootstrap's. With seven scenes BCa is no better: simulated with
    1,500 draws of seven, 95 % intervals by percentile and by BCa cover the mean of normal values
    in 88 and 88 %, of exponential ones in 83 and 85 %, of Student's t with three degrees of freedom
    in 88 and 86 %, because BCa takes its acceleration from seven jackknife values; and it has no
    answer where all differences are equal. Both are too narrow, and the tables say so.

    Args:
        differences: one a scene, finite; at least two.

    Raises:
        ValueError: fewer than two, or one that is not finite.
    """
    from scipy import stats

    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"expected two finite differences or more, found {list(differences)}")
    interval = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return PairedTest(
        mean=float(values.mean()),
        low=float(interval.low),
        high=float(interval.high),
        p=signed_rank(values),
        n=len(values),
        above=int((values > 0).sum()),
        below=int((values < 0).sum()),
    )


def signed_rank(differences: Sequence[float] | np.ndarray) -> float:
    """Compute the two-sided p of Wilcoxon's signed-rank test; differences of zero are left out.

    It is exact for up to 13 scenes, ties or not, and for up to 50 without ties.

    Args:
        differences: one a scene, finite.
    """
    from scipy import stats

    values = np.asarray(differences, dtype=np.float64)
    values = values[values != 0]
    if not len(values):
        return 1.0
    return float(stats.wilcoxon(values).pvalue)


def smallest_p(scenes: int) -> float:
    """Compute the least two-sided p of a signed-rank test over so many scenes."""
    return 2.0 ** (1 - scenes)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values by Holm's method, which bounds the family-wise error rate.

    Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6, 1979: the
    smallest times m, the next times m - 1, and so on, never falling and at most 1.

    Args:
        p_values: of all comparisons of a table.

    Returns:
        The adjusted ones in the order given.
    """
    adjusted = [math.nan] * len(p_values)
    reached = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        reached = max(reached, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = reached
    return adjusted

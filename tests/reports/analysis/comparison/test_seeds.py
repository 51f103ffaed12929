"""Seeds are no scenes: their scatter counts, and a method with one seed is named."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmark.store.cells import cells
from reports.analysis.comparison.pairs import compare
from reports.analysis.results import Results, read_results
from reports.writers.files import write_tables
from tests.reports.analysis.comparison.support import MAIN, SEVEN, marks, spread
from tests.reports.conftest import Make


def simulated(make: Make, tmp_path: Path, seeds: int) -> Results:
    """Store the cells of seven methods at three scales, four of them trained."""
    for scale in (2, 3, 4):
        for index in range(7):
            for seed in range(seeds if index > 2 else 1):
                make(f"m{index}", scale, seed, rows=spread(range(7), range(7), SEVEN),
                     trained=index > 2)  # fmt: skip
    return read_results(cells(tmp_path))


@pytest.mark.parametrize(("seeds", "scatter"), [(1, 0.0), (3, 0.5), (3, 5.0)])
def test_columns_of_equal_methods_have_no_more_false_differences_than_the_level(
    make: Make, tmp_path: Path, seeds: int, scatter: float
) -> None:
    stored_results = simulated(make, tmp_path, seeds)
    rng = np.random.default_rng(11)
    scores = stored_results.scores
    column = ["method", "scale", "metric"]
    by_scene = scores.groupby([*column, "scene"]).ngroup().to_numpy()
    by_seed = scores.groupby([*column, "seed"]).ngroup().to_numpy()
    trained = scores["method"].isin(["m3", "m4", "m5", "m6"]).to_numpy()
    methods = stored_results.methods()
    columns = false = unmarked = 0
    for _ in range(30):
        values = rng.normal(size=by_scene.max() + 1)[by_scene]
        values = values + scatter * trained * rng.normal(size=by_seed.max() + 1)[by_seed]
        found = compare(Results(stored_results.cells, scores.assign(value=values)), methods)
        for metric in MAIN:
            for scale in (2, 3, 4):
                here = [c for c in found.items if (c.metric, c.scale) == (metric, scale)]
                columns += 1
                false += any(c.significant for c in here)
                others = {c.method for c in here if c.against == "best"}
                unmarked += any("≈" not in found.marks(one, scale, metric) for one in others)
    assert columns == 180
    assert unmarked <= false
    assert false / columns < 0.099  # 5 %, and three standard errors


def test_several_seeds_are_no_scenes_and_their_scatter_counts(make: Make, tmp_path: Path) -> None:
    low, high = np.arange(7.0) + 30, np.arange(7.0) * 1.2 + 34
    shifts = (-1.0, 0.0, 1.5)
    make("bicubic", rows=spread(low, low, SEVEN), trained=False)
    for seed, shift in enumerate(shifts):
        make("srcnn", seed=seed, rows=spread(high + shift, low - 20, SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    one = next(c for c in section.comparisons if c.against == "baseline")
    assert (one.n, one.seeds) == (7, (3, 1))
    assert one.mean == pytest.approx(float((high + 0.5 / 3 - low).mean()))
    means = [float((high + shift).mean()) for shift in shifts]
    assert one.p == pytest.approx(max(1 / 64, stats.ttest_1samp(means, float(low.mean())).pvalue))
    # Of the scenes alone, the interval would be 2.8 to 7.8 dB above.
    assert one.low < 2.5
    text = " ".join(section.grids[0].remarks)
    assert "by these 7 test scenes and these seeds." in text
    assert "must also be significant by Welch's t-test between the seeds' means" in text
    assert "One seed" not in text
    assert "Two seeds" not in text


def test_seeds_that_scatter_more_than_the_methods_differ_are_marked(
    make: Make, tmp_path: Path
) -> None:
    """By the scenes alone, each of the seven would tell the two labels apart."""
    scenes = np.linspace(30, 40, 7)
    for label, shifts in (("first", (0.0, 3.0, -1.0)), ("second", (2.5, 4.0, 0.0))):
        for seed, shift in enumerate(shifts):
            make(label, seed=seed, rows=spread(scenes + shift, scenes, SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    one = next(c for c in section.comparisons if c.metric.name == "psnr")
    assert (one.wins, one.n) == (0, 7)
    assert one.p > 0.1
    assert marks(section)["FIRST"][0] == "≈"


def test_a_method_with_one_seed_among_several_is_named(make: Make, tmp_path: Path) -> None:
    for seed in (0, 1):
        make("srcnn", seed=seed, rows=spread(range(30, 37), range(7), SEVEN))
    make("vdsr", rows=spread(range(40, 47), range(7), SEVEN))
    make("bicubic", rows=spread(range(20, 27), range(7), SEVEN), trained=False)
    text = " ".join(write_tables(tmp_path, "cave").sections[0].grids[0].remarks)
    assert "Two seeds estimate the scatter of training poorly" in text
    assert "One seed of VDSR: this does not show how far results scatter from seed to seed" in text
    assert "the scatter of that one is taken for both" in text
    assert "in a pair of such methods with one seed each, it is in no test" in text


def test_the_scales_of_a_method_with_one_seed_are_named(make: Make, tmp_path: Path) -> None:
    """VDSR has two seeds at x2, so "one seed of VDSR" alone would be wrong."""
    for seed, scale in ((0, 2), (1, 2), (0, 3)):
        make("vdsr", scale, seed, rows=spread(range(30, 37), range(7), SEVEN))
    for scale in (2, 3):
        make("bicubic", scale, rows=spread(range(20, 27), range(7), SEVEN), trained=False)
    text = " ".join(write_tables(tmp_path, "cave").sections[0].grids[0].remarks)
    assert "One seed of VDSR at ×3: " in text
    assert "only that these scenes and seeds do not show a difference" in text


def test_one_seed_is_taken_to_scatter_as_the_other_networks_do(make: Make, tmp_path: Path) -> None:
    """Else one seed would be told from several of the very same method."""
    scenes = np.linspace(30, 40, 7)
    make("bicubic", rows=spread(scenes + 4, scenes, SEVEN), trained=False)
    shifts = (0.0, 1.0, -1.0)
    for seed, shift in enumerate(shifts):
        make("srcnn", seed=seed, rows=spread(scenes + shift, scenes, SEVEN))
    make("copy", rows=spread(scenes + 4, scenes, SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    found = {
        frozenset((c.method, c.other)): c.p for c in section.comparisons if c.metric.name == "psnr"
    }
    pooled = stats.ttest_ind(shifts, [4.0]).pvalue
    assert found[frozenset(("srcnn", "copy"))] == pytest.approx(pooled)
    exact = stats.ttest_1samp(shifts, 4.0).pvalue  # without training, nothing scatters
    assert found[frozenset(("srcnn", "bicubic"))] == pytest.approx(exact)


def test_equal_methods_of_different_numbers_of_seeds_are_equal(make: Make, tmp_path: Path) -> None:
    """A mean over three seeds of the same value differs from that value by rounding."""
    values = 30 + np.linspace(0.1, 5.3, 7) / 3
    make("bicubic", rows=spread(values, values, SEVEN), trained=False)
    for seed in (0, 1, 2):
        make("copy", seed=seed, rows=spread(values, values, SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    assert all(one.average("bicubic") == one.average("copy") == 1.5 for one in section.rankings)
    assert {(c.above, c.below, c.p) for c in section.comparisons} == {(0, 0, 1.0)}


STOCHASTIC = {"method": {"name": "prior", "title": "PRIOR", "trained": False, "stochastic": True}}


@pytest.mark.parametrize("configuration", [STOCHASTIC, None])  # as since 0.7, and before
def test_a_stochastic_method_without_a_recipe_depends_on_its_seed(
    make: Make, tmp_path: Path, configuration: dict[str, object] | None
) -> None:
    """Else a network with one seed would be exact beside it."""
    scenes, shifts = np.linspace(30, 40, 7), (0.0, 1.0, -1.0)
    for seed, shift in enumerate(shifts):
        make("prior", seed=seed, rows=spread(scenes + shift, scenes, SEVEN), trained=False,
             configuration=configuration)  # fmt: skip
    make("net", rows=spread(scenes + 4, scenes, SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    one = next(c for c in section.comparisons if c.metric.name == "psnr")
    assert one.p == pytest.approx(stats.ttest_ind(shifts, [4.0]).pvalue)
    assert "One seed of NET" in " ".join(section.grids[0].remarks)
    assert section.notes == ("without seeds 1, 2",)


def test_one_seed_of_a_stochastic_method_is_named(make: Make, tmp_path: Path) -> None:
    values = range(30, 37)
    make("bicubic", rows=spread(range(20, 27), range(7), SEVEN), trained=False)
    make("prior", rows=spread(values, range(7), SEVEN), trained=False, configuration=STOCHASTIC)
    for seed in (0, 1):
        make("net", seed=seed, rows=spread(range(40, 47), range(7), SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    assert "One seed of PRIOR: " in " ".join(section.grids[0].remarks)
    assert section.notes == ("without seed 1",)

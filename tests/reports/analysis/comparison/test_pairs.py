"""Marks, the tests behind them, and the stated limits of conclusions."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import RequestError
from benchmark.store.cells import cells
from reports.analysis.comparison.pairs import Comparison, compare
from reports.analysis.comparison.statistics import ALPHA, sign_flip
from reports.analysis.results import read_results
from reports.writers.files import write_tables
from tests.reports.analysis.comparison.support import MAIN, SEVEN, TWELVE, marks, spread, stored
from tests.reports.conftest import Make


def test_indistinguishable_methods_are_marked(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    made = write_tables(tmp_path, "cave")
    (section,) = made.sections
    assert marks(section) == {
        "Bicubic": ("", ""),
        "WINNER": ("", ""),
        "LEVEL": ("≈", ""),
        "WEAK": ("∘", ""),
    }
    assert "≈ cannot be told from the best of its column, and ∘ not from Bicubic" in made.markdown
    assert section.grids[0].remarks[0].endswith("by these 7 test scenes.")


def test_the_remarks_name_test_family_and_level(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    text = " ".join(write_tables(tmp_path, "cave").sections[0].grids[0].remarks)
    assert "Test: the signs of the differences are flipped scene by scene" in text
    assert (
        "All pairs of methods in a column form a family, and all comparisons with Bicubic in it "
        "form another. The level is 5 % for each family: of twenty columns of equal methods, one "
        "may show a difference by chance." in text
    )
    assert "With 7 test scenes the smallest possible p is 1/64 = 0.0156." in text
    assert "A mark does not say that two methods are equal" in text
    assert (
        "One seed: how far results of networks and other stochastic methods scatter from seed to "
        "seed is not known" in text
    )
    assert "Welch" not in text


def test_too_few_scenes_are_marked_by_nothing(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN[:5])
    (section,) = write_tables(tmp_path, "cave").sections
    assert set(marks(section).values()) == {("", "")}
    (first, second, third) = section.grids[0].remarks
    assert first == "Nothing is marked: with 5 test scenes no difference can be tested."
    assert "1/16 = 0.0625" in second
    assert "an entry without a mark says nothing" in second
    assert third.startswith("One seed:")


def test_a_pair_with_too_few_common_scenes_is_named_and_not_marked(
    make: Make, tmp_path: Path
) -> None:
    stored(make, TWELVE)
    few = ("a", "b", "c", "u", "v", "w", "x", "y", "z")
    make("odd", rows=spread(np.linspace(31, 33, 9), np.linspace(7, 8, 9), few))
    (section,) = write_tables(tmp_path, "cave").sections
    assert marks(section)["ODD"] == ("", "")
    text = " ".join(section.grids[0].remarks)
    assert "Not tested and not marked, with too few common scenes: " in text
    assert "ODD and WINNER (PSNR ×2, 3 test scenes)" in text
    assert "ODD and Bicubic (PSNR ×2, 3 test scenes)" in text


def test_all_pairs_of_a_column_are_one_family(make: Make, tmp_path: Path) -> None:
    """The best was found on the same scenes: it is one of all pairs, not a fixed method."""
    stored(make, SEVEN)
    (section,) = write_tables(tmp_path, "cave").sections
    results = read_results(cells(tmp_path))
    for metric in MAIN:
        here = [c for c in section.comparisons if c.metric == metric]
        pairs = [c for c in here if c.against != "baseline"]
        assert len(pairs) == 6
        assert sum(c.against == "best" for c in pairs) == 3
        scores = {
            one.label: np.array(list(results.by_scene(one.label, 2, metric.name).values()))
            for one in results.methods()
        }
        _, adjusted = sign_flip(
            np.column_stack([scores[c.method] - scores[c.other] for c in pairs])
        )
        assert [c.adjusted for c in pairs] == list(adjusted)
        baseline = [c for c in here if c.against == "baseline"]
        _, adjusted = sign_flip(
            np.column_stack([scores[c.method] - scores["bicubic"] for c in baseline])
        )
        assert [c.adjusted for c in baseline] == list(adjusted)


def test_one_scene_is_said_to_mark_nothing(make: Make, tmp_path: Path) -> None:
    """Without a word, no mark would read as: differs from the best."""
    make("bicubic", rows=spread([30], [6], ["face"]), trained=False)
    assert not write_tables(tmp_path, "cave").sections[0].grids[0].remarks
    make("srcnn", rows=spread([40], [5], ["face"]))
    (line,) = write_tables(tmp_path, "cave").sections[0].grids[0].remarks
    assert line.startswith("Nothing is marked: no two methods have finite values of two common")


def test_only_common_finite_scenes_are_paired(make: Make, tmp_path: Path) -> None:
    make("bicubic", rows=spread([30.0, 31.0, 32.0, 33.0], [1.0] * 4, "abcd"), trained=False)
    make("oracle", rows=spread([31.0, float("inf"), 35.0, 9.0], [1.0, 2, 3, 4], "abcx"))
    (section,) = write_tables(tmp_path, "cave").sections
    found = {(c.metric.name, c.method): c for c in section.comparisons}
    assert found["psnr", "oracle"].n == found["psnr", "bicubic"].n == 2
    assert found["psnr", "oracle"].mean == 2.0
    assert found["sam", "oracle"].n == 3


def test_numbers_of_any_size_are_compared_without_a_warning(make: Make, tmp_path: Path) -> None:
    huge = [1e308, 3.0, 1e-320, 0.0, 2.0, 5.0, float("inf")]
    make("bicubic", rows=spread(huge, [0.0] * 7, SEVEN), trained=False)
    for seed in (0, 1):
        make("srcnn", seed=seed, rows=spread(huge[::-1], [0.0] * 7, SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    assert {c.metric.name for c in section.comparisons} == {"psnr", "sam"}
    same = next(c for c in section.comparisons if c.metric.name == "sam")
    assert (same.mean, same.low, same.high, same.p, same.adjusted) == (0, 0, 0, 1, 1)


def test_another_baseline_can_be_named(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    (section,) = write_tables(tmp_path, "cave", baseline="weak").sections
    assert {c.other for c in section.comparisons if c.against == "baseline"} == {"weak"}
    assert "∘ not from WEAK" in section.grids[0].remarks[0]
    with pytest.raises(RequestError, match=r"--baseline: no results of method 'lanczos' on 'cave'"):
        write_tables(tmp_path, "cave", baseline="lanczos")


def test_without_a_baseline_there_is_only_the_best(make: Make, tmp_path: Path) -> None:
    make("srcnn", rows=spread(range(30, 37), range(7), SEVEN))
    make("vdsr", rows=spread(range(33, 40), range(7), SEVEN))
    made = write_tables(tmp_path, "cave")
    assert {c.against for c in made.sections[0].comparisons} == {"best"}
    assert "∘" not in made.markdown
    assert "Compared with the best of the column" in made.markdown


def test_one_method_alone_is_compared_with_nothing(make: Make, tmp_path: Path) -> None:
    make("srcnn")
    (section,) = write_tables(tmp_path, "cave").sections
    assert (section.comparisons, section.grids[0].remarks) == ((), ())


def test_the_csv_has_every_pair_and_both_families(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    made = write_tables(tmp_path, "cave")
    assert made.paths[3] == tmp_path / "tables" / "comparisons" / "cave.csv"
    with made.paths[3].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(made.sections[0].comparisons) == 2 * (6 + 3)
    kinds = [row["against"] for row in rows]
    assert [kinds.count(one) for one in ("best", "other", "baseline")] == [6, 6, 6]
    assert all(float(row["p_adjusted"]) >= float(row["p"]) for row in rows)
    found = next(r for r in rows if (r["metric"], r["method"], r["against"]) == (
        "psnr", "winner", "baseline"))  # fmt: skip
    assert (found["other"], found["better"], found["n"]) == ("bicubic", "7", "7")
    assert (found["seeds"], found["other_seeds"]) == ("1", "1")
    assert float(found["low"]) < float(found["difference"]) < float(found["high"])
    worse = next(r for r in rows if (r["metric"], r["method"], r["other"]) == (
        "sam", "weak", "winner"))  # fmt: skip
    assert (worse["against"], worse["better"]) == ("best", "0")


def test_the_details_have_difference_interval_wins_and_both_ps(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    (section,) = write_tables(tmp_path, "cave").sections
    grid = next(one for one in section.grids if one.title == "Compared with the best of the column")
    assert grid.details
    assert grid.legend.endswith("p adjusted for all pairs of methods in the column.")
    row = next(row for row in grid.rows if row[1].text == "Bicubic")
    one = next(c for c in section.comparisons if (c.method, c.against) == ("bicubic", "best"))
    assert row[2].text == f"−{-one.mean:.2f}"
    assert row[3].text == f"−{-one.low:.2f} to −{-one.high:.2f}"
    assert [entry.text for entry in row[4:7]] == ["0 of 7", "0.016", "0.016"]
    best = next(row for row in grid.rows if row[1].text == "LEVEL")
    assert best[4].text == "3 of 7"
    assert not any(row[1].text == "WINNER" for row in grid.rows)


def test_the_spread_over_the_scenes_is_a_grid(make: Make, tmp_path: Path) -> None:
    make("srcnn", rows=spread([30.0, 34.0, 35.0], [4.0, 4.0, 7.0], "abc"))
    (section,) = write_tables(tmp_path, "cave").sections
    grid = next(one for one in section.grids if one.title.startswith("Spread"))
    texts = [entry.text for entry in grid.rows[0]]
    assert texts == ["SRCNN", "2.65 (30.00 to 35.00)", "1.73 (4.00 to 7.00)"]


def test_files_of_the_formats_asked_for_are_written(make: Make, tmp_path: Path) -> None:
    make("srcnn")
    made = write_tables(tmp_path, "cave", formats=["tex"])
    assert [path.name for path in made.paths] == ["cave.tex"]
    assert made.markdown.startswith("# CAVE")
    assert sorted(path.name for path in (tmp_path / "tables").glob("cave*")) == ["cave.tex"]
    made = write_tables(tmp_path, "cave", formats=("csv", "md", "csv"))
    folder = tmp_path / "tables"
    own = [folder / "cave.csv", folder / "cave.md", folder / "comparisons" / "cave.csv"]
    assert list(made.paths) == own
    assert all(path.is_file() for path in own)
    with pytest.raises(RequestError, match=r"--format: expected some of md, tex, csv, found 'pdf'"):
        write_tables(tmp_path, "cave", formats=("md", "pdf"))


@pytest.mark.parametrize(
    ("n", "p", "adjusted", "mark"),
    [
        (7, 0.016, 0.016, ""),
        (7, 0.016, 0.078, "≈"),  # alone it would be significant
        (7, 0.078, 0.078, "≈"),
        (5, 0.0625, 0.0625, ""),  # cannot be tested
    ],
)
def test_the_adjusted_p_decides_where_a_test_can(
    make: Make, tmp_path: Path, n: int, p: float, adjusted: float, mark: str
) -> None:
    make("bicubic", rows=spread(range(30, 37), range(7), SEVEN), trained=False)
    make("winner", rows=spread(range(40, 47), range(7), SEVEN))
    results = read_results(cells(tmp_path))
    found = compare(results, results.methods())
    pair: Comparison = found.items[0]
    assert (pair.against, pair.method, pair.other) == ("best", "bicubic", "winner")
    changed = replace(found, items=(replace(pair, n=n, p=p, adjusted=adjusted),))
    assert changed.marks("bicubic", 2, MAIN[0]) == mark
    assert changed.items[0].significant is (adjusted < ALPHA)


def test_what_cannot_be_tested_against_the_best_is_named(make: Make, tmp_path: Path) -> None:
    """Without a word, no mark would read as: differs from the best."""
    perfect = spread([math.inf] * 7, [0.0] * 7, SEVEN)
    make("perfect", rows=perfect)
    make("bicubic", rows=spread(range(20, 27), range(1, 8), SEVEN), trained=False)
    make("srcnn", rows=spread(range(21, 28), range(1, 8), SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    text = " ".join(section.grids[0].remarks)
    assert (
        "Not tested and not marked, as fewer than two common scenes have a finite difference: "
        "SRCNN and PERFECT (PSNR ×2), BICUBIC and PERFECT (PSNR ×2)." in text
    )


def test_a_mean_over_fewer_scenes_is_no_best_and_has_no_difference(
    make: Make, tmp_path: Path
) -> None:
    """Without its hardest scenes, a method would be the best of its column."""
    make("vdsr", rows=spread(range(31, 38), range(1, 8), SEVEN), published="Kim[11]")
    make("srcnn", rows=spread(range(30, 37), range(2, 9), SEVEN), published="Dong[4]")
    hard = [math.nan, math.nan, *range(33, 38)]
    make("espcn", rows=spread(hard, range(3, 10), SEVEN), published="Shi[18]")
    (section,) = write_tables(tmp_path, "cave").sections
    shown = {row[0].text: row[1] for row in section.grids[0].rows}
    assert [shown[name].rank for name in ("VDSR", "SRCNN", "ESPCN")] == [1, 2, 0]
    assert shown["ESPCN"].difference == ""
    assert shown["VDSR"].difference
    best = {one.other for one in section.comparisons if one.against == "best"}
    assert best == {"vdsr"}  # by PSNR, although the mean of espcn is higher, and by SAM
    assert "has no value for psnr of 2 of 7 scenes" in section.notes[0]

"""Marks, the tests behind them, and the stated limits of conclusions."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.errors import RequestError
from reports.analysis.comparison import Comparison, Comparisons
from reports.analysis.metrics import MAIN
from reports.analysis.statistics import PairedTest, holm, paired_test
from reports.tables.model import Section
from reports.writers.files import write_tables
from tests.reports.conftest import Make

SEVEN, TWELVE = tuple("abcdefg"), tuple("abcdefghijkl")


def spread(
    psnr: Iterable[float], sam: Iterable[float], scenes: Sequence[str]
) -> list[dict[str, object]]:
    """Return scores with these values scene by scene."""
    return [
        {"scene": scene, "psnr": one, "sam": other}
        for scene, one, other in zip(scenes, psnr, sam, strict=True)
    ]


def uneven(number: int, seed: int, size: float) -> NDArray[np.float64]:
    """Return differences of one sign, about so large."""
    scatter: NDArray[np.float64] = np.random.default_rng(seed).random(number)
    return size * (1 + 0.3 * scatter)


def stored(make: Make, scenes: Sequence[str], **more: object) -> None:
    """Store a baseline, a far better method, and one indistinguishable from each of the two."""
    n = len(scenes)
    scatter = np.random.default_rng(5).normal(0, 4, n)
    wobble = 0.5 * np.array([(-1.0) ** index for index in range(n)]) + 0.01
    bicubic, best = 31 + scatter, 31 + scatter + uneven(n, 1, 3.0)
    flat = np.linspace(5, 6, n)
    make("bicubic", rows=spread(bicubic, flat + 2, scenes), trained=False, title="Bicubic", **more)
    make("winner", rows=spread(best, flat, scenes), **more)
    make("level", rows=spread(best - wobble, flat + uneven(n, 2, 1.0), scenes), **more)
    make("weak", rows=spread(bicubic + wobble, flat + uneven(n, 3, 1.0), scenes), **more)


def marks(section: Section) -> dict[str, tuple[str, str]]:
    """Return the marks of PSNR and SAM by title."""
    return {row[0].text: (row[1].marks, row[2].marks) for row in section.grids[0].rows}


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


def test_with_seven_scenes_holm_cannot_be_significant_as_remarked(
    make: Make, tmp_path: Path
) -> None:
    stored(make, SEVEN)
    text = " ".join(write_tables(tmp_path, "cave").sections[0].grids[0].remarks)
    assert "signed-rank test (uncorrected) is 0.05 or more" in text
    # Three methods beside one, by two metrics: 6 comparisons of a kind, 6 / 64.
    assert "the smallest p is 1/64 = 0.0156" in text
    assert "Holm over the table's 6 comparisons of a kind makes it 0.094." in text
    assert "cover 88 %, not 95 %" in text
    assert "One seed: how far training itself scatters is not known" in text


def test_with_more_scenes_the_corrected_p_decides(make: Make, tmp_path: Path) -> None:
    stored(make, TWELVE)
    (section,) = write_tables(tmp_path, "cave").sections
    text = " ".join(section.grids[0].remarks)
    assert "(after Holm over the table's 6 comparisons of a kind) is 0.05 or more" in text
    assert "uncorrected" not in text
    assert "out of reach" not in text
    assert "too narrow" not in text
    assert marks(section)["LEVEL"] == ("≈", "")
    assert marks(section)["WEAK"] == ("∘", "")


def test_too_few_scenes_are_marked_by_nothing(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN[:5])
    (section,) = write_tables(tmp_path, "cave").sections
    assert set(marks(section).values()) == {("", "")}
    (first, second) = section.grids[0].remarks
    assert first.startswith("No difference here can be significant: with 5 test scenes")
    assert "1/16 = 0.0625" in first
    assert second.startswith("One seed:")


def test_several_seeds_are_averaged_first_and_not_taken_for_scenes(
    make: Make, tmp_path: Path
) -> None:
    low, high = np.arange(7.0) + 30, np.arange(7.0) * 1.2 + 34
    make("bicubic", rows=spread(low, low, SEVEN), trained=False)
    for seed, shift in enumerate((-1.0, 0.0, 1.5)):
        make("srcnn", seed=seed, rows=spread(high + shift, low - 20, SEVEN))
    (section,) = write_tables(tmp_path, "cave").sections
    one = next(c for c in section.comparisons if c.against == "baseline")
    wanted = paired_test(list(high + 0.5 / 3 - low))
    assert (one.test.n, one.test.p) == (7, wanted.p)
    assert one.test.mean == pytest.approx(wanted.mean)
    assert (one.test.low, one.test.high) == pytest.approx((wanted.low, wanted.high))
    assert "One seed" not in " ".join(section.grids[0].remarks)


def test_only_common_finite_scenes_are_paired(make: Make, tmp_path: Path) -> None:
    make("bicubic", rows=spread([30.0, 31.0, 32.0, 33.0], [1.0] * 4, "abcd"), trained=False)
    make("oracle", rows=spread([31.0, float("inf"), 35.0, 9.0], [1.0, 2, 3, 4], "abcx"))
    (section,) = write_tables(tmp_path, "cave").sections
    found = {(c.metric.name, c.method): c.test for c in section.comparisons}
    assert found["psnr", "oracle"].n == found["psnr", "bicubic"].n == 2
    assert found["psnr", "oracle"].mean == 2.0
    assert found["sam", "oracle"].n == 3


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


def test_the_csv_has_every_test_with_holm_over_its_kind(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    made = write_tables(tmp_path, "cave")
    assert made.paths[3] == tmp_path / "tables" / "comparisons" / "cave.csv"
    with made.paths[3].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(made.sections[0].comparisons) == 12
    for against in ("best", "baseline"):
        here = [row for row in rows if row["against"] == against]
        assert [float(row["p_holm"]) for row in here] == holm([float(row["p"]) for row in here])
    found = next(r for r in rows if (r["metric"], r["method"]) == ("psnr", "winner"))
    assert (found["other"], found["better"], found["n"]) == ("bicubic", "7", "7")
    assert float(found["low"]) < float(found["difference"]) < float(found["high"])
    worse = next(r for r in rows if (r["metric"], r["method"]) == ("sam", "weak"))
    assert (worse["against"], worse["better"]) == ("best", "0")


def test_the_details_have_difference_interval_wins_and_both_ps(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    (section,) = write_tables(tmp_path, "cave").sections
    grid = next(one for one in section.grids if one.title == "Compared with the best of the column")
    assert grid.details
    row = next(row for row in grid.rows if row[1].text == "Bicubic")
    one = next(c for c in section.comparisons if (c.method, c.against) == ("bicubic", "best"))
    assert row[2].text == f"−{-one.test.mean:.2f}"
    assert row[3].text == f"−{-one.test.low:.2f} to −{-one.test.high:.2f}"
    assert [entry.text for entry in row[4:7]] == ["0 of 7", "0.016", "0.094"]
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


def compared(tests: Sequence[PairedTest]) -> Comparisons:
    """Return comparisons of as many methods with the best."""
    adjusted = holm([test.p for test in tests])
    items = [
        Comparison("best", MAIN[0], 2, f"m{index}", "best", test, p)
        for index, (test, p) in enumerate(zip(tests, adjusted, strict=True))
    ]
    return Comparisons(tuple(items), "", 1)


@pytest.mark.parametrize(
    ("n", "p", "low", "others", "differs"),
    [
        (7, 0.016, 0.1, 5, True),  # Holm is out of reach: p as it is
        (7, 0.047, 0.1, 5, True),
        (7, 0.078, 0.1, 5, False),  # the interval is too narrow to be trusted alone
        (7, 0.016, -0.1, 5, False),
        (12, 0.04, 0.1, 5, True),  # the last of Holm's steps leaves p as it is
        (12, 0.06, 0.1, 5, False),
        (12, 0.001, -0.1, 5, False),
    ],
)
def test_a_distinguishable_pair_needs_the_interval_and_p(
    n: int, p: float, low: float, others: int, differs: bool
) -> None:
    clear = PairedTest(1.0, 0.5, 2.0, 2.0 ** (1 - n), n, n, 0)
    comparisons = compared([PairedTest(1.0, low, 2.0, p, n, n, 0), *[clear] * others])
    assert comparisons.distinguishable(comparisons.items[0]) is differs
    assert comparisons.marks("m0", 2, MAIN[0]) == ("" if differs else "≈")


def test_with_enough_scenes_the_corrected_p_decides() -> None:
    comparisons = compared([PairedTest(1.0, 0.5, 2.0, 0.03, 12, 11, 1)] * 2)
    assert comparisons.correctable
    assert [one.adjusted for one in comparisons.items] == [0.06, 0.06]
    assert not comparisons.distinguishable(comparisons.items[0])

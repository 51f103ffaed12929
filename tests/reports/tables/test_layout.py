"""Tables of many metrics and scales: in grids that fit a page, whole in a wide terminal."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from reports.analysis.metrics import Metric
from reports.tables.layout import fitted, packed
from reports.tables.model import Grid
from reports.writers.files import Tables, write_tables
from reports.writers.terminal import show
from tests.reports.conftest import SCENES, Make, described, needs_latex
from tests.reports.writers.files.support import table
from tests.reports.writers.test_latex import pdflatex

METRICS = [
    described("psnr", title="PSNR", unit="dB", digits=2, main=True),
    described("ssim", title="SSIM (MATLAB)", main=True),
    described("sam", title="SAM", unit="degrees", digits=2, higher=False, main=True),
    *(described(name) for name in ("rmse", "ergas[ratio=4]", "ergas", "cc", "mpsnr")),
]


def stored(make: Make, folder: Path, scales: Sequence[int], others: int = 5) -> Tables:
    """Store cells with three main metrics and up to five others, two of them with seeds."""
    metrics = METRICS[: 3 + others]
    for scale in scales:
        for index, method in enumerate(("bicubic[clip=false]", "srcnn", "vdsr")):
            for seed in range(1 if index == 0 else 2):
                quality = 30 + index + seed / 10
                rows = [
                    {
                        "scene": scene,
                        **{
                            str(one["name"]): (quality + place / 7)
                            / (100 if one["digits"] == 4 else 1)
                            for one in metrics
                        },
                    }
                    for place, scene in enumerate(SCENES)
                ]
                make(method, scale, seed, metrics=metrics, rows=rows, trained=index > 0)
    return write_tables(folder, "cave")


def widths(tables: Tables, title: str) -> list[int]:
    """Return the number of columns of numbers of the grids of a title."""
    grids: Sequence[Grid] = tables.sections[0].grids
    return [len(one.columns) - one.labels for one in grids if one.title.startswith(title)]


@pytest.mark.parametrize(
    ("metrics", "each", "sizes"),
    [(2, 3, [2]), (2, 4, [1, 1]), (3, 2, [3]), (3, 3, [2, 1]), (3, 4, [1, 1, 1]), (6, 2, [3, 3]),
     (1, 9, [1]), (0, 3, []), (3, 0, [3])],
)  # fmt: skip
def test_metrics_are_distributed_evenly_over_grids_that_fit(
    metrics: int, each: int, sizes: list[int]
) -> None:
    given = [Metric(str(index), str(index)) for index in range(metrics)]
    made = packed(given, each)
    assert [len(one) for one in made] == sizes
    assert [one for metrics in made for one in metrics] == given


def test_four_scales_have_one_grid_a_metric_and_two_scales_one_for_all(
    make: Make, tmp_path: Path
) -> None:
    tables = stored(make, tmp_path, (2, 3, 4, 8))
    assert [one.title for one in tables.sections[0].grids if one.main] == [
        "PSNR",
        "SSIM (MATLAB)",
        "SAM",
    ]
    assert widths(tables, "Spread over") == [4, 4, 4]
    assert widths(tables, "Compared with the best") == [10, 5]
    whole = [one.remarks for one in tables.sections[0].grids if one.main]
    assert len(whole[0]) > 1
    assert whole[1] == whole[2] == whole[0][:1]  # what the marks mean is beneath every grid
    assert table(tables.markdown, "SAM")[0] == ["Method", *(f"SAM ↓ x{s}" for s in (2, 3, 4, 8))]


def test_many_other_metrics_stand_before_the_cost(make: Make, tmp_path: Path) -> None:
    tables = stored(make, tmp_path, (4,))
    assert widths(tables, "Other metrics") == [5]
    assert widths(tables, "Cost") == [3]
    assert widths(tables, "PSNR, SSIM (MATLAB) and SAM") == [3]


def test_a_wide_terminal_shows_all_metrics_side_by_side(make: Make, tmp_path: Path) -> None:
    tables = stored(make, tmp_path, (2, 3, 4, 8), others=0)
    for width, beside in ((240, True), (80, False)):
        stream = io.StringIO()
        show(tables, Console(file=stream, width=width))
        lines = stream.getvalue().splitlines()
        heads = [line.split() for line in lines if line.strip().startswith("Method")]
        assert [len(one) for one in heads] == ([13] if beside else [5, 5, 5])
        assert sum(line.startswith("Bicubic".upper()) for line in lines) == len(heads)


def test_columns_are_distributed_by_their_widths() -> None:
    given = [Metric(name, name) for name in "abcd"]
    assert fitted(given, [3, 4, 9, 1], 7) == [given[:2], given[2:3], given[3:]]
    assert fitted([], [], 7) == []


@needs_latex
@pytest.mark.parametrize(("scales", "others"), [((2, 3, 4, 8), 4), ((4, 8), 5)])
def test_no_table_is_wider_than_the_page(
    make: Make, tmp_path: Path, scales: Sequence[int], others: int
) -> None:
    file = stored(make, tmp_path, scales, others).paths[1]
    assert "Overfull" not in pdflatex(file.parent, file.name)

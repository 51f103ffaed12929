"""Training curves in the page: those of the cells, long ones thinned."""

from pathlib import Path
from typing import Any

import pytest

from benchmark.store.cells import cells
from reports.analysis.results import read_results
from reports.page.curves import curves_of
from tests.reports.conftest import Make


def rows(count: int) -> list[dict[str, object]]:
    return [
        {"step": step, "loss": 1 / step, "psnr": 30 + step, "rate": 1, "seconds": step / 3}
        for step in range(1, count + 1)
    ]


def read(folder: Path) -> dict[str, Any]:
    results = read_results(cells(folder))
    labels = {one.label: index for index, one in enumerate(results.methods())}
    numbers = {cell.address: index for index, cell in enumerate(results.stored)}
    return curves_of(results, labels, numbers)


@pytest.mark.parametrize(("count", "kept"), [(5, 5), (120, 120), (121, 120), (5000, 120)])
def test_a_curve_keeps_its_end_and_at_most_120_points(
    make: Make, tmp_path: Path, count: int, kept: int
) -> None:
    make("srcnn", curve=rows(count))
    (shown,) = read(tmp_path)["shown"]
    steps = shown["step"]
    assert (len(steps), steps[-1]) == (kept, count)
    assert steps == sorted(set(steps))
    assert shown["psnr"] == [30 + step for step in steps]


def test_what_was_not_trained_has_no_curve_and_what_is_unreadable_a_reason(
    make: Make, tmp_path: Path
) -> None:
    make("bicubic", trained=False)
    make("srcnn", curve=[{"step": 1, "loss": 2}])  # of another program
    found = read(tmp_path)
    assert found["shown"] == []
    (absent,) = found["absent"]
    assert absent[:3] == [1, 2, 0]
    assert "its training curve cannot be read (KeyError" in absent[3]

"""Each protocol in a few lines, with its Bicubic row printed and measured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmark.execution.registries import REGISTRIES
from benchmark.plugins.discovery import discover
from benchmark.store.cells import cells
from benchmark.tools.protocol_facts import protocol_facts
from reports.writers.protocol_list import as_json, bicubic_row, lines_of
from tests.command_line import CommandLine
from tests.reports.conftest import SCENES, Make, typed

discover(REGISTRIES)


@pytest.fixture
def facts() -> Mapping[str, Any]:
    """Return the facts of jiang2020 on CAVE."""
    (found,) = [one for one in protocol_facts("cave") if one["name"] == "jiang2020"]
    return found


def store(make: Make, facts: Mapping[str, Any], method: str, psnr: float, **more: Any) -> None:
    """Store a cell of jiang2020 at x4."""
    rows = [{"scene": one, "mpsnr": psnr, "ssim_matlab": 0.92769, "sam": 4.17588} for one in SCENES]
    settings = {"version": facts["version"]}
    make(method, 4, protocol="jiang2020", rows=rows, metrics=facts["metrics"], settings=settings,
         **more)  # fmt: skip


def lines(facts: Mapping[str, Any], **folders: Path) -> list[str]:
    """Describe jiang2020 with the results of some folders."""
    stored = {place: list(cells(folder)) for place, folder in folders.items()}
    row = bicubic_row(facts, "cave", stored)
    return [typed(line) for line in lines_of(facts, row, "cave")]


def test_the_lines_say_what_the_protocol_is(facts: Mapping[str, Any], tmp_path: Path) -> None:
    name, _, images, split, metrics, printed, measured = lines(facts, results=tmp_path)
    assert name.startswith("jiang2020, version 1: Jiang et al., Learning Spatial-Spectral Prior")
    assert images == (
        "    images: cut to a multiple of the scale, Resize (a -0.5, antialias, border mirror) "
        "down, the same back; stored in float, scored in float; x4, x8"
    )
    assert split.startswith(
        "    split of cave: that of jiang2020; 18 training, 2 validation, 12 test scenes; test: "
        "jelly_beans, oil_painting, "
    )
    assert metrics == "    metrics: MPSNR, SSIM (MATLAB), SAM; also CC, RMSE, ERGAS, PSNR"
    assert printed == (
        "    Bicubic on cave, MPSNR / SSIM (MATLAB) / SAM / CC / RMSE / ERGAS, printed: "
        "x4 34.7214 / 0.9277 / 4.1759 / 0.9868 / 0.0212 / 5.2719; "
        "x8 30.2056 / 0.8526 / 5.8962 / 0.9666 / 0.0346 / 4.2175"
    )
    assert measured == (
        "    measured: not run here: python run_all.py --dataset cave --protocol jiang2020 "
        "--scales 4,8 --methods 'bicubic[clip=false]'"
    )


def test_the_row_is_measured_without_clipping_where_that_is_stored(
    make: Make, tmp_path: Path, facts: Mapping[str, Any]
) -> None:
    store(make, facts, "bicubic", 34.9)
    found = lines(facts, mine=tmp_path)[-1]
    assert found == "    measured by bicubic in mine: x4 34.9000 / 0.9277 / 4.1759 / -- / -- / --"
    store(make, facts, "bicubic[clip=false]", 34.72138)
    store(make, facts, "srcnn", 40.0)
    found = lines(facts, empty=tmp_path / "none", mine=tmp_path)[-1]
    assert found.startswith("    measured by bicubic[clip=false] in mine: x4 34.7214 / 0.9277")


@pytest.mark.parametrize(
    "more", [{"status": "failed", "reason": "no"}, {"settings": 2}, {"dataset": "cave+x"}]
)
def test_cells_of_another_version_or_data_set_do_not_count(
    make: Make, tmp_path: Path, facts: Mapping[str, Any], more: dict[str, Any]
) -> None:
    version = {**facts, "version": more.pop("settings", 1)}
    store(make, version, "bicubic", 34.9, **more)
    assert lines(facts, mine=tmp_path)[-1].startswith("    measured: not run here")


def test_a_protocol_and_its_row_as_plain_values(
    make: Make, tmp_path: Path, facts: Mapping[str, Any]
) -> None:
    store(make, facts, "bicubic[clip=false]", 34.72138)
    found = as_json(facts, bicubic_row(facts, "cave", {"mine": list(cells(tmp_path))}))
    assert found["down"] == found["up"]
    assert found["split"]["test"][0] == "jelly_beans"
    row = found["bicubic"]
    assert (row["method"], row["source"]) == ("bicubic[clip=false]", "mine")
    assert {one["metric"]: one["text"] for one in row["printed"] if one["scale"] == 4} == {
        "cc": "0.9868", "sam": "4.1759", "rmse": "0.0212", "ergas": "5.2719", "mpsnr": "34.7214",
        "ssim_matlab": "0.9277",
    }  # fmt: skip
    (psnr,) = [one for one in row["measured"] if one["metric"] == "mpsnr"]
    assert psnr == {"scale": 4, "metric": "mpsnr", "value": pytest.approx(34.72138)}


def test_the_command_lists_every_protocol(hsisr: CommandLine) -> None:
    answer = hsisr("protocols", "--dataset", "synthetic")
    assert answer.code == 0
    names = [line.split(",")[0] for line in answer.out.splitlines() if line[:1].strip()]
    found = hsisr("protocols", "--json").json()
    assert names == [one["name"] for one in found]
    assert {"wang2017", "li2020", "jiang2020", "liu2023"} <= set(names)
    assert "split of synthetic: the data set's own" in answer.out
    assert hsisr("protocols", "--dataset", "nowhere").code == 2

"""Sessions, their items, and the report."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.io import imsave

from benchmark.data.split import Split
from benchmark.engine.machine.device import Device
from benchmark.errors import RequestError
from benchmark.method import METHODS
from benchmark.tools.speed import items, resources, session
from benchmark.tools.speed.items import Item
from benchmark.tools.speed.report import Report, Row
from benchmark.tools.speed.resources import Roofline, peak_bytes, roofline, seconds
from benchmark.tools.speed.session import Session, measure
from tests.benchmark.support import CPU

TORCH = torch.device("cpu")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure everything once, and the roofline on small matrices."""
    monkeypatch.setattr(session, "SECONDS", 0.0)
    monkeypatch.setattr(resources, "SIDE", {"cpu": 64})
    monkeypatch.setattr(resources, "COPIED", 1 << 20)


@pytest.mark.usefixtures("quick")
def test_a_session_measures_every_network_and_every_step_of_an_image() -> None:
    messages: list[str] = []
    names = ("bicubic", "espcn", "proposed[subnetworks=1]", "sspsr[size=4,overlap=4]")
    methods = [METHODS.make(name) for name in names]
    found = measure(Session(methods, CPU, turns=1, shape=(3, 40, 48)), messages.append)
    assert [(row.what, row.of) for row in found.rows] == [
        ("train", "espcn"),
        ("train", "proposed[subnetworks=1]"),
        ("infer", "espcn"),
        ("infer", "proposed[subnetworks=1]"),
        ("degrade", "x2, x3, x4"),
        ("score", "PSNR, SAM, SAM (float), SSIM, ERGAS, RMSE"),
    ]
    assert all(row.value > 0 and row.baseline and row.ratio for row in found.rows)
    networks = [row for row in found.rows if row.what in ("train", "infer")]
    assert all(row.share and row.flops for row in networks)
    assert messages[2:] == ["engine, turn 1 of 1", "baseline, turn 1 of 1"]
    assert json.loads(json.dumps(asdict(found)))["rows"][0]["unit"] == "bands/s"
    text = "\n".join(found.lines())
    for word in ("GFLOP/s", "DataLoader", "float32", "64 single", "espcn", "faster"):
        assert word in text
    assert text.endswith(
        "Left out: sspsr[size=4,overlap=4] needs an overlap below the window's 4 bands, found 4."
    )


@pytest.mark.usefixtures("quick")
def test_engine_and_baseline_take_turns_in_alternating_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def timed(measured: Sequence[Item], *_: object) -> None:
        for item in measured:
            item.baseline.append(1.0)

    monkeypatch.setattr(session, "_time_baseline", timed)
    messages: list[str] = []
    asked = Session([METHODS.make("bicubic")], CPU, turns=3, shape=(3, 40, 48))
    assert all(row.ratio for row in measure(asked, messages.append).rows)
    assert messages[2:] == [
        "engine, turn 1 of 3",
        "baseline, turn 1 of 3",
        "baseline, turn 2 of 3",
        "engine, turn 2 of 3",
        "engine, turn 3 of 3",
        "baseline, turn 3 of 3",
    ]


@pytest.mark.usefixtures("quick")
def test_an_error_of_the_baseline_process_is_reported(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("raise ValueError('not here')\n")
    asked = Session([METHODS.make("espcn")], CPU, 1, (3, 40, 48), plugins=[plugin])
    with pytest.raises(RequestError, match=r"baseline's process ended .* exit code 1: .*not here"):
        measure(asked)


def test_a_data_set_is_prepared_opened_and_read(tiny: Split, tmp_path: Path) -> None:
    found = items.data(tiny, tmp_path)
    assert [item.what for item in found] == ["prepare", "open", "read"]
    count = len(tiny.train) + len(tiny.validation) + len(tiny.test)
    assert all(f"{count} scenes" in item.of and not item.request for item in found)
    for item in (found[0], *found):
        item.engine()
    for cache in "01":
        assert len(list((tmp_path / cache).rglob("*.safetensors"))) == count


def test_the_baseline_prepares_the_png_files_of_the_scenes(tiny: Split, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}_01.png" for name in (*tiny.train.names, *tiny.test.names, "other")]
    for file in files:
        imsave(file, np.zeros((2, 2), np.uint8), check_contrast=False)
    split = replace(tiny, request=replace(tiny.request, root=tmp_path))
    assert items.data(split, tmp_path)[0].request == ("prepare", *sorted(map(str, files[:-1])))


def test_a_figure_is_the_median_and_its_ratio_the_median_of_the_turns_ratios() -> None:
    item = Item("train", "m", lambda: None, ("train",), 0.5, samples=6, unit="bands/s", flops=1e9)
    item.seconds, item.baseline = [1.0, 2.0, 3.0], [2.0, 8.0, 9.0]
    row = item.row(peak=10.0)
    assert (row.value, row.baseline, row.ratio) == (3.0, 6 / 16, 6.0)
    assert (row.share, row.flops) == (0.3, 1e9)
    row = replace(item, samples=0, baseline=[], flops=None).row(peak=10.0)
    assert (row.value, row.baseline, row.ratio, row.share) == (2.0, None, None, None)


def test_a_report_has_ratios_first_and_psnr_to_the_hundredth() -> None:
    report = Report(
        {"device": "D", "processor": "P", "torch": "T", "precision": "bfloat16"},
        Roofline(500.0, 100.0, 20.0),
        ("said",),
        (
            Row("train", "m", 1234.0, "bands/s", 300.0, 4.11, 0.8, 3 << 20),
            Row("train", "m, quick", 34.567, "dB", 34.5),
        ),
    )
    assert report.lines()[:2] == [
        "D, P, torch T",
        "Roofline: 500 GFLOP/s in bfloat16, 100 in float32, copy 20.0 GB/s",
    ]
    first, second = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in report.lines()
        if line.startswith("| train")
    )
    assert first == ["train", "m", "4.1x", "80 %", "1,234 bands/s", "300 bands/s", "3 MiB"]
    assert second == ["train", "m, quick", "", "", "34.57 dB", "34.50 dB", ""]


def test_calls_are_repeated_after_a_warm_up() -> None:
    calls: list[None] = []
    assert 0 < seconds(lambda: calls.append(None), TORCH, 0.01) < 0.01
    assert len(calls) > 10
    calls.clear()
    assert seconds(lambda: calls.append(None), TORCH) > 0
    assert len(calls) == 2


def test_a_peak_is_that_of_the_call() -> None:
    held = peak_bytes(lambda: torch.full((64 << 20,), 7, dtype=torch.uint8), TORCH)
    if held is None:
        pytest.skip("the peak memory of a process cannot be reset here")
    assert 60 << 20 < held < 100 << 20


def test_a_roofline_is_of_rates() -> None:
    found = roofline(replace(CPU, bfloat16=False))
    assert found.product == found.product_float32 > 1
    assert found.copy > 0.1


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_roofline_of_a_gpu() -> None:
    found = roofline(Device(torch.device("cuda"), True))
    assert found.product > found.product_float32

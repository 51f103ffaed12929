"""The plain ways give what the engine gives; what is measured is told with all that it needs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.data.patches import PatchBank
from benchmark.data.split import Split
from benchmark.engine.building import start
from benchmark.engine.device import Device
from benchmark.engine.tiling import run_network
from benchmark.engine.training.step import Step
from benchmark.method import METHODS, NetworkMethod, Recipe
from benchmark.metrics.scoring import score
from benchmark.tools.speed import baseline_images, baseline_training, memory, roofline, training
from benchmark.tools.speed.report import Row, Speed
from benchmark.tools.speed.session import Session, measure
from benchmark.tools.speed.timing import paired
from tests.benchmark.support import (
    CPU,
    EPS,
    bank_of,
    exact,
    network_method,
    problem,
    random,
    reordered,
)

NETWORKS = ["srcnn", "espcn", "vdsr", "proposed[subnetworks=1]"]


def small(bank: PatchBank, method: NetworkMethod) -> int:
    """Count all samples of a bank."""
    return len(bank) * (bank.bands if method.bandwise else 1)


@pytest.mark.parametrize("reference", NETWORKS)
def test_the_patch_file_holds_what_the_bank_gathers(
    tiny: Split, tmp_path: Path, reference: str
) -> None:
    method, bank = network_method(reference), bank_of(tiny.train, 3, count=3)
    baseline_training.write_patches(tmp_path / "p.h5", bank, method, small(bank, method))
    file = baseline_training.PatchFile(tmp_path / "p.h5")
    bands = torch.arange(5).expand(3, 5) if method.bandwise else None
    x, y = bank.batch(torch.arange(3), method.sees, bands)
    assert len(file) == len(x)
    for index in range(len(file)):
        inputs, truth = file[index]
        assert torch.equal(inputs, x[index])
        assert torch.equal(truth, y[index])
        assert inputs.is_contiguous()
    file.close()


@pytest.mark.parametrize("reference", NETWORKS)
def test_the_plain_loop_takes_the_engines_steps(
    tiny: Split, tmp_path: Path, reference: str
) -> None:
    """Every batch is the whole bank, so that the order does not matter."""
    method, bank = network_method(reference), bank_of(tiny.train, 2, count=2, size=16)
    count = small(bank, method)
    recipe = Recipe(optimiser="sgd", rate=1e-2, batch=count)
    torch.manual_seed(0)
    ours = exact(start(method, problem(2, 5), recipe))
    torch.manual_seed(0)
    other = exact(start(method, problem(2, 5), recipe))
    baseline_training.write_patches(tmp_path / "p.h5", bank, method, count)
    loop = baseline_training.PlainLoop(
        method, other, baseline_training.PatchFile(tmp_path / "p.h5"), recipe, torch.device("cpu")
    )
    step = Step(method, CPU.place(ours), bank, recipe, CPU)
    bands = torch.arange(5).expand(2, 5) if method.bandwise else None
    for _ in range(4):
        loss = float(step.take(torch.arange(2), bands, 1e-2))
        assert loop.step(1e-2) == pytest.approx(loss, rel=reordered(2 * 5 * 16 * 16))
    for mine, theirs in zip(ours.parameters(), other.parameters(), strict=True):
        # In float64, but for the engine's outputs: up to 1, rounded to float32.
        assert torch.allclose(mine, theirs, rtol=0, atol=EPS), reference


@pytest.mark.parametrize("reference", NETWORKS)
def test_the_plain_estimate_is_the_engines(reference: str) -> None:
    method, task = network_method(reference), problem(2, 4, (22, 18))
    torch.manual_seed(0)
    network = exact(start(method, task, Recipe()))
    low = random(4, 11, 9) if method.sees == "decimated" else random(4, 22, 18)
    expected = run_network(method, network, low, task, CPU)
    # Both are computed in float64; the engine's is rounded at its end.
    made = baseline_images.estimate(method, network, low)
    assert torch.allclose(made, expected.double(), rtol=EPS, atol=1e-12)


def test_the_plain_scores_are_the_engines() -> None:
    truth = random(6, 40, 33)
    noisy = (truth + random(6, 40, 33, seed=1) / 9 - 0.05).clamp(0, 1)
    x, y = (np.round(part.double().numpy() * 255) for part in (noisy, truth))
    ours = score(noisy, truth, 3)
    for name, value in baseline_images.scores(x, y, 3).items():
        assert ours[name] == pytest.approx(value, abs=1e-6), name


def test_a_session_measures_every_network_and_every_step_of_an_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "SECONDS", 0.0)
    monkeypatch.setattr(roofline, "SIDE", {"cpu": 64})
    monkeypatch.setattr(roofline, "COPIED", 1 << 20)
    told: list[str] = []
    methods = [METHODS.make(name) for name in ("bicubic", "espcn", "proposed[subnetworks=1]")]
    found = measure(Session(methods, CPU, turns=1, shape=(3, 40, 48)), told.append)
    assert [(row.what, row.of) for row in found.rows] == [
        ("train", "espcn"),
        ("train", "proposed[subnetworks=1]"),
        ("infer", "espcn"),
        ("infer", "proposed[subnetworks=1]"),
        ("degrade", "x2, x3, x4"),
        ("score", "PSNR SAM SSIM ERGAS"),
    ]
    assert all(row.value > 0 and row.plain and row.ratio for row in found.rows)
    networks = [row for row in found.rows if row.what in ("train", "infer")]
    assert all(row.share and row.flops for row in networks)
    assert "training espcn" in told
    assert json.loads(json.dumps(found.as_dict()))["rows"][0]["unit"] == "bands/s"
    text = "\n".join(found.lines())
    for word in ("GFLOP/s", "DataLoader", "float32", "64 single", "espcn", "faster"):
        assert word in text


def test_a_row_is_written_with_ratios_first() -> None:
    speed = Speed(
        {"device": "D", "processor": "P", "torch": "T", "precision": "bfloat16"},
        roofline.Limits(500.0, 100.0, 20.0),
        ("said",),
        (Row("train", "m", 1234.0, "bands/s", 300.0, 4.11, 0.8, 3 << 20),),
    )
    (line,) = [line for line in speed.lines() if line.startswith("| train")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == ["train", "m", "4.1x", "80 %", "1,234 bands/s", "300 bands/s", "3 MiB"]


def test_psnr_is_written_to_the_hundredth() -> None:
    row = Row("train", "m, quick", 34.567, "dB", 34.5)
    speed = Speed(
        {"device": "D", "processor": "P", "torch": "T", "precision": "float32"},
        roofline.Limits(500.0, 100.0, 20.0),
        (),
        (row,),
    )
    (line,) = [line for line in speed.lines() if line.startswith("| train")]
    assert "34.57 dB" in line
    assert "34.50 dB" in line


def test_turns_give_medians_of_both_and_of_their_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    takes = {"ours": iter([9, 1, 2, 3]), "plain": iter([9, 2, 8, 9])}

    def call(which: str) -> None:
        nonlocal now
        now += next(takes[which])

    monkeypatch.setattr("benchmark.tools.speed.timing.perf_counter", lambda: now)
    found = paired(lambda: call("ours"), lambda: call("plain"), CPU, 3)
    assert (found.ours, found.plain, found.ratio) == (2, 8, 3)


def test_a_peak_is_that_of_the_work() -> None:
    held = memory.peak_of(lambda: torch.full((64 << 20,), 7, dtype=torch.uint8), CPU)
    if held is None:
        pytest.skip("nobody can tell a process's peak here")
    assert 60 << 20 < held < 100 << 20


def test_limits_are_rates() -> None:
    found = roofline.measure(replace(CPU, bfloat16=False))
    assert found.product == found.product_float32 > 1
    assert found.copy > 0.1


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_limits_of_a_gpu() -> None:
    found = roofline.measure(Device(torch.device("cuda"), True))
    assert found.product > found.product_float32

"""The baseline computes the same as the engine, as an independent oracle."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from skimage.io import imsave
from torch.utils.data import TensorDataset

from benchmark.data.split import Split
from benchmark.engine.inference.building import problem_of_network, start
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.step import Step
from benchmark.method import Recipe
from benchmark.tools.speed import baseline, items
from tests.benchmark.support import (
    CPU,
    EIGHT_BIT,
    EPS,
    bank_of,
    exact,
    input_of,
    network_method,
    problem,
    random,
    reordered,
    scores_of,
)

NETWORKS = ["srcnn", "espcn", "vdsr", "proposed[subnetworks=1]"]


@pytest.mark.parametrize("reference", NETWORKS)
def test_training_takes_the_engines_steps(tiny: Split, reference: str) -> None:
    """Every batch is the whole bank, so that the order does not matter."""
    method, bank = network_method(reference), bank_of(tiny.train, 2, count=2, size=8)
    bands = torch.arange(5).expand(2, 5) if method.bandwise else None
    images, truth = bank.batch(torch.arange(2), method.inputs, bands)
    pairs: Any = TensorDataset(*images.values(), truth)
    recipe = Recipe(optimiser="sgd", lr=1e-2, batch_size=len(pairs))
    torch.manual_seed(0)
    ours = exact(start(method, problem(2, 5), recipe))
    torch.manual_seed(0)
    other = exact(start(method, problem(2, 5), recipe))
    losses = baseline.train(method, other, pairs, recipe)
    task = problem_of_network(method, problem(2, 5))
    step = Step(method, task, CPU.place(ours), bank, recipe, CPU)
    for _ in range(4):
        loss = float(step.take(torch.arange(2), bands, 1e-2))
        assert next(losses) == pytest.approx(loss, rel=reordered(2 * 5 * 8 * 8))
    for mine, theirs in zip(ours.parameters(), other.parameters(), strict=True):
        # In float64, but for the engine's outputs: up to 1, rounded to float32.
        assert torch.allclose(mine, theirs, rtol=0, atol=EPS), reference


@pytest.mark.parametrize("reference", NETWORKS)
def test_an_estimate_is_the_engines(reference: str) -> None:
    method, task = network_method(reference), problem(2, 4, (22, 18))
    torch.manual_seed(0)
    network = exact(start(method, task, Recipe()))
    low = random(4, 11, 9) if method.inputs == ("low",) else random(4, 22, 18)
    expected = run_network(method, network, input_of(method, low), task, CPU)
    # Both are computed in float64; the engine's is rounded at its end.
    made = baseline.estimate(method, network, [low])
    assert torch.allclose(made, expected.double(), rtol=EPS, atol=1e-12)


def test_scores_are_the_engines() -> None:
    truth = random(6, 40, 33)
    noisy = (truth + random(6, 40, 33, seed=1) / 9 - 0.05).clamp(0, 1)
    x, y = (np.round(part.double().numpy() * 255) for part in (noisy, truth))
    ours = scores_of(noisy, truth, 3)
    for name, value in baseline.score(x, y, 3).items():
        assert ours[name] == pytest.approx(value, abs=1e-6), name


def test_degraded_images_are_the_engines_but_for_rounding_of_halves() -> None:
    truth = random(3, 40, 33)
    for scale, low in zip((2, 3, 4), baseline.degrade(truth.double().numpy()), strict=True):
        levels = np.abs(low - EIGHT_BIT.degradation(scale).low(truth).double().numpy()) * 255
        assert levels.max() < 1.01
        assert (levels > 0.01).mean() < 0.01


def test_patches_come_one_by_one_from_the_file(tmp_path: Path) -> None:
    data, label = random(3, 2, 8, 8), random(3, 2, 16, 16)
    with h5py.File(tmp_path / "p.h5", "w") as h5:
        h5["low"], h5["label"] = data.numpy(), label.numpy()
    pairs = baseline.PatchFile(tmp_path / "p.h5", ["low"])
    assert len(pairs) == 3
    assert all(torch.equal(pairs[i][0], data[i]) for i in range(3))
    assert all(torch.equal(pairs[i][1], label[i]) for i in range(3))


def test_images_are_kept_as_float32(tmp_path: Path) -> None:
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    imsave(files[0], np.array([[0, 65535], [13107, 1]], np.uint16), check_contrast=False)
    imsave(files[1], np.array([[0, 255], [51, 1]], np.uint8), check_contrast=False)
    baseline.prepare([str(file) for file in files], tmp_path / "c.h5")
    with h5py.File(tmp_path / "c.h5") as h5:
        assert np.allclose(h5["0"][()], np.array([[0, 1], [0.2, 1 / 65535]]), atol=1e-9)
        assert np.allclose(h5["1"][()], np.array([[0, 1], [0.2, 1 / 255]]), atol=1e-7)


@pytest.mark.parametrize("reference", ["espcn", "srcnn"])
def test_the_engines_training_reaches_the_psnr_of_the_baseline(tiny: Split, reference: str) -> None:
    profile = Profile("tiny", "", patches=16, patch=16, batch=4, bands=2, validations=2)
    row = items.accuracy(network_method(reference), tiny, profile, CPU)
    assert row.unit == "dB"
    assert row.baseline is not None
    assert row.value == pytest.approx(row.baseline, abs=1e-3)
    assert 5 < row.value < 60

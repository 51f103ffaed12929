"""The linear filter against the explicit minimum mean square error estimate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.data.split import DataRequest, SceneSet, load_split
from benchmark.dataset import DATASETS
from benchmark.engine.estimation import crop_to, method_input
from benchmark.engine.scoring.scene import score
from benchmark.method import METHODS, Problem, State
from benchmark.plugins.discovery import discover
from tests.benchmark.support import problem, random

SHAPE = (12, 10)
BANDS = 3


def spectra(seed: int) -> Tensor:
    """Make a scene of random, correlated bands."""
    mixing = random(BANDS, BANDS, seed=seed + 50)
    return (torch.einsum("bc,cij->bij", mixing, random(BANDS, *SHAPE, seed=seed)) / BANDS).clamp(
        0, 1
    )


SCENES = [spectra(seed) for seed in range(4)]


def bases(task: Problem) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return A and V of both axes, in float64."""
    both = []
    for size in SHAPE:
        a = task.degradation.axis(size)
        v = torch.linalg.svd(a, full_matrices=False)[2].T
        both.append((a.numpy(), v.numpy()))
    return both


def dense(power: np.ndarray, low: np.ndarray, task: Problem) -> np.ndarray:
    """Solve x = S A^T (A S A^T + n I)^-1 y for one image, S = V diag(P) V^T, all written out."""
    (a_rows, v_rows), (a_columns, v_columns) = bases(task)
    a, v = np.kron(a_rows, a_columns), np.kron(v_rows, v_columns)
    s = v @ np.diag(power.ravel()) @ v.T
    noise = 1 / 12 / 255**2
    x = s @ a.T @ np.linalg.solve(a @ s @ a.T + noise * np.eye(len(a)), low.ravel())
    return np.asarray(x.reshape(SHAPE))


def powers(images: list[np.ndarray], task: Problem) -> np.ndarray:
    """Return the mean power of images in the basis V."""
    (_, v_rows), (_, v_columns) = bases(task)
    return np.asarray(np.mean([(v_rows.T @ image @ v_columns) ** 2 for image in images], axis=0))


def fit(reference: str, task: Problem) -> tuple[State, Tensor]:
    """Fit on the scenes and estimate another one; gives the state and the low image."""
    state = METHODS.make(reference).fit(SCENES, task)
    return state, task.degradation.low(task.degradation.store(spectra(99)))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_band_by_band_it_is_the_dense_linear_estimate(scale: int) -> None:
    task = problem(scale, BANDS, SHAPE)
    state, low = fit("wiener", task)
    made = METHODS.make("wiener").upscale(low, task, state)
    scenes = [band.astype(np.float64) for scene in SCENES for band in scene.numpy()]
    power = powers(scenes, task)
    for band, image in enumerate(low.numpy().astype(np.float64)):
        np.testing.assert_allclose(made[band], dense(power, image, task), rtol=0, atol=1e-6)
    assert float(made.std()) > 0.01


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_jointly_it_is_the_dense_estimate_of_every_spectral_component(scale: int) -> None:
    task = problem(scale, BANDS, SHAPE)
    state, low = fit("wiener[joint=true]", task)
    made = METHODS.make("wiener[joint=true]").upscale(low, task, state).numpy()
    cubes = [scene.numpy().astype(np.float64) for scene in SCENES]
    moment = sum(np.einsum("bij,cij->bc", cube, cube) for cube in cubes)
    turn = np.linalg.eigh(moment)[1]
    turned = [np.einsum("bc,bij->cij", turn, cube) for cube in cubes]
    lows = np.einsum("bc,bij->cij", turn, low.numpy().astype(np.float64))
    estimates = [
        dense(powers([cube[c] for cube in turned], task), lows[c], task) for c in range(BANDS)
    ]
    expected = np.einsum("bc,cij->bij", turn, np.stack(estimates))
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-6)


def test_no_linear_estimate_of_its_kind_has_a_smaller_error() -> None:
    """On images of exactly the learnt power, any other gain is worse on average."""
    task = problem(2, 1, (16, 16))
    method = METHODS.make("wiener")
    generator = torch.Generator().manual_seed(0)
    scenes = [torch.rand(1, 16, 16, generator=generator) for _ in range(300)]
    state = method.fit(scenes, task)
    errors = []
    for factor in (0.05, 1.0, 20.0):
        changed = {**state, "power": state["power"] * factor}
        total = 0.0
        for scene in scenes:
            low = task.degradation.low(task.degradation.store(scene))
            total += float((method.upscale(low, task, changed) - scene).square().mean())
        errors.append(total)
    assert errors[1] < errors[0]
    assert errors[1] < errors[2]


@pytest.mark.parametrize("joint", ["false", "true"])
@pytest.mark.parametrize("shape", [(25, 31), (12, 40), (9, 7)])
def test_another_image_size_than_trained_works(shape: tuple[int, int], joint: str) -> None:
    task = problem(3, BANDS, SHAPE)
    method = METHODS.make(f"wiener[joint={joint}]")
    state = method.fit(SCENES, task)
    smooth = torch.linspace(0.2, 0.8, shape[0])[None, :, None].expand(BANDS, *shape)
    low = task.degradation.low(smooth)
    made = method.upscale(low, replace(task, shape=shape), state)
    assert made.shape == (BANDS, *shape)
    assert made.dtype == torch.float32
    assert float((made - smooth).abs().mean()) < 0.05


def test_training_scenes_of_different_sizes_are_averaged_at_the_problems_size() -> None:
    task = problem(2, BANDS, SHAPE)
    scenes = [*SCENES, random(BANDS, 20, 17, seed=5)]
    state = METHODS.make("wiener").fit(scenes, task)
    assert state["power"].shape == (1, 6, 5)
    assert bool((state["power"] > 0).all())


def test_fitting_without_scenes_is_refused() -> None:
    with pytest.raises(ValueError, match="no training scene"):
        METHODS.make("wiener").fit([], problem(2, BANDS, SHAPE))


@pytest.mark.parametrize("reference", ["wiener", "wiener[joint=true]"])
def test_without_stored_rounding_it_recovers_more(reference: str) -> None:
    method = METHODS.make(reference)
    errors = []
    for eight_bit in (True, False):
        task = problem(2, BANDS, SHAPE, eight_bit=eight_bit)
        truth = task.degradation.store(SCENES[0])
        low = task.degradation.low(truth)
        made = method.upscale(low, task, method.fit(SCENES, task))
        errors.append(float((made - truth).square().mean()))
    assert errors[1] < errors[0]


@pytest.fixture(scope="module")
def leaves(tmp_path_factory: pytest.TempPathFactory) -> tuple[SceneSet, SceneSet]:
    """Return training and test scenes large enough for a ranking."""
    discover([DATASETS])
    reference = "synthetic[rows=80,columns=72,bands=15]"
    cache = tmp_path_factory.mktemp("leaves")
    split = load_split(DataRequest(reference, (), (), Path("no-such-folder"), cache))
    return split.train, split.test


@pytest.mark.parametrize("scale", [2, 4])
def test_it_beats_bicubic_and_jointly_itself(leaves: tuple[SceneSet, SceneSet], scale: int) -> None:
    train, test = leaves
    task = problem(scale, 15, (80, 72))
    means = []
    for reference in ("bicubic", "wiener", "wiener[joint=true]"):
        method = METHODS.make(reference)
        state = method.fit(train, task)
        values = []
        for truth in test:
            low = method_input(method, task.degradation, task.degradation.store(truth))
            made = crop_to(method.upscale(low, task, state), truth)
            values.append(score(made, truth, scale)["psnr"])
        means.append(np.mean(values))
    assert means[0] + 1 < means[1] < means[2]

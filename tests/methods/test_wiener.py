"""The linear filter against explicit estimates, dense and by frequencies of the mirror image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.fft import dct
from torch import Tensor

from benchmark.data.split import DataRequest, SceneSet, load_split
from benchmark.dataset import DATASETS
from benchmark.engine.inference.estimation import crop_to, method_inputs
from benchmark.method import METHODS, Problem, State
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS
from tests.benchmark.support import EIGHT_BIT, problem, random, scores_of

SCALES = (2, 3, 4, 8)
SHAPE = (12, 10)
BANDS = 3


def spectra(seed: int) -> Tensor:
    """Make a scene of random, correlated bands."""
    mixing = random(BANDS, BANDS, seed=seed + 50)
    return (torch.einsum("bc,cij->bij", mixing, random(BANDS, *SHAPE, seed=seed)) / BANDS).clamp(
        0, 1
    )


SCENES = [spectra(seed) for seed in range(4)]


def task_of(protocol: str, scale: int, shape: tuple[int, int] = SHAPE) -> Problem:
    """Describe a task under a protocol."""
    return Problem(scale, BANDS, shape, PROTOCOLS.make(protocol).degradation(scale))


def bases(task: Problem) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return A and W of both axes, in float64.

    W by the covariance K of lines whose power falls as 1/f^2: A K A^T = U S^2 U^T, and
    W = K A^T U / S.
    """
    both = []
    for size in task.shape:
        a = task.degradation.axis(size).numpy()
        cosines = dct(np.eye(size), axis=0, norm="ortho")
        covariance = cosines.T @ np.diag((size / (np.arange(size) + 0.5)) ** 2) @ cosines
        squares, u = np.linalg.eigh(a @ covariance @ a.T)
        # In the order of `svd`, so that `power` can be handed over.
        u, s = u[:, ::-1], np.sqrt(squares[::-1])
        both.append((a, covariance @ a.T @ u / s))
    return both


def dense(power: np.ndarray, low: np.ndarray, task: Problem) -> np.ndarray:
    """Solve x = S A^T (A S A^T + n I)^-1 y for one image, S = W diag(P) W^T, all written out."""
    (a_rows, w_rows), (a_columns, w_columns) = bases(task)
    a, w = np.kron(a_rows, a_columns), np.kron(w_rows, w_columns)
    s = w @ np.diag(power.ravel()) @ w.T
    noise = max(task.degradation.noise, 1e-14)
    x = s @ a.T @ np.linalg.solve(a @ s @ a.T + noise * np.eye(len(a)), low.ravel())
    return np.asarray(x.reshape(task.shape))


def powers(images: list[np.ndarray], task: Problem) -> np.ndarray:
    """Return the mean power of the coefficients of W that explain the low-resolution images."""
    (a_rows, w_rows), (a_columns, w_columns) = bases(task)
    rows, columns = np.linalg.inv(a_rows @ w_rows), np.linalg.inv(a_columns @ w_columns)
    seen = [rows @ a_rows @ image @ a_columns.T @ columns.T for image in images]
    return np.asarray(np.mean(np.square(seen), axis=0))


def fit(reference: str, task: Problem) -> tuple[State, Tensor]:
    """Fit on the scenes and estimate another one; gives the state and the low image."""
    state = METHODS.make(reference).fit(SCENES, task)
    return state, task.degradation.low(task.degradation.store(spectra(99)))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("protocol", ["wang2017", "li2020", "liu2023"])
def test_band_by_band_it_is_the_dense_linear_estimate(protocol: str, scale: int) -> None:
    task = task_of(protocol, scale)
    state, low = fit("wiener", task)
    made = METHODS.make("wiener").upscale(low, task, state)
    scenes = [band.astype(np.float64) for scene in SCENES for band in scene.numpy()]
    power = powers(scenes, task)
    for band, image in enumerate(low.numpy().astype(np.float64)):
        np.testing.assert_allclose(made[band], dense(power, image, task), rtol=0, atol=1e-6)
    assert float(made.std()) > 0.01


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("protocol", ["wang2017", "li2020", "liu2023"])
def test_jointly_it_is_the_dense_estimate_of_every_spectral_component(
    protocol: str, scale: int
) -> None:
    task = task_of(protocol, scale)
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


def transfer(protocol: str, size: int, scale: int) -> np.ndarray:
    """Return H at the 2 size frequencies of an axis that is extended to its mirror image."""
    operator = PROTOCOLS.make(protocol).degradation(scale).axis(size * 8)
    middle = len(operator) // 2
    kernel = np.roll(operator[middle].numpy(), -scale * middle)  # seen from its first pixel
    folded = kernel.reshape(4, 2 * size).sum(axis=0)
    return np.asarray(np.fft.fft(folded).conj())


def divided(image: np.ndarray, protocol: str, scale: int) -> np.ndarray:
    """Divide every low-resolution frequency of the first axis among those that fold onto it.

    Z_j = D_j conj(H_j) Y / sum_i(|H_i|^2 D_i), on the mirror image of twice the period.
    """
    low = len(image)
    size = low * scale
    spectrum = np.fft.fft(np.concatenate([image, image[::-1]]), axis=0)
    h = transfer(protocol, size, scale)
    frequency = np.minimum(np.arange(2 * size), 2 * size - np.arange(2 * size))
    d = (1 / (frequency + 0.5)) ** 2
    d[size] = 0  # a mirrored image has nothing there
    total = (np.abs(h) ** 2 * d).reshape(scale, 2 * low).sum(axis=0)
    wide = scale * np.tile(spectrum, (scale, 1)) * (d * h.conj() / np.tile(total, scale))[:, None]
    return np.asarray(np.fft.ifft(wide, axis=0).real[:size])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("protocol", ["li2020", "liu2023"])
def test_a_frequency_is_divided_among_its_aliases(protocol: str, scale: int) -> None:
    """Where nothing is rounded and the operator commutes with the mirror."""
    task = task_of(protocol, scale, (6 * scale, 5 * scale))
    scenes = [random(BANDS, *task.shape, seed=seed) for seed in range(3)]
    low = random(BANDS, 6, 5, seed=7)
    method = METHODS.make("wiener")
    made = method.upscale(low, task, method.fit(scenes, task))
    for band, image in enumerate(low.numpy().astype(np.float64)):
        rows = divided(image, protocol, scale)
        expected = divided(rows.T, protocol, scale).T
        np.testing.assert_allclose(made[band], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("protocol", ["li2020", "jiang2020", "liu2023", "wang2017-float"])
@pytest.mark.parametrize("scale", SCALES)
def test_without_rounding_it_explains_the_low_resolution_image(protocol: str, scale: int) -> None:
    task = task_of(protocol, scale, (40, 48))
    truth = random(BANDS, 40, 48, seed=3)
    method = METHODS.make("wiener")
    state = method.fit([random(BANDS, 40, 48, seed=seed) for seed in (1, 2)], task)
    low = task.degradation.low(truth)
    again = task.degradation.low(method.upscale(low, task, state))
    assert float((again - low).abs().max()) < 1e-4


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


@pytest.mark.parametrize("protocol", ["wang2017", "liu2023"])
@pytest.mark.parametrize("joint", ["false", "true"])
@pytest.mark.parametrize("shape", [(25, 31), (12, 40), (9, 7)])
def test_another_image_size_than_trained_works(
    shape: tuple[int, int], joint: str, protocol: str
) -> None:
    task = task_of(protocol, 3)
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
    split = load_split(DataRequest(reference, (), (), Path("no-such-folder"), cache), EIGHT_BIT)
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
            stored = task.degradation.store(truth)
            (low,) = method_inputs(method, task.degradation, stored).values()
            made = crop_to(method.upscale(low, task, state), truth)
            values.append(scores_of(made, truth, scale)["psnr"])
        means.append(np.mean(values))
    assert means[0] + 1 < means[1] < means[2]

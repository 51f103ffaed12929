"""Total variation against another implementation, and the objective of a long run."""

import numpy as np
import pytest
import torch
from skimage.restoration import denoise_tv_chambolle
from torch import Tensor

from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, Problem
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS
from methods.total_variation import WEIGHTS, minimise
from tests.benchmark.support import random

discover(REGISTRIES)

BANDS = 3
SHAPE = (24, 48)


def task_of(protocol: str, scale: int, shape: tuple[int, int] = SHAPE) -> Problem:
    """Describe a task under a protocol."""
    return Problem(scale, BANDS, shape, PROTOCOLS.make(protocol).degradation(scale))


def blocks(shape: tuple[int, int] = SHAPE, seed: int = 0) -> Tensor:
    """Make a scene of flat areas, each with a spectrum of its own."""
    areas = random(BANDS, 3, 4, seed=seed)
    rows, columns = (torch.arange(n) * k // n for n, k in zip(shape, (3, 4), strict=True))
    return areas[:, rows][:, :, columns]


def total_variation(z: Tensor) -> float:
    """Compute the vectorial total variation by forward differences, 0 at the far border."""
    dy = np.diff(z.double().numpy(), axis=1, append=z[:, -1:].numpy())
    dx = np.diff(z.double().numpy(), axis=2, append=z[:, :, -1:].numpy())
    return float(np.sqrt((dy**2 + dx**2).sum(axis=0)).sum())


def objective(axes: list[Tensor], low: Tensor, z: Tensor, weight: float) -> float:
    """Compute 1/2 |A z - y|^2 + weight |A|^2 TV(z)."""
    norm = float(np.prod([np.linalg.norm(axis.numpy(), 2) for axis in axes]))
    residual = axes[0] @ z.double() @ axes[1].T - low
    return 0.5 * float(residual.square().sum()) + weight * norm**2 * total_variation(z)


@pytest.mark.parametrize("weight", [0.03, 0.2])
def test_without_degradation_it_is_chambolles_denoising(weight: float) -> None:
    image = (blocks() + 0.2 * random(BANDS, *SHAPE, seed=1) - 0.1)[:1]
    axes = [torch.eye(size, dtype=torch.float64) for size in SHAPE]
    made = minimise(axes, image.double(), image.double(), [weight], 2000)[0]
    other = denoise_tv_chambolle(  # type: ignore[no-untyped-call]
        image[0].double().numpy(), weight, eps=1e-12, max_num_iter=4000
    )
    np.testing.assert_allclose(made[0], other, rtol=0, atol=2e-3)
    assert float((made - image).abs().max()) > 0.02


@pytest.mark.parametrize("weight", [1e-4, 1e-2])
@pytest.mark.parametrize(("protocol", "scale"), [("wang2017", 2), ("li2020", 3), ("liu2023", 4)])
def test_a_hundred_iterations_end_near_the_minimum(
    protocol: str, scale: int, weight: float
) -> None:
    task = task_of(protocol, scale)
    low = task.degradation.low(task.degradation.store(blocks()))
    start = task.degradation.upscale(low, SHAPE)
    axes = [task.degradation.axis(size) for size in SHAPE]
    values = [
        objective(
            axes, low, minimise(axes, low.double(), start.double(), [weight], count)[0], weight
        )
        for count in (0, 100, 3000)
    ]
    assert values[2] <= values[1] < 1.05 * values[2]
    assert values[1] < values[0]


def test_rotated_bands_have_the_rotated_solution() -> None:
    """So that principal components may stand for the bands."""
    task = task_of("li2020", 2)
    low = task.degradation.low(blocks()).double()
    start = task.degradation.upscale(low.float(), SHAPE).double()
    axes = [task.degradation.axis(size) for size in SHAPE]
    turn = torch.linalg.qr(random(BANDS, BANDS, seed=4).double())[0]
    turned = [torch.einsum("cb,bij->cij", turn, image) for image in (low, start)]
    made = minimise(axes, turned[0], turned[1], [1e-3], 40)[0]
    expected = torch.einsum("cb,bij->cij", turn, minimise(axes, low, start, [1e-3], 40)[0])
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("protocol", ["wang2017", "wang2017-float", "li2020", "jiang2020"])
def test_it_restores_flat_areas_better_than_interpolation(protocol: str, scale: int) -> None:
    task = task_of(protocol, scale, (48, 48))
    method = METHODS.make("total_variation")
    truth = task.degradation.store(blocks((48, 48)))
    low = task.degradation.low(truth)
    made = method.upscale(low, task, method.fit([blocks((48, 48), seed=1)], task))
    assert made.shape == truth.shape
    assert made.dtype == torch.float32
    assert not made.requires_grad
    start = task.degradation.upscale(low, (48, 48))
    errors = [float((image - truth).square().mean()) for image in (made, start)]
    assert errors[0] < 0.7 * errors[1]


def test_the_weight_with_the_largest_psnr_of_the_training_scenes_is_chosen() -> None:
    task = task_of("wang2017", 2, (32, 32))
    scenes = [blocks((32, 32), seed=seed) for seed in (1, 2)]
    state = METHODS.make("total_variation").fit(scenes, task)
    psnr = []
    for weight in WEIGHTS:
        method = METHODS.make(f"total_variation[weight={weight}]")
        truths = [task.degradation.store(scene) for scene in scenes]
        lows = [task.degradation.low(truth) for truth in truths]
        made = [method.upscale(low, task, method.fit(scenes, task)) for low in lows]
        errors = [(x - z).square().mean() for x, z in zip(made, truths, strict=True)]
        psnr.append(float(-10 * torch.stack(errors).log10().mean()))
    assert float(state["weight"]) == WEIGHTS[int(np.argmax(psnr))]
    assert max(psnr) > min(psnr) + 0.5


def test_components_beyond_those_asked_for_are_interpolated() -> None:
    task = task_of("li2020", 2)
    low = task.degradation.low(blocks())
    estimates = [
        METHODS.make(f"total_variation[weight=1e-3,components={count}]").upscale(low, task, {})
        for count in (1, BANDS, BANDS + 5)
    ]
    torch.testing.assert_close(estimates[1], estimates[2])
    change = (estimates[0] - task.degradation.upscale(low, SHAPE)).flatten(1)
    values = torch.linalg.svdvals(change)
    assert float(values[0]) > 0.1
    assert float(values[1]) < 1e-4 * float(values[0])

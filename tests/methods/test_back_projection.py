"""Iterative back-projection against the iteration written out, and its limit."""

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, Problem
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS
from benchmark.tools.conformance.methods.harness import scene

discover(REGISTRIES)

PROTOCOL_NAMES = ("wang2017", "wang2017-float", "li2020", "jiang2020", "liu2023")
SCALES = (2, 3, 4, 8)
SHAPE = (48, 72)
BANDS = 3


def task_of(protocol: str, scale: int, shape: tuple[int, int] = SHAPE) -> Problem:
    """Describe a task under a protocol."""
    return Problem(scale, BANDS, shape, PROTOCOLS.make(protocol).degradation(scale))


def pair(task: Problem) -> tuple[Tensor, Tensor]:
    """Return a ground truth and its low-resolution image."""
    truth = task.degradation.store(scene(BANDS, task.shape, 1))
    return truth, task.degradation.low(truth)


def estimate(reference: str, low: Tensor, task: Problem) -> Tensor:
    """Estimate a scene by back-projection with these parameters."""
    return METHODS.make(reference).upscale(low, task, {})


def residual(made: Tensor, low: Tensor, task: Problem) -> float:
    """Return the root mean square of what an estimate does not explain."""
    rows, columns = (task.degradation.axis(size) for size in task.shape)
    return float((low.double() - rows @ made.double() @ columns.T).square().mean().sqrt())


@pytest.mark.parametrize("kernel", ["adjoint", "upscale"])
@pytest.mark.parametrize("protocol", PROTOCOL_NAMES)
def test_three_iterations_are_those_of_the_paper(protocol: str, kernel: str) -> None:
    task = task_of(protocol, 2, (21, 18))
    _, low = pair(task)
    down = [task.degradation.axis(n).numpy() for n in task.shape]
    up = [task.degradation.up_axis(n).numpy() for n in task.shape]
    back = [a.T for a in down] if kernel == "adjoint" else up
    step = 1 / np.prod([np.linalg.norm(a @ b, 2) for a, b in zip(down, back, strict=True)])
    y = low.numpy().astype(np.float64)
    z = up[0] @ y @ up[1].T
    for _ in range(3):
        z = z + step * back[0] @ (y - down[0] @ z @ down[1].T) @ back[1].T
    made = estimate(f"back_projection[iterations=3,kernel={kernel}]", low, task)
    np.testing.assert_allclose(made, z, rtol=0, atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("protocol", PROTOCOL_NAMES)
def test_it_explains_the_input_better_than_the_upscaled_image(protocol: str, scale: int) -> None:
    task = task_of(protocol, scale)
    truth, low = pair(task)
    start = task.degradation.upscale(low, SHAPE)
    made = estimate("back_projection", low, task)
    assert made.shape == truth.shape
    assert made.dtype == torch.float32
    before, after = residual(start, low, task), residual(made, low, task)
    # Pure decimation (OpenCV at x3) leaves nothing to explain.
    assert after < max(before / 4, 1e-6)
    errors = [float((image - truth).square().mean()) for image in (made, start)]
    assert errors[0] < errors[1] * (1 + 1e-6)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("protocol", ["li2020", "liu2023"])
def test_it_converges_to_the_nearest_image_that_explains_the_input(
    protocol: str, scale: int
) -> None:
    task = task_of(protocol, scale, (24, 24))
    _, low = pair(task)
    axis = task.degradation.axis(24).numpy()
    inverse = np.linalg.pinv(axis)
    start = task.degradation.upscale(low, (24, 24)).numpy().astype(np.float64)
    expected = start + inverse @ (low.numpy() - axis @ start @ axis.T) @ inverse.T
    made = estimate("back_projection[iterations=500]", low, task)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_stops_at_the_rounding_of_the_input(scale: int) -> None:
    task = task_of("wang2017", scale)
    _, low = pair(task)
    made = estimate("back_projection[iterations=5000]", low, task)
    noise = task.degradation.noise**0.5
    assert 0.9 * noise < residual(made, low, task) <= 1.001 * noise


def test_a_kernel_that_diverges_is_stopped() -> None:
    """Under `wang2017` at x8 the upscaled image is shifted by half a low-resolution pixel."""
    task = task_of("wang2017", 8, (96, 96))
    _, low = pair(task)
    made = estimate("back_projection[iterations=2000,kernel=upscale]", low, task)
    start = task.degradation.upscale(low, (96, 96))
    assert residual(made, low, task) < residual(start, low, task)
    assert float(made.abs().max()) < 2


def test_without_iterations_it_is_the_upscaled_image() -> None:
    task = task_of("li2020", 4)
    _, low = pair(task)
    made = estimate("back_projection[iterations=0]", low, task)
    torch.testing.assert_close(made, task.degradation.upscale(low, SHAPE))

"""Deep Image Prior: the public network's size, the objective, seeds, and runs that go on."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.method import METHODS, IterativeMethod, Problem, Run
from methods.deep_image_prior import EncoderDecoder, draw_weights
from tests.benchmark.support import problem, random
from tests.methods.support import size_of

BANDS, SHAPE = 3, (20, 28)
SMALL = "maps=4,levels=2,iterations=6"


class Recording(Run):
    """A run that records losses and states, and can start from a state."""

    def __init__(self, seed: int = 0, saved: dict[str, Any] | None = None) -> None:
        super().__init__(torch.device("cpu"), torch.Generator().manual_seed(seed))
        self.saved = saved
        self.losses: list[float] = []
        self.states: list[dict[str, Any]] = []

    def resume(self) -> dict[str, Any] | None:
        """Restore the generator, as the engine does."""
        if self.saved is None:
            return None
        self.generator.set_state(self.saved["generator"])
        return self.saved

    def step(
        self, step: int, steps: int, loss: Tensor | float, state: Callable[[], dict[str, Any]]
    ) -> None:
        """Record the loss and a copy of the state."""
        self.losses.append(float(loss))
        self.states.append({**_copied(state()), "generator": self.generator.get_state()})


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value


def solve(settings: str, run: Run, scale: int = 2) -> tuple[Tensor, Tensor, Problem]:
    """Return the estimate of a smooth scene, its low-resolution image, and the problem."""
    method = METHODS.make(f"deep_image_prior[{settings}]")
    assert isinstance(method, IterativeMethod)
    task = problem(scale, BANDS, SHAPE, eight_bit=False)
    low = task.degradation.low(scene())
    inputs = {"low": low, "upscaled": task.degradation.upscale(low, SHAPE)}
    return method.reconstruct(inputs, task, {}, run), low, task


def scene() -> Tensor:
    """Make a scene of soft blobs."""
    coarse = random(1, BANDS, 6, 8)
    return torch.nn.functional.interpolate(coarse, SHAPE, mode="bicubic")[0].clamp(0, 1)


def test_it_has_as_many_parameters_as_the_public_network() -> None:
    with torch.device("meta"):
        assert size_of(EncoderDecoder(191, 128, 5)) == 2_342_047


@pytest.mark.parametrize("start", ["upscaled", "noise"])
def test_the_loss_is_the_distance_to_the_low_resolution_image(start: str) -> None:
    run = Recording()
    estimate, low, task = solve(f"start={start},lr=0,{SMALL}", run)
    expected = (task.degradation.low(estimate) - low).square().mean()
    assert run.losses == pytest.approx([float(expected)] * 6, rel=1e-3)


def test_the_first_estimate_is_the_interpolated_image() -> None:
    estimate, low, task = solve(f"lr=0,{SMALL}", Recording())
    torch.testing.assert_close(estimate, task.degradation.upscale(low, SHAPE))


@pytest.mark.parametrize("start", ["upscaled", "noise"])
def test_the_loss_falls(start: str) -> None:
    run = Recording()
    estimate, *_ = solve(f"start={start},noise=0.01,lr=0.01,maps=8,levels=2,iterations=60", run)
    assert run.losses[-1] < 0.3 * run.losses[0]
    assert estimate.shape == (BANDS, *SHAPE)
    if start == "noise":
        assert float(estimate.min()) > 0
        assert float(estimate.max()) < 1


def test_it_restores_more_than_interpolation_does() -> None:
    estimate, low, task = solve("lr=0.01,maps=8,levels=2,iterations=60", Recording(), 4)
    made, before = (
        float((image - scene()).square().mean())
        for image in (estimate, task.degradation.upscale(low, SHAPE))
    )
    assert made < 0.8 * before


@pytest.mark.parametrize("settings", [SMALL, f"start=noise,noise=0.05,{SMALL}"])
def test_the_generator_alone_decides_and_the_run_goes_on_bit_for_bit(settings: str) -> None:
    whole = Recording()
    torch.manual_seed(1)
    estimate, *_ = solve(settings, whole)
    torch.manual_seed(2)
    again = Recording(saved=whole.states[2])
    torch.testing.assert_close(solve(settings, again)[0], estimate, rtol=0, atol=0)
    assert again.losses == whole.losses[3:]
    assert not torch.equal(solve(settings, Recording(seed=1))[0], estimate)


def test_weights_start_as_those_of_torch() -> None:
    network = EncoderDecoder(BANDS, 16, 2)
    expected = [float(p.detach().std()) for p in network.parameters() if p.dim() == 4]
    draw_weights(network, torch.Generator().manual_seed(0))
    made = [float(p.detach().std()) for p in network.parameters() if p.dim() == 4]
    assert made == pytest.approx(expected, rel=0.3)


def test_an_image_beyond_the_estimate_is_ignored() -> None:
    """The engine interpolates to a multiple of the low-resolution image."""
    method = METHODS.make(f"deep_image_prior[{SMALL}]")
    assert isinstance(method, IterativeMethod)
    task = problem(3, BANDS, (19, 22))
    low = random(BANDS, 7, 8)
    upscaled = task.degradation.upscale(low, (21, 24))
    estimates = [
        method.reconstruct({"low": low, "upscaled": image}, task, {}, Recording())
        for image in (upscaled, upscaled[:, :19, :22])
    ]
    assert estimates[0].shape == (BANDS, 19, 22)
    torch.testing.assert_close(estimates[0], estimates[1], rtol=0, atol=0)


def test_tiny_images_are_enlarged_for_the_levels() -> None:
    method = METHODS.make("deep_image_prior[maps=4,iterations=1]")
    assert isinstance(method, IterativeMethod)
    task = problem(2, 1, (2, 3))
    low = random(1, 1, 2)
    inputs = {"low": low, "upscaled": task.degradation.upscale(low, task.shape)}
    estimate = method.reconstruct(inputs, task, {}, Recording())
    assert estimate.shape == (1, 2, 3)
    assert bool(estimate.isfinite().all())

"""Inference of a method on a scene: its input, the call, and the crop of its output."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from torch import Tensor

from benchmark.engine import seeding
from benchmark.engine.building import rebuild
from benchmark.engine.device import Device
from benchmark.engine.tiling import run_network
from benchmark.engine.training.profiles import Profile
from benchmark.method import Method, NetworkMethod, Problem, State
from benchmark.protocols.degradation import Degradation
from benchmark.protocols.interpolation import upscale


def method_input(method: Method, degradation: Degradation, truth: Tensor) -> Tensor:
    """Compute a method's input, (bands, rows, columns) float32, from the stored truth."""
    low = degradation.low(truth)
    if method.sees == "decimated":
        return low
    return upscale(low, (truth.shape[1], truth.shape[2]))


def crop_to(estimate: Tensor, truth: Tensor) -> Tensor:
    """Crop an estimate to the first rows and columns, as many as the truth has.

    Raises:
        ValueError: the estimate is smaller, or has another number of bands.
        TypeError: the estimate is not a tensor.
    """
    bands, rows, columns = truth.shape
    if not isinstance(estimate, Tensor):
        raise TypeError(f"the estimate is a {type(estimate).__name__}, expected a tensor")
    if (
        estimate.dim() != 3
        or estimate.shape[0] != bands
        or estimate.shape[1] < rows
        or estimate.shape[2] < columns
    ):
        raise ValueError(
            f"the estimate has shape {tuple(estimate.shape)}, expected {(bands, rows, columns)}"
        )
    return estimate[:, :rows, :columns]


def seeds_of(method: Method, problem: Problem, device: Device) -> AbstractContextManager[None]:
    """Seed the global generators for a stochastic method inside a `with` block.

    For other methods nothing is done: saving the states takes as long as a small image.
    """
    return seeding.seeded(problem.seed, device.torch) if method.stochastic else nullcontext()


def estimator(
    method: Method, problem: Problem, state: State, profile: Profile, device: Device
) -> Callable[[Tensor, Problem], Tensor]:
    """Build the function that estimates a scene with a trained method.

    Args:
        method: the method.
        problem: the problem that it was fitted to.
        state: the result of fitting, on the device.
        profile: the profile that it was trained by.
        device: where to run it.

    Returns:
        A function of the method's input and of the problem with the shape of the estimate.
    """
    if not isinstance(method, NetworkMethod):

        def upscale(low: Tensor, target: Problem) -> Tensor:
            with seeds_of(method, target, device):
                return method.upscale(low, target, state)

        return upscale
    network = rebuild(method, state, problem, profile.recipe(method), device)
    return lambda low, target: run_network(method, network, low, target, device)

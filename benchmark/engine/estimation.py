"""How a method estimates a scene: what it is given, how it runs, what is kept of its output."""

from collections.abc import Callable

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
    """Make the image that a method is given, (bands, rows, columns) float32, from the truth."""
    low = degradation.low(truth)
    if method.sees == "decimated":
        return low
    return upscale(low, (truth.shape[1], truth.shape[2]))


def crop_to(estimate: Tensor, truth: Tensor) -> Tensor:
    """Crop an estimate to the first rows and columns, as many as the truth has.

    Raises:
        ValueError: the estimate is smaller, or has another number of bands.
        TypeError: the estimate is no tensor.
    """
    bands, rows, columns = truth.shape
    if not isinstance(estimate, Tensor):
        raise TypeError(f"the estimate is a {type(estimate).__name__}, expected a tensor")
    if (
        estimate.dim() != 3
        or estimate.shape[0] != bands
        or any(
            got < wanted for got, wanted in zip(estimate.shape[1:], (rows, columns), strict=True)
        )
    ):
        raise ValueError(
            f"the estimate has shape {tuple(estimate.shape)}, expected {(bands, rows, columns)}"
        )
    return estimate[:, :rows, :columns]


def estimator(
    method: Method, problem: Problem, state: State, profile: Profile, device: Device
) -> Callable[[Tensor, Problem], Tensor]:
    """Build the function that estimates a scene with a trained method.

    Args:
        method: which.
        problem: the problem that it was fitted to.
        state: what it learned, on the device.
        profile: the profile that it was trained by.
        device: where.

    Returns:
        A function of the image that the method is given, and of the problem with the shape
        that is wanted; it leaves the global random states as they were.
    """
    if not isinstance(method, NetworkMethod):

        def upscale(low: Tensor, wanted: Problem) -> Tensor:
            with seeding.seeded(wanted.seed, device.torch):
                return method.upscale(low, wanted, state)

        return upscale
    network = rebuild(method, state, problem, profile.recipe(method), device)
    return lambda low, wanted: run_network(method, network, low, wanted, device)

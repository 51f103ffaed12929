"""Inference of a method on a scene: its input, the call, and the crop of its output."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext

from torch import Tensor

from benchmark.degradation.degradation import Degradation
from benchmark.engine.inference.building import rebuild
from benchmark.engine.inference.returned import described, upscaled
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import Device
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.engine.training.profiles import Profile
from benchmark.method import (
    Inputs,
    IterativeMethod,
    Method,
    NetworkMethod,
    Problem,
    Run,
    State,
)


class TrainingScenes:
    """The scenes that `fit` is given: an iterable that moves one at a time to a device.

    Args:
        scenes: images, (bands, rows, columns), not rounded; may be iterated more than once.
        degradation: crops them as the protocol does.
        device: where they are to be.
    """

    def __init__(self, scenes: Iterable[Tensor], degradation: Degradation, device: Device) -> None:
        self._scenes, self._degradation, self._device = scenes, degradation, device

    def __iter__(self) -> Iterator[Tensor]:
        return (self._degradation.crop(scene).to(self._device.torch) for scene in self._scenes)


def method_inputs(method: Method, degradation: Degradation, truth: Tensor) -> dict[str, Tensor]:
    """Compute the images that a method is given, from the ground truth.

    Returns:
        (bands, rows, columns) float32 each, by the names of `method.inputs`. An upscaled image
        beside the low-resolution one is extended to `scale` times its rows and columns.
    """
    low = degradation.low(truth)
    made = {}
    for name in method.inputs:
        if name == "low":
            made[name] = low
        else:
            made[name] = degradation.upscale(low, (truth.shape[1], truth.shape[2]))
    if len(made) > 1:
        made["upscaled"] = degradation.extend(made["upscaled"])
    return made


def crop_to(estimate: Tensor, truth: Tensor) -> Tensor:
    """Crop an estimate to the first rows and columns, as many as the truth has.

    Raises:
        ValueError: the estimate is smaller, has another number of bands, is on another device, or
            records gradients.
        TypeError: the estimate is not a dense tensor of real floating-point numbers.
    """
    bands, rows, columns = truth.shape
    estimate = upscaled(estimate, (bands, rows, columns), truth.device)
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


@contextmanager
def surroundings(method: Method, problem: Problem, device: Device) -> Iterator[None]:
    """Set the global state that a method is called in, and restore the former one afterwards.

    The state of torch is that of `numeric_state`. The global generators are seeded for a stochastic
    method only: saving their states takes as long as a small image.
    """
    seeds = seeding.seeded(problem.seed, device.torch) if method.stochastic else nullcontext()
    with numeric_state(), seeds:
        yield


def estimator(
    method: Method,
    problem: Problem,
    state: State,
    profile: Profile,
    device: Device,
    run: Run | None = None,
) -> Callable[[Inputs, Problem], Tensor]:
    """Build the function that estimates a scene with a trained method.

    Args:
        method: the method.
        problem: the problem that it was fitted to.
        state: the result of fitting, on the device.
        profile: the profile that it was trained by.
        device: where to run it.
        run: for a method with a loop of its own; None neither reports nor saves its iterations.

    Returns:
        A function of the method's inputs and of the problem with the shape of the estimate.
    """
    if isinstance(method, IterativeMethod):

        def reconstruct(inputs: Inputs, target: Problem) -> Tensor:
            with surroundings(method, target, device):
                own = run or Run(device.torch, target.generator(device.torch))
                made: object = method.reconstruct(inputs, target, state, own)
            if not isinstance(made, Tensor):
                raise TypeError(
                    f"reconstruct returned {described(made)}, expected a tensor of shape "
                    f"{(target.bands, *target.shape)}"
                )
            return made.detach()

        return reconstruct
    if not isinstance(method, NetworkMethod):

        def upscale(inputs: Inputs, target: Problem) -> Tensor:
            (image,) = inputs.values()
            with surroundings(method, target, device):
                return method.upscale(image, target, state)

        return upscale
    with numeric_state():
        network = rebuild(method, state, problem, profile.recipe(method), device)

    def estimate(inputs: Inputs, target: Problem) -> Tensor:
        with numeric_state():
            return run_network(method, network, inputs, target, device)

    return estimate

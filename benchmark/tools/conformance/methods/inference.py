"""Checks of estimates: their shape, their values, and their dependence on batch, tiles, device."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from benchmark.engine.inference.building import problem_of_network
from benchmark.engine.inference.returned import estimate_of, require_shape
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.machine.device import CPU, Device
from benchmark.engine.scoring.clipping import SHARE, far_outside
from benchmark.errors import counted
from benchmark.method import IterativeMethod, NetworkMethod, Problem
from benchmark.tools.conformance.check import (
    Check,
    NotApplicableError,
    at,
    identical,
    require,
    require_close,
)
from benchmark.tools.conformance.methods.harness import BANDS, SCALES, MethodHarness

ROUNDING = 1e-4  # tolerance for sums in another order, of values up to 1
# The same for images in a batch, which are added in almost the same order: networks differ by up to
# 1e-6. A window that takes the query of another image may change an estimate by no more than 1e-4.
BATCH_ROUNDING = 1e-5
FEW = 31  # bands that are checked at every scale


def _shape_at(scale: int) -> Check:
    def run(harness: MethodHarness) -> None:
        if why := harness.protocol.refusal(scale):
            raise NotApplicableError(f"{harness.protocol.name} refuses x{scale}: {why}")
        if why := harness.refusal(scale, harness.bands):
            raise NotApplicableError(f"the method refuses x{scale}: {why}")
        _require_shape(harness, harness.problem(scale=scale))

    run.__doc__ = f"The estimate of an odd-sized scene at x{scale} has its shape."
    return run


def _shape_with(bands: int) -> Check:
    def run(harness: MethodHarness) -> None:
        scales = harness.scales(bands)
        if not scales and (why := harness.refusal(harness.scale, bands)):
            raise NotApplicableError(f"the method refuses {counted(bands, 'band')}: {why}")
        # Other checks have these bands, or images of one band, at every scale.
        known = harness.method.bandwise or bands == harness.bands
        for scale in scales[:1] if known or bands > FEW else scales:
            with at(f"x{scale}"):
                _require_shape(harness, harness.problem(scale, bands, harness.small(scale)))

    run.__doc__ = f"The estimate of a scene with {counted(bands, 'band')} has its shape."
    return run


def _require_shape(harness: MethodHarness, problem: Problem) -> None:
    method, inputs = harness.method, harness.inputs(problem)
    enlarge = problem.scale if "low" in method.inputs else 1
    if isinstance(method, NetworkMethod):
        images, network = harness.images([inputs]), harness.network(problem)
        with torch.inference_mode():
            made = estimate_of(method, network.eval()(*images.values()))
        try:
            require_shape(made, images, problem.scale)
        except ValueError as error:
            require(False, str(error))
        got = tuple(run_network(method, network, inputs, problem, CPU).shape)
    else:
        state = harness.learn(problem=problem).state
        got = tuple(harness.estimator(problem, state)(inputs, problem).shape)
    expected = (problem.bands, *problem.shape)
    # A low-resolution image of 17 x 17 is enlarged to 34 x 34 at x2, where 33 x 33 are expected.
    fits = len(got) == 3 and got[0] == problem.bands
    fits = fits and all(0 <= g - w < enlarge for g, w in zip(got[1:], expected[1:], strict=True))
    require(fits, f"the estimate has shape {got}, expected {expected}")


def finite(harness: MethodHarness) -> None:
    """Estimates of black, white, random and smooth images contain neither NaN nor infinity.

    Nor does a network's output in bfloat16, in which networks are trained.
    """
    problem = harness.problem()
    smooth = harness.inputs(problem)
    generator = torch.Generator().manual_seed(0)
    images = {
        "a black image": {name: torch.zeros_like(one) for name, one in smooth.items()},
        "a white image": {name: torch.ones_like(one) for name, one in smooth.items()},
        "noise": {name: torch.rand(one.shape, generator=generator) for name, one in smooth.items()},
        "a scene": smooth,
    }
    estimate = harness.estimator(problem, harness.trained.state)
    for name, inputs in images.items():
        _require_finite(estimate(inputs, problem), f"the estimate of {name}")
    if not isinstance(harness.method, NetworkMethod):
        return
    network = harness.network(problem, harness.trained.state).eval()
    for name, inputs in images.items():
        with torch.inference_mode(), Device(CPU.torch, bfloat16=True).autocast():
            batches = harness.images([inputs])
            output = estimate_of(harness.method, network(*batches.values()))
        _require_finite(output, f"the output for {name}, in bfloat16")


def _require_finite(values: Tensor, what: str) -> None:
    bad = int((~torch.isfinite(values)).sum())
    require(bad == 0, f"{counted(bad, 'value')} not finite in {what}")


def in_range(harness: MethodHarness) -> None:
    """The estimate of a scene has floating-point values from 0 to 1, apart from overshoot.

    More than `SHARE` of the values may not lie outside it by more than `MARGIN`; a network, whose
    training is short here, may have ten times as many.
    """
    problem = harness.problem()
    estimate = harness.estimate(harness.inputs(problem), problem)
    require(
        estimate.is_floating_point(),
        f"the values of the estimate are {estimate.dtype}, expected floating-point numbers",
    )
    outside = far_outside(estimate)
    allowed = SHARE * (10 if isinstance(harness.method, NetworkMethod) else 1)
    lowest, highest = estimate.aminmax()
    require(
        outside <= allowed,
        f"{outside:.0%} of the values of the estimate of a scene are clipped; expected 0 to 1, "
        f"found {lowest:.5g} to {highest:.5g}",
    )


def input_not_modified(harness: MethodHarness) -> None:
    """The method modifies none of its arguments: scenes, images, ground truths, states."""
    method, problem, state = harness.method, harness.problem(), harness.trained.state
    inputs = harness.inputs(problem)
    rows, columns = (problem.degradation.axis(size) for size in problem.shape)
    arguments = {
        **{f"its input '{name}'": image for name, image in inputs.items()},
        "the degradation, by rows": rows,
        "the degradation, by columns": columns,
    }
    tensors = {f"'{name}' of its state": value for name, value in state.items()}
    with _unmodified(arguments | tensors):
        harness.estimate(inputs, problem)
    if isinstance(method, IterativeMethod):
        return
    if not isinstance(method, NetworkMethod):
        scenes = harness.scenes(problem.bands)
        with _unmodified({f"training scene {i}": scene for i, scene in enumerate(scenes)}):
            method.fit(scenes, harness.fitting(problem))
        return
    images, network = harness.images([inputs]), harness.network(problem, state)
    with _unmodified({f"the network's input '{name}'": one for name, one in images.items()}):
        network.eval()(*images.values())
        output = network.train()(*images.values())
    truth = torch.rand(method.estimate(output).shape)
    with _unmodified({"the ground truth in its loss": truth}):
        method.loss(output, truth, images, problem_of_network(method, problem))


@contextmanager
def _unmodified(tensors: Mapping[str, Tensor]) -> Iterator[None]:
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    yield
    for name, tensor in tensors.items():
        require(identical(tensor, before[name]), f"it changes {name}")


def batch_of_one_equals_many(harness: MethodHarness) -> None:
    """A network's output for an image does not depend on its batch, up to rounding."""
    method, problem = harness.network_method, harness.problem()
    images = harness.images([harness.inputs(problem, seed) for seed in (1, 2, 3)])
    network = harness.network(problem, harness.trained.state).eval()
    with torch.inference_mode():
        together = estimate_of(method, network(*images.values()))
        singles = zip(*images.values(), strict=True)
        alone = torch.cat(
            [estimate_of(method, network(*(one[None] for one in single))) for single in singles]
        )
    require_close(alone, together, BATCH_ROUNDING, "images alone and in one batch")


def tiles_equal_whole(harness: MethodHarness) -> None:
    """Tiles that overlap by the method's halo give the estimate of the whole, up to rounding."""
    method = harness.network_method
    network = harness.network(harness.problem(), harness.trained.state)
    halo = method.halo(network)
    if halo is None:
        raise NotApplicableError("its halo forbids tiles")
    enlarge = harness.scale if "low" in method.inputs else 1
    # The smallest tiles have a side of 16 pixels; some must end inside the image on both sides.
    long = 2 * halo + 35
    for rows, columns in ((19, long), (long, 19)):
        problem = harness.problem(shape=(rows * enlarge, columns * enlarge))
        inputs = harness.inputs(problem)
        whole, tiled = (
            run_network(method, network, inputs, problem, CPU, budget) for budget in (2**40, 1)
        )
        require_close(tiled, whole, ROUNDING, f"tiles (halo {halo}) and the whole image")


def order_independent(harness: MethodHarness) -> None:
    """Estimates do not depend on the scenes' order, bit for bit, on the same threads."""
    problem = harness.problem()
    scenes = [harness.inputs(problem, seed) for seed in (1, 2, 3)]
    forwards, backwards = (harness.estimator(problem, harness.trained.state) for _ in range(2))
    first = [forwards(inputs, problem).clone() for inputs in scenes]
    second = [backwards(inputs, problem).clone() for inputs in reversed(scenes)]
    for one, other in zip(first, reversed(second), strict=True):
        require(identical(one, other), "a scene's estimate depends on the scenes before it")


def cpu_equals_cuda(harness: MethodHarness) -> None:
    """CPU and GPU give the same estimates, within 1e-3 in float32."""
    device = other_device()
    if device is None:
        raise NotApplicableError("torch sees no CUDA device here")
    problem = harness.problem()
    inputs = harness.inputs(problem)
    state = harness.trained.state
    if not isinstance(harness.method, NetworkMethod):
        state = harness.learn(device).state
    moved = {name: image.to(device.torch) for name, image in inputs.items()}
    there = harness.estimator(problem, state, device)(moved, problem)
    require_close(there.cpu(), harness.estimate(inputs, problem), 1e-3, "GPU and CPU")


def other_device() -> Device | None:
    """Return the GPU in float32; None where there is none."""
    if not torch.cuda.is_available():
        return None
    return Device(torch.device("cuda"), bfloat16=False)


CHECKS: dict[str, Check] = {
    **{f"shape-x{scale}": _shape_at(scale) for scale in SCALES},
    **{f"bands-{bands}": _shape_with(bands) for bands in BANDS},
    "finite": finite,
    "in-range": in_range,
    "input-not-modified": input_not_modified,
    "batch-of-one-equals-many": batch_of_one_equals_many,
    "tiles-equal-whole": tiles_equal_whole,
    "order-independent": order_independent,
    "cpu-equals-cuda": cpu_equals_cuda,
}

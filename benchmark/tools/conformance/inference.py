"""Checks of estimates: their size, their values, and what they depend on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from benchmark.engine.device import Device
from benchmark.engine.tiling import run_network
from benchmark.method import NetworkMethod, Problem
from benchmark.tools.conformance.check import (
    Check,
    InapplicableError,
    at,
    check,
    demand,
    demand_close,
    same,
)
from benchmark.tools.conformance.harness import BANDS, CPU, SCALES, Subject

ROUNDING = 1e-4  # what sums in another order may cost, for values up to 1


def _shape_at(scale: int) -> Check:
    def run(subject: Subject) -> None:
        _sized(subject, subject.problem(scale=scale))

    run.__doc__ = f"An odd-sized scene at x{scale} gets an estimate of its size."
    return run


def _shape_with(bands: int) -> Check:
    def run(subject: Subject) -> None:
        declared = subject.method.expected_failures
        for scale in SCALES:
            if f"shape-x{scale}" not in declared:
                with at(f"x{scale}"):
                    _sized(subject, subject.problem(scale=scale, bands=bands))

    one = "A scene of one band gets" if bands == 1 else f"Scenes of {bands} bands get"
    run.__doc__ = f"{one} an estimate of the right size, at every scale."
    return run


for _scale in SCALES:
    check(f"shape-x{_scale}")(_shape_at(_scale))
for _bands in BANDS:
    check(f"bands-{_bands}")(_shape_with(_bands))


def _sized(subject: Subject, problem: Problem) -> None:
    method, low, state = subject.method, subject.low(problem), subject.fresh(problem)
    spare = 0
    if method.sees == "decimated":  # a decimated 17 x 17 at x2 is 34 x 34, for 33 x 33 wanted
        spare = problem.scale - 1
    if isinstance(method, NetworkMethod):
        enlarge = problem.scale if method.sees == "decimated" else 1
        images = subject.images([low])
        with torch.inference_mode():
            made = method.estimate(subject.network(problem, state).eval()(images)).shape
        wanted = (*images.shape[:2], *(size * enlarge for size in images.shape[2:]))
        message = f"the network makes {tuple(made)} of {tuple(images.shape)}, expected {wanted}"
        demand(tuple(made) == wanted, message)
    got = tuple(subject.estimator(problem, state)(low, problem).shape)
    wanted = (problem.bands, *problem.shape)
    fits = len(got) == 3 and got[0] == problem.bands
    fits = fits and all(0 <= g - w <= spare for g, w in zip(got[1:], wanted[1:], strict=True))
    demand(fits, f"the estimate has shape {got}, expected {wanted}")


@check("finite")
def finite(subject: Subject) -> None:
    """The estimates of black, white, random and usual images hold no NaN and no infinity."""
    problem = subject.problem()
    usual = subject.low(problem)
    noise = torch.rand(usual.shape, generator=torch.Generator().manual_seed(0))
    images = {
        "a black image": torch.zeros_like(usual),
        "a white image": torch.ones_like(usual),
        "noise": noise,
        "a scene": usual,
    }
    networks = isinstance(subject.method, NetworkMethod)
    for device in (CPU, Device(CPU.torch, bfloat16=True)) if networks else (CPU,):
        estimate = subject.estimator(problem, subject.trained.state, device)
        precision = ", in bfloat16" if device.bfloat16 else ""
        for name, low in images.items():
            bad = int((~torch.isfinite(estimate(low, problem))).sum())
            demand(bad == 0, f"{bad} values of the estimate of {name}{precision} are not finite")


@check("input-not-modified")
def input_not_modified(subject: Subject) -> None:
    """Scenes, images, truths and states are left as they were handed over."""
    method, problem, state = subject.method, subject.problem(), subject.trained.state
    low = subject.low(problem)
    rows, columns = (problem.degradation.axis(size) for size in problem.shape)
    handed = {
        "what it sees": low,
        "the degradation, by rows": rows,
        "the degradation, by columns": columns,
    }
    with _untouched(handed | {f"'{name}' of its state": value for name, value in state.items()}):
        subject.estimate(low, problem)
    if not isinstance(method, NetworkMethod):
        scenes = subject.scenes(problem.bands)
        with _untouched({f"training scene {i}": scene for i, scene in enumerate(scenes)}):
            method.fit(scenes, subject.fitting(problem))
        return
    images, network = subject.images([low]), subject.network(problem, state)
    with _untouched({"the network's input": images}):
        network.eval()(images)
        output = network.train()(images)
    truth = torch.rand(method.estimate(output).shape)
    with _untouched({"the truth in its loss": truth}):
        method.loss(output, truth)


@contextmanager
def _untouched(handed: Mapping[str, Tensor]) -> Iterator[None]:
    before = {name: tensor.clone() for name, tensor in handed.items()}
    yield
    for name, tensor in handed.items():
        demand(same(tensor, before[name]), f"it changes {name}")


@check("batch-of-one-equals-many")
def batch_of_one_equals_many(subject: Subject) -> None:
    """A network makes the same of an image alone and among others, to rounding."""
    method, problem = subject.network_method, subject.problem()
    images = subject.images([subject.low(problem, seed) for seed in (1, 2, 3)])
    network = subject.network(problem, subject.trained.state).eval()
    with torch.inference_mode():
        together = method.estimate(network(images))
        alone = torch.cat([method.estimate(network(image[None])) for image in images])
    demand_close(alone, together, ROUNDING, "images alone and in one batch")


@check("tiles-equal-whole")
def tiles_equal_whole(subject: Subject) -> None:
    """Tiles that overlap by the method's halo give the estimate of the whole, to rounding."""
    method = subject.network_method
    network = subject.network(subject.problem(), subject.trained.state)
    halo = method.halo(network)
    if halo is None:
        raise InapplicableError("its halo forbids tiles")
    enlarge = subject.scale if method.sees == "decimated" else 1
    # The smallest tiles have 16 pixels a side; some must be cut off from the image on both ends.
    long = 2 * halo + 35
    for rows, columns in ((19, long), (long, 19)):
        problem = subject.problem(shape=(rows * enlarge, columns * enlarge))
        low = subject.low(problem)
        whole, tiled = (
            run_network(method, network, low, problem, CPU, budget) for budget in (2**40, 1)
        )
        demand_close(tiled, whole, ROUNDING, f"tiles (halo {halo}) and the whole image")


@check("order-independent")
def order_independent(subject: Subject) -> None:
    """Scenes estimated in another order get the same estimates, to the bit."""
    problem = subject.problem()
    lows = [subject.low(problem, seed) for seed in (1, 2, 3)]
    forth, back = (subject.estimator(problem, subject.trained.state) for _ in range(2))
    first = [forth(low, problem).clone() for low in lows]
    second = [back(low, problem).clone() for low in reversed(lows)]
    for one, other in zip(first, reversed(second), strict=True):
        demand(same(one, other), "the estimate of a scene depends on those estimated before it")


@check("cpu-equals-cuda")
def cpu_equals_cuda(subject: Subject) -> None:
    """A GPU gives the processor's estimates, within 1e-3 in float32."""
    device = other_device()
    if device is None:
        raise InapplicableError("torch sees no CUDA device here")
    problem = subject.problem()
    low = subject.low(problem)
    state = subject.trained.state
    if not isinstance(subject.method, NetworkMethod):
        state = subject.learn(device).state
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        there = subject.estimator(problem, state, device)(low.to(device.torch), problem)
    demand_close(there.cpu(), subject.estimate(low, problem), 1e-3, "GPU and processor")


def other_device() -> Device | None:
    """Give a GPU in full precision; None where there is none."""
    if not torch.cuda.is_available():
        return None
    return Device(torch.device("cuda"), bfloat16=False)

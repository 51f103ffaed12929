"""Speed of all that happens to a whole image: estimating, degrading, scoring."""

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.engine import seeding
from benchmark.engine.building import start
from benchmark.engine.device import Device
from benchmark.engine.tiling import run_network
from benchmark.method import METHODS, NetworkMethod, Problem
from benchmark.metrics.scoring import score
from benchmark.protocols.degradation import Degradation
from benchmark.protocols.protocol import Protocol
from benchmark.tools.speed import baseline_images
from benchmark.tools.speed.baseline_process import Apart
from benchmark.tools.speed.memory import peak_of
from benchmark.tools.speed.report import Row
from benchmark.tools.speed.roofline import Limits
from benchmark.tools.speed.timing import paired

# The plain way is shown so many bands of an image by a band-wise method, and so many rows and
# columns at most; its time is scaled up.
BANDS = 2
CORNER = 512
# Operations are counted on so many rows and columns.
_COUNTED = 64


def estimate(
    method: NetworkMethod,
    problem: Problem,
    device: Device,
    limits: Limits,
    apart: Apart,
    turns: int,
) -> Row:
    """Measure the estimate of one image, from random weights.

    Args:
        method: whose network.
        problem: the task; its shape is the image's.
        device: where.
        limits: what the device can do at most.
        apart: does it the plain way.
        turns: how often engine and plain way take turns.
    """
    with seeding.seeded(0, device.torch):
        network = device.place(start(method, problem, method.recipe))
        counted = start(method, problem, method.recipe).to(device.torch)
    shrunk = problem.scale if method.sees == "decimated" else 1
    rows, columns = (size // shrunk for size in problem.shape)
    low = torch.rand(problem.bands, rows, columns, device=device.torch)
    few = low[: BANDS if method.bandwise else None, : CORNER // shrunk, : CORNER // shrunk]
    label = METHODS.label(method)

    def ours() -> Tensor:
        return run_network(method, network, low, problem, device)

    memory = peak_of(ours, device)
    other = apart.prepare(
        baseline_images.estimator, label, problem, few.cpu().numpy(), device.torch
    )
    found = paired(ours, other, device, turns)
    scaled = low.numel() / few.numel()
    flops = _operations(method, counted, few) * scaled
    return Row(
        "infer",
        label,
        found.ours,
        "s",
        found.plain * scaled,
        found.ratio * scaled,
        flops / found.ours / 1e9 / limits.product,
        memory,
        flops,
    )


def _operations(method: NetworkMethod, network: nn.Module, low: Tensor) -> float:
    """Count a network's operations for an image, on a corner of it."""
    corner = low[:, :_COUNTED, :_COUNTED]
    with FlopCounterMode(display=False) as counter:
        baseline_images.estimate(method, network, corner)
    return float(counter.get_total_flops() * low[0].numel() / corner[0].numel())


def degrade(protocol: Protocol, truth: Tensor, device: Device, apart: Apart, turns: int) -> Row:
    """Measure the degradation of one image at all of the protocol's scales together."""
    degradations = [Degradation(protocol, scale) for scale in protocol.scales]

    def ours() -> None:
        for one in degradations:
            one.low(truth)

    other = apart.prepare(baseline_images.degrader, protocol, truth.cpu().double().numpy())
    found = paired(ours, other, device, turns)
    scales = ", ".join(f"x{scale}" for scale in protocol.scales)
    return Row("degrade", scales, found.ours, "s", found.plain, found.ratio)


def scoring(truth: Tensor, device: Device, apart: Apart, turns: int) -> Row:
    """Measure PSNR, SAM, SSIM and ERGAS of one image, against scikit-image and plain numpy."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(truth.shape, generator=generator).to(device.torch) / 50
    noisy = (truth + noise).clamp(0, 1)
    x, y = ((part.cpu().double().numpy() * 255).round() for part in (noisy, truth))
    other = apart.prepare(baseline_images.scorer, x, y, 2)
    found = paired(lambda: score(noisy, truth, 2), other, device, turns)
    return Row("score", "PSNR SAM SSIM ERGAS", found.ours, "s", found.plain, found.ratio)

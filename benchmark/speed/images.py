"""Speed of all that happens to a whole image: estimating, degrading, scoring."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from benchmark import randomness
from benchmark.degradation import Degradation
from benchmark.device import Device
from benchmark.inference import run_network
from benchmark.method import METHODS, NetworkMethod, Problem
from benchmark.metrics import score
from benchmark.pairs import seen
from benchmark.protocol import Protocol
from benchmark.speed import plain
from benchmark.speed.memory import peak_of
from benchmark.speed.paired import paired
from benchmark.speed.rows import Row
from benchmark.training import start

# The plain way is shown so many bands of an image by a band-wise method, and the time scaled up.
BANDS = 2


def estimate(
    method: NetworkMethod, truth: Tensor, problem: Problem, device: Device, turns: int
) -> Row:
    """Measure the estimate of one image, from random weights.

    Args:
        method: whose network.
        truth: (bands, rows, columns) on the device.
        problem: the task.
        device: where.
        turns: how often engine and plain way take turns.
    """
    recipe = method.recipe
    with randomness.seeded(0, device.torch):
        network = device.place(start(method, problem, recipe))
        other = start(method, problem, recipe).to(device.torch)
    low = seen(method, problem.degradation, truth)
    few = low[:BANDS] if method.bandwise else low

    def ours() -> Tensor:
        return run_network(method, network, low, problem, device)

    memory = peak_of(ours, device)
    found = paired(ours, lambda: plain.estimate(method, other, few), device, turns)
    scaled = len(low) / len(few)
    label = METHODS.label(method)
    return Row(
        "infer", label, found.ours, "s", found.plain * scaled, found.ratio * scaled, memory=memory
    )


def degrade(protocol: Protocol, truth: Tensor, device: Device, turns: int) -> Row:
    """Measure the degradation of one image at all of the protocol's scales together."""
    degradations = [Degradation(protocol, scale) for scale in protocol.scales]
    cube = truth.cpu().double().numpy()

    def ours() -> None:
        for one in degradations:
            one.low(truth)

    def other() -> None:
        for scale in protocol.scales:
            blurred = cube
            for axis in (1, 2):
                blurred = gaussian_filter1d(
                    blurred, protocol.sigma, axis, truncate=protocol.truncate
                )
            np.round(blurred[:, ::scale, ::scale] * 255) / 255

    found = paired(ours, other, device, turns)
    scales = ", ".join(f"x{scale}" for scale in protocol.scales)
    return Row("degrade", scales, found.ours, "s", found.plain, found.ratio)


def scoring(truth: Tensor, device: Device, turns: int) -> Row:
    """Measure PSNR, SAM, SSIM and ERGAS of one image, against scikit-image and plain numpy."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(truth.shape, generator=generator).to(device.torch) / 50
    noisy = (truth + noise).clamp(0, 1)
    x, y = ((part.cpu().double().numpy() * 255).round() for part in (noisy, truth))
    found = paired(lambda: score(noisy, truth, 2), lambda: plain_scores(x, y, 2), device, turns)
    return Row("score", "PSNR SAM SSIM ERGAS", found.ours, "s", found.plain, found.ratio)


def plain_scores(estimate: np.ndarray, truth: np.ndarray, scale: int) -> dict[str, float]:
    """Score grey levels with scikit-image, and numpy where it has no such measure.

    Args:
        estimate: (bands, rows, columns) float64 grey levels.
        truth: the same.
        scale: for ERGAS.
    """
    a, b = (cube.reshape(len(cube), -1) for cube in (estimate, truth))
    norms = np.sqrt((a**2).sum(0)) * np.sqrt((b**2).sum(0))
    kept = norms > 0
    cosine = np.clip(((a * b).sum(0)[kept] / norms[kept]), -1, 1)
    structure = [
        structural_similarity(  # type: ignore[no-untyped-call]
            q,
            p,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
        )
        for p, q in zip(estimate, truth, strict=True)
    ]
    errors = ((a - b) ** 2).mean(1)
    return {
        "psnr": float(peak_signal_noise_ratio(truth, estimate, data_range=255)),  # type: ignore[no-untyped-call]
        "sam": float(np.degrees(np.arccos(cosine)).mean()),
        "ssim": float(np.mean(structure)),
        "ergas": float(100 / scale * np.sqrt((errors / b.mean(1) ** 2).mean())),
    }

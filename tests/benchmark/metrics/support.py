"""Metrics by name, and pairs of cubes to compare."""

import torch
from torch import Tensor

from benchmark.metric import METRICS, BandPair, ScoredImage
from benchmark.plugins.discovery import discover
from tests.benchmark import oracles
from tests.benchmark.support import random

Pair = tuple[Tensor, Tensor]

discover([METRICS])

# Every metric of the suite, one of them with a parameter too.
LABELS = (
    "psnr",
    "mpsnr",
    "ssim",
    "ssim_uniform",
    "ssim_matlab",
    "sam",
    "sam_float",
    "rmse",
    "ergas",
    "ergas[ratio=4]",
    "cc",
)


def metric(
    name: str, estimate: Tensor, truth: Tensor, *, peak: float = 1.0, scale: int = 2
) -> float:
    """Compute a metric of two cubes as they are."""
    return METRICS.make(name)(estimate, truth, peak=peak, scale=scale)


def sam(estimate: Tensor, truth: Tensor) -> tuple[float, int]:
    """Compute the spectral angle, and the number of pixels that are left out."""
    bands, rows, columns = truth.shape
    image = ScoredImage(bands, rows, columns, peak=1.0, scale=2, device=truth.device)
    running = METRICS.make("sam").start(image)
    for x, y in zip(estimate.double(), truth.double(), strict=True):
        running.add(BandPair(x, y, x, y))
    return running.value(), int(running.counts()["skipped"])


def pair(
    bands: int = 4, rows: int = 37, columns: int = 30, *, seed: int = 0, peak: float = 1.0
) -> Pair:
    """Make an estimate and a truth, alike but not the same; whole grey levels where peak is 255."""
    truth = random(bands, rows, columns, seed=seed)
    noise = random(bands, rows, columns, seed=seed + 1) - 0.5
    estimate = (truth + 0.2 * noise).clamp(0, 1)
    cubes = (estimate * peak, truth * peak)
    return cubes if peak == 1 else (torch.round(cubes[0]), torch.round(cubes[1]))


def arrays(cubes: Pair) -> tuple[oracles.Array, oracles.Array]:
    """Turn cubes into float64 arrays."""
    x, y = (cube.double().numpy() for cube in cubes)
    return x, y

"""What happens to a whole image, the plain way: numpy, scipy, scikit-image, float32 networks.

An image is estimated whole, by band-wise methods one band at a time; it is degraded in float64 by
scipy, scored by scikit-image, and a data set's images are read by scikit-image into HDF5.
"""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from skimage.io import imread
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor, nn

from benchmark.engine.building import start
from benchmark.method import METHODS, NetworkMethod, Problem
from benchmark.protocols.protocol import Protocol


def estimate(method: NetworkMethod, network: nn.Module, low: Tensor) -> Tensor:
    """Estimate an image.

    Args:
        method: says whether it works band by band.
        network: in float32.
        low: (bands, rows, columns), what the method sees.
    """
    network.eval()
    with torch.no_grad():
        if not method.bandwise:
            return method.estimate(network(low[None]))[0]
        return torch.cat([method.estimate(network(band[None, None]))[0] for band in low])


def degrade(protocol: Protocol, truth: np.ndarray) -> list[np.ndarray]:
    """Degrade an image at all scales of a protocol.

    Args:
        protocol: blur and scales; stored in 8 bit.
        truth: (bands, rows, columns) float64 in [0, 1].
    """
    lows = []
    for scale in protocol.scales:
        blurred = truth
        for axis in (1, 2):
            blurred = gaussian_filter1d(blurred, protocol.sigma, axis, truncate=protocol.truncate)
        lows.append(np.round(blurred[:, ::scale, ::scale] * 255) / 255)
    return lows


def scores(estimate: np.ndarray, truth: np.ndarray, scale: int) -> dict[str, float]:
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


def prepare(images: list[Path], file: Path) -> None:
    """Read images one by one and keep them in HDF5 as float32.

    Args:
        images: 8 or 16-bit image files.
        file: where.
    """
    with h5py.File(file, "w") as h5:
        for number, image in enumerate(images):
            band = imread(image)
            h5[str(number)] = band.astype(np.float32) / np.iinfo(band.dtype).max


def estimator(
    reference: str, problem: Problem, low: np.ndarray, device: torch.device
) -> Callable[[], Tensor]:
    """Give what estimates an image, from random weights; arguments as `plain.trainer` has."""
    method = METHODS.make(reference)
    if not isinstance(method, NetworkMethod):
        raise TypeError(f"{reference} has no network")
    network = start(method, problem, method.recipe).to(device)
    image = torch.from_numpy(low).to(device)
    return lambda: estimate(method, network, image)


def degrader(protocol: Protocol, truth: np.ndarray) -> Callable[[], list[np.ndarray]]:
    """Give what degrades an image; arguments as `degrade`."""
    return lambda: degrade(protocol, truth)


def scorer(estimate: np.ndarray, truth: np.ndarray, scale: int) -> Callable[[], dict[str, float]]:
    """Give what scores an estimate; arguments as `scores`."""
    return lambda: scores(estimate, truth, scale)


def preparer(images: list[Path], file: Path) -> Callable[[], None]:
    """Give what prepares a data set; arguments as `prepare`."""
    return lambda: prepare(images, file)

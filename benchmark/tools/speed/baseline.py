"""The baseline: plain PyTorch, numpy, scipy and scikit-image, as in common research code.

Training: a `DataLoader` reads patches one by one from an HDF5 file, without worker processes; the
network runs in float32 on contiguous tensors, without autocast; every step asks for its loss. The
recipe is the engine's. Images are estimated whole, by band-wise methods one band at a time,
degraded by scipy and scored by scikit-image. Data sets are read by scikit-image into HDF5.

`main` runs in a separate process, because the engine tunes the C library's allocator.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from skimage.io import imread
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmark import console
from benchmark.engine.training import optimiser
from benchmark.engine.training.profiles import PROFILES
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, NetworkMethod, Problem, Recipe
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS
from benchmark.tools.speed.resources import seconds

PROTOCOL, SCALE, PATCH = "wang2017", 2, 32
SCALES, SIGMA, TRUNCATE = (2, 3, 4), 3.0, 4.0  # of the protocol

# The method's inputs in their order, then the truth.
Patches = tuple[Tensor, ...]


def recipe_of(method: NetworkMethod, batch: int) -> Recipe:
    """Return the recipe of the profile `standard`, with a given batch and a safe learning rate."""
    return replace(PROFILES["standard"].recipe(method), batch_size=batch, lr=1e-4)


def side(name: str, size: int, scale: int = SCALE) -> int:
    """Return the rows or columns of an input, of `size` at full size."""
    return size // scale if name == "low" else size


def problem_of(method: NetworkMethod, bands: int) -> Problem:
    """Return the problem of a network for images of a number of bands."""
    channels = 1 if method.bandwise else bands
    degradation = PROTOCOLS.make(PROTOCOL).degradation(SCALE)
    return Problem(SCALE, channels, (PATCH, PATCH), degradation)


class PatchFile(Dataset[Patches]):
    """Patches in an HDF5 file: the method's inputs by name, and the truth in `label`."""

    def __init__(self, file: Path, inputs: Sequence[str]) -> None:
        h5 = h5py.File(file, "r")
        self._parts = [h5[name] for name in (*inputs, "label")]

    def __len__(self) -> int:
        return len(self._parts[0])

    def __getitem__(self, index: int) -> Patches:
        return tuple(torch.from_numpy(part[index]) for part in self._parts)


def train(
    method: NetworkMethod, network: nn.Module, patches: Dataset[Patches], recipe: Recipe
) -> Iterator[float]:
    """Train a network at a constant learning rate; yield the loss of every step."""
    problem = None
    device = next(network.parameters()).device
    optimizers = optimiser.build(network.train(), recipe, fused=False)
    loader = DataLoader(patches, batch_size=recipe.batch_size, shuffle=True, drop_last=True)
    while True:
        for batch in loader:
            *parts, truth = (part.to(device) for part in batch)
            inputs = dict(zip(method.inputs, parts, strict=True))
            network.zero_grad()
            problem = problem or problem_of(method, truth.shape[1])
            loss = method.loss(network(*parts), truth, inputs, problem)
            torch.autograd.backward(loss)
            optimiser.clip_gradients(network.parameters(), recipe, recipe.lr)
            for one in optimizers:
                one.step()
            yield loss.item()


def estimate(method: NetworkMethod, network: nn.Module, images: Sequence[Tensor]) -> Tensor:
    """Estimate an image from the method's inputs, (bands, rows, columns) each."""
    network.eval()
    with torch.no_grad():
        if not method.bandwise:
            return method.estimate(network(*(image[None] for image in images)))[0]
        bands = zip(*images, strict=True)
        made = [method.estimate(network(*(one[None, None] for one in band))) for band in bands]
        return torch.cat([one[0] for one in made])


def degrade(truth: np.ndarray) -> list[np.ndarray]:
    """Degrade an image, (bands, rows, columns) float64 in [0, 1], as PROTOCOL does, at SCALES."""
    lows = []
    for scale in SCALES:
        blurred = truth
        for axis in (1, 2):
            blurred = gaussian_filter1d(blurred, SIGMA, axis, truncate=TRUNCATE)
        lows.append(np.round(blurred[:, ::scale, ::scale] * 255) / 255)
    return lows


def score(estimate: np.ndarray, truth: np.ndarray, scale: int) -> dict[str, float]:
    """Return PSNR, SAM, SSIM and ERGAS of grey levels, (bands, rows, columns) float64 each."""
    a, b = (cube.reshape(len(cube), -1) for cube in (estimate, truth))
    norms = np.sqrt((a**2).sum(0)) * np.sqrt((b**2).sum(0))
    cosine = np.clip((a * b).sum(0)[norms > 0] / norms[norms > 0], -1, 1)
    errors = ((a - b) ** 2).mean(1)
    psnr: Any = partial(peak_signal_noise_ratio, data_range=255)
    ssim: Any = partial(structural_similarity, data_range=255, channel_axis=0, sigma=1.5)
    return {
        "psnr": float(psnr(truth, estimate)),
        "sam": float(np.degrees(np.arccos(cosine)).mean()),
        "ssim": float(ssim(truth, estimate, gaussian_weights=True, use_sample_covariance=False)),
        "ergas": float(100 / scale * np.sqrt((errors / b.mean(1) ** 2).mean())),
    }


def prepare(images: Sequence[str], file: Path) -> None:
    """Write image files of 8 or 16 bit to an HDF5 file as float32."""
    with h5py.File(file, "w") as h5:
        for number, image in enumerate(images):
            band = imread(image)
            h5[str(number)] = band.astype(np.float32) / np.iinfo(band.dtype).max


def main() -> None:
    """Read requests as JSON from standard input; write the median seconds of each as JSON."""
    asked = json.load(sys.stdin)
    torch.set_num_threads(asked["threads"])
    console.reserve()  # plugins may print
    discover(REGISTRIES, [Path(plugin) for plugin in asked["plugins"]])
    device, found = torch.device(asked["device"]), []
    for number, request in enumerate(asked["requests"]):
        work = _work(request, Path(asked["folder"]) / f"{number}.h5", device)
        found.append(seconds(work, device, asked["at_least"]))
    console.print_line(json.dumps(found))


def _work(request: Sequence[Any], file: Path, device: torch.device) -> Callable[[], object]:
    """Return the function for a request, with random data."""
    random = np.random.default_rng(0)
    match request:
        case ["train" | "infer" as what, label, bands, *rest]:
            method = METHODS.make(label)
            if not isinstance(method, NetworkMethod):
                raise TypeError(f"{label} has no network")
            problem = problem_of(method, bands)
            network = method.network(problem).to(device)
            if what == "infer":
                sides = [[side(name, size) for size in rest] for name in method.inputs]
                given = [torch.rand(bands, *both, device=device) for both in sides]
                return partial(estimate, method, network, given)
            (batch,) = rest
            with h5py.File(file, "w") as h5:
                for name in (*method.inputs, "label"):
                    shape = (4 * batch, problem.bands, *[side(name, PATCH)] * 2)
                    h5[name] = random.random(shape, np.float32)
            patches = PatchFile(file, method.inputs)
            return train(method, network, patches, recipe_of(method, batch)).__next__
        case ["degrade", *shape]:
            return partial(degrade, random.random(shape))
        case ["score", *shape]:
            truth, noise = random.integers(0, 256, shape).astype(float), random.normal(0, 5, shape)
            return partial(score, (truth + noise).clip(0, 255).round(), truth, SCALE)
        case ["prepare", *images]:
            return partial(prepare, images, file)
    raise ValueError(f"unknown request {request}")


if __name__ == "__main__":
    console.prepare("utf-8")  # as the engine's process reads it
    main()

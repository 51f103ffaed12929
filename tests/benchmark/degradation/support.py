"""Every protocol at every scale, and its images by other software."""

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.degradation.degradation import Degradation
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS
from tests.benchmark import oracles

NAMES = ("wang2017", "wang2017-float", "li2020", "jiang2020", "liu2023")
SCALES = (2, 3, 4, 8)
STORED = ("wang2017",)  # in 8 bit
SHIFTED = ("wang2017", "wang2017-float")  # samples 0, s, 2s, ... are kept, nothing is cropped

discover([PROTOCOLS])

every_protocol = pytest.mark.parametrize("name", NAMES)
every_scale = pytest.mark.parametrize("scale", SCALES)


def degradation_of(name: str, scale: int) -> Degradation:
    """Return a protocol's degradation."""
    return PROTOCOLS.make(name).degradation(scale)


def rounded(image: oracles.Array) -> oracles.Array:
    """Round to 8-bit grey levels, in [0, 1]."""
    return np.asarray(np.rint(255 * image) / 255)


def expected_truth(name: str, image: Tensor, scale: int) -> oracles.Array:
    """Crop and round an image as the protocol does."""
    truth = image.double().numpy()
    if name not in SHIFTED:
        return oracles.cropped(truth, scale)
    return rounded(truth) if name in STORED else truth


def expected_low(name: str, truth: oracles.Array, scale: int) -> oracles.Array:
    """Compute the low-resolution image in float64, before it is stored."""
    if name in SHIFTED:
        return oracles.gaussian_decimation(truth, scale)
    low = (truth.shape[1] // scale, truth.shape[2] // scale)
    return oracles.opencv(truth, low) if name == "liu2023" else oracles.matlab(truth, low)


def expected_up(name: str, low: oracles.Array, shape: oracles.Shape) -> oracles.Array:
    """Interpolate a low-resolution image in float64."""
    image = low.astype(np.float64)
    resize = oracles.matlab if name in ("li2020", "jiang2020") else oracles.opencv
    return resize(image, shape)


def as_float32(image: oracles.Array) -> Tensor:
    """Turn an array into a float32 tensor."""
    return torch.from_numpy(image.astype(np.float32))

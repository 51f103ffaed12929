"""The algorithm by which each convolution of a network is computed, and why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from benchmark.engine.machine import fourier
from benchmark.engine.machine.choosing import ImageConvolution, choice, has_avx512
from benchmark.engine.machine.convolutions import SingleChannelConv2d, VolumeConvolution

_KINDS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d,
          nn.ConvTranspose3d)  # fmt: skip


@dataclass(frozen=True)
class Algorithm:
    """How one layer is computed.

    Attributes:
        layer: its name in the network, as in the state dict: "stages.0.first".
        shape: its kernel and channels: "9 x 9, 31 to 96".
        name: the algorithm: "direct", "columns", "volume", "fourier".
        reason: why, half a sentence.
    """

    layer: str
    shape: str
    name: str
    reason: str


def describe(
    network: nn.Module, *, bfloat16: bool = False, images: Sequence[int] = (32, 32, 32)
) -> list[Algorithm]:
    """Return the algorithm of every convolution of a network, in the network's order.

    Args:
        network: as `Device.place` returns it. Elsewhere every layer is direct.
        bfloat16: True describes training in bfloat16 (`Device.bfloat16`), False float32, in which
            every network is validated and scored.
        images: number, rows and columns of the maps that each convolution is computed for; in
            float32 the choice depends on it. The default is a training step's, (1, 512, 512) an
            image's.

    Returns:
        One entry a layer; empty for a network without convolutions.
    """
    return [
        Algorithm(name, _shape(layer), *_algorithm(layer, images, bfloat16=bfloat16))
        for name, layer in network.named_modules()
        if isinstance(layer, _KINDS)
    ]


def _algorithm(layer: Any, images: Sequence[int], *, bfloat16: bool) -> tuple[str, str]:
    if isinstance(layer, SingleChannelConv2d):
        return "columns", "one output channel takes as long as sixteen"
    computed = vars(layer).get("_conv_forward")
    if isinstance(computed, VolumeConvolution):
        return "volume", "channels last, and 2-D convolutions where they are faster"
    if bfloat16:
        return "direct", "torch's own is the fastest in bfloat16"
    if isinstance(computed, ImageConvolution):
        shape = images[0], layer.in_channels, *images[1:]
        if choice(shape, layer.weight.shape, avx512=has_avx512()) == "fourier":
            return "fourier", f"{_saved(shape, layer.weight.shape):.0f} times fewer multiplications"
    return "direct", "torch's own is the fastest in float32"


def _saved(images: Sequence[int], weight: Sequence[int]) -> float:
    direct = images[0] * images[2] * images[3] * math.prod(weight)
    return direct / fourier.operations(tuple(images), tuple(weight))


def _shape(layer: Any) -> str:
    return f"{' x '.join(map(str, layer.kernel_size))}, {layer.in_channels} to {layer.out_channels}"

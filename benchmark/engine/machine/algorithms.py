"""The algorithm by which each convolution of a network is computed, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from benchmark.engine.machine.convolutions import SingleChannelConv2d, VolumeConvolution

_KINDS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d,
          nn.ConvTranspose3d)  # fmt: skip


@dataclass(frozen=True)
class Algorithm:
    """How one layer is computed.

    Attributes:
        layer: its name in the network, as in the state dict: "stages.0.first".
        shape: its kernel and channels: "9 x 9, 31 to 96".
        name: the algorithm: "direct", "columns", "volume".
        reason: why, half a sentence.
    """

    layer: str
    shape: str
    name: str
    reason: str


def describe(network: nn.Module, *, bfloat16: bool = False) -> list[Algorithm]:
    """Return the algorithm of every convolution of a network, in the network's order.

    Args:
        network: as `Device.place` returns it. Elsewhere every layer is direct.
        bfloat16: True describes training in bfloat16 (`Device.bfloat16`), False float32, in which
            every network is validated and scored.

    Returns:
        One entry a layer; empty for a network without convolutions.
    """
    return [
        Algorithm(name, _shape(layer), *_algorithm(layer, bfloat16=bfloat16))
        for name, layer in network.named_modules()
        if isinstance(layer, _KINDS)
    ]


def _algorithm(layer: nn.Module, *, bfloat16: bool) -> tuple[str, str]:
    if isinstance(layer, SingleChannelConv2d):
        return "columns", "one output channel takes as long as sixteen"
    if isinstance(vars(layer).get("_conv_forward"), VolumeConvolution):
        return "volume", "channels last, and 2-D convolutions where they are faster"
    return "direct", f"torch's own is the fastest in {'bfloat16' if bfloat16 else 'float32'}"


def _shape(layer: nn.Module) -> str:
    kernel: Sequence[int] = layer.kernel_size  # type: ignore[assignment]
    return f"{' x '.join(map(str, kernel))}, {layer.in_channels} to {layer.out_channels}"

"""Convolutions that are faster on a CPU than torch's own, with the same weights and values.

Three parts: 2-D convolutions to one channel, 3-D convolutions, and the memory layout of what
follows a convolution of one channel. `docs/findings/performance.md` has the measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrize import type_before_parametrizations

from benchmark.engine.machine.cpu import channels_last

# 2-D convolutions to one channel


class SingleChannelConv2d(nn.Conv2d):
    """A convolution to one output channel, factorised into two faster ones.

    CPU kernels compute sixteen output channels at once, so one channel takes as long as sixteen.
    Here the k columns of a k x k kernel become k output channels of a k x 1 convolution, and a
    1 x k convolution with ones and zeros shifts and adds them: the same products, summed in
    another order, 1.5 to 2.5 times faster.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, rows, columns) to (batch, 1, rows, columns)."""
        side = self.kernel_size[0]
        columns = self.weight.permute(3, 1, 2, 0).contiguous(memory_format=torch.channels_last)
        maps = functional.conv2d(x, columns, padding=(side // 2, 0))
        shifts = torch.eye(side, dtype=maps.dtype, device=maps.device).view(1, side, 1, side)
        return functional.conv2d(maps, shifts, self.bias, padding=(0, side // 2))


def factorise_single_channel(network: nn.Module) -> None:
    """Replace a network's convolutions to one output channel by `SingleChannelConv2d`, in place.

    Weights, their names and the function computed stay the same.
    """
    for layer in network.modules():
        if type(layer) is nn.Conv2d and _can_be_factorised(layer):
            layer.__class__ = SingleChannelConv2d


def _can_be_factorised(layer: nn.Conv2d) -> bool:
    side = layer.kernel_size[0]
    same = layer.padding in ((side // 2, side // 2), "same") and layer.padding_mode == "zeros"
    square = layer.kernel_size == (side, side) and side % 2 == 1 and side > 1
    plain = layer.stride == layer.dilation == (1, 1) and layer.groups == 1
    return layer.out_channels == 1 and layer.in_channels >= 16 and same and square and plain


# 3-D convolutions

# Up to this many channels x bands x rows, torch computes a single float32 volume without oneDNN
# (`use_mkldnn` in aten/src/ATen/native/Convolution.cpp), up to nine times slower.
_SMALL = 20480


@dataclass(frozen=True)
class VolumeConvolution:
    """The computation of an `nn.Conv3d` with zeros around the volume.

    Activations are kept with their channels last, which oneDNN needs for its fast kernels. In that
    layout a volume is a stack of images, and an image of bands x (rows columns), without a copy, so
    that some layers can be computed by 2-D convolutions, which torch has faster kernels for:

    - to one map: each column of each plane of the kernel becomes an output channel, because a
      processor computes sixteen at once; two convolutions with ones and zeros shift and add them;
    - in float32 (n, 1, 1) and 1 x 1 x 1 kernels, as (n, 1) over bands and pixels, and over images;
    - in float32 a single small volume, whose shifted bands are stacked in the channels.

    Attributes:
        stride: of bands, rows and columns, like the others.
        padding: of the layer; "same" or "valid" too.
        dilation: of the kernel.
        groups: of the channels.
    """

    stride: tuple[int, ...]
    padding: tuple[int, ...] | str
    dilation: tuple[int, ...]
    groups: int

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map (n, channels, bands, rows, columns) as the layer with these weights does."""
        x, padding = channels_last(x), self._zeros(weight.shape[2:])
        if padding is not None and self.stride[0] == 1:
            channels, planes, unit = x.shape[1], weight.shape[2], self.stride == (1, 1, 1)
            if unit and planes > 1 and len(weight) == 1 and channels >= 8:
                return _to_one_map(x, weight, bias, padding)
            if unit and weight.shape[3:] == (1, 1) and padding[1:] == (0, 0) and channels > 1:
                if _is_float32(x):
                    return _along_bands(x, weight, bias, padding[0])
            elif len(x) == 1 and x[..., 0].numel() <= _SMALL and _is_float32(x):
                return self._stacked(x, weight, bias, padding)
        settings: Any = self.stride, self.padding, self.dilation, self.groups
        return functional.conv3d(x, weight, bias, *settings)

    def _zeros(self, kernel: Sequence[int]) -> tuple[int, ...] | None:
        """Return the width of the padding; None if the layer cannot be computed in 2-D."""
        if self.groups != 1 or self.dilation != (1, 1, 1):
            return None
        if self.padding == "same":
            odd = all(side % 2 == 1 for side in kernel)
            return tuple(side // 2 for side in kernel) if odd else None
        return (0, 0, 0) if isinstance(self.padding, str) else self.padding

    def _stacked(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, padding: Sequence[int]
    ) -> Tensor:
        """Convolve images whose channels are those of all bands below the kernel."""
        planes = weight.shape[2]
        padded = functional.pad(x, (0, 0, 0, 0, padding[0], padding[0]))
        bands = padded.shape[2] - planes + 1
        below = [padded[:, :, first : first + bands] for first in range(planes)]
        images = _images(channels_last(torch.cat(below, dim=1)))
        kernel = weight.transpose(1, 2).flatten(1, 2)
        maps = functional.conv2d(images, kernel, bias, self.stride[1:], tuple(padding[1:]))
        return _volume(maps, len(x))


def fold_volumes(network: nn.Module) -> None:
    """Compute a network's 3-D convolutions by `VolumeConvolution`, in place.

    Weights, their names, parametrizations (weight norm) and the function computed stay the same.
    """
    for layer in network.modules():
        if _is(layer, nn.Conv3d) and layer.padding_mode == "zeros":
            settings: Any = layer.stride, layer.padding, layer.dilation, layer.groups
            # Called by the layer's `forward`, which parametrizations leave as it is.
            vars(layer)["_conv_forward"] = VolumeConvolution(*settings)


def _to_one_map(x: Tensor, weight: Tensor, bias: Tensor | None, padding: Sequence[int]) -> Tensor:
    planes, columns = weight.shape[2], weight.shape[4]
    kernel = weight[0].permute(1, 3, 0, 2).flatten(0, 1).unsqueeze(3)
    maps = functional.conv2d(_images(x), kernel, padding=(padding[1], 0))
    plane = torch.eye(planes, dtype=maps.dtype, device=maps.device)
    if columns > 1:
        column = torch.eye(columns, dtype=maps.dtype, device=maps.device)
        shifts = plane[:, :, None, None] * column  # plane out, plane in, column in, tap
        shifts = shifts.reshape(planes, planes * columns, 1, columns)
        maps = functional.conv2d(maps, shifts, padding=(0, padding[2]))
    volume = _volume(maps, len(x))
    shifts = plane.view(1, planes, planes, 1)
    summed = functional.conv2d(volume.flatten(3), shifts, bias, padding=(padding[0], 0))
    return summed.reshape(*summed.shape[:3], *volume.shape[3:])


def _along_bands(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    kernel = weight[..., 0]
    if kernel.shape[2] == 1 and padding == 0:
        return _volume(functional.conv2d(_images(x), kernel, bias), len(x))
    maps = functional.conv2d(x.flatten(3), kernel, bias, padding=(padding, 0))
    return maps.reshape(*maps.shape[:3], *x.shape[3:])


def _images(volume: Tensor) -> Tensor:
    """Map (n, channels, bands, rows, columns) to (n bands, channels, rows, columns)."""
    return volume.transpose(1, 2).flatten(0, 1)


def _volume(images: Tensor, n: int) -> Tensor:
    """Undo `_images`."""
    return images.reshape(n, -1, *images.shape[1:]).transpose(1, 2)


def _is_float32(x: Tensor) -> bool:
    return x.dtype != torch.bfloat16 and not torch.is_autocast_enabled("cpu")


# Memory layout


def keep_channels_last(network: nn.Module) -> None:
    """Make 2-D convolutions of one channel return their output with its channels last, in place.

    All layers after them keep that layout. Without it torch would return channels-first.
    """
    for layer in network.modules():
        if _is(layer, nn.Conv2d) and layer.in_channels == 1:
            layer.register_forward_pre_hook(_with_channels_last)


def _with_channels_last(_layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(map(channels_last, inputs))


def _is(layer: nn.Module, kind: type[nn.Module]) -> bool:
    """Return True for a layer of exactly this class, with parametrizations or without."""
    return type_before_parametrizations(layer) is kind

"""The choice between torch's convolution of images in float32 and one of fewer multiplications.

By a rule of the sizes and the processor's instructions, never by time: two runs on a machine, and a
resumed one, compute the same bits. `docs/findings/performance.md` has the measurements behind the
rule.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.utils.parametrize import type_before_parametrizations

from benchmark.engine.machine import fourier

# Smaller kernels never gain.
_KERNEL = 5
# Layers of fewer multiplications are direct: the transform's many small steps cost more. Forward
# and backward it takes as long at six patches of 32 x 32 by 31 to 96 maps and 9 x 9.
_SMALL = 1.5e9
# The transform is used where it needs at most this share of the layer's multiplications, because
# torch's own come closer to the processor's peak: with AVX-512 to all of it.
_SHARE, _SHARE_AVX512 = 0.35, 0.2
# Bytes of the largest spectrum of a weight, which is held in memory at once.
_LARGEST_SPECTRUM = 64 * 2**20


def choice(images: Sequence[int], weight: Sequence[int], *, avx512: bool) -> str:
    """Return the algorithm of a convolution in float32, "direct" or "fourier".

    Args:
        images: shape of the input, (n, channels, rows, columns).
        weight: shape of the weight, (maps, channels, k, l).
        avx512: whether the processor has AVX-512.
    """
    images, weight = tuple(images), tuple(weight)
    multiplications = images[0] * images[2] * images[3] * math.prod(weight)
    if min(weight[2:]) < _KERNEL or multiplications < _SMALL:
        return "direct"
    if fourier.spectrum_bytes(images, weight) > _LARGEST_SPECTRUM:
        return "direct"
    share = fourier.operations(images, weight) / multiplications
    return "fourier" if share <= (_SHARE_AVX512 if avx512 else _SHARE) else "direct"


def has_avx512() -> bool:
    """Return True if torch uses AVX-512 on this processor."""
    return torch.backends.cpu.get_cpu_capability() == "AVX512"


class ImageConvolution:
    """The computation of an `nn.Conv2d` with zeros around the images, whose size stays.

    In float32 by the algorithm of `choice`, otherwise by torch's own.
    """

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map (n, channels, rows, columns) to (n, maps, rows, columns)."""
        single = x.dtype == weight.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
        if (
            single
            and x.dim() == 4
            and choice(x.shape, weight.shape, avx512=has_avx512()) == "fourier"
        ):
            found: Tensor = _Fourier.apply(x, weight, bias)  # type: ignore[no-untyped-call]
            return found
        return functional.conv2d(x, weight, bias, padding=[side // 2 for side in weight.shape[2:]])


class _Fourier(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return fourier.convolve(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        of_input, of_weight, of_bias = ctx.needs_input_grad
        found = fourier.gradients(
            gradient, *ctx.saved_tensors, of_input=of_input, of_weight=of_weight
        )
        return *found, gradient.sum((0, 2, 3)) if of_bias else None


def choose_algorithms(network: nn.Module) -> None:
    """Compute a network's 2-D convolutions by `ImageConvolution` where it can, in place.

    Weights, their names, parametrizations (weight norm) and the function computed stay the same.
    """
    for layer in network.modules():
        if type_before_parametrizations(layer) is nn.Conv2d and _keeps_size(layer):
            # Called by the layer's `forward`, which parametrizations leave as it is.
            vars(layer)["_conv_forward"] = ImageConvolution()


def _keeps_size(layer: Any) -> bool:
    sides = layer.kernel_size
    odd = all(side % 2 == 1 and side >= _KERNEL for side in sides)
    same = layer.padding in (tuple(side // 2 for side in sides), "same")
    plain = layer.stride == layer.dilation == (1, 1) and layer.groups == 1
    return odd and same and plain and layer.padding_mode == "zeros"

"""The choice between torch's convolution of images in float32 and one of fewer multiplications.

By a rule of the sizes and the processor's instructions, never by time: two runs on a machine, and a
resumed one, compute the same bits. `docs/performance.md` has the measurements behind the rule.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.utils.parametrize import type_before_parametrizations

from benchmark.engine.machine import fourier

# Smaller layers are direct: their time goes elsewhere. In multiplications.
_SMALL = 2e8
# The transform is used where it multiplies less than this share of what the layer does. Torch's
# own reach 95 % of a processor's peak, the transform's products half of it, and less of a larger
# peak.
_SHARE, _SHARE_AVX512 = 0.35, 0.2
# The spectrum of a weight is held in memory at once; in bytes.
_LARGEST_SPECTRUM = 64 * 2**20
# Without AVX-512 torch needs three times as long for the weight's gradient of a layer of one
# channel as for its output; kernels of at least so many values gain by the transform.
_TAPS_OF_ONE_CHANNEL = 49


@dataclass(frozen=True)
class Choice:
    """The algorithms of one call of a layer, "direct" or "fourier".

    Attributes:
        forward: of the output.
        backward: of the gradients.
    """

    forward: str = "direct"
    backward: str = "direct"


def choice(images: Sequence[int], weight: Sequence[int], *, avx512: bool) -> Choice:
    """Return the algorithms of a convolution in float32 with zeros around the images.

    Args:
        images: shape of the input, (n, channels, rows, columns).
        weight: shape of the weight, (maps, channels, k, l).
        avx512: whether the processor has AVX-512.
    """
    images, weight = tuple(images), tuple(weight)
    multiplications = images[0] * images[2] * images[3] * math.prod(weight)
    if min(weight[2:]) < 5 or multiplications < _SMALL:
        return Choice()
    if fourier.spectrum_bytes(images, weight) > _LARGEST_SPECTRUM:
        return Choice()
    share = fourier.operations(images, weight) / multiplications
    if share <= (_SHARE_AVX512 if avx512 else _SHARE):
        return Choice("fourier", "fourier")
    if weight[1] == 1 and not avx512 and math.prod(weight[2:]) >= _TAPS_OF_ONE_CHANNEL:
        return Choice(backward="fourier")
    return Choice()


def has_avx512() -> bool:
    """Return True if torch uses AVX-512 on this processor."""
    return torch.backends.cpu.get_cpu_capability() == "AVX512"


class ImageConvolution:
    """The computation of an `nn.Conv2d` whose output has the size of its input.

    In float32 by the algorithms of `choice`, else by torch's own.
    """

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map (n, channels, rows, columns) to (n, maps, rows, columns)."""
        plain = x.dtype == weight.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
        chosen = choice(x.shape, weight.shape, avx512=has_avx512()) if plain else Choice()
        if chosen == Choice():
            return functional.conv2d(x, weight, bias, padding=_padding(weight))
        found: Tensor = _Convolution.apply(x, weight, bias, chosen)  # type: ignore[no-untyped-call]
        return found


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, chosen: Choice) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.chosen = chosen
        if chosen.forward == "fourier":
            return fourier.convolve(x, weight, bias)
        return functional.conv2d(x, weight, bias, padding=_padding(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_input, of_weight, of_bias, _ = ctx.needs_input_grad
        if ctx.chosen.backward == "fourier":
            found = fourier.gradients(gradient, x, weight, of_input=of_input, of_weight=of_weight)
        else:
            settings = [1, 1], _padding(weight), [1, 1], False, [0, 0], 1
            found = torch.ops.aten.convolution_backward(
                gradient, x, weight, None, *settings, [of_input, of_weight, False]
            )[:2]
        return *found, gradient.sum((0, 2, 3)) if of_bias else None, None


def choose_algorithms(network: nn.Module) -> None:
    """Compute a network's 2-D convolutions by `ImageConvolution` where it can, in place.

    Weights, their names, parametrizations (weight norm) and the function computed stay the same.
    """
    for layer in network.modules():
        if type_before_parametrizations(layer) is nn.Conv2d and _keeps_size(layer):
            # Called by the layer's `forward`, which parametrizations leave as it is.
            vars(layer)["_conv_forward"] = ImageConvolution()


def _keeps_size(layer: Any) -> bool:
    odd = all(side % 2 == 1 for side in layer.kernel_size)
    same = layer.padding in (tuple(side // 2 for side in layer.kernel_size), "same")
    plain = layer.stride == layer.dilation == (1, 1) and layer.groups == 1
    return odd and same and plain and layer.padding_mode == "zeros" and min(layer.kernel_size) > 1


def _padding(weight: Tensor) -> list[int]:
    return [side // 2 for side in weight.shape[2:]]

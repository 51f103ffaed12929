"""Count the operations of a network."""

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.engine.machine import seeding
from benchmark.method import NetworkMethod, Problem

_COUNTED = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d
)  # fmt: skip


def counter() -> FlopCounterMode:
    """Build a context manager whose `get_total_flops` are the operations in it, backward too.

    Torch counts the gradients of the weights of a grouped convolution as if it had one group.
    """
    corrected = {torch.ops.aten.convolution_backward: _convolution_backward}
    return FlopCounterMode(display=False, custom_mapping=corrected)


def _convolution_backward(
    gradient: Sequence[int],
    x: Sequence[int],
    weight: Sequence[int],
    _bias: object,
    _stride: object,
    _padding: object,
    _dilation: object,
    transposed: bool,
    _output_padding: object,
    _groups: int,
    wanted: Sequence[bool],
    **_others: Any,
) -> int:
    """Count as many operations for each gradient, of input and of weights, as for the layer.

    Arguments are those of the operator, tensors by their shapes.
    """
    positions = (x if transposed else gradient)[2:]
    return 2 * gradient[0] * prod(positions) * prod(weight) * sum(wanted[:2])


def multiplications_per_pixel(
    method: NetworkMethod, network: nn.Module, problem: Problem, size: int
) -> float:
    """Count the multiplications of a network's forward pass on a patch, per pixel of the truth.

    Convolutions, matrix products and attention count; a band-wise network's are those of one band.

    Args:
        method: its `inputs` and `bandwise` are used.
        network: with the layers that the method built; its mode is the same afterwards.
        problem: scale and bands.
        size: rows and columns of the patch.
    """
    with FlopCounterMode(display=False) as counter:
        _estimate(method, network, problem, size)
    return float(counter.get_total_flops()) / 2 / size**2


def multiplications_of_layers(
    method: NetworkMethod, network: nn.Module, problem: Problem, size: int
) -> float:
    """Count as `multiplications_per_pixel`, but those of convolutions and linear layers alone.

    Torch's own counter, which has attention too, takes a second or two when it is first used.
    """
    counts: list[int] = []

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        weight: Any = layer.weight
        if isinstance(layer, nn.Linear):
            counts.append(inputs[0].numel() * layer.out_features)
            return
        transposed = isinstance(layer, nn.ConvTranspose2d | nn.ConvTranspose3d)
        places = inputs[0] if transposed else output
        counts.append(len(places) * prod(places.shape[2:]) * weight.numel())

    hooks = [
        layer.register_forward_hook(count)
        for layer in network.modules()
        if isinstance(layer, _COUNTED)
    ]
    try:
        _estimate(method, network, problem, size)
    finally:
        for hook in hooks:
            hook.remove()
    return sum(counts) / size**2


def _estimate(method: NetworkMethod, network: nn.Module, problem: Problem, size: int) -> None:
    """Compute the forward pass on a patch of zeros."""
    low = -(-size // problem.scale)
    # Beside the low-resolution image the upscaled one has a multiple of the scale.
    full = low * problem.scale if "low" in method.inputs else size
    parameter = next(network.parameters(), None)
    device = parameter.device if parameter is not None else torch.device("cpu")
    bands = 1 if method.bandwise else problem.bands
    sides = [low if name == "low" else full for name in method.inputs]
    images = [torch.zeros(1, bands, side, side, device=device) for side in sides]
    training = network.training
    network.eval()
    # A network may draw random numbers even in evaluation mode.
    with seeding.seeded(0, device), torch.no_grad():
        network(*images)
    network.train(training)

"""Count the operations of a network."""

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.engine.machine import seeding
from benchmark.method import NetworkMethod, Problem


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
    with seeding.seeded(0, device), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*images)
    network.train(training)
    return float(counter.get_total_flops()) / 2 / size**2

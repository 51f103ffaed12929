"""Count the operations of a network."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.engine.machine import seeding
from benchmark.method import NetworkMethod, Problem


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

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
        method: its `sees` and `bandwise` are used.
        network: with the layers that the method built; its mode is the same afterwards.
        problem: scale and bands.
        size: rows and columns of the patch.
    """
    low = -(-size // problem.scale) if method.sees == "decimated" else size
    parameter = next(network.parameters(), None)
    device = parameter.device if parameter is not None else torch.device("cpu")
    image = torch.zeros(1, 1 if method.bandwise else problem.bands, low, low, device=device)
    training = network.training
    network.eval()
    # A network may draw random numbers even in evaluation mode.
    with seeding.seeded(0, device), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    network.train(training)
    return float(counter.get_total_flops()) / 2 / size**2

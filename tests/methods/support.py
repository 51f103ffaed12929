"""What the tests of networks share."""

import torch
from torch import Tensor, nn

from benchmark.engine.inference.tiling import run_network
from tests.benchmark.support import CPU, exact, input_of, network_method, problem, random

BANDS = (1, 7, 31)
SHAPE = (19, 23)


def size_of(network: nn.Module) -> int:
    """Count the trainable values."""
    return sum(parameter.numel() for parameter in network.parameters())


def estimate(reference: str, scale: int, bands: int, *, in_float64: bool = False) -> Tensor:
    """Estimate one odd-sized scene through the engine, from random weights."""
    torch.manual_seed(0)
    method = network_method(reference)
    network = method.network(problem(scale, 1 if method.bandwise else bands))
    network = exact(network) if in_float64 else network
    low = random(bands, *SHAPE)
    return run_network(method, network, input_of(method, low), problem(scale, bands, SHAPE), CPU)

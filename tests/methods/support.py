"""What the tests of networks share."""

import torch
from torch import Tensor, nn

from benchmark.engine.inference.tiling import run_network
from tests.benchmark.support import CPU, exact, input_of, network_method, problem, random

BANDS = (1, 7, 31)
SHAPE = (19, 23)
# Every layer of the large methods, in sizes that take seconds; `run_all.py check` has the others.
# Channel attention needs 32 maps: with fewer, a single hidden value may be 0 for all images.
SMALL = {
    "total_variation": "[iterations=20]",
    "proposed": "[subnetworks=2,middle=1]",
    "eunet": "[maps=8,stages=2]",
    "snlsr": "[maps=32,endmembers=4]",
    "gdrrn": "[maps=8,recursions=2]",
    "edsr": "[maps=8,blocks=2]",
    "sspsr": "[maps=32,blocks=1]",
    "ercsr": "[maps=4]",
    "mcnet": "[maps=4]",
    "f3dun": "[maps=4]",
    "essaformer": "[maps=36]",
    "cst": "[maps=48,stages=1,blocks=2]",
    "msdformer": "[maps=12,blocks=2]",
    "sfcsr": "[maps=4]",
    "bi3dqrnn": "[maps=2]",
    "deep_image_prior": "[iterations=2,maps=8,levels=2]",
}


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

"""Convolutions with weight normalisation (Salimans and Kingma, NeurIPS 2016), in 2-D and 3-D.

Kernels of 3-D convolutions are (bands, rows, columns). All keep the size but `transposed3d`.
"""

from torch import nn
from torch.nn.utils.parametrizations import weight_norm


def convolution2d(before: int, after: int, side: int = 3) -> nn.Conv2d:
    """Build a 2-D convolution from `before` to `after` maps."""
    layer = nn.Conv2d(before, after, side, padding=side // 2)
    weight_norm(layer)
    return layer


def convolution3d(before: int, after: int, kernel: tuple[int, int, int] = (3, 3, 3)) -> nn.Conv3d:
    """Build a 3-D convolution from `before` to `after` maps."""
    bands, rows, columns = kernel
    layer = nn.Conv3d(before, after, kernel, padding=(bands // 2, rows // 2, columns // 2))
    weight_norm(layer)
    return layer


def separable3d(before: int, between: int, after: int) -> nn.Sequential:
    """Build a convolution over rows and columns, then one over bands, without activations."""
    return nn.Sequential(
        convolution3d(before, between, (1, 3, 3)), convolution3d(between, after, (3, 1, 1))
    )


def transposed3d(maps: int, factor: int) -> nn.ConvTranspose3d:
    """Build a transposed 3-D convolution that multiplies rows and columns by `factor`.

    Its kernel is (3, factor + 2, factor + 2): an input pixel adds to the output pixels of its own
    place, and to those beside them.
    """
    kernel, stride = (3, factor + 2, factor + 2), (1, factor, factor)
    layer = nn.ConvTranspose3d(maps, maps, kernel, stride=stride, padding=1)
    weight_norm(layer)
    return layer


def normalise(network: nn.Module) -> nn.Module:
    """Add weight normalisation to the 2-D convolutions of a network, which is returned."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            weight_norm(layer)
    return network

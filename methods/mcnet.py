"""MCNet: modules of separable 3-D convolutions whose outputs 2-D convolutions refine."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.means import BandMeans
from methods._blocks.strips import Strips
from methods._blocks.volumes import bands_to_batch, batch_to_bands
from methods._blocks.weight_norm import convolution2d, convolution3d, transposed3d


class SeparableUnit(nn.Sequential):
    """A convolution over rows and columns, then one over bands, each with ReLU (S3D)."""

    def __init__(self, maps: int) -> None:
        super().__init__(
            convolution3d(maps, maps, (1, 3, 3)),
            nn.ReLU(),
            convolution3d(maps, maps, (3, 1, 1)),
            nn.ReLU(),
        )


class MixedModule(nn.Module):
    """Three separable units in sequence, each refined band by band, and joined."""

    def __init__(self, maps: int, units: int = 3) -> None:
        super().__init__()
        self.units = nn.ModuleList(SeparableUnit(maps) for _ in range(units))
        self.refinements = nn.ModuleList(
            nn.Sequential(convolution2d(maps, maps), nn.ReLU(), convolution2d(maps, maps))
            for _ in range(units)
        )
        self.weights = nn.Parameter(torch.ones(units))
        self.join = convolution3d(units * maps, maps, (1, 1, 1))
        self.last = SeparableUnit(maps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, bands, rows, columns) to the same shape."""
        maps, refined = x, []
        for unit, refine, weight in zip(self.units, self.refinements, self.weights, strict=True):
            maps = unit(maps) + maps
            refined.append(weight * batch_to_bands(refine(bands_to_batch(maps)), x.shape[2]))
        joined = functional.relu(self.join(torch.cat(refined, dim=1)))
        out: Tensor = self.last(joined + x)
        return out


class MixedNetwork(nn.Module):
    """Four modules; the maps of the head are added after each."""

    def __init__(self, means: Tensor, scale: int, maps: int, modules: int = 4) -> None:
        super().__init__()
        self.means = BandMeans(means)
        self.head = convolution3d(1, maps)
        self.body = nn.ModuleList(MixedModule(maps) for _ in range(modules))
        self.tail = Strips(transposed3d(maps, scale), convolution3d(maps, 1), scale=scale, reach=2)

    def forward(self, low: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to `scale` times the rows and columns."""
        first = x = self.head(self.means.subtract(low)[:, None])
        for module in self.body:
            x = module(x) + first
        return self.means.add(self.tail(x)[:, 0])


@register(
    "mcnet",
    title="MCNet",
    paper="Li et al., Mixed 2D/3D convolutional network for HSI SR, Remote Sensing 2020",
    published="MCNet",
    year="2020",
    bibtex="""
    @article{li2020mcnet,
      author = {Li, Q. and Wang, Q. and Li, X.},
      title = {Mixed {2D/3D} Convolutional Network for Hyperspectral Image Super-Resolution},
      journal = {Remote Sensing}, volume = {12}, number = {10}, pages = {1660}, year = {2020},
      doi = {10.3390/rs12101660}
    }
    """,
)
class MCNet(NetworkMethod):
    """Four modules of 64 maps; 1,928,334 / 2,038,926 / 2,174,094 / 2,960,526 parameters.

    These are the counts at x2, x3, x4 and x8, whatever the number of bands. The network computes
    the image less its band means; no enlarged image is added. The means are those of the training
    images; the public code has constants for each data set. Its ReLUs overwrite values that the
    gradient needs, ours do not.
    """

    inputs = ("low",)
    default_run = False

    maps: int = parameter(default=64, help="maps of every layer", low=1)

    recipe = Recipe(
        optimiser="adam",
        lr=1e-4,
        batch_size=16,
        epochs=200,
        schedule="step",
        gamma=0.5,
        step_size=35,
        low_patch_size=32,
        augment=True,
    )
    recipe_notes = ("patches of the scenes at full size alone (print: at 0.75 and 0.5 of it too)",)

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return MixedNetwork(problem.band_means, problem.scale, self.maps)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute the mean absolute error."""
        return functional.l1_loss(output, truth)

    def halo(self, network: nn.Module) -> int:
        """Return the radius: head 1, four modules of 6, tail 1."""
        return 26

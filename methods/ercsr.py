"""ERCSR: blocks that share spatial information between 2-D and split 3-D convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.means import BandMeans
from methods._blocks.strips import Strips
from methods._blocks.upsampling import nearest
from methods._blocks.volumes import bands_to_batch, batch_to_bands
from methods._blocks.weight_norm import (
    convolution2d,
    convolution3d,
    separable3d,
    transposed3d,
)


class TwoDimensionalUnit(nn.Module):
    """Two 3x3 convolutions of each band, and the input added."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.body = nn.Sequential(convolution2d(maps, maps), nn.ReLU(), convolution2d(maps, maps))

    def forward(self, x: Tensor) -> Tensor:
        """Map (images, maps, rows, columns) to the same shape."""
        out: Tensor = x + self.body(x)
        return out


class HybridBlock(nn.Module):
    """A split 3-D convolution, then two units of 2-D convolutions."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.spatial = convolution3d(maps, maps, (1, 3, 3))
        self.rows = convolution3d(maps, maps, (3, 3, 1))
        self.columns = convolution3d(maps, maps, (3, 1, 3))
        self.units = nn.Sequential(TwoDimensionalUnit(maps), TwoDimensionalUnit(maps))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, bands, rows, columns) to the same shape."""
        maps = functional.relu(self.spatial(x))
        split = self.rows(maps) + self.columns(maps)
        refined = batch_to_bands(self.units(bands_to_batch(split)), x.shape[2])
        out: Tensor = refined + split + x
        return out


class HybridNetwork(nn.Module):
    """Four blocks, whose outputs are joined; the tail enlarges, and a nearest image is added."""

    def __init__(self, means: Tensor, scale: int, maps: int, blocks: int = 4) -> None:
        super().__init__()
        self.scale = scale
        self.means = BandMeans(means)
        self.head = separable3d(1, maps, maps)
        self.blocks = nn.ModuleList(HybridBlock(maps) for _ in range(blocks))
        self.weights = nn.Parameter(torch.ones(blocks))
        self.join = nn.Sequential(
            convolution3d(blocks * maps, maps, (1, 1, 1)), separable3d(maps, maps, maps)
        )
        self.tail = Strips(
            transposed3d(maps, scale), separable3d(maps, maps, 1), scale=scale, reach=2
        )

    def forward(self, low: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to `scale` times the rows and columns."""
        low = self.means.subtract(low)
        first = x = self.head(low[:, None])
        outputs = []
        for block, weight in zip(self.blocks, self.weights, strict=True):
            x = block(x)
            outputs.append(weight * x)
        residual = self.tail(self.join(torch.cat(outputs, dim=1)) + first)
        return self.means.add(residual[:, 0] + nearest(low, self.scale))


@register(
    "ercsr",
    title="ERCSR",
    paper="Li et al., Exploring the relationship between 2D/3D convolution, IEEE TGRS 2021",
    published="ERCSR",
    year="2021",
    bibtex="""
    @article{li2021ercsr,
      author = {Li, Q. and Wang, Q. and Li, X.},
      title = {Exploring the Relationship Between {2D/3D} Convolution for Hyperspectral Image
        Super-Resolution},
      journal = {IEEE Transactions on Geoscience and Remote Sensing}, volume = {59}, number = {10},
      year = {2021}
    }
    """,
)
class ERCSR(NetworkMethod):
    """Four blocks of 64 maps; 1,348,742 / 1,459,334 / 1,594,502 / 2,380,934 parameters.

    These are the counts at x2, x3, x4 and x8, whatever the number of bands. A 3 x 3 x 3 kernel is
    split into (3, 3, 1) and (3, 1, 3), bands first; their sum feeds both the 2-D units and the
    next block. The band means are those of the training images; the public code has constants for
    three data sets.
    """

    inputs = ("low",)
    default_run = False

    maps: int = parameter(default=64, help="maps of every layer", low=1)

    recipe = Recipe(
        optimiser="adam",
        lr=1e-4,
        batch_size=12,
        epochs=85,
        schedule="step",
        gamma=0.5,
        step_size=35,
        low_patch_size=32,
        augment=True,
    )
    recipe_notes = (
        "85 epochs, as the public code (its description: 200 for MCNet)",
        "patches of the scenes at full size alone (print: at 0.75 and 0.5 of it too)",
    )

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return HybridNetwork(problem.band_means, problem.scale, self.maps)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute the mean absolute error."""
        return functional.l1_loss(output, truth)

    def halo(self, network: nn.Module) -> int:
        """Return the radius: head 1, four blocks of 6, join 1, tail 1."""
        return 27

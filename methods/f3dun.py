"""F3DUN: a U-Net, in its skips, of full 3-D convolutions without downsampling."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.losses import mean_angle
from methods._blocks.means import BandMeans
from methods._blocks.strips import Strips
from methods._blocks.upsampling import nearest
from methods._blocks.weight_norm import convolution3d, separable3d, transposed3d


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions, and the input added."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.body = nn.Sequential(convolution3d(maps, maps), nn.ReLU(), convolution3d(maps, maps))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, bands, rows, columns) to the same shape."""
        out: Tensor = x + self.body(x)
        return out


def enlargement(maps: int, scale: int) -> nn.Module:
    """Build the transposed convolution, at x8 one of 2 and one of 4."""
    if scale != 8:
        return transposed3d(maps, scale)
    return nn.Sequential(transposed3d(maps, 2), nn.ReLU(), transposed3d(maps, 4))


class FullNetwork(nn.Module):
    """Encoder and decoder of residual blocks; the input of each encoder block skips to one."""

    def __init__(self, means: Tensor, scale: int, maps: int, blocks: int = 4) -> None:
        super().__init__()
        self.scale = scale
        self.means = BandMeans(means)
        self.head = separable3d(1, maps, maps)
        self.encoder = nn.ModuleList(ResidualBlock(maps) for _ in range(blocks))
        self.middle = ResidualBlock(maps)
        self.fusions = nn.ModuleList(
            convolution3d(2 * maps, maps, (1, 1, 1)) for _ in range(blocks)
        )
        self.decoder = nn.ModuleList(ResidualBlock(maps) for _ in range(blocks))
        self.tail = Strips(
            enlargement(maps, scale), separable3d(maps, maps, 1), scale=scale, reach=2
        )

    def forward(self, low: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to `scale` times the rows and columns."""
        low = self.means.subtract(low)
        first = x = self.head(low[:, None])
        skips = []
        for block in self.encoder:
            skips.append(x)
            x = block(x)
        encoded = x + first
        x = self.middle(encoded)
        for fuse, block in zip(self.fusions, self.decoder, strict=True):
            x = block(fuse(torch.cat([skips.pop(), x], dim=1)))
        residual = self.tail(x + encoded)
        return self.means.add(residual[:, 0] + nearest(low, self.scale))


@register(
    "f3dun",
    title="F3DUN",
    paper="Liu et al., Rethinking 3D-CNN in HSI super-resolution, Remote Sensing 2023",
    published="F3DUN",
    year="2023",
    bibtex="""
    @article{liu2023f3dun,
      author = {Liu, Z. and Wang, W. and Ma, Q. and Liu, X. and Jiang, J.},
      title = {Rethinking {3D-CNN} in Hyperspectral Image Super-Resolution},
      journal = {Remote Sensing}, volume = {15}, number = {10}, pages = {2574}, year = {2023},
      doi = {10.3390/rs15102574}
    }
    """,
)
class F3DUN(NetworkMethod):
    """Four and five blocks of 64 maps; 2,273,282 / 2,383,874 / 2,519,042 / 2,715,778 parameters.

    These are the counts at x2, x3, x4 and x8, whatever the number of bands; 630,786 at x4 with
    `maps=32`. The band means are those of the training images; the public code has constants for
    each data set. It leaves pixels whose cosine is within 1e-8 of 1 out of the angle, and skips
    steps whose loss is not a number; here the cosine is clamped to 1 - 1e-6, so that the loss is
    always finite. Its tests add noise to the input; here a protocol says whether there is any.
    """

    inputs = ("low",)
    default_run = False

    maps: int = parameter(default=64, help="maps of every layer", low=1)

    recipe = Recipe(
        optimiser="adam",
        lr=1e-4,
        batch_size=16,
        epochs=200,
        schedule="plateau",
        gamma=0.1,
        patience=10,
        low_patch_size=24,
        augment=True,
    )
    recipe_notes = (
        "the rate falls by the validation PSNR (print: by the validation L1)",
        "eight orientations of each patch (inferred; the public code lacks its training data)",
        "low-resolution patches of 24 x 24 at every scale (print: at x4 and x8)",
    )

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return FullNetwork(problem.band_means, problem.scale, self.maps)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute L1 + 0.05 times the mean angle in radians."""
        return functional.l1_loss(output, truth) + 0.05 * mean_angle(output, truth)

    def halo(self, network: nn.Module) -> int:
        """Return the radius: head 1, nine blocks of 2, tail 1."""
        return 20

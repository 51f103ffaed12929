"""EDSR: residual blocks without normalisation on the low-resolution image, all bands at once."""

from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.means import BandMeans
from methods._blocks.refusals import refused_scale
from methods._blocks.upsampling import pixel_shuffle_up


@register(
    "edsr",
    title="EDSR",
    paper="Lim et al., Enhanced deep residual networks for single image super-resolution, "
    "CVPRW 2017",
    published="EDSR",
    year="2017",
    bibtex="""
    @inproceedings{lim2017edsr,
      author = {Lim, Bee and Son, Sanghyun and Kim, Heewon and Nah, Seungjun and Lee, Kyoung Mu},
      title = {Enhanced Deep Residual Networks for Single Image Super-Resolution}, year = {2017},
      booktitle = {IEEE Conference on Computer Vision and Pattern Recognition Workshops (CVPRW)},
      doi = {10.1109/CVPRW.2017.151}
    }
    """,
)
class EDSR(NetworkMethod):
    """The baseline, 16 blocks of 64 maps; at 31 bands 1,402,143 parameters at x2, 1,549,855 at x4.

    The first and the last layer have as many channels as there are bands, and the bands' means
    over the training images take the place of the means of red, green and blue.

    Published tables of hyperspectral images do not say which of Lim's networks (Table 1) they
    trained, as far as we know. The default is the baseline, since the largest,
    `edsr[blocks=32,maps=256]`, has 43,218,975 parameters at x4, out of proportion to some twenty
    training scenes. From 256 maps on, residuals are multiplied by 0.1 (Section 3.3).

    Section 4.2: patches of 48 x 48 low-resolution pixels, flipped and rotated, batch 16, Adam
    1e-4, halved every 200,000 of 300,000 updates; L1 loss.
    """

    inputs = ("low",)
    default_run = False
    blocks: int = parameter(default=16, help="residual blocks", low=1)
    maps: int = parameter(default=64, help="feature maps", low=1)

    recipe = Recipe(
        lr=1e-4,
        batch_size=16,
        epochs=300,
        schedule="step",
        gamma=0.5,
        step_size=200,
        low_patch_size=48,
        augment=True,
    )
    recipe_notes = (
        "300 epochs, halved after 200 (print: updates in thousands)",
        "x3 and x4 start from random weights (print: from those of x2)",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse scales that no pixel shuffles reach."""
        return refused_scale(problem.scale)

    def network(self, problem: Problem) -> nn.Module:
        """Build the blocks and the upsampler."""
        return Residual(problem, self.blocks, self.maps)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Return the L1 distance."""
        return functional.l1_loss(output, truth)

    def halo(self, network: nn.Module) -> int:
        """Return the radius: one pixel for each convolution, as if all were at the low size."""
        return sum(isinstance(layer, nn.Conv2d) for layer in network.modules())


class Residual(nn.Module):
    """Head, residual blocks with one skip around them, upsampler and tail (Fig. 3)."""

    def __init__(self, problem: Problem, blocks: int, maps: int) -> None:
        super().__init__()
        bands = problem.bands
        self.means = BandMeans(problem.band_means)
        self.head = nn.Conv2d(bands, maps, 3, padding=1)
        self.body = nn.Sequential(
            *(Block(maps) for _ in range(blocks)), nn.Conv2d(maps, maps, 3, padding=1)
        )
        self.up = pixel_shuffle_up(maps, problem.scale)
        self.tail = nn.Conv2d(maps, bands, 3, padding=1)

    def forward(self, low: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to `scale` times the rows and columns."""
        maps = self.head(self.means.subtract(low))
        return self.means.add(self.tail(self.up(self.body(maps) + maps)))


class Block(nn.Module):
    """Two convolutions whose output, scaled, is added to the input (Fig. 2c)."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(maps, maps, 3, padding=1), nn.ReLU(), nn.Conv2d(maps, maps, 3, padding=1)
        )
        self.factor = 0.1 if maps >= 256 else 1.0

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        out: Tensor = x + self.factor * self.convolutions(x)
        return out

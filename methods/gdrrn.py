"""GDRRN: two grouped convolutions applied nine times to the interpolated image."""

import math

from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.losses import mean_angle


@register(
    "gdrrn",
    title="GDRRN",
    paper="Li et al., Single hyperspectral image super-resolution with grouped deep recursive "
    "residual network, IEEE BigMM 2018",
    published="GDRRN",
    year="2018",
    bibtex="""
    @inproceedings{li2018gdrrn,
      author = {Li, Y. and Zhang, L. and Ding, C. and Wei, W. and Zhang, Y.},
      title = {Single Hyperspectral Image Super-Resolution with Grouped Deep Recursive Residual
        Network},
      booktitle = {IEEE International Conference on Multimedia Big Data (BigMM)}, year = {2018}
    }
    """,
)
class GDRRN(NetworkMethod):
    """Nine recursions of one pair of convolutions; 218,880 parameters at 31 bands, at any scale.

    Every recursion adds what the head returned, and the network adds its input (366,336
    parameters with `groups=1`). No convolution has a bias.

    Departure from the public code: there the ReLUs overwrite their input, so that the recursions
    add the rectified output of the head, and the network its rectified input, which clips the
    interpolated image at 0. Here both are added as they are.

    The loss weighs half the squared error, summed over bands and pixels, against 0.1 times the
    mean spectral angle in radians: on a patch of 31 x 32 x 32 the first is 15,872 times the MSE.
    """

    inputs = ("upscaled",)
    default_run = False
    maps: int = parameter(default=128, help="feature maps, a multiple of `groups`", low=1)
    groups: int = parameter(default=2, help="of the recursive convolutions", choices=(1, 2, 4, 8))
    recursions: int = parameter(default=9, help="uses of the same two convolutions", low=1)

    recipe = Recipe(
        lr=1e-4,
        weight_decay=1e-4,
        batch_size=32,
        epochs=30,
        schedule="step",
        gamma=0.1,
        step_size=20,
        patch_size=32,
        augment=True,
    )
    recipe_notes = (
        "patches are drawn at random, at one image size (public code: stride 16 at three sizes)",
        "skips add what was not rectified (public code: rectified in place)",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse maps that cannot be divided into groups."""
        if self.maps % self.groups:
            return f"needs maps divisible by {self.groups} groups, found {self.maps}"
        return ""

    def network(self, problem: Problem) -> nn.Module:
        """Build the head, the recursive pair and the tail."""
        return Recursive(problem.bands, self.maps, self.groups, self.recursions)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Return half the squared error of a sample, plus 0.1 times the mean angle."""
        squares = functional.mse_loss(output, truth) * truth[0].numel()
        return 0.5 * squares + 0.1 * mean_angle(output, truth)

    def halo(self, network: nn.Module) -> int:
        """Return the radius: one pixel for each use of a convolution."""
        return 2 * self.recursions + 2


class Recursive(nn.Module):
    """The same two convolutions, `recursions` times, between a head and a tail."""

    def __init__(self, bands: int, maps: int, groups: int, recursions: int) -> None:
        super().__init__()
        self.recursions = recursions
        self.head = nn.Sequential(nn.ReLU(), _convolution(bands, maps))
        self.pair = nn.Sequential(
            *(nn.ReLU(), _convolution(maps, maps, groups)),
            *(nn.ReLU(), _convolution(maps, maps, groups)),
        )
        self.tail = nn.Sequential(nn.ReLU(), _convolution(maps, bands))

    def forward(self, upscaled: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        maps = first = self.head(upscaled)
        for _ in range(self.recursions):
            maps = self.pair(maps) + first
        residual: Tensor = self.tail(maps)
        return upscaled + residual


def _convolution(before: int, after: int, groups: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(before, after, 3, padding=1, groups=groups, bias=False)
    # He's rule by fan-out; as in the public code, not divided by the groups.
    nn.init.normal_(layer.weight, std=math.sqrt(2 / (9 * after)))
    return layer

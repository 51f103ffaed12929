"""EUNet: four unfolded iterations that share one network as their prior."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.losses import mean_angle
from methods._blocks.refusals import refused_scale
from methods._blocks.resampling import Resampling
from methods._blocks.upsampling import factors


@register(
    "eunet",
    title="EUNet",
    paper="Liu et al., An efficient unfolding network with disentangled spatial-spectral "
    "representation for hyperspectral image super-resolution, Information Fusion 94, 2023",
    published="EUNet",
    year="2023",
    bibtex="""
    @article{liu2023eunet,
      author = {Liu, D. and Li, J. and Yuan, Q. and Zheng, L. and He, J. and Zhao, S. and Xiao, Y.},
      title = {An Efficient Unfolding Network with Disentangled Spatial-Spectral Representation for
        Hyperspectral Image Super-Resolution},
      journal = {Information Fusion}, volume = {94}, year = {2023}
    }
    """,
)
class EUNet(NetworkMethod):
    """Half-quadratic splitting unfolded; 550,586 parameters at 31 bands and x2, 616,250 at x4.

    Each iteration enlarges the auxiliary image z, improves it by the prior network, and takes a
    gradient step of z towards the low-resolution image and the reduced estimate. The weights of
    the terms are computed from the noise level, 0 here, and the scale.

    Departures from the public code:

    - It enlarges and reduces by torch's bicubic interpolation without antialiasing. Here both are
      the protocol's own operators, so that a reduced ground truth is the low-resolution image.
    - The step of z after the last iteration, which is not used, is not computed.

    `blur` learns a 3x3 blur for every band and its adjoint (558 more parameters at 31 bands), as
    the paper does for Gaussian degradations. The public class has 64 maps by default, and is
    trained with 128.
    """

    inputs = ("low",)
    default_run = False
    maps: int = parameter(default=128, help="feature maps of the prior network", low=1)
    stages: int = parameter(default=4, help="iterations", low=1, high=32)
    blur: bool = parameter(default=False, help="learn a blur of every band")

    recipe = Recipe(
        lr=1e-4, batch_size=32, epochs=200, schedule="step", gamma=0.5, step_size=100, augment=True
    )
    recipe_notes = (
        "patches of the profile's size (not printed)",
        "rate 1e-4 for `blur` too (public code: 1e-3)",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse scales that are neither 3 nor a power of 2."""
        return refused_scale(problem.scale)

    def network(self, problem: Problem) -> nn.Module:
        """Build the iterations around one prior network."""
        return Unfolding(problem, self.maps, self.stages, self.blur)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Return L1 + 0.1 times the mean spectral angle in radians."""
        angle = mean_angle(output, truth, limit=1 - 1e-7)
        return functional.l1_loss(output, truth) + 0.1 * angle

    def halo(self, network: nn.Module) -> None:
        """Return None: the attention depends on the means of the whole image."""


class Unfolding(nn.Module):
    """The iterations; the first one starts from the low-resolution image (its adjoint blur)."""

    constants: Tensor

    def __init__(self, problem: Problem, maps: int, stages: int, blur: bool) -> None:
        super().__init__()
        bands = problem.bands
        self.resampling = Resampling(problem)
        self.prior = Prior(bands, maps, problem.scale)
        self.weights = nn.Sequential(
            nn.Conv2d(2, 64, 1),
            nn.ReLU(),
            nn.Conv2d(64, 64, 1),
            nn.ReLU(),
            nn.Conv2d(64, 3 * stages, 1),
            nn.Softplus(),
        )
        self.blur, self.adjoint = (
            layer(bands, bands, 3, padding=1, groups=bands, bias=False) if blur else nn.Identity()
            for layer in (nn.Conv2d, nn.ConvTranspose2d)
        )
        noise_and_scale = torch.tensor([0.0, problem.scale]).view(1, 2, 1, 1)
        self.register_buffer("constants", noise_and_scale, persistent=False)

    def forward(self, low: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to `scale` times the rows and columns."""
        z: Tensor = self.adjoint(low)
        *stages, last = (self.weights(self.constants) + 1e-6).flatten().view(3, -1).unbind(1)
        for alpha, delta, beta in stages:
            estimate = self._improve(z, beta)
            data = self.adjoint(self.blur(z) - low)
            coupling = z - self.resampling.reduce(estimate)
            z = z - delta * (data + alpha * coupling)
        return self._improve(z, last[2])

    def _improve(self, z: Tensor, beta: Tensor) -> Tensor:
        improved: Tensor = self.prior(z, beta, self.resampling.enlarge(z))
        return improved


class Prior(nn.Module):
    """The network that is the proximal operator of the prior, the same in every iteration."""

    def __init__(self, bands: int, maps: int, scale: int) -> None:
        super().__init__()
        self.head = nn.Conv2d(bands + 1, maps, 3, padding=1)
        self.body = nn.Sequential(*(Group(maps) for _ in range(3)))
        self.up = nn.Sequential()
        for factor in factors(scale):
            self.up.append(nn.ConvTranspose2d(maps, maps, factor, stride=factor))
            self.up.append(nn.ReLU())
        self.tail = nn.Conv2d(maps, bands, 3, padding=1)

    def forward(self, z: Tensor, beta: Tensor, enlarged: Tensor) -> Tensor:
        """Estimate the image from z, the weight of its deviation, and the enlarged z."""
        weight = beta.to(z.dtype).expand_as(z[:, :1])
        first = self.head(torch.cat([z, weight], dim=1))
        residual: Tensor = self.tail(self.up(self.body(first) + first))
        return residual + enlarged


class Group(nn.Module):
    """Two blocks of dilations 1 and 2 with one channel attention between them in common."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(block(maps, dilation) for dilation in (1, 2))
        self.attention = nn.Conv1d(1, 1, 5, padding=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        for layers in self.blocks:
            features = layers(x)
            means = features.mean(dim=(2, 3))[:, None]
            gate = torch.sigmoid(self.attention(means))[:, 0, :, None, None]
            x = x + features * (1 + gate)
        return x


def block(maps: int, dilation: int) -> nn.Sequential:
    """Build the spectral, spatial and spectral convolutions of a block."""
    wide = 2 * maps
    return nn.Sequential(
        nn.Conv2d(maps, wide, 1, bias=False),
        nn.ReLU(),
        nn.Conv2d(wide, wide, 3, padding=dilation, dilation=dilation, groups=wide, bias=False),
        nn.ReLU(),
        nn.Conv2d(wide, maps, 1, bias=False),
    )

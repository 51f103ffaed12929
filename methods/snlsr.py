"""SNLSR: super-resolution of abundances by spectral and spatial attention at every pixel."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.losses import mean_angle
from methods._blocks.precision import full_precision
from methods._blocks.refusals import refused_scale
from methods._blocks.upsampling import pixel_shuffle_up

SMALLEST = 15  # rows and columns for the pooling of `SpatialAttention`
PIXELS = 16_384  # of one call of the spectral attention, which bounds its memory


@register(
    "snlsr",
    title="SNLSR",
    paper="Hu et al., Exploring the spectral prior for hyperspectral image super-resolution, "
    "IEEE TIP 33, 2024",
    published="SNLSR",
    year="2024",
    bibtex="""
    @article{hu2024snlsr,
      author = {Hu, Q. and Wang, X. and Jiang, J. and Zhang, X.-P. and Ma, J.},
      title = {Exploring the Spectral Prior for Hyperspectral Image Super-Resolution},
      journal = {IEEE Transactions on Image Processing}, volume = {33}, year = {2024}
    }
    """,
)
class SNLSR(NetworkMethod):
    """Abundances of 30 endmembers are enlarged in two stages; 1,439,331 parameters at x4.

    A network unmixes the low-resolution image into abundances; their enlargement times the
    endmembers, a 1x1 convolution, is added to the interpolated image. In training the
    low-resolution image is reconstructed from its abundances, too. 31 bands.

    The public code enlarges by scale / 2 in both stages, which is right for x4 only. Here the
    second stage enlarges by 2 and the first by the rest; for x3 the second enlarges by 3 and the
    first not at all (x2: 1,291,619 parameters, x3: 1,476,259, x8: 1,587,043). Images smaller than
    15 x 15 are padded, since the pooling of the spatial attention cannot take them.

    The loss is that of the paper, on both outputs. It stands in the public code too, where it is
    then overwritten by the plain L1 distance of the estimate (`terms=l1`).

    A small variant is `snlsr[maps=32]`. The spatial attention computes its gate from a quarter of
    the maps: of four, with 16 maps, no gradient reached its coarse layers on small images.
    """

    inputs = ("low", "upscaled")
    default_run = False
    maps: int = parameter(default=64, help="feature maps", low=4)
    endmembers: int = parameter(default=30, help="endmembers", low=1)
    terms: str = parameter(
        default="all",
        help="of the loss: those of the paper, or the L1 distance",
        choices=("all", "l1"),
    )

    recipe = Recipe(
        lr=2e-4, batch_size=8, epochs=1000, schedule="constant", low_patch_size=32, augment=True
    )
    recipe_notes = (
        "a pass is one over the drawn patches (public code: 80 patches of every image)",
        "inputs are not clamped to [0, 1] (public code: clamped)",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse scales that no pixel shuffles reach."""
        return refused_scale(problem.scale)

    def network(self, problem: Problem) -> nn.Module:
        """Build unmixing, two stages and the endmembers."""
        return Unmixing(problem.bands, problem.scale, self.maps, self.endmembers)

    def loss(
        self,
        output: tuple[Tensor, Tensor] | Tensor,
        truth: Tensor,
        inputs: Inputs,
        problem: Problem,
    ) -> Tensor:
        """Return L1 + 0.1 angle / pi, of the estimate and of the reconstruction in training."""
        estimate = self.estimate(output)
        if self.terms == "l1":
            return functional.l1_loss(estimate, truth)
        total = _distance(estimate, truth)
        return total + _distance(output[0], inputs["low"]) if isinstance(output, tuple) else total

    def halo(self, network: nn.Module) -> None:
        """Return None: the spatial attention is resized to the size of the image."""


def _distance(estimate: Tensor, truth: Tensor) -> Tensor:
    angle = mean_angle(estimate, truth)
    return functional.l1_loss(estimate, truth) + 0.1 * angle / math.pi


class Unmixing(nn.Module):
    """Abundances of the low-resolution image, their enlargement, and the endmembers."""

    def __init__(self, bands: int, scale: int, maps: int, count: int) -> None:
        super().__init__()
        first, second = (scale // 2, 2) if scale % 2 == 0 else (1, scale)
        self.abundances = nn.Sequential(
            *(nn.Conv2d(bands, 8 * count, 3, padding=1), PixelAttention(), nn.Tanh()),
            *(nn.Conv2d(8 * count, 4 * count, 3, padding=1), PixelAttention(), nn.Tanh()),
            *(nn.Conv2d(4 * count, 2 * count, 3, padding=1), PixelAttention(), nn.Tanh()),
            *(nn.Conv2d(2 * count, count, 1), nn.ReLU(), nn.Softmax(dim=1)),
        )
        self.head = nn.Conv2d(count, maps, 3, padding=1)
        self.stages = nn.Sequential(Stage(maps, first), Stage(maps, second))
        self.tail = nn.Conv2d(maps, count, 3, padding=1)
        self.endmembers = nn.Conv2d(count, bands, 1, bias=False)

    def forward(self, low: Tensor, upscaled: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return the estimate, or (reconstruction of `low`, estimate) while training."""
        rows, columns = low.shape[-2:]
        margin = (0, max(0, SMALLEST - columns), 0, max(0, SMALLEST - rows))
        abundances = self.abundances(functional.pad(low, margin, mode="replicate"))
        residual = self.endmembers(self.tail(self.stages(self.head(abundances))))
        estimate: Tensor = upscaled + residual[..., : upscaled.shape[-2], : upscaled.shape[-1]]
        if not self.training:
            return estimate
        return self.endmembers(abundances)[..., :rows, :columns], estimate


class PixelAttention(nn.Module):
    """Weigh the pixels by a gate computed from the mean and the maximum of the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, rows, columns) to the same size."""
        summary = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.gate(summary))


class Stage(nn.Module):
    """Three blocks, each of which sees what all before it returned, and an upsampler."""

    def __init__(self, maps: int, scale: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(maps, sources) for sources in (1, 2, 3))
        self.fuse = nn.Conv2d(4 * maps, maps, 1)
        self.up = pixel_shuffle_up(maps, scale)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to `scale` times the rows and columns."""
        seen = [x]
        for block in self.blocks:
            seen.append(block(torch.cat(seen, dim=1)))
        enlarged: Tensor = self.up(self.fuse(torch.cat(seen, dim=1)))
        return enlarged


class Block(nn.Module):
    """Add what spectral and what spatial attention change, each after a convolution."""

    def __init__(self, maps: int, sources: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(sources * maps, maps, 1) if sources > 1 else nn.Identity()
        self.spectral = SpectralAttention(maps)
        self.spatial = SpatialAttention(maps)
        self.mix = nn.Conv2d(maps, maps, 1)
        self.smooth = nn.Conv2d(maps, maps, 3, padding=1, groups=maps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, sources * maps, rows, columns) to (batch, maps, rows, columns)."""
        x = self.reduce(x)
        changed: Tensor = x + self.mix(self.spectral(x) - x) + self.smooth(self.spatial(x) - x)
        return changed


class SpectralAttention(nn.Module):
    """Attention between the channels of each pixel: every channel is a token of dimension 1."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(
            nn.Conv2d(maps, maps, 3, padding=1), nn.ReLU(), nn.Conv2d(maps, maps, 3, padding=1)
        )
        self.query, self.key, self.value = (nn.Linear(maps, maps, bias=False) for _ in range(3))
        self.out = nn.Linear(maps, maps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        embedded: Tensor = self.embed(x)
        pixels = embedded.movedim(1, -1)
        chunks = [self._attend(chunk) for chunk in torch.split(pixels.flatten(0, 2), PIXELS)]
        return embedded + torch.cat(chunks).view_as(pixels).movedim(-1, 1)

    def _attend(self, pixels: Tensor) -> Tensor:
        query, key, value = (
            # (pixels, one head, tokens, one dimension)
            layer(pixels).to(self.out.weight.dtype)[:, None, :, None]
            for layer in (self.query, self.key, self.value)
        )
        with full_precision(pixels.device):  # half precision took five times as long on a CPU
            query, key = functional.normalize(query, dim=2), functional.normalize(key, dim=2)
            mixed = functional.scaled_dot_product_attention(query, key, value, scale=1.0)
        out: Tensor = self.out(mixed[:, 0, :, 0])
        return out


class SpatialAttention(nn.Module):
    """Weigh the pixels of each channel by a gate computed from a coarse image."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        few = maps // 4
        self.narrow = nn.Conv2d(maps, few, 1)
        self.coarse = nn.Sequential(
            nn.Conv2d(few, few, 3, stride=2),
            nn.MaxPool2d(7, stride=3),
            *(nn.Conv2d(few, few, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(few, few, 3, padding=1), nn.ReLU()),
            nn.Conv2d(few, few, 3, padding=1),
        )
        self.fine = nn.Conv2d(few, few, 1)
        self.widen = nn.Conv2d(few, maps, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns), at least 15 x 15 pixels, to the same size."""
        narrow = self.narrow(x)
        coarse = functional.interpolate(
            self.coarse(narrow), size=x.shape[-2:], mode="bilinear", align_corners=False
        )
        return x * torch.sigmoid(self.widen(coarse + self.fine(narrow)))

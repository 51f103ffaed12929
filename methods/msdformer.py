"""MSDformer: features of windows of bands, then transformers with deformable convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.losses import hybrid_loss
from methods._blocks.refusals import refused_scale
from methods._blocks.spectral_attention import PointwiseResidual, SpectralAttention
from methods._blocks.spectral_windows import SpectralWindows
from methods._blocks.upsampling import pixel_shuffle_up

HEADS = 6


@register(
    "msdformer",
    title="MSDformer",
    paper="Chen et al., MSDformer: Multiscale deformable transformer for hyperspectral image "
    "super-resolution, TGRS 2023",
    published="MSDformer",
    year="2023",
    bibtex="""
    @article{chen2023msdformer,
      author = {Chen, S. and Zhang, L. and Zhang, L.},
      title = {{MSDformer}: Multiscale Deformable Transformer for Hyperspectral Image
        Super-Resolution},
      journal = {IEEE Transactions on Geoscience and Remote Sensing}, volume = {61}, year = {2023}
    }
    """,
)
class MSDformer(NetworkMethod):
    """Four transformer blocks with 240 maps: 12,334,323 parameters at 31 bands and x4.

    That is 749,040 less than the public network has: a convolution that is never called (518,640),
    and a third of each projection to keys and values, whose output is thrown away (230,400).
    Attention is between the channels of the whole image, which therefore is not cut into tiles.
    """

    inputs = ("low", "upscaled")
    default_run = False
    maps: int = parameter(default=240, help="feature maps, a multiple of 6", low=6)
    blocks: int = parameter(default=4, help="number of transformer blocks", low=1)
    size: int = parameter(default=8, help="bands of a window", low=1)
    overlap: int = parameter(default=2, help="bands that neighbouring windows share", low=0)
    recipe = Recipe(
        lr=5e-5,
        batch_size=32,
        epochs=300,
        schedule="step",
        gamma=0.1,
        step_size=150,
        low_patch_size=16,
        augment=True,
    )
    recipe_notes = (
        "patches of SSPSR's protocol, 16 s x 16 s pixels (not printed)",
        "each patch in one of the eight orientations (public code: in all, eight times the steps)",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse scales that no pixel shuffles reach, and numbers that do not fit each other."""
        if self.overlap >= self.size:
            return f"needs an overlap below the window's {self.size} bands, found {self.overlap}"
        if self.maps % HEADS:
            return f"needs maps divisible by {HEADS}, found {self.maps}"
        return refused_scale(problem.scale)

    def network(self, problem: Problem) -> nn.Module:
        """Build the network with its initial weights."""
        head = WindowFeatures(SpectralWindows(problem.bands, self.size, self.overlap), self.maps)
        return MSDformerNetwork(head, problem.bands, problem.scale, self.maps, self.blocks)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute L1, half the spectral angle, and 0.1 times L1 of the gradients."""
        return hybrid_loss(output, truth, 0.5, 0.1)

    def halo(self, network: nn.Module) -> None:
        """Return None: attention is between channels of the whole image."""


class MSDformerNetwork(nn.Module):
    """Features at the low resolution, an upsampler, and features of the upscaled image added."""

    def __init__(self, head: nn.Module, bands: int, scale: int, maps: int, blocks: int) -> None:
        super().__init__()
        self.head = head
        layers: list[nn.Module] = [Block(maps)]
        for _ in range(blocks - 1):
            layers += [Block(maps), nn.Conv2d(maps, maps, 3, padding=1)]
        self.body = nn.Sequential(*layers)
        self.up = pixel_shuffle_up(maps, scale)
        self.skip = nn.Conv2d(bands, maps, 3, padding=1)
        self.tail = nn.Conv2d(maps, bands, 3, padding=1)

    def forward(self, low: Tensor, upscaled: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to `scale` times the rows and columns."""
        features = self.head(low)
        enlarged = self.up(features + self.body(features)) + self.skip(upscaled)
        estimate: Tensor = self.tail(enlarged)
        return estimate


class WindowFeatures(nn.Module):
    """Multiscale features of each window of bands, back to bands, averaged, mapped to features.

    Spatial layers are shared by the windows; each has channel attention of its own.
    """

    def __init__(self, windows: SpectralWindows, maps: int) -> None:
        super().__init__()
        self.windows = windows
        self.spatial = nn.Sequential(DilatedSum(windows.size, maps), SpatialResidual(maps))
        self.own = nn.ModuleList(
            nn.Sequential(PointwiseResidual(maps), nn.Conv2d(maps, windows.size, 1))
            for _ in windows.first
        )
        self.mix = nn.Conv2d(len(windows.coverage), maps, 1)

    def forward(self, low: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to (batch, maps, rows, columns)."""
        parts = zip(self.own, self.windows.split(low), strict=True)
        merged = self.windows.merge([own(self.spatial(part)) for own, part in parts])
        mixed: Tensor = self.mix(merged)
        return mixed


class DilatedSum(nn.Module):
    """The sum of three convolutions with dilations 1, 3 and 5, each through the same PReLU."""

    def __init__(self, bands: int, maps: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(bands, maps, 3, padding=dilation, dilation=dilation) for dilation in (1, 3, 5)
        )
        self.activation = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to (batch, maps, rows, columns)."""
        first, second, third = (self.activation(layer(x)) for layer in self.layers)
        total: Tensor = first + second + third
        return total


class SpatialResidual(nn.Module):
    """Add a tenth of two 3x3 convolutions to the input."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(maps, maps, 3, padding=1), nn.ReLU(), nn.Conv2d(maps, maps, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        out: Tensor = x + 0.1 * self.residual(x)
        return out


class Block(nn.Module):
    """Attention between channels and a feed-forward part, each added to its input."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = nn.LayerNorm(maps), nn.LayerNorm(maps)
        self.attention = DeformableAttention(maps)
        self.feed_forward = nn.Sequential(
            nn.Linear(maps, 4 * maps), nn.GELU(), nn.Linear(4 * maps, maps)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        x = x + self.attention(self.first_norm(x.movedim(1, -1)).movedim(-1, 1))
        fed: Tensor = self.feed_forward(self.second_norm(x.movedim(1, -1))).movedim(-1, 1)
        return x + fed


class DeformableAttention(nn.Module):
    """Attention between channels; the queries come from a deformable convolution."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.q = DeformableConvolution(maps)
        self.kv = nn.Conv2d(maps, 2 * maps, 1, bias=False)
        self.attention = SpectralAttention(HEADS)
        self.project = nn.Conv2d(maps, maps, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        projected: Tensor = self.project(self.attention(self.q(x), *self.kv(x).chunk(2, dim=1)))
        return projected


class DeformableConvolution(nn.Module):
    """A 3x3 convolution whose nine taps are moved at every pixel (Dai et al., ICCV 2017).

    The offsets come from another convolution, whose weights are 0 at first. Taps between pixels
    are interpolated bilinearly; the image is 0 outside.
    """

    taps: Tensor

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.offsets = nn.Conv2d(maps, 18, 3, padding=1)
        nn.init.zeros_(self.offsets.weight)
        self.weight = nn.Conv2d(maps, maps, 3, bias=False).weight  # as a convolution starts
        taps = torch.cartesian_prod(torch.arange(-1, 2), torch.arange(-1, 2))
        self.register_buffer("taps", taps.T.float()[..., None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        batch, _, rows, columns = x.shape
        offsets = self.offsets(x)
        x = x.to(self.taps.dtype)  # positions and weights of the interpolation need all digits
        # (batch, rows or columns, taps, rows, columns)
        moved = offsets.reshape(batch, 2, 9, rows, columns) + self.taps
        down = moved[:, 0] + torch.arange(rows, device=x.device)[:, None]
        right = moved[:, 1] + torch.arange(columns, device=x.device)
        # grid_sample counts from -1 to 1 between the outer edges of the border pixels.
        places = torch.stack([(2 * right + 1) / columns - 1, (2 * down + 1) / rows - 1], dim=-1)
        weight = self.weight.flatten(2)
        parts = (
            functional.conv2d(
                functional.grid_sample(x, places[:, tap], align_corners=False),
                weight[..., tap, None, None],
            )
            for tap in range(9)
        )
        return sum(parts, start=torch.zeros_like(x))

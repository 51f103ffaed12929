"""SSPSR: one network for all windows of bands, then one for the whole image."""

from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.attention import ChannelAttention
from methods._blocks.refusals import refused_scale
from methods._blocks.spectral_windows import SpectralWindows
from methods._blocks.upsampling import pixel_shuffle_up

# Weight of both penalties of total variation.
_SMOOTHNESS = 1e-3


@register(
    "sspsr",
    title="SSPSR",
    paper="Jiang et al., Learning spatial-spectral prior for super-resolution of hyperspectral "
    "imagery, IEEE Transactions on Computational Imaging 6, 2020",
    published="SSPSR",
    year="2020",
    bibtex="""
    @article{jiang2020sspsr,
      author = {Jiang, J. and Sun, H. and Liu, X. and Ma, J.},
      title = {Learning Spatial-Spectral Prior for Super-Resolution of Hyperspectral Imagery},
      journal = {IEEE Transactions on Computational Imaging}, volume = {6}, pages = {1082--1096},
      year = {2020}, eprint = {2005.08752}, archiveprefix = {arXiv}
    }
    """,
)
class SSPSR(NetworkMethod):
    """Windows of 8 bands that share 2, three blocks, 256 maps; 12,893,831 parameters at x4.

    That is the published setting of Chikusei and Pavia Centre; 10,533,511 at x2 and 15,254,151 at
    x8, all at 31 bands. The paper's setting of CAVE is `sspsr[size=4,overlap=1,blocks=8]` with
    26,077,475; `sspsr[maps=64]` with 854,975 is a small variant.

    The paper has x2, x4 and x8: the windows are enlarged by s / 2, the whole image by 2. Here x3
    leaves the windows at their size and enlarges the whole image by 3 (13,483,911 parameters). If
    the image has fewer bands than a window, there is one window of all bands.

    The channel attention averages over the image, so an image is never cut into tiles.

    The loss is that of the public code, whose total variation is of squared differences.
    """

    size: int = parameter(default=8, help="bands of a window", low=1)
    overlap: int = parameter(default=2, help="bands that neighbouring windows share", low=0)
    blocks: int = parameter(default=3, help="blocks of each of the two networks", low=1)
    maps: int = parameter(default=256, help="feature maps", low=1)

    inputs = ("low", "upscaled")
    default_run = False
    recipe = Recipe(
        lr=1e-4,
        batch_size=32,
        epochs=40,
        schedule="step",
        step_size=29,
        low_patch_size=16,
        augment=True,
    )
    recipe_notes = (
        "patches of 16 s x 16 s (64 x 64 at x4 in the public script, not printed for other scales)",
        "each patch in one of the eight orientations (public code: in all, eight times the steps)",
        "batch 32 in every setting (print: 16 for CAVE)",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse scales that no sequence of pixel shuffles reaches, and too large an overlap."""
        if self.overlap >= self.size:
            return f"needs an overlap below the window's {self.size} bands, found {self.overlap}"
        return refused_scale(problem.scale)

    def network(self, problem: Problem) -> nn.Module:
        """Build both networks (Fig. 1)."""
        windows = SpectralWindows(problem.bands, self.size, self.overlap)
        return TwoStages(problem, windows, self.blocks, self.maps)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute L1 and the total variation of the estimate in space and along the bands."""
        spatial = _roughness(output, 2) + _roughness(output, 3)
        spectral = 2 * _roughness(output, 1)
        return functional.l1_loss(output, truth) + _SMOOTHNESS * (spatial + spectral)

    def halo(self, network: nn.Module) -> int | None:
        """Return None: the channel attention averages over the whole image."""
        return None


def _roughness(images: Tensor, axis: int) -> Tensor:
    """Return the mean square of the differences of neighbours along an axis; 0 without any."""
    differences = images.diff(dim=axis)
    return differences.square().sum() / max(1, differences.numel())


class TwoStages(nn.Module):
    """A network for each window of bands, with shared weights, and a network for all bands."""

    def __init__(self, problem: Problem, windows: SpectralWindows, blocks: int, maps: int) -> None:
        super().__init__()
        bands = problem.bands
        last = 3 if problem.scale == 3 else 2
        self.windows = windows
        self.branch = nn.Sequential(
            nn.Conv2d(windows.size, maps, 3, padding=1),
            PriorNetwork(maps, blocks),
            pixel_shuffle_up(maps, problem.scale // last),
            nn.Conv2d(maps, windows.size, 3, padding=1),
        )
        self.trunk = nn.Sequential(
            nn.Conv2d(bands, maps, 3, padding=1),
            PriorNetwork(maps, blocks),
            pixel_shuffle_up(maps, last),
        )
        self.skip = nn.Conv2d(bands, maps, 3, padding=1)
        self.tail = nn.Conv2d(maps, bands, 3, padding=1)

    def forward(self, low: Tensor, upscaled: Tensor) -> Tensor:
        """Map both images of a scene to the estimate, of the size of `upscaled`."""
        windows = [self.branch(window) for window in self.windows.split(low)]
        estimate: Tensor = self.tail(self.trunk(self.windows.merge(windows)) + self.skip(upscaled))
        return estimate


class PriorNetwork(nn.Module):
    """Spatial-spectral prior network (SSPN, Section III-B): blocks in a row, and a skip."""

    def __init__(self, maps: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(SpatialSpectralBlock(maps) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same shape."""
        out: Tensor = x + self.blocks(x)
        return out


class SpatialSpectralBlock(nn.Module):
    """A residual of 3x3 convolutions, then one of 1x1 convolutions with channel attention."""

    def __init__(self, maps: int, weight: float = 0.1) -> None:
        super().__init__()
        self.weight = weight
        self.spatial = nn.Sequential(
            nn.Conv2d(maps, maps, 3, padding=1), nn.ReLU(), nn.Conv2d(maps, maps, 3, padding=1)
        )
        self.spectral = nn.Sequential(
            nn.Conv2d(maps, maps, 1),
            nn.ReLU(),
            nn.Conv2d(maps, maps, 1),
            ChannelAttention(maps, reduction=16),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same shape."""
        x = x + self.weight * self.spatial(x)
        out: Tensor = x + self.weight * self.spectral(x)
        return out

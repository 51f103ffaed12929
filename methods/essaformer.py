"""ESSAformer: attention by spectral correlation, on features enlarged and reduced in turn."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.refusals import refused_scale
from methods._blocks.upsampling import factors, pixel_shuffle_up

# Added to the sum that a pixel's squares are divided by.
_SUM_OFFSET = 1e-7
_DROPPED = 0.2
_SLOPE = 0.2


@register(
    "essaformer",
    title="ESSAformer",
    paper="Zhang et al., ESSAformer: Efficient transformer for hyperspectral image "
    "super-resolution, ICCV 2023",
    published="ESSAformer",
    year="2023",
    bibtex="""
    @inproceedings{zhang2023essaformer,
      author = {Zhang, M. and Zhang, C. and Zhang, Q. and Guo, J. and Gao, X. and Zhang, J.},
      title = {{ESSAformer}: Efficient Transformer for Hyperspectral Image Super-Resolution},
      booktitle = {IEEE/CVF International Conference on Computer Vision (ICCV)},
      pages = {23073--23084}, year = {2023}, eprint = {2307.14010}, archiveprefix = {arXiv}
    }
    """,
)
class ESSAformer(NetworkMethod):
    """144 maps; 2,785,171 / 3,693,071 / 3,578,935 parameters at x2 / x3 / x4 and 31 bands.

    The default of the public code, which is not the default here, is 256 maps: 8,685,919 /
    11,193,759 / 13,701,599 parameters at x2 / x4 / x8. The reduction by s needs a number of maps
    divisible by 4, and at x3 by 9, where the public code fails with 256; 144 serves every scale.

    Every attention sums over all pixels of the image and is divided by the square root of their
    number, so a patch and a whole image are treated differently, and so are tiles of an image. An
    image is therefore always estimated whole. Dropout is active in training alone.

    The public code has no training script. Loss and recipe are those of SSPSR without the
    penalties of total variation: L1, Adam.
    """

    maps: int = parameter(default=144, help="feature maps; divisible by 4, at x3 by 9", low=1)

    inputs = ("low",)
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
        "loss, optimiser, rates, patches and batch of SSPSR (none in the public code)",
        "each patch in one of eight orientations",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse scales and numbers of maps that pixel shuffles cannot reach or divide."""
        if reason := refused_scale(problem.scale):
            return reason
        divisor = max(factors(problem.scale)) ** 2
        if self.maps % divisor:
            return f"needs maps divisible by {divisor} at x{problem.scale}, found {self.maps}"
        return ""

    def network(self, problem: Problem) -> nn.Module:
        """Build the network (Fig. 2)."""
        return nn.Sequential(
            nn.Conv2d(problem.bands, self.maps, 3, padding=1),
            Refinement(self.maps, problem.scale),
            nn.Conv2d(self.maps, problem.bands, 3, padding=1),
        )

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute the mean absolute error."""
        return functional.l1_loss(output, truth)

    def halo(self, network: nn.Module) -> int | None:
        """Return None: the attention sums over the whole image."""
        return None


class Refinement(nn.Module):
    """Enlarge and reduce features in turn, three times up; every pass has the same weights."""

    def __init__(self, maps: int, scale: int, passes: int = 3) -> None:
        super().__init__()
        self.passes = passes
        self.up = pixel_shuffle_up(maps, scale)
        self.down = pixel_unshuffle_down(maps, scale)
        self.high = AttentionBlock(maps)
        self.low = AttentionBlock(maps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to (batch, maps, scale rows, scale columns)."""
        high: Tensor = self.high(self.up(x))
        for _ in range(self.passes - 1):
            x = self.low(self.down(high) + x)
            high = self.high(self.up(x) + high)
        return high


def pixel_unshuffle_down(maps: int, scale: int) -> nn.Sequential:
    """Build the inverse of `pixel_shuffle_up`: a convolution and an unshuffle for each factor.

    Args:
        maps: channels before and after; divisible by the square of every factor.
        scale: a power of 2, or 3.
    """
    layers: list[nn.Module] = []
    for factor in factors(scale):
        layers += [nn.Conv2d(maps, maps // factor**2, 3, padding=1), nn.PixelUnshuffle(factor)]
    return nn.Sequential(*layers)


class AttentionBlock(nn.Module):
    """Attention, and convolutions of its result together with the features it is computed from."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(maps)
        self.attention = SpectralCorrelationAttention(maps)
        self.dropout = nn.Dropout2d(_DROPPED)
        self.mixed = nn.Sequential(
            nn.Conv2d(2 * maps, 2 * maps, 1),
            nn.LeakyReLU(_SLOPE),
            nn.Dropout2d(_DROPPED),
            nn.Conv2d(2 * maps, 2 * maps, 3, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Dropout2d(_DROPPED),
            nn.Conv2d(2 * maps, maps, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same shape."""
        pixels = x.flatten(2).transpose(1, 2)
        attended = self.attention(self.norm(pixels)).transpose(1, 2).reshape(x.shape)
        out: Tensor = x + self.mixed(torch.cat((self.dropout(attended), x), dim=1))
        return out


class SpectralCorrelationAttention(nn.Module):
    """Attention whose weights are products of squared, centred and normalised spectra.

    The products are associative, so that the cost is linear in the number of pixels.
    """

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.projections = nn.Linear(maps, 3 * maps)
        self.tail = nn.Linear(maps, maps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, pixels, maps) to the same shape."""
        query, key, value = self.projections(x).chunk(3, dim=2)
        query = functional.normalize(_shares(query), dim=2)
        key = functional.normalize(_shares(key), dim=1)
        attended = query @ (key.transpose(1, 2) @ value) / x.shape[1] ** 0.5
        out: Tensor = self.tail(value + attended)
        return out


def _shares(spectra: Tensor) -> Tensor:
    """Return each channel's share of the squares of a centred spectrum, (batch, pixels, maps)."""
    squares = (spectra - spectra.mean(dim=2, keepdim=True)).square()
    return squares / (squares.sum(dim=2, keepdim=True) + _SUM_OFFSET)

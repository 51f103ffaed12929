"""CST: queries of the whole image for windows of pixels, then attention between the channels."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.losses import hybrid_loss
from methods._blocks.padding import pad_to_multiple
from methods._blocks.refusals import refused_scale
from methods._blocks.spectral_attention import PointwiseResidual, SpectralAttention
from methods._blocks.upsampling import pixel_shuffle_up

WINDOW = (2, 16)  # rows and columns of the windows of the first half of the channels
HEADS = 6
_MULTIPLE = max(WINDOW)  # of rows and columns that whole windows of both halves need


@register(
    "cst",
    title="CST",
    paper="Chen et al., Cross-scope spatial-spectral information aggregation for hyperspectral "
    "image super-resolution, TIP 2024",
    published="",
    year="2024",
    bibtex="""
    @article{chen2024cst,
      author = {Chen, S. and Zhang, L. and Zhang, L.},
      title = {Cross-Scope Spatial-Spectral Information Aggregation for Hyperspectral Image
        Super-Resolution},
      journal = {IEEE Transactions on Image Processing}, volume = {33}, year = {2024},
      eprint = {2311.17340}, archiveprefix = {arXiv}
    }
    """,
)
class CST(NetworkMethod):
    """Four stages of four blocks with 180 maps: 10,641,723 parameters at 31 bands and x4.

    That is 5,760 less than the public network has, whose spectral attentions hold a layer norm
    each that they never use. In the public code the windows of an image get the queries of other
    images of the batch; here they get those of their own image. Single images are not affected.
    Rows and columns are padded to multiples of 16, the longer side of a window. The queries are
    pooled over the whole image, which therefore is not cut into tiles.
    """

    inputs = ("low", "upscaled")
    default_run = False
    # Fewer than 48 make the position bias's layer norms so narrow that they return constants.
    maps: int = parameter(default=180, help="feature maps, a multiple of 12", low=48)
    stages: int = parameter(default=4, help="number of stages", low=1)
    blocks: int = parameter(default=4, help="blocks of a stage", low=1)
    recipe = Recipe(
        lr=1e-4,
        batch_size=32,
        epochs=300,
        schedule="step",
        gamma=0.5,
        step_size=150,
        low_patch_size=16,
        augment=True,
    )
    recipe_notes = (
        "patches of SSPSR's protocol, 16 s x 16 s pixels (not certain)",
        "each patch in one of the eight orientations (public code: in all, eight times the steps)",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse scales that no pixel shuffles reach, and maps that the heads cannot share."""
        if self.maps % 12:
            return f"needs maps divisible by 12, found {self.maps}"
        return refused_scale(problem.scale)

    def network(self, problem: Problem) -> nn.Module:
        """Build the network with its initial weights."""
        return CSTNetwork(problem.bands, problem.scale, self.maps, self.stages, self.blocks)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute L1, 0.3 times the spectral angle, and 0.1 times L1 of the gradients."""
        return hybrid_loss(output, truth, 0.3, 0.1)

    def halo(self, network: nn.Module) -> None:
        """Return None: queries and spectral attention are of the whole image."""


class CSTNetwork(nn.Module):
    """Stages at the low resolution, an upsampler, and features of the upscaled image added."""

    def __init__(self, bands: int, scale: int, maps: int, stages: int, blocks: int) -> None:
        super().__init__()
        rates = torch.linspace(0, 0.1, stages * blocks, device="cpu").tolist()
        self.head = nn.Conv2d(bands, maps, 3, padding=1)
        starts = range(0, stages * blocks, blocks)
        self.stages = nn.Sequential(*(Stage(maps, rates[i : i + blocks]) for i in starts))
        self.middle = nn.Conv2d(maps, maps, 3, padding=1)
        self.up = pixel_shuffle_up(maps, scale)
        self.skip = nn.Conv2d(bands, maps, 3, padding=1)
        self.tail = nn.Conv2d(maps, bands, 3, padding=1)

    def forward(self, low: Tensor, upscaled: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to `scale` times the rows and columns."""
        rows, columns = low.shape[-2:]
        features = self.head(pad_to_multiple(low, _MULTIPLE))
        features = (self.stages(features) + features)[..., :rows, :columns]
        enlarged = self.up(self.middle(features)) + self.skip(upscaled)
        estimate: Tensor = self.tail(enlarged)
        return estimate


class Stage(nn.Module):
    """Blocks and a 1x1 convolution beside a residual channel attention; the input is added."""

    def __init__(self, maps: int, drop_rates: list[float]) -> None:
        super().__init__()
        blocks = [Block(maps, shift=bool(i % 2), drop=rate) for i, rate in enumerate(drop_rates)]
        self.blocks = nn.Sequential(*blocks, nn.Conv2d(maps, maps, 1))
        self.local = PointwiseResidual(maps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        mapped: Tensor = x + self.blocks(x) + self.local(x)
        return mapped


class Block(nn.Module):
    """Spatial attention, then spectral attention; a gated feed-forward part."""

    def __init__(self, maps: int, shift: bool, drop: float) -> None:
        super().__init__()
        self.first_norm, self.second_norm = nn.LayerNorm(maps), nn.LayerNorm(maps)
        self.spatial = CrossScopeAttention(maps, shift)
        self.spectral = HalfResolutionAttention(maps)
        self.feed_forward = GatedFeedForward(maps)
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        normed = self.first_norm(x.movedim(1, -1))
        normed = (normed + self.spatial(normed)).movedim(-1, 1)
        x = x + self._dropped(self.spectral(normed))
        normed = self.second_norm(x.movedim(1, -1)).movedim(-1, 1)
        return x + self._dropped(self.feed_forward(normed))

    def _dropped(self, branch: Tensor) -> Tensor:
        """Leave out the branch of random images in training (stochastic depth)."""
        if not (self.training and self.drop):
            return branch
        kept = branch.new_empty(len(branch), 1, 1, 1).bernoulli_(1 - self.drop)
        return branch * (kept / (1 - self.drop))


class CrossScopeAttention(nn.Module):
    """Windows of the image attend by queries that are pooled over the whole image.

    The first half of the channels has windows of 2 x 16 pixels, the second of 16 x 2. Every window
    of an image has the same queries: one of each pixel of the window's shape. A depthwise
    convolution of the values is added to the result.
    """

    def __init__(self, maps: int, shift: bool) -> None:
        super().__init__()
        self.qkv = nn.Linear(maps, 3 * maps)
        self.halves = nn.ModuleList(
            WindowAttention(maps, window, shift) for window in (WINDOW, WINDOW[::-1])
        )
        self.depthwise = nn.Conv2d(maps, maps, 3, padding=1, groups=maps)
        self.project = nn.Linear(maps, maps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, rows, columns, maps) to the same size."""
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        halves = zip(self.halves, *(part.chunk(2, dim=-1) for part in (q, k, v)), strict=True)
        attended = torch.cat([half(*parts) for half, *parts in halves], dim=-1)
        local = self.depthwise(v.movedim(-1, 1)).movedim(1, -1)
        projected: Tensor = self.project(attended + local)
        return projected


class WindowAttention(nn.Module):
    """Attention of pooled queries to the pixels of each window, for a half of the channels."""

    mask_value = -100.0

    def __init__(self, maps: int, window: tuple[int, int], shift: bool) -> None:
        super().__init__()
        self.window, self.heads = window, HEADS // 2
        self.shift = (window[0] // 2, window[1] // 2) if shift else (0, 0)
        # The public code divides by the width of a head of all channels, not of a half of them.
        self.factor = (maps // self.heads) ** -0.5
        self.bias = PositionBias(maps // 16, self.heads, window)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Map three times (batch, rows, columns, channels) to the same size.

        Rows and columns are multiples of the window's.
        """
        size = q.shape
        back, (dy, dx) = self.shift, (-shift for shift in self.shift)
        q, k, v = (part.roll((dy, dx), (1, 2)) for part in (q, k, v))
        q = self._heads(self._pooled(q))  # one window an image
        k, v = self._heads(k), self._heads(v)
        logits = (q * self.factor) @ k.transpose(-1, -2) + self.bias()
        if any(self.shift):
            logits = logits + self._mask(size[1], size[2], logits)
        attended = logits.softmax(dim=-1) @ v
        return self._image(attended, size).roll(back, (1, 2))

    def _pooled(self, q: Tensor) -> Tensor:
        """Pool to the window's shape: means of half of the channels, maxima of the others."""
        mean, maximum = q.movedim(-1, 1).tensor_split([q.shape[-1] // 2], dim=1)
        pooled = (
            functional.adaptive_avg_pool2d(mean, self.window),
            functional.adaptive_max_pool2d(maximum, self.window),
        )
        return torch.cat(pooled, dim=1).movedim(1, -1)

    def _heads(self, images: Tensor) -> Tensor:
        """Map (batch, rows, columns, channels) to (batch, windows, heads, pixels, channels)."""
        batch, height, width, channels = images.shape
        rows, columns = self.window
        cut = images.reshape(
            batch, height // rows, rows, width // columns, columns, self.heads, -1
        ).permute(0, 1, 3, 5, 2, 4, 6)
        return cut.reshape(batch, -1, self.heads, rows * columns, channels // self.heads)

    def _image(self, windows: Tensor, size: torch.Size) -> Tensor:
        """Invert `_heads`."""
        batch, height, width, channels = size
        rows, columns = self.window
        cut = windows.reshape(
            batch, height // rows, width // columns, self.heads, rows, columns, -1
        )
        return cut.permute(0, 1, 4, 2, 5, 3, 6).reshape(batch, height, width, channels)

    def _mask(self, height: int, width: int, like: Tensor) -> Tensor:
        """Return what hides pixels that only the shift brought into a window.

        Returns:
            (windows, 1, pixels, pixels): 0, or -100 for pairs from opposite borders.
        """
        below = torch.arange(height, device=like.device) >= height - self.shift[0]
        right = torch.arange(width, device=like.device) >= width - self.shift[1]
        region = (2 * below[:, None] + right).expand(self.heads, height, width)
        region = self._heads(region.movedim(0, -1)[None])[0, :, :1]
        return (region != region.transpose(-1, -2)) * like.new_tensor(self.mask_value)


class PositionBias(nn.Module):
    """A bias of the logits, computed by a small network from how far a pixel lies from another."""

    offsets: Tensor
    index: Tensor

    def __init__(self, width: int, heads: int, window: tuple[int, int]) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(2, width)]
        for after in (width, width, heads):
            layers += [nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, after)]
        self.layers = nn.Sequential(*layers)
        rows, columns = window
        offsets = torch.cartesian_prod(
            torch.arange(1 - rows, rows), torch.arange(1 - columns, columns)
        )
        pixels = torch.cartesian_prod(torch.arange(rows), torch.arange(columns))
        apart = pixels[:, None] - pixels + torch.tensor([rows - 1, columns - 1])
        self.register_buffer("offsets", offsets.float(), persistent=False)
        self.register_buffer(
            "index", apart[..., 0] * (2 * columns - 1) + apart[..., 1], persistent=False
        )

    def forward(self) -> Tensor:
        """Return (heads, pixels, pixels); the first pixel is the query's."""
        biases: Tensor = self.layers(self.offsets)[self.index].movedim(-1, 0)
        return biases


class HalfResolutionAttention(nn.Module):
    """Attention between half of the channels; queries and keys are of half the resolution."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.v = nn.Conv2d(maps, maps // 2, 1, bias=False)
        self.qk = nn.Sequential(
            nn.Conv2d(maps, maps, 1, bias=False), nn.Conv2d(maps, maps, 2, stride=2, groups=maps)
        )
        self.attention = SpectralAttention(HEADS)
        self.project = nn.Conv2d(maps // 2, maps, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        q, k = self.qk(x).chunk(2, dim=1)
        projected: Tensor = self.project(self.attention(q, k, self.v(x)))
        return projected


class GatedFeedForward(nn.Module):
    """1x1 and depthwise convolutions; one half of their maps is weighed by the other."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        hidden = int(2.66 * maps)
        self.expand = nn.Sequential(
            nn.Conv2d(maps, 2 * hidden, 1, bias=False),
            nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False),
        )
        self.project = nn.Conv2d(hidden, maps, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        gate, value = self.expand(x).chunk(2, dim=1)
        projected: Tensor = self.project(functional.gelu(gate) * value)
        return projected

"""Deep Image Prior: a network that is optimised on the test image alone."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, IterativeMethod, Problem, Run, State, parameter, register

SKIP_MAPS = 4
INPUT_RANGE = 0.1  # the network's input is uniform in [0, INPUT_RANGE)


@register(
    "deep_image_prior",
    title="DIP variant",
    paper="Ulyanov et al., Deep image prior, CVPR 2018; Sidorov and Hardeberg, Deep hyperspectral "
    "prior, ICCVW 2019",
    published="",
    year="2018",
    bibtex="""
    @inproceedings{ulyanov2018prior,
      author = {Ulyanov, Dmitry and Vedaldi, Andrea and Lempitsky, Victor},
      title = {Deep Image Prior}, year = {2018}, booktitle = {IEEE/CVF Conference on Computer Vision
        and Pattern Recognition (CVPR)}, pages = {9446--9454}, doi = {10.1109/CVPR.2018.00984}
    }
    @inproceedings{sidorov2019prior,
      author = {Sidorov, Oleksii and Hardeberg, Jon Yngve},
      title = {Deep Hyperspectral Prior: Single-Image Denoising, Inpainting, Super-Resolution},
      booktitle = {IEEE/CVF International Conference on Computer Vision Workshops}, year = {2019}
    }
    """,
)
class DeepImagePrior(IterativeMethod):
    """Minimise |A f(x) - y|^2 over the weights of an encoder-decoder f; the estimate is f(x).

    A is the protocol's degradation, y the low-resolution image, x a fixed input.

    The setting of the public code of Sidorov and Hardeberg, in two dimensions, is
    `deep_image_prior[start=noise,iterations=10001,lr=0.01,maps=128,noise=0.05]`: x is uniform noise
    with as many channels as bands, other noise is added to it in every iteration, and the output
    passes a sigmoid (2,342,047 parameters at 191 bands). With 32 maps, 600 iterations end 1.5 dB
    below the interpolated image (`leaves04` of the synthetic scenes, `li2020` x4).

    The default is a variant that needs few. x is the interpolated image, f adds to it the output
    of a narrower network without sigmoid, and the last layer starts at 0, so that the first
    estimate is the interpolated image.

    The network is always computed in float32: bfloat16 would round the estimate to 8 bits.
    """

    inputs = ("low", "upscaled")
    default_run = False
    start: str = parameter(
        default="upscaled",
        help="the network's input, and what its output is added to (noise: nothing)",
        choices=("upscaled", "noise"),
    )
    iterations: int = parameter(default=200, help="number of iterations", low=1)
    lr: float = parameter(default=0.001, help="learning rate of Adam", low=0)
    maps: int = parameter(default=32, help="feature maps of every level", low=1)
    levels: int = parameter(default=5, help="number of times that the image is halved", low=1)
    noise: float = parameter(
        default=0.0, help="standard deviation of the noise added to the input", low=0
    )

    def reconstruct(self, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        """Optimise a new network on one scene."""
        low, (height, width) = inputs["low"], problem.shape
        upscaled = inputs["upscaled"][:, :height, :width]  # a multiple of the low-resolution image
        rows, columns = (problem.degradation.axis(size).to(low) for size in problem.shape)
        network = EncoderDecoder(problem.bands, self.maps, self.levels).to(run.device)
        draw_weights(network, run.generator)
        fixed = self._input(upscaled, run.generator)
        if self.start == "upscaled":
            nn.init.zeros_(network.last.weight)
            nn.init.zeros_(network.last.bias)  # type: ignore[arg-type]

        def estimate(x: Tensor) -> Tensor:
            output: Tensor = network(x)[0, :, :height, :width]
            return output.sigmoid() if self.start == "noise" else upscaled + output

        optimiser = torch.optim.Adam(network.parameters(), lr=self.lr)
        done = _restored(run, network, optimiser)
        for step in range(done + 1, self.iterations + 1):
            x = fixed
            if self.noise:
                x = x + self.noise * torch.empty_like(x).normal_(generator=run.generator)
            error = rows @ estimate(x) @ columns.T - low
            loss = error.square().mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            run.step(step, self.iterations, loss.detach(), _saver(step, network, optimiser))
        with torch.no_grad():
            return estimate(fixed)

    def _input(self, upscaled: Tensor, generator: torch.Generator) -> Tensor:
        """Return the fixed input, (1, bands, rows, columns) of a size that can be halved."""
        unit = 2**self.levels
        sides = [max(2, -(-size // unit)) * unit for size in upscaled.shape[-2:]]
        shape = (1, len(upscaled), *sides)
        if self.start == "noise":
            drawn = torch.rand(shape, generator=generator, device=upscaled.device)
            return INPUT_RANGE * drawn.contiguous(memory_format=torch.channels_last)
        below, right = sides[0] - upscaled.shape[1], sides[1] - upscaled.shape[2]
        padded = functional.pad(upscaled[None], (0, right, 0, below), mode="replicate")
        return padded.contiguous(memory_format=torch.channels_last)


class EncoderDecoder(nn.Module):
    """Levels inside each other, and a 1x1 convolution to bands.

    Args:
        bands: number of bands of input and output.
        maps: feature maps of every level.
        levels: number of levels; rows and columns are 2^levels times 2 or more.
    """

    def __init__(self, bands: int, maps: int, levels: int) -> None:
        super().__init__()
        inner: Level | None = None
        for number in reversed(range(levels)):
            inner = Level(maps if number else bands, maps, inner)
        self.levels = inner or nn.Identity()
        self.last = nn.Conv2d(maps, bands, 1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        out: Tensor = self.last(self.levels(x))
        return out


class Level(nn.Module):
    """Halve the image, apply the next level, double it; add a few maps of the full size.

    Args:
        before: channels of the input.
        maps: channels of the output.
        inner: the next level; None for the last.
    """

    def __init__(self, before: int, maps: int, inner: nn.Module | None) -> None:
        super().__init__()
        self.skip = convolution(before, SKIP_MAPS, 1)
        self.inner = nn.Sequential(
            convolution(before, maps, 3, stride=2),
            convolution(maps, maps, 3),
            inner or nn.Identity(),
            nn.Upsample(scale_factor=2, mode="bilinear"),
        )
        self.merge = nn.Sequential(
            normalisation(SKIP_MAPS + maps), convolution(SKIP_MAPS + maps, maps, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, before, rows, columns) to (batch, maps, rows, columns)."""
        merged: Tensor = self.merge(torch.cat([self.skip(x), self.inner(x)], dim=1))
        return merged


def convolution(before: int, after: int, side: int, stride: int = 1) -> nn.Sequential:
    """Build a convolution (reflected borders), a normalisation and an activation."""
    layer = nn.Conv2d(
        before,
        after,
        side,
        stride,
        padding=side // 2,
        padding_mode="reflect" if side > 1 else "zeros",
    )
    return nn.Sequential(layer, normalisation(after), nn.LeakyReLU(0.2))


def normalisation(maps: int) -> nn.BatchNorm2d:
    """Build a batch normalisation by the statistics of the present image, always."""
    return nn.BatchNorm2d(maps, track_running_stats=False)


def draw_weights(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights of all convolutions as torch does, but from a generator."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
            bound = 1 / math.sqrt(layer.weight[0].numel())
            nn.init.uniform_(layer.bias, -bound, bound, generator=generator)  # type: ignore[arg-type]


def _saver(
    step: int, network: nn.Module, optimiser: torch.optim.Optimizer
) -> Callable[[], dict[str, object]]:
    return lambda: {
        "step": step,
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
    }


def _restored(run: Run, network: nn.Module, optimiser: torch.optim.Optimizer) -> int:
    """Go on where the run was interrupted; return the number of iterations done."""
    saved = run.resume()
    if saved is None:
        return 0
    network.load_state_dict(saved["network"])
    optimiser.load_state_dict(saved["optimiser"])
    return int(saved["step"])

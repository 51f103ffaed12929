"""Bi-3DQRNN: a U-Net of 3-D convolutions that gate a recurrence over bands, in both directions."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.padding import pad_to_multiple

# Rows of the output that are computed at once where no gradient is needed.
_STRIP = 64


class QuasiRecurrentUnit(nn.Module):
    """A convolution computes candidates and two gates; a recurrence over bands pools them.

    Args:
        before: maps of the input.
        after: maps of the output.
        stride: of the convolution along rows and columns.
        enlarge: double rows and columns before the convolution, by linear interpolation.
        transposed: start with the weights of a transposed convolution. With stride 1 it is a
            convolution with the kernel mirrored, which trains alike; only its initial weights,
            by the number of its outputs, are smaller.
        bias: add a bias.
    """

    def __init__(
        self,
        before: int,
        after: int,
        *,
        stride: int = 1,
        enlarge: bool = False,
        transposed: bool = False,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.stride, self.enlarge = stride, enlarge
        self.convolution = nn.Conv3d(
            before, 3 * after, 3, stride=(1, stride, stride), padding=1, bias=bias
        )
        if transposed:
            bound = (3 * after * 27) ** -0.5
            for values in self.convolution.parameters():
                nn.init.uniform_(values, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, before, bands, rows, columns) to (batch, after, bands, ...)."""
        if self.enlarge:
            images = functional.interpolate(
                x.flatten(1, 2), scale_factor=2, mode="bilinear", align_corners=True
            )
            x = images.reshape(*x.shape[:3], *images.shape[2:])
        if torch.is_grad_enabled():
            return self._pool(self.convolution(x))
        # Rows do not depend on each other but for the kernel: strips need a fraction of the memory.
        rows = range(0, x.shape[3] // self.stride, _STRIP)
        return torch.cat([self._strip(x, first, first + _STRIP) for first in rows], dim=3)

    def _strip(self, x: Tensor, first: int, end: int) -> Tensor:
        """Return the output's rows from `first` until `end`; one more on either side is cropped."""
        start = max(first - 1, 0)
        gates = self.convolution(x[..., start * self.stride : (end + 1) * self.stride, :])
        return self._pool(gates[..., first - start : end - start, :])

    @staticmethod
    def _pool(gates: Tensor) -> Tensor:
        """Map (batch, 3 after, ...), the convolution's output, to (batch, after, ...)."""
        candidates, forward, backward = gates.chunk(3, dim=1)
        values = candidates.tanh().unbind(dim=2)
        ascending = pooled(values, forward.sigmoid().unbind(dim=2))
        descending = pooled(values[::-1], backward.sigmoid().unbind(dim=2)[::-1])
        both = zip(ascending, reversed(descending), strict=True)
        return torch.stack([one + other for one, other in both], dim=2)


def pooled(values: Iterable[Tensor], gates: Iterable[Tensor]) -> list[Tensor]:
    """Return h_k = f_k h_(k-1) + (1 - f_k) z_k for all bands k, from h_0 = 0.

    Args:
        values: z, one for each band.
        gates: f, one for each band, of the same shape.
    """
    states: list[Tensor] = []
    for value, gate in zip(values, gates, strict=True):
        before = states[-1] if states else torch.zeros_like(value)
        states.append(torch.lerp(value, before, gate))
    return states


class RecurrentAutoencoder(nn.Module):
    """Five units down to a quarter of the rows and columns, and five up, with skips added."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        unit = QuasiRecurrentUnit
        self.first = unit(1, maps)
        self.encoder = nn.ModuleList(
            [
                unit(maps, maps),
                unit(maps, 2 * maps, stride=2),
                unit(2 * maps, 2 * maps),
                unit(2 * maps, 4 * maps, stride=2),
                unit(4 * maps, 4 * maps),
            ]
        )
        self.decoder = nn.ModuleList(
            [
                unit(4 * maps, 4 * maps, transposed=True),
                unit(4 * maps, 2 * maps, enlarge=True),
                unit(2 * maps, 2 * maps, transposed=True),
                unit(2 * maps, maps, enlarge=True),
                unit(maps, maps, transposed=True),
            ]
        )
        self.last = unit(maps, 1, transposed=True, bias=True)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same shape."""
        volume = pad_to_multiple(images, 4)[:, None]
        skips = [self.first(volume)]
        for unit in self.encoder:
            skips.append(unit(skips[-1]))
        x = skips.pop()
        for number, unit in enumerate(self.decoder):
            x = unit(x + skips.pop() if number else x)
        residual = self.last(x + skips.pop())
        estimate: Tensor = (volume + residual)[:, 0]
        return estimate[..., : images.shape[2], : images.shape[3]]


@register(
    "bi3dqrnn",
    title="Bi-3DQRNN",
    paper="Fu et al., Bidirectional 3D quasi-recurrent neural network, IEEE JSTARS 2021",
    published="Bi-3DQRNN",
    year="2021",
    bibtex="""
    @article{fu2021bi3dqrnn,
      author = {Fu, Y. and Liang, Z. and You, S.},
      title = {Bidirectional {3D} Quasi-Recurrent Neural Network for Hyperspectral Image
        Super-Resolution},
      journal = {IEEE Journal of Selected Topics in Applied Earth Observations and Remote Sensing},
      volume = {14}, pages = {2674--2688}, year = {2021}
    }
    """,
)
class Bi3DQRNN(NetworkMethod):
    """Twelve quasi-recurrent units from 16 maps; 1,288,227 parameters at every scale.

    The weights are those of any number of bands. Rows and columns are repeated to multiples of 4,
    and cropped again. Images are not cut into tiles: the interpolation in the decoder aligns the
    corners of the image, so that every pixel's position depends on the image's size. The public
    blur of the training images reaches along the spectrum too; here a protocol says what the
    low-resolution images are.
    """

    inputs = ("upscaled",)
    default_run = False

    maps: int = parameter(default=16, help="maps of the first unit", low=1)

    recipe = Recipe(
        optimiser="adam",
        lr=1e-4,
        batch_size=16,
        epochs=50,
        schedule="plateau",
        gamma=0.1,
        patience=5,
        min_lr=5e-5,
        patch_size=64,
        augment=True,
    )
    recipe_notes = (
        "trained on the scenes of the data set (print: on ICVL at four sizes, then fine-tuned)",
        "images keep their values (print: each image scaled to [0, 1])",
        "the rate falls by the validation PSNR (print: by the validation loss)",
    )

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return RecurrentAutoencoder(self.maps)

    def halo(self, network: nn.Module) -> None:
        """Return None: the positions of the interpolation depend on the image's size."""
        return

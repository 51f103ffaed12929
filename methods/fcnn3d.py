"""3D-FCNN: four convolutions over rows, columns and bands of the upscaled image."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, register

# How many pixels and bands the convolutions take off at each side.
_PIXELS, _BANDS = 6, 4


@register(
    "fcnn3d",
    title="3D-FCNN",
    paper="Mei et al., Hyperspectral image spatial super-resolution via 3D full convolutional "
    "neural network, Remote Sensing 9(11), 2017",
    published="3D-FCNN",
    year="2017",
    bibtex="""
    @article{mei2017fcnn3d,
      author = {Mei, S. and Yuan, X. and Ji, J. and Zhang, Y. and Wan, S. and Du, Q.},
      title = {Hyperspectral Image Spatial Super-Resolution via {3D} Full Convolutional Neural
        Network},
      journal = {Remote Sensing}, volume = {9}, number = {11}, pages = {1139}, year = {2017},
      doi = {10.3390/rs9111139}
    }
    """,
)
class FCNN3D(NetworkMethod):
    """7x9x9, 1x1x1, 1x1x1 and 3x5x5 with 64, 32, 9 and 1 maps: 39,405 parameters, for any bands.

    There is no skip from input to output. The convolutions are not padded and take 4 bands and 6
    pixels off at each side. As in the public code, bands are mirrored beforehand, the outermost
    one repeated; if there are fewer than 4, the mirror image is mirrored again. Here rows and
    columns are mirrored likewise, where the authors score the interior alone. The loss is that of
    the interior too: 21 x 21 of 33 x 33 pixels, which no padding has touched.

    The published numbers of the paper itself are of images blurred by a Gaussian.
    """

    default_run = False
    recipe = Recipe(
        lr=5e-5,
        batch_size=16,
        epochs=200,
        schedule="constant",
        patch_size=33,
    )
    recipe_notes = (
        "patches at random places (public code: every 5 pixels)",
        "values as the protocol scales them (public code: from 0 to 1 in every image)",
    )

    def network(self, problem: Problem) -> nn.Module:
        """Build the four layers (Fig. 1)."""
        return Volumes()

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute the mean squared error of the pixels that no padding reaches, if there are any.

        Patches of 12 rows or columns, and smaller ones, count whole.
        """
        if min(truth.shape[-2:]) > 2 * _PIXELS:
            interior = (..., slice(_PIXELS, -_PIXELS), slice(_PIXELS, -_PIXELS))
            output, truth = output[interior], truth[interior]
        return functional.mse_loss(output, truth)

    def halo(self, network: nn.Module) -> int | None:
        """Return 6 pixels: kernels of 9x9 and 5x5."""
        return _PIXELS


class Volumes(nn.Module):
    """The four layers, on mirrored images; weights as Keras starts them (Glorot and zeros)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(1, 64, (7, 9, 9)),
            nn.ReLU(),
            nn.Conv3d(64, 32, 1),
            nn.ReLU(),
            nn.Conv3d(32, 9, 1),
            nn.ReLU(),
            nn.Conv3d(9, 1, (3, 5, 5)),
        )
        for layer in self.layers:
            if isinstance(layer, nn.Conv3d):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same shape."""
        volume = images[:, None]
        for axis, margin in ((2, _BANDS), (3, _PIXELS), (4, _PIXELS)):
            volume = _mirrored(volume, axis, margin)
        out: Tensor = self.layers(volume)[:, 0]
        return out


def _mirrored(volume: Tensor, axis: int, margin: int) -> Tensor:
    """Extend both sides of an axis as NumPy's `symmetric` padding, for any size of the axis."""
    size = volume.shape[axis]
    places = torch.arange(-margin, size + margin, device=volume.device) % (2 * size)
    return volume.index_select(axis, torch.minimum(places, 2 * size - 1 - places))

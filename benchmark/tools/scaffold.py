"""Write the template of a new method, for `run_all.py new`."""

import keyword
from pathlib import Path

from benchmark.errors import RequestError
from benchmark.store.files import write_file

_TEMPLATE = '''"""{title}: describe the method in one line."""

from torch import Tensor, nn

from benchmark.method import NetworkMethod, Recipe, parameter, register


class _Network(nn.Module):
    """Residual CNN: three convolutions over all bands; its receptive field is 9 x 9 pixels."""

    def __init__(self, bands: int, features: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(bands, features, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, bands, kernel_size=3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map the up-scaled image to the estimate, both (batch, bands, rows, columns)."""
        estimate: Tensor = x + self.residual(x)
        return estimate


@register("{name}", title="{title}", paper="Authors, title, venue", year="2026")
class {classname}(NetworkMethod):
    """Describe the method here, and what its paper leaves open.

    The network's input is the low-resolution image, interpolated to the full size. With
    `sees = "decimated"` it is the low-resolution image itself, and the network up-scales it, for
    example by `nn.PixelShuffle(scale)`. With `bandwise = True` every band is estimated as a
    separate image with one channel. The loss is the mean squared error unless `loss` is overridden.
    """

    features: int = parameter(default=64, help="feature maps of the hidden layers", low=1)
    # The training of the profile `paper`: Adam with a one-cycle learning rate of at most `rate`.
    recipe = Recipe(lr=1e-3, batch_size=32, epochs=10, clip_norm=1.0)

    def network(self, bands: int, scale: int) -> nn.Module:
        """Build the network with its initial weights."""
        return _Network(bands, self.features)
'''


def write(name: str, folder: Path) -> Path:
    """Write a plugin that can be trained unchanged.

    Args:
        name: the method's name, a Python identifier in lower case.
        folder: where `<name>.py` is written.

    Returns:
        The file.

    Raises:
        RequestError: the name is invalid, or the file exists already.
    """
    if (
        not (name.isascii() and name.isidentifier())
        or keyword.iskeyword(name)
        or name != name.lower()
    ):
        raise RequestError(
            f"'{name}' cannot name a method; expected lower-case letters, digits and _, "
            "not starting with a digit"
        )
    file = folder / f"{name}.py"
    if file.exists():
        raise RequestError(f"{file} exists already; choose another name or remove it")
    words = name.split("_")
    camel = "".join(word.capitalize() for word in words)
    valid = camel.isidentifier() and not keyword.iskeyword(camel)
    text = _TEMPLATE.format(
        name=name,
        title=" ".join(words).strip().capitalize() or name,
        classname=camel if valid else "MyMethod",
    )
    write_file(file, text.encode(), "--folder")
    return file

"""A method to start from, for `run_all.py new`."""

import keyword
from pathlib import Path

from benchmark.errors import RequestError
from benchmark.store.files import write_file

_TEMPLATE = '''"""{title}: say in one line what it does."""

from torch import Tensor, nn

from benchmark.method import NetworkMethod, Recipe, parameter, register


class _Network(nn.Module):
    """Three convolutions over all bands that learn what the up-scaled image lacks."""

    def __init__(self, bands: int, maps: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(bands, maps, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(maps, maps, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(maps, bands, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        out: Tensor = x + self.layers(x)
        return out


@register("{name}", title="{title}", paper="Who et al., where and when", year="2026")
class {classname}(NetworkMethod):
    """Describe the method and its open choices here.

    `sees = "decimated"` gives the network the small image instead of the up-scaled one;
    `bandwise = True` gives it one band at a time; override `loss` for another loss than the
    mean squared error.
    """

    maps: int = parameter(default=64, help="feature maps", low=1)
    recipe = Recipe(rate=1e-3, batch=32, epochs=10, clip_norm=1.0)  # for the profile `paper`

    def network(self, bands: int, scale: int) -> nn.Module:
        """Build the network."""
        return _Network(bands, self.maps)
'''


def write(name: str, folder: Path) -> Path:
    """Write a plugin that trains as it is.

    Args:
        name: the method's name, a Python identifier in lower case.
        folder: where; its file is `<name>.py`.

    Raises:
        RequestError: the name cannot be one, or the file is there already.
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
        raise RequestError(f"{file} is there already; choose another name or remove it")
    words = name.split("_")
    camel = "".join(word.capitalize() for word in words)
    awkward = not camel.isidentifier() or keyword.iskeyword(camel)
    text = _TEMPLATE.format(
        name=name,
        title=" ".join(words).strip().capitalize() or name,
        classname="MyMethod" if awkward else camel,
    )
    write_file(file, text.encode(), "--folder")
    return file

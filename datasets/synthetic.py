"""The embedded data set: eighteen seeded scenes of occluding leaves under a lamp or the sky.

It needs no download, and it is made so that the methods rank on it as they do on CAVE. Under
`wang2017` at x2, x3, x4 (CAVE's in brackets) bicubic has 30.89, 30.58, 29.44 dB (31.75, 31.60,
30.17), the linear filter `wiener` band by band 35.45, 35.02, 34.49 (35.60, 35.35, 34.93), and on
all bands jointly 36.63, 36.24, 35.26 (36.49, 36.34, 35.41).

- Geometry: dead leaves, opaque shapes with power-law radii (Lee, Mumford & Huang, IJCV 2001),
  heaped on a black backdrop, each domed, shaded, casting a soft shadow, with 1/f texture.
- Spectra: smooth pigments from a palette of each scene's own (Maloney, JOSA A 1986; Parkkinen et
  al., JOSA A 1989), under CIE daylight (Judd et al., JOSA 1964), tungsten (Planck) or both.
- Camera: a small blur, exposure, a soft shoulder for highlights, noise of sensor and photons,
  and 16 bits that never saturate.

Numbers on it say how methods compare, not how well they do on photographs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError, listed
from benchmark.parameters import parameter
from datasets._geometry import Array, Leaf, leaf, mean_area, power_noise, radii
from datasets._spectra import FAMILIES, band_centres, daylight, illuminant, reflectance, ripple

Cube = npt.NDArray[np.uint16]

RECIPE = 1  # raise it whenever a byte of the scenes changes
PEAK = 65535
SCENES = tuple(f"leaves{number:02d}" for number in range(1, 19))
TEST = ("leaves04", "leaves08", "leaves13", "leaves17")
VALIDATION = ("leaves06", "leaves15")

_SMALLEST = 9.5  # pixels, or less in tiny scenes; finer structure is left to the texture
_LAYERS = 2.5  # how often the heap is covered, on average
_TILE = (128, 128)  # of periodic texture


@register("synthetic")
class Synthetic(DataSet):
    """Seeded synthetic scenes; the default, as it is always there."""

    title = "Synthetic (dead leaves)"
    synthetic = True

    rows: int = parameter(144, "rows of every scene", low=16, high=2048)
    columns: int = parameter(128, "columns of every scene", low=16, high=2048)
    bands: int = parameter(31, "bands, evenly from 400 to 700 nm", low=2, high=301)
    seed: int = parameter(0, "another seed is another set of scenes", low=0)

    @property
    def remark(self) -> str:
        """Say that these are no photographs."""
        return "Synthetic scenes, made from a seed: for comparing methods, not for quoting."

    @property
    def scenes(self) -> tuple[str, ...]:
        """Every scene's name."""
        return SCENES

    @property
    def test(self) -> tuple[str, ...]:
        """The four test scenes."""
        return TEST

    @property
    def validation(self) -> tuple[str, ...]:
        """The two training scenes held out."""
        return VALIDATION

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Check the names; there are no files, and `root` is not looked at.

        Raises:
            RequestError: a scene does not exist.
        """
        unknown = [name for name in scenes if name not in SCENES]
        if unknown:
            raise RequestError(
                f"no synthetic scene is called {listed(unknown)}; there are {listed(SCENES, 30)}"
            )
        return _Made(self.rows, self.columns, self.bands, self.seed)


class _Made(Source):
    """Makes each scene when it is asked for, well under a second each."""

    def __init__(self, rows: int, columns: int, bands: int, seed: int) -> None:
        self.stamp = f"synthetic recipe {RECIPE}: {rows} x {columns} x {bands}, seed {seed}"
        self._shape = (rows, columns)
        self._bands = bands
        self._seed = seed

    def read(self, scene: str) -> Scene:
        if scene not in SCENES:
            raise RequestError(f"no synthetic scene is called {scene}; see {SCENES[0]} and so on")
        sequence = np.random.SeedSequence(self._seed, spawn_key=(SCENES.index(scene),))
        wavelengths = band_centres(self._bands)
        cube = render(np.random.Generator(np.random.PCG64(sequence)), self._shape, wavelengths)
        return Scene(scene, cube, tuple(float(centre) for centre in wavelengths), float(PEAK))


@dataclass(frozen=True)
class _Stage:
    """What all leaves of a scene share: light, palette and texture."""

    light: Array  # (3,), towards the lamp
    palette: Array  # (pigments, bands)
    wavelengths: Array  # (bands,), nm
    texture: Array  # (fields, rows, columns) of a periodic tile


def render(rng: np.random.Generator, shape: tuple[int, int], wavelengths: Array) -> Cube:
    """Make one scene.

    Args:
        rng: everything random about the scene comes from it.
        shape: rows and columns.
        wavelengths: (bands,), nm.

    Returns:
        (rows, columns, bands), uint16, below `PEAK`.
    """
    # Like CAVE's, the camera is balanced: a white under daylight of 6500 K would read flat.
    light_colour = illuminant(rng, wavelengths) / daylight(wavelengths, 6500.0)
    families = rng.choice(len(FAMILIES), size=9, p=(0.32, 0.21, 0.24, 0.08, 0.15))
    palette = [reflectance(rng, wavelengths, FAMILIES[index]) for index in families]
    direction = np.array([*rng.uniform(-0.7, 0.7, 2), 1.0])
    stage = _Stage(
        light=direction / np.sqrt((direction**2).sum()),
        palette=np.stack(palette),
        wavelengths=wavelengths,
        texture=np.stack([power_noise(rng, _TILE, e) for e in (0.7, 1.1, 1.6)]),
    )
    backdrop = np.exp(0.5 * power_noise(rng, shape, 1.8))[..., None]
    picture = rng.uniform(0.003, 0.02) * backdrop * stage.palette[0] / stage.palette[0].mean()

    largest = rng.uniform(0.35, 0.6) * min(shape)
    smallest = min(_SMALLEST, 0.15 * min(shape))
    centres = _heap(rng, shape, smallest, largest)
    sizes = radii(rng, len(centres), smallest, largest)
    for (row, column), radius in zip(centres, sizes, strict=True):
        _lay(rng, picture, leaf(rng, shape, (row, column), radius, stage.light), stage)

    lamp = np.exp(rng.uniform(0.1, 0.5) * power_noise(rng, shape, 2.5))[..., None]
    return _photograph(rng, picture * lamp * light_colour)


def _heap(
    rng: np.random.Generator, shape: tuple[int, int], smallest: float, largest: float
) -> Array:
    """Draw the leaves' centres within a smooth region; the rest stays black, as much of CAVE is."""
    region = power_noise(rng, shape, 2.0)
    inside = np.flatnonzero(region >= np.quantile(region, rng.uniform(0.15, 0.55)))
    count = int(np.ceil(_LAYERS * inside.size / mean_area(smallest, largest)))
    places = inside[rng.integers(inside.size, size=count)]
    return np.stack(np.divmod(places, shape[1]), 1) + rng.random((count, 2))


def _lay(rng: np.random.Generator, picture: Array, drawn: Leaf | None, stage: _Stage) -> None:
    """Paint one leaf over the picture, in place; the draws do not depend on what is visible."""
    first, second = rng.integers(len(stage.palette), size=2)
    own = ripple(rng, stage.wavelengths, 0.02)  # no two leaves are of quite the same colour
    brightness = np.exp(rng.normal(-0.6, 0.45))
    grain, mixing = rng.uniform(0.03, 0.22), rng.uniform(0.0, 0.4)
    field = rng.integers(len(stage.texture))
    corner = rng.integers(_TILE[0], size=4)
    gloss = max(0.0, rng.uniform(-0.9, 0.3))
    striped, period = rng.random() < 0.06, rng.uniform(5.0, 18.0)
    if drawn is None:
        return
    height, width = drawn.cover.shape
    tiles = [
        stage.texture[field][
            np.ix_(
                (corner[i] + np.arange(height)) % _TILE[0],
                (corner[i + 1] + np.arange(width)) % _TILE[1],
            )
        ]
        for i in (0, 2)
    ]
    share = np.clip(mixing * (0.3 + 0.5 * tiles[1]), 0.0, 1.0)
    if striped:
        share = np.clip(0.5 + 1.5 * np.sin(2.0 * np.pi * drawn.along / period), 0.0, 1.0)
    facing = np.maximum(np.einsum("k,khw->hw", stage.light, drawn.normal), 0.0)
    halfway = stage.light + np.array([0.0, 0.0, 1.0])
    halfway /= np.sqrt((halfway**2).sum())
    shine = gloss * np.maximum(np.einsum("k,khw->hw", halfway, drawn.normal), 0.0) ** 60
    body = brightness * (0.15 + 0.85 * facing) * np.exp(grain * tiles[0])
    change = stage.palette[second] - stage.palette[first]
    colours = own * (stage.palette[first] + share[..., None] * change)
    below = picture[drawn.window] * (1.0 - 0.6 * drawn.shadow)[..., None]
    cover = drawn.cover[..., None]
    picture[drawn.window] = below + cover * (body[..., None] * colours + shine[..., None] - below)


def _photograph(rng: np.random.Generator, radiance: Array) -> Cube:
    """Blur a little, expose, compress the highlights, add noise, and store 16 bits."""
    sigma = rng.uniform(0.35, 0.6)
    image = gaussian_filter(radiance, (sigma, sigma, 0.0))
    image *= rng.uniform(0.45, 0.70) / np.quantile(image, 0.995)
    knee, room = 0.75, 0.2
    above = np.maximum(image - knee, 0.0)
    image = np.minimum(image, knee) + room * (1.0 - np.exp(-above / room))
    noise = np.sqrt(0.0004**2 + 0.004**2 * image) * rng.standard_normal(image.shape)
    counts: Cube = np.rint(PEAK * np.clip(image + noise, 0.0, 0.999)).astype(np.uint16)
    return counts

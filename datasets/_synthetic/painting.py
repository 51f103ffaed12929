"""Rendering of a scene: leaves are piled up, lit and photographed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from datasets._synthetic.geometry import Array, Leaf, leaf, mean_area, power_noise, radii
from datasets._synthetic.spectra import FAMILIES, daylight, illuminant, reflectance, ripple

Cube = npt.NDArray[np.uint16]

PEAK = 65535

_SMALLEST = 9.5  # pixels, or less in tiny scenes; finer structure is left to the texture
_LAYERS = 2.5  # leaves on each point of the pile, on average
_TILE = (128, 128)  # of periodic texture


@dataclass(frozen=True)
class _Stage:
    """Properties shared by all leaves of a scene: light, palette and texture."""

    light: Array  # (3,), towards the lamp
    palette: Array  # (pigments, bands)
    wavelengths: Array  # (bands,), nm
    texture: Array  # (fields, rows, columns) of a periodic tile


def render(rng: np.random.Generator, shape: tuple[int, int], wavelengths: Array) -> Cube:
    """Render one scene.

    Args:
        rng: source of all randomness.
        shape: rows and columns.
        wavelengths: (bands,), nm.

    Returns:
        (rows, columns, bands), uint16, below `PEAK`.
    """
    # White balance as in CAVE: a white surface in daylight of 6500 K has a flat spectrum.
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
    """Draw the leaves' centres within a smooth region; the rest stays black, as often in CAVE."""
    region = power_noise(rng, shape, 2.0)
    inside = np.flatnonzero(region >= np.quantile(region, rng.uniform(0.15, 0.55)))
    count = int(np.ceil(_LAYERS * inside.size / mean_area(smallest, largest)))
    places = inside[rng.integers(inside.size, size=count)]
    return np.stack(np.divmod(places, shape[1]), 1) + rng.random((count, 2))


def _lay(rng: np.random.Generator, picture: Array, drawn: Leaf | None, stage: _Stage) -> None:
    """Paint one leaf over the picture, in place; the draws do not depend on what is visible."""
    first, second = rng.integers(len(stage.palette), size=2)
    own = ripple(rng, stage.wavelengths, 0.02)  # no two leaves have exactly the same colour
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

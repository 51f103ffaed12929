"""Geometry of the synthetic scenes: occluding leaves, their relief, and texture at all scales.

The dead-leaves model (Lee, Mumford & Huang, IJCV 2001) lays opaque shapes over one another until
nothing shows through. With radii of density r^-3 its pictures share the scale invariance and the
heavy-tailed gradients of photographs; the texture within each leaf is 1/f noise.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Leaf:
    """One opaque shape, drawn on the window of the picture that it touches.

    Attributes:
        window: its rows and columns in the picture.
        cover: (h, w), 1 where it hides what lies beneath, 0 outside, between on its rim.
        shadow: (h, w), how much it darkens what lies beneath, 0 to 1.
        normal: (3, h, w), unit normals (x to the right, y downwards, z to the camera).
        along: (h, w), its first axis in pixels, for stripes.
    """

    window: tuple[slice, slice]
    cover: Array
    shadow: Array
    normal: Array
    along: Array


def power_noise(rng: np.random.Generator, shape: tuple[int, int], exponent: float) -> Array:
    """Draw a periodic Gaussian field whose amplitude spectrum falls as 1 / f^exponent.

    Returns:
        An array of `shape`, with mean 0 and standard deviation 1.
    """
    rows, columns = shape
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) / frequency**exponent
    field = np.fft.irfft2(spectrum, shape)
    normalised: Array = field / field.std()
    return normalised


def radii(rng: np.random.Generator, count: int, smallest: float, largest: float) -> Array:
    """Draw `count` radii of density r^-3 between two bounds, by inverting the distribution."""
    ends = smallest**-2.0, largest**-2.0
    drawn: Array = (ends[0] - rng.random(count) * (ends[0] - ends[1])) ** -0.5
    return drawn


def mean_area(smallest: float, largest: float) -> float:
    """Compute the mean of pi r^2 under the density that `radii` draws from."""
    inverse = smallest**-2.0 - largest**-2.0
    return float(2.0 * np.pi * np.log(largest / smallest) / inverse)


def leaf(
    rng: np.random.Generator,
    shape: tuple[int, int],
    centre: tuple[float, float],
    radius: float,
    light: Array,
) -> Leaf | None:
    """Draw one leaf: a disc, an ellipse or a rounded box, with a wavy rim, domed or flat.

    Args:
        rng: random generator; the number of draws does not depend on what is visible.
        shape: rows and columns of the picture.
        centre: row and column of the leaf's middle.
        radius: in pixels.
        light: (3,), the direction towards the light; its shadow falls the other way.

    Returns:
        The leaf, or None if it lies outside the picture.
    """
    angle, wave_phase = rng.uniform(0.0, 2.0 * np.pi, 2)
    stretch = rng.uniform(1.0, 1.6)
    power = (2.0, 2.0, 3.0, 8.0)[rng.integers(4)]
    lobes, wave = int(rng.integers(2, 7)), rng.uniform(0.0, 0.12)
    bulge = rng.uniform(0.0, 0.97)
    semi = radius * stretch, radius / stretch

    reach = 1.3 * semi[0] + 3.0
    edges = [
        (max(0, int(middle - reach)), min(size, int(middle + reach) + 2))
        for middle, size in zip(centre, shape, strict=True)
    ]
    if any(first >= last for first, last in edges):
        return None
    y = np.arange(*edges[0], dtype=float)[:, None] - centre[0]
    x = np.arange(*edges[1], dtype=float)[None, :] - centre[1]
    cos, sin = np.cos(angle), np.sin(angle)

    def inside(y: Array, x: Array) -> tuple[Array, Array, Array]:
        """Return the signed distance to the rim in pixels (approximate) and both axes, -1 to 1."""
        u = (cos * x + sin * y) / semi[0]
        v = (cos * y - sin * x) / semi[1]
        rim = 1.0 + wave * np.cos(lobes * np.arctan2(v, u) + wave_phase)
        norm = (np.abs(u) ** power + np.abs(v) ** power) ** (1.0 / power)
        return (rim - norm) * semi[1], u, v

    depth, u, v = inside(y, x)
    cast = 0.15 * radius
    away, _, _ = inside(y + cast * light[1], x + cast * light[0])
    # A dome: the normal leans outwards with the distance from the middle, as far as `bulge` says.
    lean = bulge * np.minimum(1.0, 1.0 / np.sqrt(np.maximum(u * u + v * v, 1e-12)))
    nu, nv = lean * u, lean * v
    nz = np.sqrt(np.maximum(1.0 - nu * nu - nv * nv, 0.0))
    return Leaf(
        window=(slice(*edges[0]), slice(*edges[1])),
        cover=np.clip(depth + 0.5, 0.0, 1.0),
        shadow=np.clip(0.5 + away / (2.0 * cast + 1.0), 0.0, 1.0),
        normal=np.stack([cos * nu - sin * nv, sin * nu + cos * nv, nz]),
        along=u * semi[0],
    )

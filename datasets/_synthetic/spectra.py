"""Spectra of the synthetic scenes: reflectances like those of pigments, and their illumination.

Measured reflectances are smooth: three to eight basis functions describe nearly all of them
(Maloney, JOSA A 1986; Parkkinen, Hallikainen & Jaaskelainen, JOSA A 1989). Here each is a level, a
sigmoid edge or a Gaussian band, times a low-order cosine ripple. Light is a CIE daylight of a
given colour temperature (Judd, MacAdam & Wyszecki, JOSA 1964), Planck's law at illuminant A's
2856 K, or a mixture of both, as beside a window.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

TUNGSTEN = 2856.0  # K, CIE standard illuminant A
FAMILIES = ("grey", "warm", "band", "purple", "earth")

# The CIE's mean daylight and its first two components of variation, 400 to 700 nm by 10 nm.
_DAYLIGHT_TABLE = """
    94.8 104.8 105.9 96.8 113.9 125.6 125.5 121.3 121.3 113.5 113.1 110.8 106.5
    108.8 105.3 104.4 100.0 96.0 95.1 89.1 90.5 90.3 88.4 84.0 85.1 81.9 82.6 84.9
    81.3 71.9 74.3
    43.4 46.3 43.9 37.1 36.7 35.9 32.6 27.9 24.3 20.1 16.2 13.2 8.6 6.1 4.2 1.9 0.0
    -1.6 -3.5 -3.5 -5.8 -7.2 -8.6 -9.5 -10.9 -10.7 -12.0 -14.0 -13.6 -12.0 -13.3
    -1.1 -0.5 -0.7 -1.2 -2.6 -2.9 -2.8 -2.6 -2.6 -1.8 -1.5 -1.3 -1.2 -1.0 -0.5 -0.3
    0.0 0.2 0.5 2.1 3.2 4.1 4.7 5.1 6.7 7.3 8.6 9.8 10.2 8.3 9.6
"""
_DAYLIGHT = np.array(_DAYLIGHT_TABLE.split(), dtype=float).reshape(3, 31)


def band_centres(bands: int) -> Array:
    """Return `bands` centres in nm, evenly from 400 to 700, both included."""
    return np.linspace(400.0, 700.0, bands)


def daylight(wavelengths: Array, temperature: float) -> Array:
    """Compute the CIE daylight of a correlated colour temperature, of mean 1 over the bands.

    Args:
        wavelengths: (bands,), nm, within 400 to 700.
        temperature: K, from 4000 to 25000.
    """
    t = 1000.0 / temperature
    if temperature <= 7000.0:
        x = 0.244063 + 0.09911 * t + 2.9678 * t**2 - 4.6070 * t**3
    else:
        x = 0.237040 + 0.24748 * t + 1.9018 * t**2 - 2.0064 * t**3
    y = -3.0 * x * x + 2.870 * x - 0.275
    scale = 0.0241 + 0.2562 * x - 0.7341 * y
    first = (-1.3515 - 1.7703 * x + 5.9114 * y) / scale
    second = (0.0300 - 31.4424 * x + 30.0717 * y) / scale
    power = _DAYLIGHT[0] + first * _DAYLIGHT[1] + second * _DAYLIGHT[2]
    light = np.interp(wavelengths, band_centres(31), power)
    normalised: Array = light / light.mean()
    return normalised


def planck(wavelengths: Array, temperature: float) -> Array:
    """Compute a black body's spectral power, of mean 1 over the bands.

    Args:
        wavelengths: (bands,), nm.
        temperature: K.
    """
    light = wavelengths**-5.0 / np.expm1(1.43877688e7 / (wavelengths * temperature))
    normalised: Array = light / light.mean()
    return normalised


def illuminant(rng: np.random.Generator, wavelengths: Array) -> Array:
    """Draw a scene's light: daylight, mixed with tungsten in a third of the scenes.

    Args:
        rng: random generator; always advanced by three draws.
        wavelengths: (bands,), nm.

    Returns:
        (bands,), of mean 1.
    """
    temperature = rng.uniform(5000.0, 7500.0)
    indoors = rng.random() < 1 / 3
    share = rng.uniform(0.2, 0.8)
    sky = daylight(wavelengths, temperature)
    return (1.0 - share) * sky + share * planck(wavelengths, TUNGSTEN) if indoors else sky


def reflectance(rng: np.random.Generator, wavelengths: Array, family: str) -> Array:
    """Draw one smooth reflectance of a family of pigments.

    Args:
        rng: random generator.
        wavelengths: (bands,), nm.
        family: one of `FAMILIES`: neutral; yellow to red (an edge); green or blue (a band);
            purple (both ends); wood, skin and soil (a slow rise).

    Returns:
        (bands,), within [0.01, 0.95].
    """
    low = rng.uniform(0.04, 0.16)
    high = rng.uniform(0.35, 0.90)
    if family == "grey":
        shape = 1.0 + rng.uniform(-0.3, 0.3) * (wavelengths - 550.0) / 300.0
        high = low + high * rng.random()
    elif family == "warm":
        shape = _edge(wavelengths, rng.uniform(490.0, 620.0), rng.uniform(10.0, 24.0))
    elif family == "band":
        offset = (wavelengths - rng.uniform(440.0, 550.0)) / rng.uniform(28.0, 55.0)
        # Most green and blue dyes stop absorbing again in the deep red.
        tail = rng.uniform(0.0, 0.7) * _edge(wavelengths, rng.uniform(665.0, 700.0), 14.0)
        shape = np.exp(-0.5 * offset**2) + tail
        high *= 0.75
    elif family == "purple":
        shape = _edge(wavelengths, rng.uniform(590.0, 640.0), rng.uniform(10.0, 22.0))
        blue = _edge(-wavelengths, -rng.uniform(450.0, 500.0), rng.uniform(12.0, 25.0))
        shape = shape + rng.uniform(0.3, 0.9) * blue
    elif family == "earth":
        shape = _edge(wavelengths, rng.uniform(560.0, 640.0), rng.uniform(45.0, 80.0))
    else:
        raise ValueError(f"unknown family of pigments {family!r}")
    shape = (low + (high - low) * shape) * ripple(rng, wavelengths, 0.06)
    spectrum: Array = np.clip(shape, 0.01, 0.95)
    return spectrum


def ripple(rng: np.random.Generator, wavelengths: Array, strength: float) -> Array:
    """Draw a slow modulation about 1: six cosines over 400 to 700 nm, weaker with rising order.

    Args:
        rng: random generator.
        wavelengths: (bands,), nm.
        strength: standard deviation of the slowest cosine's amplitude.
    """
    orders = np.arange(1, 7)
    amplitudes = rng.standard_normal(6) * strength / np.sqrt(orders)
    phases = np.pi * (wavelengths[:, None] - 400.0) / 300.0 * orders
    modulation: Array = 1.0 + (np.cos(phases) * amplitudes).sum(1)
    return modulation


def _edge(wavelengths: Array, centre: float, width: float) -> Array:
    rise: Array = 1.0 / (1.0 + np.exp(-(wavelengths - centre) / width))
    return rise

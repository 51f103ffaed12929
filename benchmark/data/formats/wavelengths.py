"""Wavelengths as files and command lines state them, converted to nm; bands chosen by them."""

import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from benchmark.errors import RequestError

# Names of the vector of wavelengths beside an image, in lower case.
NAMES = frozenset({"wavelength", "wavelengths", "lambda", "wl"})
_MICROMETRES = (0.1, 50.0)  # where the unit is not stated; no sensor of so short nanometres exists
_MOST = 10_000  # bands
# Near the dominant wavelengths of the red, green and blue of screens (611, 549, 464 nm), in nm.
_RED_GREEN_BLUE = (620.0, 550.0, 460.0)
VISIBLE = (400.0, 720.0)  # nm
_NANO = ("nm", "nanom")
_MICRO = ("um", "\u00b5m", "\u03bcm", "microm", "micron")


def in_nm(values: Sequence[float], unit: str = "") -> tuple[float, ...]:
    """Convert wavelengths to nm.

    Args:
        values: nanometres or micrometres.
        unit: as stated; if it is empty or "Unknown", values up to 50 are micrometres.

    Returns:
        The wavelengths in nm; none if the unit is another one, such as wavenumbers.
    """
    named = unit.strip().lower()
    if named.startswith(_NANO):
        factor = 1.0
    elif named.startswith(_MICRO):
        factor = 1000.0
    elif named in ("", "unknown"):
        least, most = _MICROMETRES
        factor = 1000.0 if values and least <= min(values) and max(values) <= most else 1.0
    else:
        return ()
    return tuple(round(value * factor, 6) for value in values)


def parse(text: str, folder: Path) -> tuple[float, ...]:
    """Read wavelengths as stated on the command line.

    Args:
        text: `400:10:700` (first:step:last), `450+550+650` (each), or the name of a text file
            with one number a line; in nm or micrometres.
        folder: where the text file is.

    Returns:
        The wavelengths in nm; none for an empty text.

    Raises:
        RequestError: the text is none of these.
    """
    if not text:
        return ()
    try:
        if _is_file(folder / text):
            stated = (folder / text).read_text(encoding="utf-8-sig")
            return in_nm([float(number) for number in stated.replace(",", " ").split()])
        return in_nm(_spaced(text) if ":" in text else [float(nm) for nm in text.split("+")])
    except (ValueError, ZeroDivisionError, OSError) as error:
        raise RequestError(
            f"wavelengths={text}: expected first:step:last such as 400:10:700, the numbers joined "
            f"by +, or the name of a text file in {folder} with one number a line"
        ) from error


def _is_file(place: Path) -> bool:
    """Return whether there is a file; a list of hundreds of numbers is too long for a name."""
    with suppress(OSError):
        return place.is_file()
    return False


def _spaced(text: str) -> list[float]:
    first, step, last = (float(part) for part in text.split(":"))
    steps = (last - first) / step
    if not (0 < steps < _MOST and math.isclose(steps, round(steps), abs_tol=1e-6)):
        raise ValueError(text)
    return [first + index * step for index in range(round(steps) + 1)]


def nearest_band(wavelengths: Sequence[float], wanted: float) -> int:
    """Return the index of the band nearest to a wavelength in nm; the first one of a tie."""
    return int(np.argmin(np.abs(np.asarray(wavelengths, float) - wanted)))


def false_colour_bands(wavelengths: Sequence[float]) -> tuple[int, int, int]:
    """Choose the bands shown as red, green and blue: the nearest to 620, 550 and 460 nm.

    Args:
        wavelengths: of the bands, in nm. Where they do not include the three, the range of 400 to
            720 nm is mapped linearly onto theirs.

    Returns:
        The bands' indices.
    """
    low, high = float(min(wavelengths)), float(max(wavelengths))
    wanted = np.array(_RED_GREEN_BLUE)
    if low > wanted.min() or high < wanted.max():
        wanted = low + (wanted - VISIBLE[0]) / (VISIBLE[1] - VISIBLE[0]) * (high - low)
    red, green, blue = (nearest_band(wavelengths, nm) for nm in wanted)
    return red, green, blue

"""Wavelengths as files and command lines state them, converted to nm."""

import math
from collections.abc import Sequence
from pathlib import Path

from benchmark.errors import RequestError

# Names of the vector of wavelengths beside an image, in lower case.
NAMES = frozenset({"wavelength", "wavelengths", "lambda", "wl"})
_MICROMETRES = (0.1, 50.0)  # where the unit is not stated; no sensor of so short nanometres exists
_MOST = 10_000  # bands
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
    file = folder / text
    try:
        if file.is_file():
            stated = file.read_text(encoding="utf-8")
            return in_nm([float(number) for number in stated.replace(",", " ").split()])
        return in_nm(_spaced(text) if ":" in text else [float(nm) for nm in text.split("+")])
    except (ValueError, ZeroDivisionError, OSError) as error:
        raise RequestError(
            f"wavelengths={text}: expected first:step:last such as 400:10:700, the numbers joined "
            f"by +, or the name of a text file in {folder} with one number a line"
        ) from error


def _spaced(text: str) -> list[float]:
    first, step, last = (float(part) for part in text.split(":"))
    steps = (last - first) / step
    if not (0 < steps < _MOST and math.isclose(steps, round(steps), abs_tol=1e-6)):
        raise ValueError(text)
    return [first + index * step for index in range(round(steps) + 1)]

"""The image to upscale: a file or an array, looked at first, read and checked then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmark.data.formats.images import AUTO, BAND_AXES, Image, read, without_noise
from benchmark.data.formats.stored import AXES, NUMBERS, by, narrowed
from benchmark.data.formats.wavelengths import in_nm, parse
from benchmark.errors import RequestError, counted


@dataclass(frozen=True)
class Source:
    """An image to upscale.

    Attributes:
        name: of the file, or "the array", for messages.
        file: the file; None for an array.
        seen: shape, type and wavelengths; without values if it comes from a file.
        variable: name of the image in its file, as stated.
        axis: of the bands, as stated.
    """

    name: str
    file: Path | None
    seen: Image
    variable: str
    axis: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and bands."""
        rows, columns, bands = self.seen.cube.shape
        return rows, columns, bands

    def image(self) -> Image:
        """Read the image.

        Raises:
            RequestError: it cannot be read.
        """
        if self.file is None:
            return self.seen
        return read(self.file, self.variable, self.axis, self.seen.wavelengths)


def look_at(
    image: Path | str | np.ndarray,
    variable: str = "",
    axis: str = AUTO,
    wavelengths: str | Sequence[float] = "",
) -> Source:
    """Read shape, type and wavelengths of an image.

    Args:
        image: a file as the data set `folder` reads it, or an array of three axes.
        variable: name of the image in a file with several arrays.
        axis: "first", "middle" or "last", or "auto" as for `folder`; the last one of an array.
        wavelengths: of the bands, as for `folder`, a text file by its name from where you are, or
            numbers in nm or micrometres; those of the file if empty.

    Raises:
        RequestError: it is no image, or the wavelengths are not as many as the bands.
    """
    if axis not in (AUTO, *BAND_AXES):
        raise RequestError(f"--axis {axis}: expected {', '.join((AUTO, *BAND_AXES))}")
    stated = wavelengths if isinstance(wavelengths, str) else "+".join(map(str, wavelengths))
    nm = parse(stated, Path.cwd())
    if isinstance(image, np.ndarray):
        source = Source("the array", None, _of_array(image, axis, nm), "", axis)
    else:
        file = Path(image).expanduser()
        if file.is_dir():
            raise RequestError(f"{file} is a folder; name its images, for example {file}/*")
        seen = read(file, variable, axis, nm, values=False)
        source = Source(file.name, file, seen, variable, axis)
    shape, known = source.shape, len(source.seen.wavelengths)
    if min(shape) < 1:
        raise RequestError(f"{source.name}: expected pixels, found {by(shape)}")
    if known and known != shape[2]:
        if nm:
            raise RequestError(
                f"{source.name}: expected as many wavelengths as bands, found {known} and "
                f"{shape[2]}; correct --wavelengths or --axis"
            )
        source = replace(source, seen=replace(source.seen, wavelengths=()))
    return source


def _of_array(array: np.ndarray, axis: str, nm: Sequence[float]) -> Image:
    if array.ndim != AXES or array.dtype.name not in NUMBERS:
        raise RequestError(
            "expected an array of real numbers with three axes (rows x columns x bands), found "
            f"{by(array.shape)} of {array.dtype}"
        )
    position = BAND_AXES.get(axis, 2)
    cube = np.moveaxis(narrowed(array), position, -1)
    return Image(cube, in_nm(tuple(nm)), array.dtype.name, "", position)


def checked_values(image: Image, name: str, peak: float) -> tuple[np.ndarray, float, list[str]]:
    """Check the values of an image, as the data set `folder` does.

    Args:
        image: the image.
        name: for messages.
        peak: the value that stands for 1; 0 for the largest of the image.

    Returns:
        The cube, its peak, and notes about what was taken or changed.

    Raises:
        RequestError: values are not finite, negative beyond noise, or above the peak.
    """
    cube, negative = without_noise(image.cube, peak)
    lowest, highest = cube.min(), cube.max()  # NaN if any value is
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise _refusal(name, "finite values", ~np.isfinite(cube), "not finite")
    if lowest < 0:
        what = f"negative, down to {lowest:g}"
        raise _refusal(name, "no values below 0 but noise", cube < 0, what)
    if highest == 0:
        raise RequestError(f"{name}: expected positive values, found none")
    if peak and highest > peak:
        raise RequestError(
            f"{name}: expected values up to the stated peak {peak:g}, found up to {highest:.9g}; "
            "correct --peak"
        )
    notes = ["small negative values were set to 0"] if negative else []
    if not peak:
        notes.append(
            f"values were divided by {highest:.9g}, the largest one; --peak states what means 1"
        )
    return cube, peak or float(highest), notes


def _refusal(name: str, expected: str, chosen: np.ndarray, found: str) -> RequestError:
    share = f"{int(chosen.sum()):,} of {counted(chosen.size, 'value')}"
    return RequestError(
        f"{name}: expected {expected}, found {share} {found}; give pixels without data a value "
        "from 0"
    )

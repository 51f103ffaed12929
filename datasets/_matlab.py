"""MATLAB files of versions 5 and 7.3: one image and its mask, checked for kind and shape.

A file of version 7.3 is HDF5, and lists the axes in reverse.
"""

from pathlib import Path
from typing import Any

import numpy as np

from benchmark.errors import listed

HDF = b"\x89HDF\r\n\x1a\n"  # at the start, or after MATLAB's header of 512 bytes


class ContentError(Exception):
    """The file can be read but holds something else; the message says what."""


def read(file: Path, bands: int, crop: int) -> np.ndarray:
    """Read the variable `ref`, the image; the mask `lbl`, where there is one, is only checked.

    Args:
        file: the .mat file.
        bands: how many the image must have.
        crop: rows and columns to take at the top left; of a smaller image, what there is.

    Returns:
        (rows, columns, bands), float32; what does not fit into that is infinite.

    Raises:
        ContentError: it is no MATLAB file, or holds other variables, types or shapes.
        Exception: nearly any that scipy or h5py raise at a damaged file.
    """
    with file.open("rb") as stream:
        head = stream.read(520)
    if HDF in (head[:8], head[512:]):
        import h5py

        with h5py.File(file) as there:
            values = {name: item for name, item in there.items() if isinstance(item, h5py.Dataset)}
            return _cropped(values, list(there), bands, crop, reverse=True)
    if head.startswith(b"MATLAB 5.0"):
        from scipy.io import loadmat, whosmat

        values = loadmat(file, variable_names=["ref", "lbl"])
        names = [] if "ref" in values else [name for name, *_ in whosmat(file)]
        return _cropped(values, names, bands, crop, reverse=False)
    raise ContentError("it is not a MATLAB file (version 5 or 7.3)")


def _cropped(
    values: dict[str, Any], names: list[str], bands: int, crop: int, reverse: bool
) -> np.ndarray:
    if "ref" not in values:
        raise ContentError(f"expected a variable 'ref', found {listed(names) or 'none'}")
    cube, mask = values["ref"], values.get("lbl")
    order = -1 if reverse else 1
    shape = cube.shape[::order]
    if cube.dtype.kind not in "fiu" or len(shape) != 3 or shape[2] != bands or 0 in shape:
        found = f"{' x '.join(map(str, shape))} of {cube.dtype}"
        raise ContentError(f"expected 'ref' as rows x columns x {bands} numbers, found {found}")
    if mask is not None and mask.shape[::order] != shape[:2]:
        found = " x ".join(map(str, mask.shape[::order]))
        raise ContentError(f"expected 'lbl' as {shape[0]} x {shape[1]}, found {found}")
    part = cube[:, :crop, :crop].T if reverse else cube[:crop, :crop]
    with np.errstate(over="ignore"):
        return np.array(part, np.float32, order="C")

"""Writers of images in every format, by the software that people use."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
import tifffile
from spectral.io import envi

from tests.datasets.makers import mat73

ROWS, COLUMNS, BANDS = 24, 20, 8
NM = tuple(400.0 + 10 * band for band in range(BANDS))


def cube(kind: str = "uint16") -> np.ndarray:
    """Make an image."""
    random = np.random.default_rng(5)
    return random.integers(0, 4000, (ROWS, COLUMNS, BANDS)).astype(kind)


def write_npy(file: Path, values: np.ndarray) -> Path:
    """Write one array."""
    np.save(file.with_suffix(".npy"), values)
    return file.with_suffix(".npy")


def write_npz(file: Path, values: np.ndarray) -> Path:
    """Write an array, a mask and wavelengths, compressed."""
    file = file.with_suffix(".npz")
    np.savez_compressed(file, image=values, mask=values[..., 0], wavelengths=NM)
    return file


def write_mat5(file: Path, values: np.ndarray) -> Path:
    """Write MATLAB v5."""
    file = file.with_suffix(".mat")
    scipy.io.savemat(file, {"image": values, "mask": values[..., 0], "wavelength": NM})
    return file


def write_mat73(file: Path, values: np.ndarray) -> Path:
    """Write MATLAB v7.3."""
    nm = np.array(NM)[None]
    return mat73(file.with_suffix(".mat"), image=values, mask=values[..., 0], wavelength=nm)


def write_h5(file: Path, values: np.ndarray) -> Path:
    """Write HDF5 in groups, compressed."""
    file = file.with_suffix(".h5")
    with h5py.File(file, "w") as opened:
        opened.create_dataset("data/image", data=values, compression="gzip")
        opened["data/Wavelengths"] = NM
    return file


def write_pages(file: Path, values: np.ndarray, **options: Any) -> Path:
    """Write a page for each band."""
    file = file.with_suffix(".tif")
    tifffile.imwrite(file, values.transpose(2, 0, 1), photometric="minisblack", **options)
    return file


def write_planar(file: Path, values: np.ndarray) -> Path:
    """Write the bands as planes of one page."""
    return write_pages(file, values, planarconfig="separate")


def write_deflated(file: Path, values: np.ndarray) -> Path:
    """Write compressed pages."""
    return write_pages(file, values, compression="zlib")


def write_samples(file: Path, values: np.ndarray) -> Path:
    """Write the bands of each pixel together, as in colour photographs."""
    file = file.with_suffix(".tiff")
    tifffile.imwrite(file, values, photometric="minisblack", planarconfig="contig")
    return file


def write_grey(file: Path, values: np.ndarray) -> Path:
    """Write a single band."""
    tifffile.imwrite(file.with_suffix(".tif"), values[..., 0])
    return file.with_suffix(".tif")


def write_envi(file: Path, values: np.ndarray, interleave: str = "bsq", **more: Any) -> Path:
    """Write a header and values beside it."""
    facts = {"wavelength": [nm / 1000 for nm in NM], "wavelength units": "Micrometers", **more}
    file = file.with_suffix(".hdr")
    envi.save_image(str(file), values, interleave=interleave, ext="img", metadata=facts)
    return file


def write_bil(file: Path, values: np.ndarray) -> Path:
    """Write an ENVI file with the bands of each row together."""
    return write_envi(file, values, "bil")


def write_bip(file: Path, values: np.ndarray) -> Path:
    """Write an ENVI file with the bands of each pixel together."""
    return write_envi(file, values, "bip")


Writer = Callable[[Path, np.ndarray], Path]
WITH_WAVELENGTHS: list[Writer] = [
    write_npz, write_mat5, write_mat73, write_h5, write_envi, write_bil, write_bip,
]  # fmt: skip
WITHOUT: list[Writer] = [write_npy, write_pages, write_planar, write_deflated, write_samples]

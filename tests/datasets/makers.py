"""Tiny files in the exact formats of the data sets, and archives that are up to no good."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

ROWS, COLUMNS, BANDS = 24, 20, 31


def left_in(folder: Path) -> list[str]:
    """List a folder, hidden names too."""
    return sorted(path.name for path in folder.iterdir())


def cave_cube(scene: str) -> np.ndarray:
    """Make a scene's values: uint16, or uint8 for the scene that is published in colour."""
    kind, top = (np.uint8, 255) if scene == "watercolors" else (np.uint16, 65535)
    random = np.random.default_rng(len(scene))
    return random.integers(0, top, (ROWS, COLUMNS, BANDS), dtype=kind)


def png(band: np.ndarray) -> bytes:
    """Encode one band: uint16 as 16-bit grey, uint8 as RGBA with R = G = B."""
    if band.dtype == np.uint8 and band.ndim == 2:
        band = np.stack([band, band, band, np.full_like(band, 255)], axis=-1)
    stream = io.BytesIO()
    Image.fromarray(band).save(stream, "PNG")
    return stream.getvalue()


def cave_files(scene: str) -> dict[str, bytes]:
    """Make all that a scene's folder holds as published, the stray files included."""
    cube = cave_cube(scene)
    files = {f"{scene}_ms_{band + 1:02}.png": png(cube[..., band]) for band in range(BANDS)}
    return {**files, "Thumbs.db": b"stray", f"{scene}_RGB.bmp": b"BM stray"}


def cave_folder(folder: Path, *scenes: str, doubled: bool = True) -> Path:
    """Write `<scene>_ms/<scene>_ms/*` below a folder, or `<scene>_ms/*`."""
    for scene in scenes:
        place = folder / f"{scene}_ms" / (f"{scene}_ms" if doubled else "")
        place.mkdir(parents=True)
        for name, content in cave_files(scene).items():
            (place / name).write_bytes(content)
    return folder


def cave_band(root: Path, band: int, scene: str = "balloons") -> Path:
    """Return the path of one band in the layout of `cave_folder`."""
    return root / "cave" / f"{scene}_ms" / f"{scene}_ms" / f"{scene}_ms_{band:02}.png"


def cave_zip(file: Path, *scenes: str) -> Path:
    """Write a zip as published, with what macOS adds to it."""
    members = {
        f"{scene}_ms/{scene}_ms/{name}": content
        for scene in scenes
        for name, content in cave_files(scene).items()
    }
    strays = {f"__MACOSX/{name.replace(scene, '._' + scene)}": b"stray"
              for scene in scenes for name in list(members)[:2]}  # fmt: skip
    return zipped(file, {**members, **strays})


def zipped(file: Path, members: dict[str, bytes]) -> Path:
    """Write any members into a zip, whatever their names."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file


def tarred(file: Path, members: dict[str, bytes], **special: bytes) -> Path:
    """Write any members into a .tgz; `special` maps names to tar's own types (links, devices)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w:gz") as made:
        for name, content in members.items():
            facts = tarfile.TarInfo(name)
            facts.size = len(content)
            made.addfile(facts, io.BytesIO(content))
        for name, kind in special.items():
            facts = tarfile.TarInfo(name)
            facts.type, facts.linkname = kind, "../elsewhere"
            made.addfile(facts)
    return file


def harvard_cube(seed: int = 0, top: float = 0.5) -> np.ndarray:
    """Make a scene's values, (rows, columns, 31) float64 in [0, top], `top` among them."""
    cube = np.random.default_rng(seed).random((ROWS, COLUMNS, BANDS)) * top
    cube[3, 4, 5] = top
    return cube


def mat5(file: Path, **values: np.ndarray) -> Path:
    """Write a MATLAB v5 file."""
    from scipy.io import savemat

    file.parent.mkdir(parents=True, exist_ok=True)
    savemat(file, values)
    return file


def mat73(file: Path, **values: np.ndarray) -> Path:
    """Write a MATLAB v7.3 file: HDF5 behind a header of 512 bytes, axes reversed."""
    import h5py

    file.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(file, "w", userblock_size=512) as made:
        for name, value in values.items():
            made[name] = value.T
    with file.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return file


def harvard_archive(file: Path, folder: Path, *scenes: str) -> Path:
    """Write a subset as published; the .mat files are made in `folder`."""
    made = {
        f"{file.stem}/{scene}.mat": mat5(folder / f"{scene}.mat", ref=harvard_cube()).read_bytes()
        for scene in scenes
    }
    return tarred(file, {**made, f"{file.stem}/calib.txt": b"1", f"{file.stem}/README.txt": b"hi"})

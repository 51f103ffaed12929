"""Damaged images of a folder: one line that names the file, or an image.

Only compressed formats carry checksums; elsewhere a changed byte is another pixel or another shape
that fits. Promised is the form: three axes, and neither a traceback nor a hang.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.formats import images, matlab
from benchmark.data.formats.images import Image
from tests.datasets import image_files as made
from tests.fuzz import damage
from tests.fuzz.damage import Tally

FILES = 150


def small_cube() -> np.ndarray:
    """Make an image of less than a kilobyte."""
    return np.random.default_rng(0).integers(1, 4000, (9, 8, 4)).astype(np.uint16)


@pytest.mark.parametrize(
    ("write", "damaged", "exact"),
    [
        (made.write_npy, ".npy", False),
        (made.write_pages, ".tif", False),
        (made.write_samples, ".tiff", False),
        (made.write_deflated, ".tif", True),
        (made.write_envi, ".hdr", False),
        (made.write_envi, ".img", False),
    ],
)
def test_random_damage_is_refused_or_keeps_the_form(
    tmp_path: Path, write: Callable[[Path, np.ndarray], Path], damaged: str, exact: bool
) -> None:
    check(write(tmp_path / "one", small_cube()), damaged, exact)


def test_random_damage_of_a_zip_of_arrays_is_refused_or_harmless(tmp_path: Path) -> None:
    for name, save in (("a", np.savez), ("b", np.savez_compressed)):
        save(tmp_path / f"{name}.npz", x=small_cube(), mask=small_cube()[..., 0])
        check(tmp_path / f"{name}.npz", ".npz", exact=True)


def test_random_damage_of_hdf5_is_refused_or_keeps_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matlab, "TIMEOUT", damage.SECONDS - 1)
    check(made.write_h5(tmp_path / "one", small_cube()), ".h5", exact=False)


def check(file: Path, ending: str, exact: bool) -> None:
    """Damage a file, or the values beside a header, and read it."""
    target = file.with_suffix(ending)
    whole = target.read_bytes()
    tally = Tally((file.name,))

    def right(image: Image) -> bool:
        return image.cube.ndim == 3 and (not exact or np.array_equal(image.cube, small_cube()))

    tally.feed("whole", lambda: images.read(file), right)
    assert tally.accepted == 1
    for what, content in damage.damaged(whole, FILES, seed=1):
        target.write_bytes(content)
        tally.feed(what, lambda: images.read(file), right)
    tally.check(FILES + 1)
    assert tally.refused > FILES // 5

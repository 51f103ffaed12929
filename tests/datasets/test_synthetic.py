"""The synthetic scenes: reproducible, plausible as spectra and pictures, and as asked for."""

import zlib
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from benchmark.dataset import DATASETS, Scene, Source
from benchmark.errors import RequestError
from datasets import synthetic

TINY = "synthetic[rows=40,columns=36,bands=7]"
NOWHERE = Path("no-such-folder")
GOLDEN = [3981.34, 2453.21, 6057.95]  # means of three scenes, of 65535


@cache
def source(reference: str = "synthetic") -> Source:
    """Open a variant of the data set without any files."""
    return DATASETS.make(reference).open(NOWHERE, synthetic.SCENES)


@cache
def scenes() -> dict[str, Scene]:
    """Make the eighteen default scenes once."""
    return {name: source().read(name) for name in synthetic.SCENES}


def unit(name: str) -> np.ndarray:
    """Return a default scene in float64, (rows, columns, bands) within [0, 1]."""
    scene = scenes()[name]
    return scene.cube / scene.peak


def test_split_is_disjoint_and_known() -> None:
    data = DATASETS.make("synthetic")
    assert data.synthetic
    assert len(set(data.scenes)) == 18
    assert len(set(data.test)) == 4
    assert len(set(data.validation)) == 2
    assert not set(data.test) & set(data.validation)
    assert set(data.test) | set(data.validation) < set(data.scenes)


def test_two_generations_are_the_same_bytes() -> None:
    for name in ("leaves01", "leaves13"):
        first, second = source(TINY).read(name), source.__wrapped__(TINY).read(name)
        assert first.cube.tobytes() == second.cube.tobytes()
        assert first.wavelengths == second.wavelengths


def test_a_scene_does_not_depend_on_which_were_made_before() -> None:
    fresh = DATASETS.make("synthetic").open(NOWHERE, ["leaves09"]).read("leaves09")
    assert np.array_equal(fresh.cube, scenes()["leaves09"].cube)


def test_recipe_is_the_one_of_its_version() -> None:
    """If this fails, the recipe changed: raise `RECIPE`, and take the new means over."""
    assert synthetic.RECIPE == 1
    means = [scenes()[name].cube.mean() for name in ("leaves01", "leaves08", "leaves17")]
    assert means == pytest.approx(GOLDEN, rel=1e-3)


def test_shape_range_and_saturation() -> None:
    for name, scene in scenes().items():
        assert scene.name == name
        assert scene.cube.shape == (144, 128, 31)
        assert scene.cube.dtype == np.uint16
        assert scene.peak == 65535
        assert scene.wavelengths == tuple(float(nm) for nm in range(400, 701, 10))
        assert 0.4 < scene.cube.max() / scene.peak < 0.995


def test_much_is_dark_as_in_cave() -> None:
    dark = [(np.round(255 * unit(name)) < 5).mean() for name in synthetic.SCENES]
    assert 0.2 < np.mean(dark) < 0.45
    assert max(dark) < 0.8


def test_scenes_are_distinct() -> None:
    assert len({zlib.crc32(scene.cube.tobytes()) for scene in scenes().values()}) == 18
    grey = np.stack([unit(name).mean(2).ravel() for name in synthetic.SCENES])
    likeness = np.corrcoef(grey) - np.eye(18)
    assert np.abs(likeness).max() < 0.7


def test_pictures_have_edges_and_structure_at_all_scales() -> None:
    for name in synthetic.SCENES:
        grey = unit(name).mean(2)
        steps = np.concatenate([np.diff(grey, axis=0).ravel(), np.diff(grey, axis=1).ravel()])
        assert (steps**4).mean() / (steps**2).mean() ** 2 > 6.0  # a Gaussian's is 3
        energy = [(grey - gaussian_filter(grey, sigma)).std() for sigma in (1.0, 2.0, 4.0, 8.0)]
        assert all(fine < coarse for fine, coarse in pairwise(energy))


def test_spectra_of_scenes_are_smooth() -> None:
    for name in synthetic.SCENES:
        cube = unit(name)
        bent = np.sqrt((np.diff(cube, 2, axis=2) ** 2).mean())
        assert bent < 0.12 * np.sqrt((cube**2).mean())


def test_parameters_are_respected() -> None:
    scene = source(TINY).read("leaves05")
    assert scene.cube.shape == (40, 36, 7)
    assert scene.wavelengths == (400.0, 450.0, 500.0, 550.0, 600.0, 650.0, 700.0)
    assert scene.cube.std() > 0.01 * scene.peak
    other = source("synthetic[rows=40,columns=36,bands=7,seed=1]").read("leaves05")
    assert not np.array_equal(scene.cube, other.cube)
    smallest = source("synthetic[rows=16,columns=16,bands=2]").read("leaves02")
    assert smallest.cube.shape == (16, 16, 2)


def test_stamp_tells_variants_apart() -> None:
    references = ["synthetic", TINY, "synthetic[seed=1]", "synthetic[bands=30]"]
    assert len({source(reference).stamp for reference in references}) == 4
    assert source().stamp == source.__wrapped__().stamp


def test_unknown_scene() -> None:
    with pytest.raises(RequestError, match="leaves99"):
        DATASETS.make("synthetic").open(NOWHERE, ["leaves01", "leaves99"])
    with pytest.raises(RequestError, match="leaves99"):
        source().read("leaves99")


def test_closed_forms_rank_as_on_cave() -> None:
    """At x2, in 8 bit: bicubic < wiener band by band < wiener on all bands jointly, as on CAVE."""
    train = [unit(name) for name in synthetic.SCENES if name not in synthetic.TEST]
    u, s, v = zip(*(_blur(size) for size in train[0].shape[:2]), strict=True)
    gain = np.multiply.outer(s[0], s[1])[..., None]
    cubic = [_cubic(size) for size in train[0].shape[:2]]
    moment = sum(np.tensordot(cube, cube, ((0, 1), (0, 1))) for cube in train)
    filters = {}
    for name, basis in (("wiener", np.eye(31)), ("joint", np.linalg.eigh(moment)[1])):
        power = sum(_applied(v[0], cube @ basis, v[1]) ** 2 for cube in train) / len(train)
        filters[name] = basis, gain * power / (gain**2 * power + 1 / 12 / 255**2)
    psnr: dict[str, list[float]] = {"bicubic": [], "wiener": [], "joint": []}
    for test in synthetic.TEST:
        truth = np.round(255 * unit(test)) / 255
        low = np.round(255 * gaussian_filter(truth, (3.0, 3.0, 0.0))[::2, ::2]) / 255
        found = {"bicubic": _applied(cubic[0], low, cubic[1])}
        for name, (basis, weight) in filters.items():
            modes = weight * _applied(u[0].T, low @ basis, u[1].T)
            found[name] = _applied(v[0].T, modes, v[1].T) @ basis.T
        for name, estimate in found.items():
            error = np.round(255 * np.clip(estimate, 0.0, 1.0)) / 255 - truth
            psnr[name].append(-10 * np.log10((error**2).mean()))
    bicubic, wiener, joint = (np.mean(values) for values in psnr.values())
    assert bicubic == pytest.approx(31.75, abs=2.5)
    assert bicubic + 3.0 < wiener < bicubic + 6.0
    assert wiener + 0.4 < joint < wiener + 1.6


def _blur(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factor the protocol's blur and decimation by 2 of one axis: U, s, V transposed."""
    matrix = gaussian_filter1d(np.eye(size), 3.0, axis=0)[::2]
    return np.linalg.svd(matrix, full_matrices=False)


def _cubic(size: int) -> np.ndarray:
    """Make the matrix of cubic convolution (a = -0.75, half-pixel centres) from half to `size`."""
    a, half = -0.75, size // 2
    matrix = np.zeros((size, half))
    for row in range(size):
        at = (row + 0.5) / 2 - 0.5
        for tap in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            t = abs(at - tap)
            near = ((a + 2) * t - (a + 3)) * t * t + 1
            far = a * (((t - 5) * t + 8) * t - 4)
            matrix[row, min(max(tap, 0), half - 1)] += near if t <= 1 else far
    return matrix


def _applied(left: np.ndarray, cube: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Apply one matrix to the rows and one to the columns of (rows, columns, bands)."""
    half = np.tensordot(left, cube, (1, 0))
    return np.tensordot(half, right, (1, 1)).transpose(0, 2, 1)

"""A result is what the suite itself estimates and scores, whole or in tiles, in a file or not."""

from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import RequestError
from benchmark.execution.listeners.progress import Progress
from benchmark.tools.upscaling import tiling, upscale
from tests.benchmark.support import EPS
from tests.benchmark.tools.upscaling.conftest import EDSR, METHODS, Stored

# A convolution may add in another order on another shape: about a hundred float32 roundings.
ROUNDING = 100 * EPS


@pytest.mark.parametrize("method", METHODS)
def test_the_low_image_of_a_test_scene_gives_the_estimate_that_is_scored(
    method: str, stored: Stored
) -> None:
    low, estimate = stored.scored(method)
    found = upscale(low, weights=stored.cell(method).folder, peak=1)
    assert found.cube is not None
    assert found.cube.dtype == np.float32
    assert found.cube.tobytes() == np.ascontiguousarray(estimate).tobytes()
    assert found.method == f"{method} x2"


def test_a_file_holds_the_same(stored: Stored, tmp_path: Path) -> None:
    low, estimate = stored.scored("espcn")
    np.save(tmp_path / "low.npy", low)
    out = tmp_path / "new" / "high.npy"
    found = upscale(tmp_path / "low.npy", weights=stored.cell("espcn").folder, out=out, peak=1)
    assert (found.cube, found.file) == (None, out)
    assert np.load(out).tobytes() == np.ascontiguousarray(estimate).tobytes()
    assert [file.name for file in out.parent.iterdir()] == ["high.npy"]


@pytest.mark.parametrize("method", ["srcnn", "espcn", EDSR])
def test_tiles_equal_the_whole_image(method: str, stored: Stored) -> None:
    """Inputs are the interpolated image, or the low one; band by band, or all bands."""
    low, _ = stored.scored(method)
    folder = stored.cell(method).folder
    whole, tiled = (upscale(low, weights=folder, peak=1, tile=tile).cube for tile in (0, 7))
    assert whole is not None
    assert tiled is not None
    assert np.abs(whole - tiled).max() <= ROUNDING
    assert (
        upscale(low, weights=folder, peak=1, tile=7).notes
        == upscale(low, weights=folder, peak=1).notes
    )


def test_large_images_are_divided_and_the_tiles_counted(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    low, estimate = stored.scored("espcn")
    monkeypatch.setattr(tiling, "LARGEST", estimate.nbytes - 1)
    shown = StringIO()
    found = upscale(low, weights=stored.cell("espcn").folder, peak=1, progress=Progress(shown))
    assert found.cube is not None
    assert np.abs(found.cube - estimate).max() <= ROUNDING
    assert "0 of 4 tiles upscaled" in shown.getvalue()
    assert "4 of 4 tiles upscaled" in shown.getvalue()


def test_a_method_of_the_whole_image_is_divided_when_asked_to(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    low, _ = stored.scored("wiener")
    folder = stored.cell("wiener").folder
    monkeypatch.setattr(tiling, "memory_available", lambda: 0)
    with pytest.raises(
        RequestError, match=r"wiener x2: the image is estimated as a whole, .*--tile 128"
    ):
        upscale(low, weights=folder, peak=1)
    found = upscale(low, weights=folder, peak=1, tile=16)
    assert "the result may depend on the size of the tiles" in found.notes[-1]


def test_bands_of_a_band_wise_network_are_its_own_images(stored: Stored) -> None:
    low, estimate = stored.scored("srcnn")
    found = upscale(low[..., :3], weights=stored.cell("srcnn").folder, peak=1)
    assert found.cube is not None
    assert np.abs(found.cube - estimate[..., :3]).max() <= ROUNDING


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32", "float64"])
def test_values_come_back_in_the_range_and_the_type_of_the_image(kind: str, stored: Stored) -> None:
    low, _ = stored.scored("espcn")
    image = np.rint(low * 200).astype(kind)
    found = upscale(image, weights=stored.cell("espcn").folder, peak=200)
    exact = upscale(image / np.float32(200), weights=stored.cell("espcn").folder, peak=1).cube
    assert found.cube is not None
    assert exact is not None
    assert (found.cube.dtype, found.kind) == (np.dtype(kind), kind)
    assert found.cube.min() >= 0
    assert found.cube.max() <= 200
    step = 0.5 if kind[0] in "ui" else 0.0
    assert np.abs(found.cube - 200.0 * exact).max() <= step + 400 * EPS


def test_without_a_peak_the_largest_value_is_one_and_may_be_exceeded(stored: Stored) -> None:
    low, _ = stored.scored("bicubic")
    found = upscale(low * 7, "bicubic", 2)
    assert found.peak == low.max() * 7
    assert found.cube is not None
    assert found.cube.max() > found.peak
    assert "the largest one" in found.notes[0]


def test_a_shifted_protocol_is_said_but_of_interpolation(stored: Stored) -> None:
    low, _ = stored.scored("espcn")
    (note,) = upscale(low, weights=stored.cell("espcn").folder, peak=1).notes
    assert note.startswith("as protocol wang2017 samples its images, the result lies 0.5 of its")
    assert note.endswith("up and to the left of the image")
    assert upscale(low, "bicubic", 2, peak=1).notes == ()
    other = upscale(low, "back_projection", 2, protocol="li2020", peak=1)
    assert (other.notes, other.protocol) == ((), "li2020")


def test_a_loop_of_its_own_is_seen_and_drawn_from_the_seed() -> None:
    low = np.random.default_rng(1).random((8, 8, 3), np.float32)
    shown = StringIO()
    settings = "deep_image_prior[iterations=2,maps=8]"
    found = [upscale(low, settings, 2, peak=1, progress=Progress(shown)).cube for _ in range(2)]
    assert found[0] is not None
    assert found[1] is not None
    assert np.array_equal(found[0], found[1])
    lines = ["the array: 0 of 2 iterations done", "the array: 2 of 2 iterations done"]
    assert shown.getvalue().splitlines() == 2 * lines


def test_total_variation_of_a_stated_weight_needs_no_training() -> None:
    low = np.random.default_rng(1).random((8, 8, 3), np.float32)
    found = upscale(low, "total_variation[weight=1e-4,iterations=2]", 2, peak=1)
    assert (found.shape, found.weights) == ((16, 16, 3), "")
    with pytest.raises(RequestError, match="total_variation must be trained"):
        upscale(low, "total_variation", 2, peak=1)

"""Images in the page are lossless, and the file keeps its limit."""

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import RequestError
from benchmark.store.cells import cells
from benchmark.tools.images.model import CellPreview
from reports.page import write_page
from reports.page.images import ImageStore, PlacedPreview, fit_to_size, packed
from tests.reports.conftest import Make
from tests.reports.page.conftest import CORNER, cube, fill, preview, shown_of


def unpacked(image: bytes, bands: int) -> np.ndarray:
    """Undo `packed`, the way the page's script does."""
    pixels = np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))
    triples = -(-bands // 3)
    rows = pixels.shape[0] // triples
    planes = pixels.reshape(triples, rows, pixels.shape[1], 3).transpose(0, 3, 1, 2)
    return planes.reshape(triples * 3, rows, pixels.shape[1])[:bands]


@pytest.mark.parametrize("bands", [1, 2, 3, 5, 31])
def test_packing_loses_nothing(bands: int) -> None:
    drawn = np.random.default_rng(bands).integers(0, 256, (bands, 17, 13)).astype(np.uint8)
    assert (unpacked(packed(drawn), bands) == drawn).all()


def test_the_same_image_is_kept_once() -> None:
    store = ImageStore()
    first, other, again = (store.cube(cube(seed)) for seed in (1, 2, 1))
    assert first == again != other
    assert len(store.texts) == 2
    assert first["sum"] == int(cube(1).sum())


def placed(count: int) -> list[PlacedPreview]:
    """Return as many estimates of one scene."""
    return [PlacedPreview(0, number, 2, 0, preview(number + 1, 2), "") for number in range(count)]


def test_windows_shrink_around_their_middle_until_there_is_room() -> None:
    largest, _ = fit_to_size(placed(6), 10**9)
    store, (section,) = fit_to_size(placed(6), int(largest.size * 0.75))
    assert store.size <= largest.size * 0.75
    ((_, scene),) = section["scenes"]
    bands, rows, columns = scene["truth"]["shape"]
    assert (rows, columns) < (20, 24)
    top, left = (20 - rows) // 2, (24 - columns) // 2
    assert scene["corner"] == [CORNER[0] + top, CORNER[1] + left]
    kept = unpacked(base64.b64decode(store.texts[scene["truth"]["image"]]), bands)
    assert (kept == cube(1)[:, top : top + rows, left : left + columns]).all()


def test_many_windows_take_most_of_the_room() -> None:
    """The size of many is guessed from some of them."""
    largest, _ = fit_to_size(placed(60), 10**9)
    for share in (0.9, 0.7):
        room = int(largest.size * share)
        store, (section,) = fit_to_size(placed(60), room)
        ((_, scene),) = section["scenes"]
        assert 0.6 * room < store.size <= room
        assert scene["truth"]["shape"][1] >= 16


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [128, 16, 15])
def test_low_resolution_pixels_are_those_that_touch_the_window(scale: int, size: int) -> None:
    store, (section,) = fit_to_size(
        [PlacedPreview(0, 0, scale, 0, preview(1, scale), "")], 10**9, size
    )
    ((_, scene),) = section["scenes"]
    ((_, low),) = scene["low"]
    kept = unpacked(base64.b64decode(store.texts[low["image"]]), low["shape"][0])
    whole = preview(1, scale).low
    for axis in (0, 1):
        first = scene["corner"][axis] // scale
        last = (scene["corner"][axis] + scene["truth"]["shape"][axis + 1] - 1) // scale
        start = first - CORNER[axis] // scale
        whole = np.take(whole, range(start, start + last - first + 1), axis=axis + 1)
    assert (kept == whole).all()


def test_a_window_of_many_bands_has_as_many_rows_as_an_image_can_hold() -> None:
    """421 bands are 141 times the rows in one image, of at most 16,383."""
    many = np.zeros((421, 128, 4), np.uint8)
    one = replace(
        preview(1, 2),
        wavelengths=np.arange(421.0),
        truth=many,
        estimate=many,
        low=many[:, :65, :3],
    )
    _, (section,) = fit_to_size([PlacedPreview(0, 0, 2, 0, one, "")], 10**9)
    ((_, scene),) = section["scenes"]
    assert scene["truth"]["shape"] == [421, 116, 4]
    assert scene["corner"] == [CORNER[0] + 6, CORNER[1]]


def test_a_scene_without_wavelengths_has_band_numbers() -> None:
    """The viewer shows `bands`, `axis` and `positions` as they are here."""
    bare = replace(preview(1, 2), wavelengths=np.zeros(0))
    _, (section,) = fit_to_size([PlacedPreview(0, 0, 2, 0, bare, "")], 10**9)
    ((_, scene),) = section["scenes"]
    assert scene["axis"] == "band number"
    assert scene["positions"] == [1, 2, 3, 4, 5]
    assert scene["bands"] == ["band 1", "band 2", "band 3", "band 4", "band 5"]
    assert scene["first"] == 2
    _, (section,) = fit_to_size(placed(1), 10**9)
    ((_, scene),) = section["scenes"]
    assert (scene["axis"], scene["bands"][4]) == ("wavelength (nm)", "650 nm")


def test_the_page_keeps_its_limit(make: Make, tmp_path: Path) -> None:
    fill(make)
    stored = [one for one in cells(tmp_path) if one.address.dataset == "cave"
              and one.address.profile == "standard"]  # fmt: skip
    whole = write_page(tmp_path, stored, shown_of(stored))
    assert whole.window == 24
    assert whole.path.stat().st_size == whole.size
    limit = whole.size - 20_000
    less = write_page(tmp_path, stored, shown_of(stored), limit=limit)
    assert less.size <= limit
    assert 0 < less.window < 24


def test_the_psnr_of_bands_is_that_of_the_whole_scene() -> None:
    _, (section,) = fit_to_size(placed(1), 10**9)
    ((_, scene),) = section["scenes"]
    ((method, scale, _, psnr),) = scene["shown"]
    assert (method, scale) == (0, 2)
    assert psnr[0] == pytest.approx(10 * np.log10(255**2), abs=1e-3)
    assert psnr[-1] == pytest.approx(10 * np.log10(255**2 / 5), abs=1e-3)


def test_the_reason_for_no_image_is_kept(make: Make, tmp_path: Path) -> None:
    cell = make("srcnn", 2)
    made = write_page(tmp_path, [cell], [CellPreview(cell.address, "face", None, "no weights")])
    assert '"absent":[[0,2,1,"no weights"]]' in made.path.read_text(encoding="utf-8")


def test_no_cells_and_no_room_are_one_line(make: Make, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no results in .*; make them with"):
        write_page(tmp_path, [])
    cell = make("srcnn", 2)
    (tmp_path / "report").write_text("in the way")
    with pytest.raises(RequestError, match="cannot write the report"):
        write_page(tmp_path, [cell])

"""What cannot be upscaled is refused in one line, which says what was expected and what to do."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.errors import RequestError
from benchmark.store.cells import WEIGHTS, Cell, write
from benchmark.store.remedies import GET_WEIGHTS
from benchmark.tools.upscaling import images, outputs_of, upscale
from tests.benchmark.tools.upscaling.conftest import EDSR, Stored
from tests.datasets.image_files import write_envi, write_npy, write_pages

IMAGE = np.random.default_rng(2).random((12, 10, 5), np.float32)


def refusal(image: object = IMAGE, *words: object, **more: object) -> str:
    """Upscale, and return the line of the error."""
    with pytest.raises(RequestError) as caught:
        upscale(image, *words, **more)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_method_and_a_scale_are_needed_without_a_cell() -> None:
    assert refusal().startswith("expected --method, found none; give it, or name the cell")
    assert refusal(IMAGE, "bicubic").startswith("expected --scale, found none")
    assert "unknown method 'bicubicc'; did you mean bicubic?" in refusal(IMAGE, "bicubicc", 2)
    assert "scale 9 is not in protocol wang2017" in refusal(IMAGE, "bicubic", 9)
    assert "unknown protocol 'wong'" in refusal(IMAGE, "bicubic", 2, protocol="wong")


def test_a_trained_method_without_weights_says_how_to_get_some() -> None:
    text = refusal(IMAGE, "espcn", 3)
    assert text.startswith("espcn must be trained, found no --weights; ")
    assert "python run_all.py --dataset cave --methods espcn --scales 3, then --weights " in text
    assert text.endswith("results/cave/wang2017/quick/x3/espcn/seed0")
    text = refusal(IMAGE, "wiener[joint=true]", 2, protocol="li2020")
    assert "name the cell with what it learned from scenes" in text
    assert "--protocol li2020 --methods 'wiener[joint=true]' --scales 2" in text


def test_weights_that_are_not_stored_say_how_to_train_them(stored: Stored) -> None:
    text = refusal(IMAGE, "vdsr", 2, "pretrained", weights_from=stored.results)
    assert text.startswith("--weights pretrained: no weights of vdsr x2 are stored in ")
    assert "train it: python run_all.py --dataset cave --methods vdsr --scales 2" in text
    text = refusal(IMAGE, "espcn", 2, "pretrained", weights_from="nowhere", protocol="li2020")
    assert "no weights of espcn x2 under li2020 are stored in nowhere" in text
    text = refusal(IMAGE[..., :4], EDSR, 2, "pretrained", weights_from=stored.results)
    assert "for the image's 4 bands, found some for 5 bands; train it" in text


def test_stored_weights_are_found_by_method_and_scale(stored: Stored) -> None:
    for method in ("espcn", EDSR, "wiener", "bicubic"):
        found = upscale(IMAGE, method, 2, "pretrained", peak=1, weights_from=stored.results)
        expected = "" if method == "bicubic" else str(stored.cell(method).address)
        assert found.weights == expected


def test_stored_weights_under_an_unknown_protocol_hide_no_others(
    stored: Stored, tmp_path: Path
) -> None:
    for name in ("other", "wang2017"):
        cell = stored.cell("espcn")
        files = {one: (cell.folder / one).read_bytes() for one in cell.facts["sums"]}
        write(tmp_path, replace(cell.address, protocol=name), without_address(cell), files)
        if name == "other":
            text = refusal(IMAGE, "espcn", 2, "pretrained", weights_from=tmp_path)
            assert "(espcn x2 seed 0 on " in text
            assert "unknown protocol 'other'" in text
    assert upscale(IMAGE, "espcn", 2, "pretrained", peak=1, weights_from=tmp_path).weights


def without_address(cell: Cell) -> dict[str, Any]:
    """Return the facts of a cell for another place."""
    made = ("format", "address", "sums")
    return {name: value for name, value in cell.facts.items() if name not in made}


def test_what_is_asked_for_must_agree_with_the_cell(stored: Stored) -> None:
    folder = stored.cell("espcn").folder
    upscale(IMAGE, "espcn", 2, folder, peak=1, protocol="wang2017")
    assert refusal(IMAGE, "srcnn", 0, folder).startswith(
        "--method srcnn: expected espcn, that of the cell "
    )
    assert refusal(IMAGE, "", 3, folder).startswith("--scale 3: expected 2, that of the cell ")
    text = refusal(IMAGE, "", 0, folder, protocol="li2020")
    assert text.startswith("--protocol li2020: expected wang2017, that of the cell ")


def test_other_bands_are_refused_before_the_image_is_read(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images.Source, "image", lambda _: pytest.fail("it was read"))
    file = write_npy(tmp_path / "one", IMAGE[..., :4])
    for method in (EDSR, "wiener[joint=true]"):
        text = refusal(file, weights=stored.cell(method).folder)
        assert text.startswith(
            f"one.npy: expected an image of the 5 bands that {method} x2 was trained on"
        )
        assert "found 4 bands; choose those bands, or a method that works band by band" in text


def test_a_closed_form_that_does_not_depend_on_the_bands_takes_any(stored: Stored) -> None:
    found = upscale(IMAGE[..., :2], weights=stored.cell("wiener").folder, peak=1)
    assert found.shape == (24, 20, 2)


def test_a_folder_without_a_cell_says_where_there_are_some(stored: Stored, tmp_path: Path) -> None:
    folder = stored.cell("espcn").folder
    assert f"name one of {folder}" in refusal(IMAGE, weights=folder.parent)
    assert "found nothing there; correct it" in refusal(IMAGE, weights=tmp_path / "none")
    assert refusal(IMAGE, weights=tmp_path).endswith("found no cell.json in it; name one")


def test_a_cell_that_cannot_be_trusted_is_refused(stored: Stored, tmp_path: Path) -> None:
    place = stored.cell("espcn").address.folder(tmp_path)
    shutil.copytree(stored.cell("espcn").folder, place)
    (place / WEIGHTS).rename(tmp_path / "elsewhere")
    assert f"its weights are not there; {GET_WEIGHTS}" in refusal(IMAGE, weights=place)
    (place / WEIGHTS).write_bytes(b"other")
    assert "does not match its checksum" in refusal(IMAGE, weights=place)
    (place / "cell.json").write_text(json.dumps({"format": 1}))
    assert "copy or compute the cell again" in refusal(IMAGE, weights=place)


def test_a_changed_method_is_refused(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.tools.upscaling.trained.NUMERICS", 0)
    text = refusal(IMAGE, weights=stored.cell("espcn").folder)
    assert text.endswith("it is stale: the engine's numerics changed; run the cell again")


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (MemoryError("1 GiB"), "espcn x2: not enough memory for one.npy; divide it into tiles, or"),
        (ValueError("no\nway"), "espcn x2 failed on one.npy: ValueError: no way"),
    ],
)
def test_a_method_that_fails_leaves_nothing_behind(
    error: Exception, found: str, stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr("benchmark.tools.upscaling.tiling.run_network", failing)
    file, out = write_npy(tmp_path / "one", IMAGE), tmp_path / "two.npy"
    words = {"weights": stored.cell("espcn").folder, "out": out, "preview": tmp_path / "two.png"}
    assert refusal(file, **words).startswith(found)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.nan, "expected finite values, found 1 of 600 values not finite"),
        (-9.0, "expected no values below 0 but noise, found 1 of 600 values negative, down to -9"),
        (9.0, "expected values up to the stated peak 1, found up to 9; correct --peak"),
    ],
)
def test_values_that_are_no_image_are_refused(value: float, found: str) -> None:
    image = IMAGE.copy()
    image[3, 4, 1] = value
    assert refusal(image, "bicubic", 2, peak=1).startswith(f"the array: {found}")


def test_an_image_of_zeros_is_refused_and_noise_is_not() -> None:
    assert "expected positive values, found none" in refusal(0 * IMAGE, "bicubic", 2)
    image = IMAGE.copy()
    image[0, 0, 0] = -0.01
    assert "small negative values were set to 0" in upscale(image, "bicubic", 2, peak=1).notes


def test_arrays_and_options_that_are_none_are_refused(tmp_path: Path) -> None:
    assert "found 12 x 10 of float32" in refusal(IMAGE[..., 0], "bicubic", 2)
    assert refusal(IMAGE, "bicubic", 2, axis="top").startswith("--axis top: expected auto, first")
    text = refusal(IMAGE, "bicubic", 2, wavelengths=(400.0, 500.0))
    assert "expected as many wavelengths as bands, found 2 and 5" in text
    assert "is a folder; name its images" in refusal(tmp_path, "bicubic", 2)
    assert "No such file" in refusal(tmp_path / "none.npy", "bicubic", 2)
    assert "expected 0 or more" in refusal(IMAGE, "bicubic", 2, tile=-1)


def test_nothing_is_replaced_unless_asked_to(tmp_path: Path) -> None:
    file = write_pages(tmp_path / "one", IMAGE)
    out, png = tmp_path / "two.tif", tmp_path / "two.png"
    words = (file, "bicubic", 2, "", out)
    assert "is the image that is read" in refusal(file, "bicubic", 2, "", file, force=True)
    assert "one of the endings .mat" in refusal(file, "bicubic", 2, "", tmp_path / "two.png")
    assert "ending .png" in refusal(*words, preview=tmp_path / "two.tif")
    upscale(*words, preview=png)
    first = out.read_bytes()
    assert "two.tif exists already; name another file" in refusal(*words)
    out.unlink()
    assert "two.png exists already" in refusal(*words, preview=png)
    assert not out.exists()
    upscale(*words, preview=png, force=True)
    assert out.read_bytes() == first


def test_the_values_of_a_header_are_not_replaced_either(tmp_path: Path) -> None:
    file = write_envi(tmp_path / "one", IMAGE)
    (tmp_path / "two.img").write_bytes(b"mine")
    text = refusal(file, "bicubic", 2, "", tmp_path / "two.hdr")
    assert "two.img exists already" in text
    assert (tmp_path / "two.img").read_bytes() == b"mine"
    out = upscale(file, "bicubic", 2, "", tmp_path / "three.hdr").file
    assert out is not None
    assert {one.name for one in tmp_path.glob("three*")} == {"three.hdr", "three.img"}


def test_several_images_need_a_folder(tmp_path: Path) -> None:
    several = [Path("a/one.npy"), Path("a/two.tif")]
    new = tmp_path / "new"
    assert outputs_of(several, new) == [new / "one.npy", new / "two.tif"]
    assert outputs_of(several[:1], tmp_path) == [tmp_path / "one.npy"]
    assert outputs_of(several[:1], new / "x.mat") == [new / "x.mat"]
    with pytest.raises(RequestError, match="expected a folder for 2 images"):
        outputs_of(several, tmp_path / "x.mat")
    with pytest.raises(RequestError, match=r"one.npy is the name of several images"):
        outputs_of([several[0], Path("b/one.npy")], new)

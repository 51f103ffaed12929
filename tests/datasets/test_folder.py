"""Own images: named by their files, divided by a peak that is stated or said."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import tifffile

from benchmark.data.cache import prepare
from benchmark.dataset import DATASETS, DataSet, Scene
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from tests.datasets.image_files import write_envi, write_npy

SHAPE = (12, 10, 4)


def cube(seed: int, top: int = 3000) -> np.ndarray:
    """Make an image whose largest value is `top`."""
    made = np.random.default_rng(seed).integers(1, top, SHAPE, dtype=np.int16)
    made[0, 0, 0] = top
    return made


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with three images of different formats, and files that are none."""
    folder = tmp_path / "images"
    folder.mkdir()
    np.save(folder / "one.npy", cube(1))
    scipy.io.savemat(folder / "two.mat", {"cube": cube(2, top=4000)})
    tifffile.imwrite(folder / "three.tif", cube(3).transpose(2, 0, 1), photometric="minisblack")
    (folder / "notes.txt").write_text("of the flight")
    (folder / ".hidden.npy").write_bytes(b"")
    (folder / "more.npy").mkdir()
    return folder


def folder(path: Path, **settings: object) -> DataSet:
    """Make the data set as the command line does."""
    discover([DATASETS])
    stated = ",".join(f"{name}={value}" for name, value in {"path": path, **settings}.items())
    return DATASETS.make(f"folder[{stated}]")


def read(path: Path, scene: str = "one", **settings: object) -> Scene:
    """Read a scene among all."""
    made = folder(path, **settings)
    return made.open(Path("nowhere"), made.scenes).read(scene)


def refusal(path: Path, scenes: Sequence[str] = (), **settings: object) -> str:
    """Prepare scenes as a run does; gives the one line that it ends with."""

    def ask() -> None:
        made = folder(path, **settings)
        prepare(made, "folder", Path("nowhere"), scenes or made.scenes, path.parent / "cache")

    with pytest.raises(RequestError) as caught:
        ask()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_image_is_a_scene_and_the_stated_ones_are_tested(images: Path) -> None:
    made = folder(images, test="three+one", validation="two")
    assert made.scenes == ("one", "three", "two")
    assert made.test == ("three", "one")
    assert made.validation == ("two",)
    assert made.independent
    assert DATASETS.label(made) == f"folder[path={images},test=three+one,validation=two]"
    assert DATASETS.make(DATASETS.label(made)) == made
    source = made.open(Path("nowhere"), made.scenes)
    for name, seed, top in (("one", 1, 3000), ("two", 2, 4000), ("three", 3, 3000)):
        np.testing.assert_array_equal(source.read(name).cube, cube(seed, top))


def test_a_relative_folder_is_found_from_the_working_folder(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images.parent)
    assert folder(Path("images")).scenes == ("one", "three", "two")


def test_a_stated_peak_is_said_by_the_data_set(images: Path) -> None:
    scene = read(images, peak=4095)
    assert (scene.peak, scene.remark) == (4095.0, "")
    assert folder(images, peak=4095).remark == "Own images, as stated: values divided by 4095."


def test_without_a_peak_the_largest_value_of_all_images_is_taken_and_said(images: Path) -> None:
    scene = read(images)
    assert scene.peak == 4000.0
    assert scene.remark == "divided by 4000, the largest value used"
    assert folder(images).remark == ""
    alone = folder(images).open(Path("nowhere"), ["one"]).read("one")
    assert alone.peak == 3000.0


def test_wavelengths_are_stated_or_the_files_own_or_unknown(images: Path) -> None:
    assert read(images).wavelengths == ()
    assert read(images, wavelengths="400:10:430").wavelengths == (400.0, 410.0, 420.0, 430.0)
    assert "wavelengths 400:10:430" in folder(images, wavelengths="400:10:430").remark
    (images / "nm.txt").write_text("0.4\n0.5\n0.6\n0.7\n")
    assert read(images, wavelengths="nm.txt").wavelengths == (400.0, 500.0, 600.0, 700.0)
    (images / "nm.txt").write_text("0.4\n0.5\n0.6\n")
    assert "3 wavelengths and 4 bands" in refusal(images, wavelengths="nm.txt")


def test_other_wavelengths_in_the_text_file_are_another_data_set(images: Path) -> None:
    (images / "nm.txt").write_text("400\n500\n600\n700\n")
    made = folder(images, wavelengths="nm.txt")
    first = made.open(Path("nowhere"), made.scenes).stamp
    (images / "nm.txt").write_text("400\n500\n600\n800\n")
    assert made.open(Path("nowhere"), made.scenes).stamp != first


def test_a_number_at_the_end_of_a_name_is_part_of_it(tmp_path: Path) -> None:
    for scan in ("scan.001", "scan.002"):
        write_envi(tmp_path / scan.replace(".", "_"), cube(4))
        for ending, name in (("hdr", f"{scan}.hdr"), ("img", scan)):
            (tmp_path / f"{scan.replace('.', '_')}.{ending}").rename(tmp_path / name)
    made = folder(tmp_path)
    assert made.scenes == ("scan.001", "scan.002")
    assert made.open(Path("nowhere"), made.scenes).read("scan.002").cube.shape[2] == 4


@pytest.mark.parametrize("name", ["four.img", "four"])
def test_the_values_beside_a_header_are_part_of_the_image(images: Path, name: str) -> None:
    bands = {"wavelength": ["400", "410", "420", "430"], "wavelength units": "nm"}
    header = write_envi(images / "four", cube(4), "bsq", **bands)
    if name == "four":
        header.rename(images / "four.img.hdr")
    made = folder(images)
    assert made.scenes == ("four", "one", "three", "two")
    source = made.open(Path("nowhere"), ["four"])
    assert source.read("four").wavelengths == (400.0, 410.0, 420.0, 430.0)
    values = images / "four.img"
    values.write_bytes(values.read_bytes()[::-1])
    assert made.open(Path("nowhere"), ["four"]).stamp != source.stamp


def test_small_negative_values_become_zero_and_tables_say_so(images: Path) -> None:
    noisy = cube(4)
    noisy[1, 1, 1] = -150  # 5 % of 3000
    np.save(images / "noisy.npy", noisy)
    scene = read(images, "noisy")
    np.testing.assert_array_equal(scene.cube, np.maximum(noisy, 0))
    assert scene.remark == "divided by 4000, the largest value used, negative values set to 0"
    assert read(images, "noisy", peak=4000).remark == "negative values set to 0"
    assert "negative" not in read(images, "one").remark


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (-151.0, "expected no negative values, found 1 of 480 values negative, down to -151"),
        (-9999.0, "1 of 480 values negative, down to -9999"),
        (np.nan, "expected finite values, found 1 of 480 values not finite"),
        (np.inf, "expected finite values, found 1 of 480 values not finite"),
    ],
)
def test_values_that_are_no_image_are_refused_with_what_to_do(
    images: Path, value: float, says: str
) -> None:
    wrong = cube(4).astype(np.float32)
    wrong[2, 2, 2] = value
    np.save(images / "wrong.npy", wrong)
    text = refusal(images)
    assert says in text
    assert f"correct {images / 'wrong.npy'}, or leave it out with --scenes" in text


def test_values_above_the_stated_peak_are_refused(images: Path) -> None:
    assert "expected values up to the peak 3500, found " in refusal(images, peak=3500)


def test_images_of_zeros_are_refused(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    write_npy(tmp_path / "images" / "one", np.zeros(SHAPE))
    assert "expected positive values, found none in" in refusal(tmp_path / "images")


def test_a_file_that_is_no_image_is_refused_with_what_to_do(images: Path) -> None:
    np.save(images / "mask.npy", cube(4)[..., 0])
    text = refusal(images)
    assert f"{images / 'mask.npy'} cannot be used: expected rows x columns x bands, " in text
    assert "found 12 x 10; correct it, or leave it out with --scenes" in text
    prepared = prepare(
        folder(images), "folder", Path("nowhere"), ["one", "two"], images.parent / "cache"
    )
    assert set(prepared.shapes) == {"one", "two"}


def test_a_variable_is_named_for_the_files_that_have_several(images: Path) -> None:
    scipy.io.savemat(images / "two.mat", {"cube": cube(2), "other": cube(5)})
    assert "name one of them: variable=cube" in refusal(images)
    assert "expected a variable 'raw', found 'cube'" in refusal(images, variable="raw")
    np.testing.assert_array_equal(read(images, "two", variable="other").cube, cube(5))


def test_what_is_stated_may_be_what_is_wrong(images: Path) -> None:
    file = images / "one.npy"
    end = "or leave it out with --scenes"
    text = refusal(images, wavelengths="400:10:1000")
    assert text.endswith(f"; correct wavelengths= or {file}, {end}")
    text = refusal(images, peak=0.001)
    assert text.endswith(f"; correct peak= or {file}, {end}")


def test_the_axis_of_the_bands_is_stated(images: Path) -> None:
    big = np.random.default_rng(0).integers(1, 9, (4, 12, 10), dtype=np.uint8)
    np.save(images / "one.npy", big)
    assert "state it: axis=first or axis=last" in refusal(images)
    assert read(images, "one", axis="first").cube.shape == (12, 10, 4)
    with pytest.raises(RequestError, match="expected one of auto, first, middle, last"):
        folder(images, axis="second")


def test_a_missing_image_is_named_with_those_that_are_there(images: Path) -> None:
    text = refusal(images, test="tow+one")
    assert f"no image is called tow, searched {images}" in text
    assert "did you mean two? there are one, three, two" in text
    assert "no image is called gone" in refusal(images, ["gone"])


def test_a_folder_must_be_named_and_there_and_hold_images(tmp_path: Path) -> None:
    discover([DATASETS])
    with pytest.raises(RequestError, match=r"write --dataset 'folder\[path=DIR,test=a\+b\]'"):
        _ = DATASETS.make("folder").scenes
    assert "expected a folder with images, found none at" in refusal(tmp_path / "nowhere")
    (tmp_path / "readme.txt").write_text("nothing")
    text = refusal(tmp_path)
    assert "expected images (.mat, .npy" in text
    assert "found readme.txt; correct path=" in text


def test_an_image_with_a_plus_in_its_name_is_to_be_renamed(images: Path) -> None:
    np.save(images / "two+b.npy", cube(2))
    text = refusal(images, test="one+two+b")
    assert "no image is called b" in text
    assert text.endswith("; + joins names: rename the file of two+b")
    assert "joins names" not in refusal(images, test="one+c")
    assert "two+b" in folder(images, test="one").scenes


def test_two_files_of_one_name_are_refused(images: Path) -> None:
    np.save(images / "two.npy", cube(2))
    text = refusal(images)
    assert f"found {images / 'two.mat'} and {images / 'two.npy'}; move one of them away" in text


CROP = Path(os.environ.get("HSISR_DATA", "data"), "pavia", "pavia_centre_crop.mat")


@pytest.mark.skipif(not CROP.is_file(), reason="HSISR_DATA has no crop of Pavia Centre")
def test_a_real_file_of_remote_sensing_is_read() -> None:
    scene = read(CROP.parent, CROP.stem, peak=8000)
    assert scene.cube.shape == (105, 120, 102)
    assert scene.cube.dtype == np.uint16
    assert (scene.cube.min(), scene.cube.max()) == (0, 6733)
    # Neighbouring bands of a photograph are alike.
    first, second = scene.cube[..., 50].ravel(), scene.cube[..., 51].ravel()
    assert np.corrcoef(first, second)[0, 1] > 0.99

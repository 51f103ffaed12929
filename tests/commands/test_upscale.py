"""`run_all.py upscale`: an image of one's own in, the super-resolved one out."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image as Picture

from tests.command_line import SMALL, CommandLine

CELL = f"results/{SMALL}+leaves01+leaves04+leaves06/wang2017/tiny/x3/espcn/seed0"
NM = [400.0, 450.0, 550.0, 620.0, 700.0]


@pytest.fixture
def image(hsisr: CommandLine) -> Path:
    """Write an image for MATLAB."""
    values = np.random.default_rng(7).integers(1, 4000, (12, 10, 5), np.uint16)
    file = hsisr.folder / "field.mat"
    scipy.io.savemat(file, {"reflectance": values, "wavelength": NM})
    return file


def test_a_trained_cell_upscales_an_image(hsisr: CommandLine, image: Path) -> None:
    assert hsisr.tiny("espcn").code == 0
    words = ("--weights", CELL, "-o", "out/field.mat", "--preview", "field.png")
    answer = hsisr("upscale", "field.mat", *words, "--peak", "4000")
    assert answer.code == 0, answer.err
    first, second = answer.out.splitlines()
    assert first.startswith(
        "wrote out/field.mat: 36 x 30 pixels, 5 bands, uint16, by espcn x3, weights of espcn x3 "
        "seed 0 on synthetic["
    )
    assert first.endswith(", protocol wang2017")
    assert second == "wrote field.png"
    stored = scipy.io.loadmat(hsisr.folder / "out" / "field.mat")
    assert (stored["reflectance"].shape, stored["reflectance"].dtype) == ((36, 30, 5), np.uint16)
    assert stored["wavelengths"].tolist() == [NM]
    with Picture.open(hsisr.folder / "field.png") as picture:
        picture.verify()
    again = hsisr("upscale", "field.mat", *words)
    assert (again.code, again.out) == (2, "")
    assert again.err == (
        "error: out/field.mat exists already; name another file, or replace it: --force\n"
    )


def test_a_method_that_is_not_trained_needs_no_weights(hsisr: CommandLine, image: Path) -> None:
    words = ("--method", "back_projection", "--scale", "2", "--protocol", "li2020", "--json")
    answer = hsisr("upscale", "field.mat", *words, "-o", "field.npy")
    (facts,) = answer.json()
    assert facts["shape"] == [24, 20, 5]
    assert (facts["file"], facts["weights"], facts["wavelengths"]) == ("field.npy", "", NM)
    assert "note: the wavelengths are not in it, as .npy has no place for them" in answer.err
    assert np.load(hsisr.folder / "field.npy").dtype == np.uint16


def test_a_bad_image_hides_no_other(hsisr: CommandLine, image: Path) -> None:
    np.save(hsisr.folder / "a.npy", np.full((6, 6, 5), np.nan))
    np.save(hsisr.folder / "b.npy", np.full((6, 6), 1.0))
    words = ("--method", "bicubic", "--scale", "2", "-o", "out", "--peak", "4000")
    answer = hsisr("upscale", "a.npy", "field.mat", "b.npy", *words)
    assert answer.code == 1
    assert answer.out.startswith("wrote out/field.mat: 24 x 20 pixels")
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert [name in line for name, line in zip(("a.npy", "b.npy"), errors, strict=True)] == [1, 1]
    again = hsisr("upscale", "b.npy", "field.mat", *words, "--json", "--force")
    assert (again.code, [one["file"] for one in again.json()]) == (1, ["out/field.mat"])
    wrong = hsisr("upscale", "b.npy", "field.mat", *words[2:], "--method", "bicubc", "--force")
    assert (wrong.code, wrong.out) == (2, "")
    assert "error: unknown method 'bicubc'" in wrong.err


def test_every_target_is_checked_before_the_first_image(hsisr: CommandLine, image: Path) -> None:
    (hsisr.folder / "out").mkdir()
    for name in ("lake.npy", "out/lake.npy"):
        np.save(hsisr.folder / name, np.full((6, 6, 5), 10.0))
    words = ("--method", "bicubic", "--scale", "2", "-o", "out", "--peak", "4000")
    answer = hsisr("upscale", "field.mat", "lake.npy", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: out/lake.npy exists already; ")
    assert not (hsisr.folder / "out" / "field.mat").exists()


def test_several_images_go_to_a_folder(hsisr: CommandLine, image: Path) -> None:
    np.save(hsisr.folder / "lake.npy", np.full((6, 6, 5), 10.0))
    words = ("upscale", "field.mat", "lake.npy", "--method", "bicubic", "--scale", "2", "-o", "out")
    assert "--peak is needed for several images" in hsisr(*words).err
    answer = hsisr(*words, "--peak", "4000")
    assert answer.code == 0, answer.err
    assert {file.name for file in (hsisr.folder / "out").iterdir()} == {"field.mat", "lake.npy"}
    assert np.allclose(np.load(hsisr.folder / "out" / "lake.npy"), 10)

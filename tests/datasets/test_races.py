"""Whole runs on images with other bands than 31 and unknown wavelengths."""

from pathlib import Path

import numpy as np
import pytest

from tests.command_line import CommandLine, rows
from tests.datasets.image_files import write_envi, write_mat5, write_npy, write_pages

METHODS = ("--methods", "bicubic,srcnn", "--profile", "tiny", "--scales", "2")


def test_indian_pines_is_raced_and_its_table_says_what_it_is(hsisr: CommandLine) -> None:
    answer = hsisr("--dataset", "indian_pines", "--protocol", "li2020", *METHODS)
    assert answer.code == 0, answer.err
    assert 30 < float(rows(answer.out)["Bicubic"][0]) < 45
    page = hsisr.page()
    assert "Indian Pines, divided by its maximum." in page
    assert "areas of one image, and not independent" in page
    facts = hsisr.cells()["srcnn 0"]["configuration"]["dataset"]
    assert (facts["bands"], facts["independent"]) == (200, False)


@pytest.fixture
def own(hsisr: CommandLine) -> Path:
    """Write four images of eight bands in four formats, of unknown wavelengths."""
    folder = hsisr.folder / "own"
    folder.mkdir()
    rows_, columns, bands = np.ogrid[:40, :36, :8]
    for seed, write in enumerate((write_npy, write_pages, write_mat5, write_envi)):
        noise = np.random.default_rng(seed).integers(0, 40, (40, 36, 8))
        image = (rows_ * 9 + columns * 7 + bands * 30 + noise).astype(np.uint16)
        facts = {"wavelength units": "Index"} if write is write_envi else {}
        write(folder / "abcd"[seed], image, **facts)
    (folder / "c.mat").unlink()
    np.savez(folder / "c.npz", image=image[::-1])
    return folder


def test_own_images_are_raced_and_their_table_says_the_peak(hsisr: CommandLine, own: Path) -> None:
    words = ("--dataset", "folder[path=own,test=b+d]")
    answer = hsisr(*words, *METHODS)
    assert answer.code == 0, answer.err
    assert "Own images (folder[path=own,test=b+d]) – divided by " in answer.out
    assert "the largest value used: 4 of 4 scenes" in hsisr.page()
    facts = hsisr.cells()["bicubic 0"]["configuration"]["dataset"]
    assert (facts["bands"], facts["test"]) == (8, ["b", "d"])
    assert hsisr(*words, *METHODS).err == "0 cells to run, 2 found done\n"


def test_without_test_images_the_images_are_listed(hsisr: CommandLine, own: Path) -> None:
    answer = hsisr("--dataset", "folder[path=own]", *METHODS)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "found none of its scenes a, b, c, d; name some, as in folder[path=DIR,test=a+b]" in (
        answer.err
    )


def test_images_of_other_bands_are_named(hsisr: CommandLine, own: Path) -> None:
    np.save(own / "a.npy", np.load(own / "a.npy")[..., :7])
    answer = hsisr("--dataset", "folder[path=own,test=b]", *METHODS)
    assert answer.code == 2
    assert "found another number in 1 scene: a (7)" in answer.err


def test_the_folder_alone_is_one_line(hsisr: CommandLine) -> None:
    answer = hsisr("--dataset", "folder", *METHODS)
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "write --dataset 'folder[path=DIR,test=a+b]'" in answer.err

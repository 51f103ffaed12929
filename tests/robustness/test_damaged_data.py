"""Files of data sets that are damaged, or not there: one line that says which, and what to do."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import CommandLine
from tests.datasets import makers
from tests.robustness.refusals import refusal

CAVE = ("--dataset", "cave", "--data", "data", "--scenes", "balloons,beads", "--scales", "2",
        "--methods", "bicubic")  # fmt: skip
HARVARD = ("--dataset", "harvard", "--data", "data", "--scenes", "img1,imga5", "--scales", "2",
           "--methods", "bicubic")  # fmt: skip


def break_png(data: Path) -> None:
    """Cut one band's file short."""
    makers.cave_folder(data / "cave", "balloons", "beads")
    (file,) = data.rglob("beads_ms_07.png")
    file.write_bytes(file.read_bytes()[:-40])


def drop_band(data: Path) -> None:
    """Remove one band."""
    makers.cave_folder(data / "cave", "balloons", "beads")
    (file,) = data.rglob("beads_ms_07.png")
    file.unlink()


def empty_scene(data: Path) -> None:
    """Leave one scene's folder empty."""
    makers.cave_folder(data / "cave", "balloons")
    (data / "cave" / "beads_ms").mkdir()


def other_size(data: Path) -> None:
    """Make one band have other rows and columns than the others."""
    makers.cave_folder(data / "cave", "balloons", "beads")
    (file,) = data.rglob("beads_ms_07.png")
    file.write_bytes(makers.png(np.ones((5, 5), np.uint16)))


def text_for_a_zip(data: Path) -> None:
    """Call a text a zip, as a download of an error page would be."""
    (data / "cave").mkdir(parents=True)
    (data / "cave" / "complete_ms_data.zip").write_text("<html>404 not found</html>")


def evil_zip(data: Path) -> None:
    """Make a zip with a member outside its folder."""
    file = makers.cave_zip(data / "cave" / "complete_ms_data.zip", "balloons", "beads")
    with zipfile.ZipFile(file, "a") as made:
        made.writestr("../evil", b"evil")


def nothing(data: Path) -> None:
    """Leave the data folder empty."""
    data.mkdir()


def nowhere(data: Path) -> None:
    """Leave no data folder at all."""


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (break_png, ["beads_ms_07.png", "cut short", "fetch cave"]),
        (drop_band, ["beads lacks band 07", "fetch cave"]),
        (empty_scene, ["the folder of beads contains no beads_ms_NN.png", "fetch cave"]),
        (other_size, ["beads_ms_07.png has 5 x 5 pixels", "24 x 20"]),
        (text_for_a_zip, ["complete_ms_data.zip", "not a complete zip archive"]),
        (evil_zip, ["complete_ms_data.zip", "'../evil'", "out of its folder"]),
        (nothing, ["no files of balloons, beads", "run_all.py fetch cave"]),
        (nowhere, ["data, which is not a folder, and its ", "run_all.py fetch cave"]),
    ],
)
def test_damaged_cave_files_are_refused(
    hsisr: CommandLine, damage: Callable[[Path], None], said: list[str]
) -> None:
    damage(hsisr.folder / "data")
    message = refusal(hsisr, hsisr(*CAVE), "cave: 0 of 2 scenes prepared")
    for part in said:
        assert part in message
    assert not (hsisr.folder / "evil").exists()


def without_ref(cube: np.ndarray) -> dict[str, np.ndarray]:
    """Name the values otherwise."""
    return {"cube": cube}


def with_nan(cube: np.ndarray) -> dict[str, np.ndarray]:
    """Make one value no number."""
    cube[1, 2, 3] = np.nan
    return {"ref": cube}


def thirty_bands(cube: np.ndarray) -> dict[str, np.ndarray]:
    """Leave a band out."""
    return {"ref": cube[..., :30]}


def negative(cube: np.ndarray) -> dict[str, np.ndarray]:
    """Make one value negative."""
    cube[1, 2, 3] = -0.25
    return {"ref": cube}


@pytest.mark.parametrize("write", [makers.mat5, makers.mat73])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without_ref, ["expected a variable 'ref', found 'cube' (24 x 20 x 31 float64)"]),
        (with_nan, ["1 value not finite", "fetch harvard"]),
        (thirty_bands, ["24 x 20 x 30", "x 31"]),
        (negative, ["-0.25", "fetch harvard"]),
    ],
)
def test_damaged_harvard_files_are_refused(
    hsisr: CommandLine,
    write: Callable[..., Path],
    damage: Callable[[np.ndarray], dict[str, np.ndarray]],
    said: list[str],
) -> None:
    folder = hsisr.folder / "data" / "harvard"
    makers.mat5(folder / "imga5.mat", ref=makers.harvard_cube())
    file = write(folder / "img1.mat", **damage(makers.harvard_cube()))
    message = refusal(hsisr, hsisr(*HARVARD), "harvard: 0 of 2 scenes prepared")
    for part in [file.name, "cannot be used", *said]:
        assert part in message


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "not a MATLAB file"), (b"MATLAB 5.0 MAT-file" + bytes(400), "damaged or cut short")],
    ids=["empty", "header alone"],
)
def test_a_harvard_file_that_is_none_is_refused(
    hsisr: CommandLine, content: bytes, said: str
) -> None:
    folder = hsisr.folder / "data" / "harvard"
    makers.mat5(folder / "imga5.mat", ref=makers.harvard_cube())
    (folder / "img1.mat").write_bytes(content)
    message = refusal(hsisr, hsisr(*HARVARD), "harvard: 0 of 2 scenes prepared")
    assert "img1.mat" in message
    assert said in message


def test_missing_harvard_files_are_named_with_what_to_do(hsisr: CommandLine) -> None:
    message = refusal(hsisr, hsisr(*HARVARD))
    assert "2 are missing: img1, imga5" in message
    assert "run_all.py fetch harvard" in message

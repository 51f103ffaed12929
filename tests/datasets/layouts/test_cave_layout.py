"""CAVE is found however it was unpacked, and what is missing is named."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets._layouts.cave import find
from datasets.cave import Cave
from tests.datasets.makers import (
    cave_band,
    cave_cube,
    cave_files,
    cave_folder,
    cave_zip,
    zipped,
)
from tests.datasets.refusals import cave_refusal

TWO = ("balloons", "watercolors")


def renamed(folder: Path, change: Callable[[str], str]) -> None:
    """Rename everything below a folder, files first."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rename(path.with_name(change(path.name)))


def littered(folder: Path) -> None:
    """Add what macOS and Windows leave in folders, next to every band."""
    for band in sorted(folder.rglob("*.png")):
        band.with_name(f"._{band.name}").write_bytes(b"resource fork")
        for name in (".DS_Store", "desktop.ini"):
            band.with_name(name).write_bytes(b"stray")
        inner = folder / "__MACOSX" / band.parent.name / band.name
        inner.parent.mkdir(parents=True, exist_ok=True)
        inner.write_bytes(b"no band")


LAYOUTS: dict[str, Callable[[Path], object]] = {
    "as unpacked": lambda root: cave_folder(root / "cave", *TWO),
    "one folder a scene": lambda root: cave_folder(root / "cave", *TWO, doubled=False),
    "top folder": lambda root: cave_folder(root / "cave" / "complete_ms_data", *TWO),
    "other top folder": lambda root: cave_folder(root / "cave" / "CAVE", *TWO),
    "no cave folder": lambda root: cave_folder(root / "complete_ms_data", *TWO),
    "the root itself": lambda root: cave_folder(root, *TWO),
    "official zip": lambda root: cave_zip(root / "cave" / "complete_ms_data.zip", *TWO),
    "official zip in the root": lambda root: cave_zip(root / "complete_ms_data.zip", *TWO),
    "zips": lambda root: [cave_zip(root / "cave" / f"{one}_ms.zip", one) for one in TWO],
    "upper case": lambda root: renamed(cave_folder(root / "cave", *TWO), str.upper),
    "title case": lambda root: renamed(cave_folder(root / "Cave", *TWO), str.title),
    "zips in upper case": lambda root: [
        cave_zip(root / "CAVE" / f"{one}_ms.ZIP".upper(), one) for one in TWO
    ],
    "official zip in upper case": lambda root: cave_zip(root / "Complete_MS_Data.ZIP", *TWO),
    "names in upper case inside the zip": lambda root: zipped(
        root / "complete_ms_data.zip",
        {
            f"CAVE/{one}_MS/{name}".upper(): content
            for one in TWO
            for name, content in cave_files(one).items()
        },
    ),
    "backslashes inside the zip": lambda root: zipped(
        root / "complete_ms_data.zip",
        {
            f"cave\\{one}_ms\\{name}": content
            for one in TWO
            for name, content in cave_files(one).items()
        },
    ),
    "with what systems add": lambda root: littered(cave_folder(root / "cave", *TWO)),
    "zip and folder": lambda root: (
        cave_folder(root / "cave", TWO[0]),
        cave_zip(root / f"{TWO[1]}_ms.zip", TWO[1]),
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_scenes(tmp_path: Path, layout: str) -> None:
    LAYOUTS[layout](tmp_path)
    source = Cave().open(tmp_path, TWO)
    for scene, peak in zip(TWO, (65535.0, 255.0), strict=True):
        read = source.read(scene)
        assert read.name == scene
        assert read.peak == peak
        assert read.cube.dtype == cave_cube(scene).dtype
        np.testing.assert_array_equal(read.cube, cave_cube(scene))
        assert read.wavelengths == tuple(range(400, 701, 10))


def test_only_the_scenes_asked_for_need_be_there(root: Path) -> None:
    shutil.rmtree(root / "cave" / "watercolors_ms")
    assert Cave().open(root, ["balloons"]).read("balloons").cube.shape == (24, 20, 31)


def test_missing_scenes_and_bands_and_empty_folders_are_named(root: Path) -> None:
    cave_band(root, 3).unlink()
    cave_band(root, 4).unlink()
    (root / "cave" / "beads_ms").mkdir()
    text = cave_refusal(root, "balloons", "beads", "cd", "watercolors")
    assert "expected 4 scenes of 31 bands, but 3 of them" in text
    assert "no files of cd;" in text
    assert "balloons lacks band 03, 04 (in " in text
    assert "the folder of beads contains no beads_ms_NN.png" in text
    assert f"Searched {root}" in text
    assert Cave.home in text
    assert "--scenes" in text
    assert f"python run_all.py fetch cave --data {root}" in text


def test_a_root_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere, which is not a folder" in cave_refusal(tmp_path / "nowhere")


def test_what_was_seen_is_said(tmp_path: Path) -> None:
    assert "; found nothing there. Get" in cave_refusal(tmp_path)
    for name in ("cave/balloons_ms/balloons_ms_01.TIF", "cave/balloons_ms/balloons_ms_02.TIF",
                 "notes.txt", "pictures/a.png", "cave/complete_ms_data.7z"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    text = cave_refusal(tmp_path)
    seen = f"2 .TIF files such as {Path('cave', 'balloons_ms', 'balloons_ms_01.TIF')}"
    assert f"; found there: {seen}, " in text
    assert str(Path("cave", "complete_ms_data.7z")) in text
    assert "notes.txt" in text
    assert "1 other folder (pictures)" in text
    assert "expected 1 scene of 31 bands, but 1 of them is missing" in text


def test_two_copies_inside_a_zip_are_both_found_and_what_a_mac_adds_is_not(tmp_path: Path) -> None:
    files = cave_files("balloons")
    members = {f"{top}/balloons_ms/{name}": content for top in ("a", "b", "__MACOSX", "c/.d")
               for name, content in files.items()}  # fmt: skip
    zipped(tmp_path / "cave" / "balloons_ms.zip", members)
    copies = find(tmp_path, ["balloons"]).of["balloons"]
    assert [copy.folder.as_posix() for copy in copies] == ["a/balloons_ms", "b/balloons_ms"]


def test_of_a_band_in_both_cases_the_published_name_counts(root: Path) -> None:
    cave_band(root, 3).with_suffix(".PNG").write_bytes(b"another file")
    if cave_band(root, 3).read_bytes() == b"another file":
        pytest.skip("the file system ignores case")
    read = Cave().open(root, ["balloons"]).read("balloons")
    np.testing.assert_array_equal(read.cube, cave_cube("balloons"))


def test_a_damaged_zip_beside_complete_folders_is_left(root: Path) -> None:
    (root / "complete_ms_data.zip").write_bytes(b"404 not found")
    assert Cave().open(root, TWO).read("watercolors").cube.shape == (24, 20, 31)


def test_an_incomplete_folder_gives_way_to_a_complete_zip(root: Path) -> None:
    cave_band(root, 31).unlink()
    cave_zip(root / "cave" / "complete_ms_data.zip", "balloons")
    read = Cave().open(root, ["balloons"]).read("balloons")
    np.testing.assert_array_equal(read.cube, cave_cube("balloons"))


def test_a_zip_without_a_band_names_it(tmp_path: Path) -> None:
    files = cave_files("balloons")
    del files["balloons_ms_17.png"]
    zipped(tmp_path / "cave" / "balloons_ms.zip", files)
    text = cave_refusal(tmp_path)
    assert "balloons lacks band 17 (in " in text
    assert "balloons_ms.zip" in text


def test_the_stamp_changes_with_the_files_and_not_with_strays(root: Path) -> None:
    first = Cave().open(root, TWO).stamp
    (root / "cave" / "balloons_ms" / "notes.txt").write_text("mine")
    assert Cave().open(root, TWO).stamp == first
    os.utime(cave_band(root, 9), (5, 5))
    assert Cave().open(root, TWO).stamp != first
    assert Cave().open(root, TWO[1:]).stamp != first


def test_the_stamp_of_a_zip_is_that_of_the_zip(tmp_path: Path) -> None:
    archive = cave_zip(tmp_path / "cave" / "complete_ms_data.zip", *TWO)
    first = Cave().open(tmp_path, TWO).stamp
    os.utime(archive, (5, 5))
    assert Cave().open(tmp_path, TWO).stamp != first


@pytest.mark.parametrize("cut", [True, False])
def test_a_zip_that_is_a_text_or_truncated_is_refused(tmp_path: Path, cut: bool) -> None:
    archive = cave_zip(tmp_path / "cave" / "complete_ms_data.zip", "balloons")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2] if cut else b"404 not found\n")
    text = cave_refusal(tmp_path)
    assert f"{archive} is not a complete zip archive" in text
    assert "get it again" in text

"""Harvard is found in its layouts, and unpacked where only its archives are there."""

import gzip
import os
import tarfile
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from datasets._layouts.harvard import SUBSETS
from datasets.harvard import Harvard
from tests.datasets.makers import harvard_archive, harvard_cube, mat5, tarred
from tests.datasets.refusals import harvard_refusal

TWO = ("img1", "img3")  # one of each subset


@pytest.mark.parametrize(
    "places",
    [
        ("harvard/CZ_hsdb", "harvard/CZ_hsdbi"),
        ("CZ_hsdb", "CZ_hsdbi"),
        ("harvard", "harvard"),
        ("", ""),
        ("Harvard/CZ_hsdb/CZ_hsdb", "Harvard/CZ_hsdbi/CZ_hsdbi"),
    ],
)
def test_folders_are_found_with_and_without_a_top_and_mixed(
    tmp_path: Path, places: tuple[str, str]
) -> None:
    for place, scene in zip(places, TWO, strict=True):
        mat5(tmp_path / place / f"{scene}.mat", ref=harvard_cube(len(place)))
        (tmp_path / place / "calib.txt").write_text("1")
    source = Harvard().open(tmp_path, TWO)
    assert [source.read(scene).cube.shape for scene in TWO] == [(24, 20, 31)] * 2


def test_missing_scenes_are_named_with_the_archive_that_has_them(tmp_path: Path) -> None:
    mat5(tmp_path / "harvard" / "img1.mat", ref=harvard_cube())
    with pytest.raises(RequestError) as caught:
        Harvard().open(tmp_path, ["img1", "img3", "img4"])
    text = str(caught.value)
    assert "expected 3 files <scene>.mat, 2 are missing: img3, img4." in text
    assert f"; found there: {Path('harvard', 'img1.mat')}." in text
    assert f"Get CZ_hsdbi.tgz from {Harvard.home}" in text
    assert "--scenes" in text
    assert f"python run_all.py fetch harvard --data {tmp_path}" in text


def test_names_compare_without_case_and_what_systems_add_is_left(tmp_path: Path) -> None:
    mat5(tmp_path / "HARVARD" / "Cz_hsDB" / "IMG1.MAT", ref=harvard_cube(1))
    for name in ("._img1.mat", "__MACOSX/img1.mat", "Thumbs.db"):
        (tmp_path / "HARVARD" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "HARVARD" / name).write_bytes(b"stray")
    assert Harvard().open(tmp_path, ["img1"]).read("img1").cube.shape == (24, 20, 31)


def test_of_two_archives_of_a_subset_one_is_unpacked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = harvard_archive(tmp_path / "CZ_hsdb.tgz", tmp_path / "made", "img1")
    archive.with_suffix(".tar").write_bytes(gzip.decompress(archive.read_bytes()))
    assert Harvard().open(tmp_path, ["img1"]).read("img1").cube.shape[2] == 31
    assert capsys.readouterr().err.count("unpacking") == 1


@pytest.mark.parametrize("name", ["CZ_HSDB.TGZ", "cz_hsdb.tar.gz", "CZ_hsdb.Tar"])
def test_an_archive_of_another_case_or_ending_is_unpacked(tmp_path: Path, name: str) -> None:
    file = harvard_archive(tmp_path / "made" / "CZ_hsdb.tgz", tmp_path / "made", "img1")
    content = file.read_bytes()
    target = tmp_path / "data" / "harvard" / name
    target.parent.mkdir(parents=True)
    target.write_bytes(gzip.decompress(content) if name.endswith("Tar") else content)
    assert Harvard().open(tmp_path / "data", ["img1"]).read("img1").peak == 0.5
    assert sorted(path.name for path in target.parent.iterdir()) == sorted(["CZ_hsdb", name])


def test_two_files_of_a_scene_must_be_the_same(tmp_path: Path) -> None:
    first = mat5(tmp_path / "harvard" / "img1.mat", ref=harvard_cube(1))
    second = mat5(tmp_path / "harvard" / "old" / "img1.mat", ref=harvard_cube(1))
    second.write_bytes(first.read_bytes())
    assert Harvard().open(tmp_path, ["img1"]).read("img1").peak == 0.5
    mat5(second, ref=harvard_cube(2))
    text = harvard_refusal(tmp_path)
    assert f"expected one file of img1, found two that differ: {first} and {second}" in text


def test_archives_alone_are_unpacked_beside_themselves_as_needed(tmp_path: Path) -> None:
    for subset, scene in zip(SUBSETS, TWO, strict=True):
        harvard_archive(tmp_path / "harvard" / f"{subset}.tgz", tmp_path / "made", scene)
    Harvard().open(tmp_path, ["img1"])
    assert {path.name for path in (tmp_path / "harvard").iterdir()} == {
        "CZ_hsdb",
        "CZ_hsdb.tgz",
        "CZ_hsdbi.tgz",
    }
    assert (tmp_path / "harvard" / "CZ_hsdb" / "img1.mat").is_file()
    assert Harvard().open(tmp_path, TWO).read("img3").peak == 0.5


def test_a_damaged_or_unsafe_archive_is_refused(tmp_path: Path) -> None:
    file = harvard_archive(tmp_path / "harvard" / "CZ_hsdb.tgz", tmp_path / "made", "img1")
    file.write_bytes(file.read_bytes()[:-3000])
    assert "CZ_hsdb.tgz is not a complete tar archive" in harvard_refusal(tmp_path)
    tarred(file, {"CZ_hsdb/a.mat": b"1"}, link=tarfile.SYMTYPE)
    assert "'link', which is neither a file nor a folder" in harvard_refusal(tmp_path)
    assert [path.name for path in file.parent.iterdir()] == ["CZ_hsdb.tgz"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_place_that_cannot_be_unpacked_to_is_named(tmp_path: Path) -> None:
    file = harvard_archive(tmp_path / "harvard" / "CZ_hsdb.tgz", tmp_path / "made", "img1")
    file.parent.chmod(0o555)
    try:
        assert "cannot write to" in harvard_refusal(tmp_path)
    finally:
        file.parent.chmod(0o755)


def test_the_stamp_changes_with_the_files(tmp_path: Path) -> None:
    file = mat5(tmp_path / "harvard" / "img1.mat", ref=harvard_cube())
    first = Harvard().open(tmp_path, ["img1"]).stamp
    assert first == Harvard().open(tmp_path, ["img1"]).stamp
    os.utime(file, (5, 5))
    assert first != Harvard().open(tmp_path, ["img1"]).stamp

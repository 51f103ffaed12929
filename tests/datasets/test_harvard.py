"""Harvard is found, unpacked, scaled as stated, and refused with one clear line."""

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import DATASETS, DataSet
from benchmark.errors import RequestError
from datasets import harvard
from datasets.harvard import Harvard
from tests.datasets.conftest import Web
from tests.datasets.makers import harvard_cube, mat5, mat73, tarred

TWO = ("img1", "img3")  # one of each subset
MASK = np.ones((24, 20))


def scaled(scaling: str) -> DataSet:
    """Make the data set as the command line does."""
    return DATASETS.make(f"harvard[scaling={scaling}]")


def refusal(root: Path, scaling: str = "image-maximum") -> str:
    """Open and read `img1`; gives the one line that it ends with."""
    with pytest.raises(RequestError) as caught:
        scaled(scaling).open(root, ["img1"]).read("img1")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def archive(file: Path, folder: Path, *scenes: str) -> Path:
    """Write a subset as published; the .mat files are made in `folder`."""
    made = {
        f"{file.stem}/{scene}.mat": mat5(folder / f"{scene}.mat", ref=harvard_cube()).read_bytes()
        for scene in scenes
    }
    return tarred(file, {**made, f"{file.stem}/calib.txt": b"1", f"{file.stem}/README.txt": b"hi"})


def test_it_is_registered_with_its_paper_split() -> None:
    made = DATASETS.make("harvard")
    assert isinstance(made, Harvard) and made.scaling == "image-maximum"
    assert len(set(made.scenes)) == 77 and len(made.test) == 10
    assert [len(names) for names in harvard.SUBSETS.values()] == [50, 27]
    assert set(made.test + made.validation) <= set(made.scenes)
    assert not set(made.test) & set(made.validation)
    assert DATASETS.label(DATASETS.make("harvard[scaling=calib]")) == "harvard[scaling=calib]"
    with pytest.raises(RequestError, match="expected one of image-maximum, set-maximum, calib"):
        DATASETS.make("harvard[scaling=half]")


@pytest.mark.parametrize("scaling", harvard.SCALINGS)
def test_the_remark_says_how_it_was_scaled_and_what_is_unverified(scaling: str) -> None:
    remark = scaled(scaling).remark
    assert scaling in remark and harvard.SCALINGS[scaling] in remark
    assert "published Bicubic row has not been checked: no Harvard pixels were at hand" in remark


@pytest.mark.parametrize("make", [mat5, mat73])
@pytest.mark.parametrize("masked", [True, False])
def test_both_versions_of_matlab_files_are_read_with_the_axes_in_order(
    tmp_path: Path, make: Callable[..., Path], masked: bool
) -> None:
    cube = harvard_cube()
    make(tmp_path / "harvard" / "img1.mat", ref=cube, **({"lbl": MASK} if masked else {}))
    scene = Harvard().open(tmp_path, ["img1"]).read("img1")
    assert scene.cube.dtype == np.float32 and scene.peak == 0.5
    np.testing.assert_array_equal(scene.cube, cube.astype(np.float32))
    assert scene.wavelengths == tuple(range(420, 721, 10))


@pytest.mark.parametrize("make", [mat5, mat73])
def test_the_top_left_part_is_taken_before_anything_is_measured(
    tmp_path: Path, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvard, "CROP", 16)
    cube = harvard_cube()
    cube[20, 18, 0] = 9
    make(tmp_path / "img1.mat", ref=cube)
    scene = Harvard().open(tmp_path, ["img1"]).read("img1")
    np.testing.assert_array_equal(scene.cube, cube[:16, :16].astype(np.float32))
    assert scene.peak == 0.5


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


def test_each_scaling_gives_the_peak_that_it_states(tmp_path: Path) -> None:
    for scene, top in zip(TWO, (0.25, 0.5), strict=True):
        mat5(tmp_path / "harvard" / f"{scene}.mat", ref=harvard_cube(top=top))
    read = {
        scaling: scaled(scaling).open(tmp_path, TWO).read("img1") for scaling in harvard.SCALINGS
    }
    assert [read[scaling].peak for scaling in ("image-maximum", "set-maximum", "none")] == [
        0.25,
        0.5,
        1.0,
    ]
    expected = harvard_cube(top=0.25) / np.array(harvard.CALIB)
    np.testing.assert_allclose(read["calib"].cube, expected, rtol=1e-5)
    assert read["calib"].peak == read["calib"].cube.max()
    for made in read.values():
        assert made.cube.min() >= 0 and made.cube.max() <= made.peak
    alone = scaled("set-maximum").open(tmp_path, ["img1"]).read("img1")
    assert alone.peak == 0.25


def test_unscaled_values_beyond_one_are_refused(tmp_path: Path) -> None:
    mat5(tmp_path / "img1.mat", ref=harvard_cube(top=1.5))
    text = refusal(tmp_path, "none")
    assert "expected values in [0, 1], found 1.5 in" in text and "another scaling" in text


def test_negatives_that_are_rounding_become_zero(tmp_path: Path) -> None:
    cube = harvard_cube()
    cube[0, 0, 0] = -1e-7
    mat5(tmp_path / "img1.mat", ref=cube)
    assert Harvard().open(tmp_path, ["img1"]).read("img1").cube.min() == 0


def _with(value: float) -> np.ndarray:
    cube = harvard_cube()
    cube[0, 0, 0] = value
    return cube


@pytest.mark.parametrize("make", [mat5, mat73])
@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"cube": harvard_cube()}, "expected a variable 'ref', found cube"),
        ({"ref": harvard_cube()[..., :30]}, "x 31 numbers, found 24 x 20 x 30 of float64"),
        ({"ref": harvard_cube()[..., 0]}, "found 24 x 20 of float64"),
        ({"ref": harvard_cube() + 1j}, "of complex128"),
        ({"ref": _with(np.nan)}, "1 values are not finite"),
        ({"ref": _with(np.inf)}, "1 values are not finite"),
        ({"ref": _with(1e300)}, "1 values are not finite"),
        ({"ref": _with(-0.01)}, "expected no negative values, found -0.01"),
        ({"ref": harvard_cube() * 0}, "nothing but zeros"),
        ({"ref": harvard_cube(), "lbl": MASK.T}, "'lbl' as 24 x 20, found 20 x 24"),
    ],
)
def test_a_file_with_other_contents_is_refused(
    tmp_path: Path, make: Callable[..., Path], values: dict[str, np.ndarray], says: str
) -> None:
    file = make(tmp_path / "harvard" / "img1.mat", **values)
    text = refusal(tmp_path)
    assert says in text and str(file) in text
    assert f"delete it and run 'python run_all.py fetch harvard --data {tmp_path}'" in text


@pytest.mark.parametrize("make", [mat5, mat73])
def test_a_file_cut_short_is_refused(tmp_path: Path, make: Callable[..., Path]) -> None:
    file = make(tmp_path / "img1.mat", ref=harvard_cube())
    whole = file.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:600], whole[:130]):
        file.write_bytes(part)
        assert f"{file} cannot be used: " in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>moved</html>", bytes(5000)])
def test_a_file_that_is_not_matlabs_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "img1.mat").write_bytes(content)
    assert "not a MATLAB file" in refusal(tmp_path)


def test_missing_scenes_are_named_with_the_archive_that_has_them(tmp_path: Path) -> None:
    mat5(tmp_path / "harvard" / "img1.mat", ref=harvard_cube())
    with pytest.raises(RequestError) as caught:
        Harvard().open(tmp_path, ["img1", "img3", "img4"])
    text = str(caught.value)
    assert "expected 3 files <scene>.mat, 2 are missing: img3, img4." in text
    assert f"get CZ_hsdbi.tgz from {Harvard.home}" in text and "--scenes" in text
    assert f"python run_all.py fetch harvard --data {tmp_path}" in text


def test_archives_alone_are_unpacked_beside_themselves_as_needed(tmp_path: Path) -> None:
    for subset, scene in zip(harvard.SUBSETS, TWO, strict=True):
        archive(tmp_path / "harvard" / f"{subset}.tgz", tmp_path / "made", scene)
    Harvard().open(tmp_path, ["img1"])
    assert {path.name for path in (tmp_path / "harvard").iterdir()} == {
        "CZ_hsdb",
        "CZ_hsdb.tgz",
        "CZ_hsdbi.tgz",
    }
    assert (tmp_path / "harvard" / "CZ_hsdb" / "img1.mat").is_file()
    assert Harvard().open(tmp_path, TWO).read("img3").peak == 0.5


def test_a_damaged_or_unsafe_archive_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path / "harvard" / "CZ_hsdb.tgz", tmp_path / "made", "img1")
    file.write_bytes(file.read_bytes()[:-3000])
    assert "CZ_hsdb.tgz is not a whole tar archive" in refusal(tmp_path)
    tarred(file, {"CZ_hsdb/a.mat": b"1"}, link=tarfile.SYMTYPE)
    assert "'link', which is neither a file nor a folder" in refusal(tmp_path)
    assert [path.name for path in file.parent.iterdir()] == ["CZ_hsdb.tgz"]


def test_a_file_that_is_only_unreadable_is_not_called_damaged(tmp_path: Path) -> None:
    file = mat5(tmp_path / "img1.mat", ref=harvard_cube())
    source = Harvard().open(tmp_path, ["img1"])
    file.unlink()
    with pytest.raises(RequestError, match=r"cannot read .*img1\.mat: No such file") as caught:
        source.read("img1")
    assert "delete" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_place_that_cannot_be_unpacked_to_is_named(tmp_path: Path) -> None:
    file = archive(tmp_path / "harvard" / "CZ_hsdb.tgz", tmp_path / "made", "img1")
    file.parent.chmod(0o555)
    try:
        assert "cannot be written to" in refusal(tmp_path)
    finally:
        file.parent.chmod(0o755)


def test_the_stamp_changes_with_the_files(tmp_path: Path) -> None:
    file = mat5(tmp_path / "harvard" / "img1.mat", ref=harvard_cube())
    first = Harvard().open(tmp_path, ["img1"]).stamp
    assert first == Harvard().open(tmp_path, ["img1"]).stamp
    os.utime(file, (5, 5))
    assert first != Harvard().open(tmp_path, ["img1"]).stamp


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web: Web) -> dict[str, bytes]:
    """Make two scenes the whole of Harvard, their archives on the server."""
    monkeypatch.setattr(harvard, "SUBSETS", {"CZ_hsdb": ("img1",), "CZ_hsdbi": ("img3",)})
    monkeypatch.setattr(Harvard, "url", f"{web.address}/{{subset}}.tgz")
    contents = {}
    for subset, names in harvard.SUBSETS.items():
        file = archive(tmp_path / "made" / f"{subset}.tgz", tmp_path / "made", *names)
        contents[subset] = file.read_bytes()
        web.put(f"{subset}.tgz", contents[subset])
    return contents


def test_fetch_downloads_what_is_missing_and_does_nothing_the_second_time(
    tmp_path: Path, published: dict[str, bytes], web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    mat5(root / "harvard" / "img1.mat", ref=harvard_cube())
    assert Harvard().fetch(root) == root / "harvard"
    assert web.asked == ["/CZ_hsdbi.tgz"]
    assert {path.name for path in (root / "harvard").iterdir()} == {"img1.mat", "CZ_hsdbi"}
    assert Harvard().open(root, TWO).read("img3").peak == 0.5
    capsys.readouterr()
    Harvard().fetch(root)
    assert len(web.asked) == 1 and "all 2 scenes are there" in capsys.readouterr().err


def test_fetch_leaves_no_archive_that_is_not_whole(
    tmp_path: Path, published: dict[str, bytes], web: Web
) -> None:
    web.put("CZ_hsdb.tgz", published["CZ_hsdb"][:-2000])
    with pytest.raises(RequestError, match="not a whole tar archive"):
        Harvard().fetch(tmp_path)
    web.put("CZ_hsdb.tgz", published["CZ_hsdb"], withheld=2000)
    with pytest.raises(RequestError, match="could not be downloaded"):
        Harvard().fetch(tmp_path)
    assert list((tmp_path / "harvard").iterdir()) == []
    web.put("CZ_hsdb.tgz", published["CZ_hsdb"])
    assert Harvard().fetch(tmp_path) == tmp_path / "harvard"


def test_fetch_asks_for_a_folder_that_lacks_scenes_to_be_moved_before_it_downloads(
    tmp_path: Path, published: dict[str, bytes], web: Web
) -> None:
    (tmp_path / "harvard" / "CZ_hsdb").mkdir(parents=True)
    with pytest.raises(RequestError, match="CZ_hsdb is there but lacks img1; move it away"):
        Harvard().fetch(tmp_path)
    assert web.asked == []

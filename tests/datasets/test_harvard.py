"""Harvard is scaled as stated, and fetched whole."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from datasets import harvard
from datasets._layouts import harvard as _harvard_files
from datasets._layouts.harvard import SUBSETS
from datasets.harvard import Harvard
from tests.datasets.conftest import Web
from tests.datasets.makers import harvard_archive, harvard_cube, left_in, mat5
from tests.datasets.refusals import harvard_refusal, harvard_scaled

TWO = ("img1", "img3")  # one of each subset


def test_it_is_registered_with_its_paper_split() -> None:
    made = DATASETS.make("harvard")
    assert isinstance(made, Harvard)
    assert made.scaling == "image-maximum"
    assert len(set(made.scenes)) == 77
    assert len(made.test) == 10
    assert [len(names) for names in SUBSETS.values()] == [50, 27]
    assert set(made.test + made.validation) <= set(made.scenes)
    assert not set(made.test) & set(made.validation)
    assert DATASETS.label(DATASETS.make("harvard[scaling=calib]")) == "harvard[scaling=calib]"
    with pytest.raises(RequestError, match="expected one of image-maximum, set-maximum, calib"):
        DATASETS.make("harvard[scaling=half]")


@pytest.mark.parametrize("scaling", harvard.SCALINGS)
def test_the_remark_says_how_it_was_scaled_and_what_is_unverified(scaling: str) -> None:
    remark = harvard_scaled(scaling).remark
    assert scaling in remark
    assert harvard.SCALINGS[scaling] in remark
    assert "published Bicubic row has not been checked: no Harvard images were available" in remark
    assert "Its files are checked by their form alone." in remark


def test_each_scaling_gives_the_peak_that_it_states(tmp_path: Path) -> None:
    for scene, top in zip(TWO, (0.25, 0.5), strict=True):
        mat5(tmp_path / "harvard" / f"{scene}.mat", ref=harvard_cube(top=top))
    read = {
        scaling: harvard_scaled(scaling).open(tmp_path, TWO).read("img1")
        for scaling in harvard.SCALINGS
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
        assert made.cube.min() >= 0
        assert made.cube.max() <= made.peak
    alone = harvard_scaled("set-maximum").open(tmp_path, ["img1"]).read("img1")
    assert alone.peak == 0.25


def test_unscaled_values_beyond_one_are_refused(tmp_path: Path) -> None:
    mat5(tmp_path / "img1.mat", ref=harvard_cube(top=1.5))
    text = harvard_refusal(tmp_path, "none")
    assert "expected values in [0, 1], found 1.5 in" in text
    assert "another scaling" in text


def test_negatives_that_are_rounding_become_zero(tmp_path: Path) -> None:
    cube = harvard_cube()
    cube[0, 0, 0] = -1e-7
    mat5(tmp_path / "img1.mat", ref=cube)
    assert Harvard().open(tmp_path, ["img1"]).read("img1").cube.min() == 0


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web: Web) -> dict[str, bytes]:
    """Make two scenes the whole of Harvard, their archives on the server."""
    subsets = {"CZ_hsdb": ("img1",), "CZ_hsdbi": ("img3",)}
    for module in (harvard, _harvard_files):
        monkeypatch.setattr(module, "SUBSETS", subsets)
    monkeypatch.setattr(Harvard, "url", f"{web.address}/{{subset}}.tgz")
    contents = {}
    for subset, names in subsets.items():
        file = harvard_archive(tmp_path / "made" / f"{subset}.tgz", tmp_path / "made", *names)
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
    assert len(web.asked) == 1
    assert "all 2 scenes are there" in capsys.readouterr().err


def test_fetch_leaves_no_archive_that_is_not_whole(
    tmp_path: Path, published: dict[str, bytes], web: Web
) -> None:
    web.put("CZ_hsdb.tgz", published["CZ_hsdb"][:-2000])
    with pytest.raises(RequestError, match=r"not a complete tar .* deleted; run the same"):
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
    with pytest.raises(RequestError, match="CZ_hsdb exists but lacks img1; move it away"):
        Harvard().fetch(tmp_path)
    assert web.asked == []


def test_fetch_unpacks_an_archive_that_an_interrupted_fetch_left_and_keeps_it(
    tmp_path: Path, published: dict[str, bytes], web: Web
) -> None:
    left = tmp_path / "harvard" / "CZ_hsdb.tgz"
    left.parent.mkdir()
    left.write_bytes(published["CZ_hsdb"])
    Harvard().fetch(tmp_path)
    assert web.asked == ["/CZ_hsdbi.tgz"]
    assert left_in(left.parent) == ["CZ_hsdb", "CZ_hsdb.tgz", "CZ_hsdbi"]


@pytest.mark.parametrize("place", ["harvard", "."])
def test_fetch_replaces_an_archive_that_is_cut_short(
    tmp_path: Path,
    published: dict[str, bytes],
    web: Web,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    root = tmp_path / "data"
    left = root / place / "CZ_hsdb.tgz"
    left.parent.mkdir(parents=True)
    left.write_bytes(published["CZ_hsdb"][:-2000])
    Harvard().fetch(root)
    assert web.asked == ["/CZ_hsdb.tgz", "/CZ_hsdbi.tgz"]
    assert left_in(root / "harvard") == ["CZ_hsdb", "CZ_hsdbi"]
    assert "CZ_hsdb.tgz is not a complete tar archive" in capsys.readouterr().err
    assert Harvard().open(root, TWO).read("img1").peak == 0.5


def test_fetch_keeps_an_archive_that_it_has_no_room_to_unpack(
    tmp_path: Path, published: dict[str, bytes], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(archive: Path) -> None:
        raise RequestError(f"{archive.parent} cannot be written to (no space left)")

    with monkeypatch.context() as patched:
        patched.setattr(harvard, "unpack", full)
        with pytest.raises(RequestError, match="no space left"):
            Harvard().fetch(tmp_path)
    assert left_in(tmp_path / "harvard") == ["CZ_hsdb.tgz"]
    assert (tmp_path / "harvard" / "CZ_hsdb.tgz").read_bytes() == published["CZ_hsdb"]
    Harvard().fetch(tmp_path)
    assert web.asked == ["/CZ_hsdb.tgz", "/CZ_hsdbi.tgz"]


def test_doctor_is_told_that_the_files_cannot_be_compared(tmp_path: Path) -> None:
    mat5(tmp_path / "img1.mat", ref=harvard_cube())
    (said,) = Harvard().unpublished(tmp_path, ["img1"])
    assert (
        said == "its files are checked by their form alone: no hashes of published ones are known"
    )

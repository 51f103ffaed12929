"""Both versions of MATLAB files are read; what holds something else is refused in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import RequestError
from datasets import harvard
from datasets.harvard import Harvard
from tests.datasets.makers import harvard_cube, mat5, mat73
from tests.datasets.refusals import harvard_refusal

MASK = np.ones((24, 20))


@pytest.mark.parametrize("make", [mat5, mat73])
@pytest.mark.parametrize("masked", [True, False])
def test_both_versions_of_matlab_files_are_read_with_the_axes_in_order(
    tmp_path: Path, make: Callable[..., Path], masked: bool
) -> None:
    cube = harvard_cube()
    make(tmp_path / "harvard" / "img1.mat", ref=cube, **({"lbl": MASK} if masked else {}))
    scene = Harvard().open(tmp_path, ["img1"]).read("img1")
    assert scene.cube.dtype == np.float32
    assert scene.peak == 0.5
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
        ({"ref": harvard_cube() + 1j}, "of complex"),
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
    text = harvard_refusal(tmp_path)
    assert says in text
    assert str(file) in text
    assert f"delete it and run 'python run_all.py fetch harvard --data {tmp_path}'" in text


@pytest.mark.parametrize("make", [mat5, mat73])
def test_a_file_cut_short_is_refused(tmp_path: Path, make: Callable[..., Path]) -> None:
    file = make(tmp_path / "img1.mat", ref=harvard_cube())
    whole = file.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:600], whole[:130]):
        file.write_bytes(part)
        assert f"{file} cannot be used: " in harvard_refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>moved</html>", bytes(5000)])
def test_a_file_that_is_not_matlabs_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "img1.mat").write_bytes(content)
    assert "not a MATLAB file" in harvard_refusal(tmp_path)


def test_a_file_that_is_only_unreadable_is_not_called_damaged(tmp_path: Path) -> None:
    file = mat5(tmp_path / "img1.mat", ref=harvard_cube())
    source = Harvard().open(tmp_path, ["img1"])
    file.unlink()
    with pytest.raises(RequestError, match=r"cannot read .*img1\.mat: No such file") as caught:
        source.read("img1")
    assert "delete" not in str(caught.value)

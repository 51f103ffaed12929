"""Both versions of MATLAB files are read; what holds something else is refused in one line."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from loky import get_reusable_executor

from benchmark.data.formats import matlab
from benchmark.data.formats.matlab import ContentError
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
        ({"ref": _with(np.nan)}, "1 value not finite"),
        ({"ref": _with(np.inf)}, "1 value not finite"),
        ({"ref": _with(1e300)}, "1 value not finite"),
        ({"ref": _with(-0.01)}, "expected no negative values, found -0.01"),
        ({"ref": harvard_cube() * 0}, "only zeros"),
    ],
)
def test_a_file_with_impossible_values_is_refused(
    tmp_path: Path, make: Callable[..., Path], values: dict[str, np.ndarray], says: str
) -> None:
    file = make(tmp_path / "harvard" / "img1.mat", **values)
    text = harvard_refusal(tmp_path)
    assert says in text
    assert str(file) in text
    assert f"delete it and run: python run_all.py fetch harvard --data {tmp_path}" in text


@pytest.mark.parametrize("make", [mat5, mat73])
@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"cube": harvard_cube()}, "expected a variable 'ref', found 'cube' (24 x 20 x 31 "),
        ({"A": MASK, "REF": harvard_cube()}, "found 'A' (24 x 20 float64), 'REF' (24 x 20 x 31 "),
        ({"ref": harvard_cube()[..., :30]}, "x 31 numbers, found 24 x 20 x 30 of float64"),
        ({"ref": harvard_cube()[..., 0]}, "found 24 x 20 of float64"),
        ({"ref": harvard_cube(), "lbl": MASK.T}, "'lbl' as 24 x 20, found 20 x 24"),
    ],
)
def test_other_variables_are_named_and_nobody_is_told_to_delete_or_download(
    tmp_path: Path, make: Callable[..., Path], values: dict[str, np.ndarray], says: str
) -> None:
    file = make(tmp_path / "harvard" / "img1.mat", **values)
    text = harvard_refusal(tmp_path)
    assert says in text
    assert str(file) in text
    assert "save it as published, with the image as 'ref'" in text
    assert "delete" not in text
    assert "fetch" not in text


@pytest.mark.parametrize("make", [mat5, mat73])
def test_complex_numbers_are_refused(tmp_path: Path, make: Callable[..., Path]) -> None:
    make(tmp_path / "img1.mat", ref=harvard_cube() + 1j)
    assert "complex128" in harvard_refusal(tmp_path)


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


SHAPE = (7, 4, 31)


def image(file: Path, crop: int = 100) -> np.ndarray:
    """Read the image of a file as the Harvard data set does."""
    part = slice(crop)
    return matlab.read(file, "ref", shape=(0, 0, 31), rows=part, columns=part).values


def integers(kind: str) -> np.ndarray:
    """Make whole numbers that every type holds."""
    return np.random.default_rng(3).integers(0, 100, SHAPE).astype(kind)


@pytest.mark.parametrize("kind", ["float64", "float32", "int8", "uint8", "int16", "uint16"])
@pytest.mark.parametrize("make", [mat5, mat73])
def test_every_type_of_number_is_read_as_it_is_or_as_float32(
    tmp_path: Path, make: Callable[..., Path], kind: str
) -> None:
    file = make(tmp_path / "a.mat", ref=integers(kind))
    for crop in (2, 5, 100):
        read = image(file, crop)
        np.testing.assert_array_equal(read, integers(kind)[:crop, :crop])
        assert read.dtype == (np.float32 if kind.startswith("float") else kind)


def element(order: str, kind: int, body: bytes) -> bytes:
    """Make one element of version 5 in either byte order."""
    tag = np.array([kind, len(body)], f"{order}u4").tobytes()
    return tag + body + bytes(-len(body) % 8)


def by_hand(file: Path, order: str, stored: str, kind: int, number: int = 6) -> Path:
    """Write one variable `ref` of type `number`, its values stored as another type `kind`."""
    values = integers("f8").astype(f"{order}{stored}").tobytes(order="F")
    body = (
        element(order, 6, np.array([number, 0], f"{order}u4").tobytes())
        + element(order, 5, np.array(SHAPE, f"{order}i4").tobytes())
        + element(order, 1, b"ref")
        + element(order, kind, values)
    )
    version = b"\x00\x01IM" if order == "<" else b"\x01\x00MI"
    head = b"MATLAB 5.0 MAT-file".ljust(124) + version
    file.write_bytes(head + element(order, 14, body))
    return file


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("stored", "kind"), [("u1", 2), ("i2", 3), ("i4", 5), ("f8", 9)])
def test_doubles_are_read_in_either_byte_order_and_from_smaller_types(
    tmp_path: Path, order: str, stored: str, kind: int
) -> None:
    file = by_hand(tmp_path / "a.mat", order, stored, kind)
    np.testing.assert_array_equal(image(file), integers("f4"))


@pytest.mark.parametrize(
    ("stored", "kind", "number"),
    [("i8", 12, 6), ("u8", 13, 6), ("f8", 9, 7), ("i4", 5, 11), ("f4", 7, 10), ("f8", 8, 6)],
)
def test_values_that_do_not_fit_their_type_are_refused(
    tmp_path: Path, stored: str, kind: int, number: int
) -> None:
    file = by_hand(tmp_path / "a.mat", "<", stored, kind, number)
    with pytest.raises(ContentError):
        image(file)


def crashing(file: Path) -> Path:
    """Write a file whose type of values takes scipy's reader down with the process."""
    return by_hand(file, "<", "f8", 8)


def test_a_crash_of_the_library_is_one_line_and_the_next_file_is_read(tmp_path: Path) -> None:
    good = mat5(tmp_path / "good.mat", ref=integers("f8"))
    for _ in range(2):
        with pytest.raises(ContentError, match="the library that reads it crashed"):
            image(crashing(tmp_path / "bad.mat"))
        assert image(good).shape == SHAPE


def test_a_library_that_never_ends_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = mat5(tmp_path / "good.mat", ref=integers("f8"))
    monkeypatch.setattr(matlab, "TIMEOUT", 1e-5)
    with pytest.raises(ContentError, match=r"did not finish within 1e-05 s"):
        image(good)
    monkeypatch.undo()
    assert image(good).shape == SHAPE


def test_one_worker_reads_many_files(tmp_path: Path) -> None:
    good = mat5(tmp_path / "good.mat", ref=integers("f8"))
    workers = set()
    for _ in range(3):
        image(good)
        executor = get_reusable_executor(max_workers=1, timeout=matlab.IDLE)
        workers.add(executor.submit(os.getpid).result())
    assert len(workers) == 1
    assert workers != {os.getpid()}


def written_h5(file: Path, **values: np.ndarray) -> Path:
    """Write HDF5 as Python does, with the axes in order."""
    import h5py

    with h5py.File(file.with_suffix(".h5"), "w") as made:
        for name, value in values.items():
            made[name] = value
    return file.with_suffix(".h5")


@pytest.mark.parametrize("make", [mat5, mat73, written_h5])
@pytest.mark.parametrize("bytes_each", [1, 400, 1 << 20])
@pytest.mark.parametrize(
    ("rows", "columns"),
    [(slice(None), slice(None)), (slice(2, 6), slice(1, 3)), (slice(5), slice(2, 99))],
)
def test_a_part_is_read_whole_or_in_several_steps(
    tmp_path: Path,
    make: Callable[..., Path],
    bytes_each: int,
    rows: slice,
    columns: slice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matlab, "PART", bytes_each)
    for kind in ("uint16", "float64"):
        vector = np.arange(31.0)
        file = make(tmp_path / "a.mat", image=integers(kind), wl=vector, other=vector)
        read = matlab.read(file, rows=rows, columns=columns, vectors=["wl"])
        np.testing.assert_array_equal(read.values, integers(kind)[rows, columns])
        assert read.values.dtype == ("float32" if kind == "float64" else kind)
        assert read.shape == read.values.shape
        assert read.vectors == {"wl": tuple(vector)}


@pytest.mark.parametrize("make", [mat5, mat73])
def test_another_shape_than_the_whole_image_must_have_is_refused(
    tmp_path: Path, make: Callable[..., Path]
) -> None:
    file = make(tmp_path / "a.mat", image=integers("u2"))
    part = slice(3)
    assert matlab.read(file, "image", shape=SHAPE, rows=part).values.shape == (3, 4, 31)
    with pytest.raises(matlab.VariableError, match="as 7 x columns x 30 numbers, found 7 x 4 x 31"):
        matlab.read(file, "image", shape=(7, 0, 30), rows=part)


def test_groups_that_contain_themselves_end(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as made:
        group = made.create_group("group")
        for number in range(12):
            group[f"loop{number}"] = group
    with pytest.raises(matlab.VariableError, match="expected one variable with three axes"):
        matlab.read(tmp_path / "a.h5")

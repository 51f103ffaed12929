"""Images in every format, written by other software, are read as rows x columns x bands."""

import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
import tifffile

from benchmark.data.formats import images
from benchmark.errors import RequestError
from tests.datasets.image_files import (
    BANDS,
    COLUMNS,
    NM,
    ROWS,
    WITH_WAVELENGTHS,
    WITHOUT,
    Writer,
    cube,
    write_envi,
    write_grey,
    write_h5,
    write_mat5,
    write_mat73,
    write_npy,
    write_npz,
    write_pages,
)
from tests.datasets.makers import mat73


@pytest.mark.parametrize("write", [*WITH_WAVELENGTHS, *WITHOUT])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "float32", "float64"])
def test_every_format_gives_the_image_and_its_wavelengths(
    tmp_path: Path, write: Writer, kind: str
) -> None:
    file = write(tmp_path / "one", cube(kind))
    read = images.read(file)
    np.testing.assert_array_equal(read.cube, cube(kind))
    assert read.cube.dtype == ("float32" if kind == "float64" else kind)
    assert read.wavelengths == (NM if write in WITH_WAVELENGTHS else ())


@pytest.mark.parametrize("write", [write_npy, write_npz, write_mat5, write_mat73, write_h5])
@pytest.mark.parametrize("kind", ["int32", "uint32", "int64", "uint64"])
def test_long_whole_numbers_are_an_image_in_every_format(
    tmp_path: Path, write: Writer, kind: str
) -> None:
    read = images.read(write(tmp_path / "one", cube(kind)))
    np.testing.assert_array_equal(read.cube, cube(kind))
    assert [str(read.cube.dtype), read.kind] == [kind, kind]


@pytest.mark.parametrize("write", [write_mat5, write_mat73, write_h5])
@pytest.mark.parametrize(("kind", "seen"), [("float64", "int64"), ("float32", "uint32")])
def test_floats_of_a_damaged_type_are_no_image(
    tmp_path: Path, write: Writer, kind: str, seen: str
) -> None:
    text = refusal(write(tmp_path / "one", (cube(kind) / 4000).view(seen)))
    assert "expected whole numbers below 536,870,912 in '" in text
    assert "if they are right, save it as float32" in text


@pytest.mark.parametrize("ending", [".npz", ".mat", ".h5"])
@pytest.mark.parametrize("kind", ["uint16", "int32", "uint32", "int64", "uint64", "float64"])
@pytest.mark.parametrize("shape", [(-1,), (1, -1), (-1, 1)])
def test_wavelengths_of_every_type_say_which_axis_has_the_bands(
    tmp_path: Path, ending: str, kind: str, shape: tuple[int, ...]
) -> None:
    file = tmp_path / f"one{ending}"
    first = {"image": cube().transpose(2, 0, 1), "wl": np.array(NM).astype(kind).reshape(shape)}
    if ending == ".h5":
        with h5py.File(file, "w") as opened:
            opened["image"], opened["wl"] = first.values()
    elif ending == ".mat":
        scipy.io.savemat(file, first)
    else:
        np.savez(file, image=first["image"], wl=first["wl"])
    read = images.read(file)
    np.testing.assert_array_equal(read.cube, cube())
    assert read.wavelengths == NM


def test_three_axes_of_another_type_are_not_called_missing(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "one.h5", "w") as opened:
        opened["image"] = cube() > 9
    text = refusal(tmp_path / "one.h5")
    assert "expected one variable with three axes and numbers (float16, float32, " in text
    assert "found 'image' (24 x 20 x 8 bool)" in text
    assert "24 x 20 x 8" in refusal(tmp_path / "one.h5", variable="image")


def refusal(file: Path, **options: Any) -> str:
    """Return the one line that reading a file ends with; it names the file."""
    with pytest.raises(RequestError) as caught:
        images.read(file, **options)
    text = str(caught.value)
    assert str(file) in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("order", ["<", ">"])
def test_envi_files_of_either_byte_order_are_read(tmp_path: Path, order: str) -> None:
    file = write_envi(tmp_path / "one", cube().astype(f"{order}u2"), byteorder=int(order == ">"))
    read = images.read(file).cube
    np.testing.assert_array_equal(read, cube())
    assert read.dtype.isnative


@pytest.mark.parametrize("name", ["one", "one.dat", "one.BIP", "one.raw"])
def test_envi_values_are_found_under_their_usual_names(tmp_path: Path, name: str) -> None:
    file = write_envi(tmp_path / "one", cube())
    file.with_suffix(".img").rename(tmp_path / name)
    np.testing.assert_array_equal(images.read(file).cube, cube())
    assert images.files_of(file) == [file, tmp_path / name]


def test_a_header_without_its_values_says_so(tmp_path: Path) -> None:
    file = write_envi(tmp_path / "one", cube())
    file.with_suffix(".img").unlink()
    assert "no file of values is beside it, such as one.img" in refusal(file)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("wavelength = {", "wavelength = { blue,", "expected numbers as the wavelengths"),
        ("header offset = 0", "file compression = 1\nheader offset = 0", "without compression"),
        ("samples = 20", "samples = 200", "it is damaged or cut short"),
        ("data type = 12", "data type = 99", "it is damaged or cut short"),
        ("ENVI", "<html>", "it is damaged or cut short"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    file = write_envi(tmp_path / "one", cube())
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    assert says in refusal(file)


def test_wavelengths_of_another_unit_are_unknown(tmp_path: Path) -> None:
    file = write_envi(tmp_path / "one", cube(), **{"wavelength units": "Wavenumber"})
    assert images.read(file).wavelengths == ()


def test_stated_wavelengths_replace_those_of_the_file(tmp_path: Path) -> None:
    file = write_envi(tmp_path / "one", cube())
    stated = tuple(nm + 1 for nm in NM)
    assert images.read(file, wavelengths=stated).wavelengths == stated


@pytest.mark.parametrize("write", [write_npy, write_mat5, write_mat73, write_h5])
def test_bands_first_are_asked_for_and_read_when_stated(tmp_path: Path, write: Writer) -> None:
    file = write(tmp_path / "one", cube().transpose(2, 0, 1))
    if write is write_npy:  # the others know their wavelengths
        assert "found 8 x 24 x 20, as if they were on the first one; state it: axis=first" in (
            refusal(file)
        )
    else:
        np.testing.assert_array_equal(images.read(file).cube, cube())
    np.testing.assert_array_equal(images.read(file, axis="first").cube, cube())
    assert images.read(file, axis="last").cube.shape == (8, 24, 20)


def test_pages_that_are_rows_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "one.tif"
    tifffile.imwrite(file, cube(), photometric="minisblack")  # a page for each row
    assert "found 24 x 20 x 8, as if they were on the last one; state it: axis=last" in (
        refusal(file)
    )
    np.testing.assert_array_equal(images.read(file, axis="last").cube, cube())


def test_the_number_of_wavelengths_says_which_axis_has_the_bands(tmp_path: Path) -> None:
    file = write_npy(tmp_path / "one", cube().transpose(0, 2, 1))
    assert images.read(file).cube.shape == (ROWS, BANDS, COLUMNS)
    np.testing.assert_array_equal(images.read(file, wavelengths=NM).cube, cube())


def test_many_bands_of_a_small_image_are_no_reason_to_ask(tmp_path: Path) -> None:
    file = write_npy(tmp_path / "one", np.zeros((145, 145, 200), np.uint8))
    assert images.read(file).cube.shape == (145, 145, 200)


def test_one_of_several_variables_is_named(tmp_path: Path) -> None:
    values = {"first": cube(), "second": cube() + 1}
    np.savez(tmp_path / "a.npz", first=values["first"], second=values["second"])
    scipy.io.savemat(tmp_path / "b.mat", values)
    mat73(tmp_path / "c.mat", **values)
    with h5py.File(tmp_path / "d.h5", "w") as opened:
        opened["first"], opened["second"] = values.values()
    for file in sorted(tmp_path.iterdir()):
        text = refusal(file)
        assert "expected one variable with three axes, found 'first' (24 x 20 x 8 uint16), " in text
        assert "name one of them: variable=first" in text
        np.testing.assert_array_equal(images.read(file, "second").cube, cube() + 1)
        assert "expected a variable 'third', found 'first'" in refusal(file, variable="third")


def test_an_image_in_a_group_is_named_with_it(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as opened:
        opened["scan/one"], opened["scan/two"] = cube(), cube() + 1
    text = refusal(tmp_path / "a.h5")
    assert "'scan/one' (24 x 20 x 8 uint16), 'scan/two'" in text
    np.testing.assert_array_equal(images.read(tmp_path / "a.h5", "scan/two").cube, cube() + 1)


@pytest.mark.parametrize(
    ("write", "values", "says"),
    [
        (write_npy, cube()[..., 0], "expected rows x columns x bands, found 24 x 20"),
        (write_npy, cube()[None], "expected rows x columns x bands, found 1 x 24 x 20 x 8"),
        (write_npy, cube() + 1j, "expected real numbers, found complex128"),
        (write_npy, cube() > 5, "expected real numbers, found bool"),
        (write_grey, cube(), "expected one image of several bands, found 24 x 20"),
    ],
)
def test_what_is_no_image_is_refused(
    tmp_path: Path, write: Writer, values: np.ndarray, says: str
) -> None:
    assert says in refusal(write(tmp_path / "one", values))


def test_a_highly_compressed_file_may_be_good_and_is_not_to_be_deleted(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", image=np.zeros((600, 600, 200), np.uint8))
    text = refusal(tmp_path / "a.npz")
    assert "unpacks to more than 67,108,864 bytes, which is the limit or 100 times its own" in text
    assert text.endswith("; if it is right, save it by numpy.savez, without compression")
    assert "damaged" not in text
    assert "delete" not in text


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}], dtype=object)
    np.save(tmp_path / "a.npy", objects)
    np.savez(tmp_path / "b.npz", image=objects)
    assert "damaged or no array of numbers" in refusal(tmp_path / "a.npy")
    assert "expected one variable with three axes, found 'image'" in refusal(tmp_path / "b.npz")


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.tif", "a.hdr", "a.mat", "a.h5"])
@pytest.mark.parametrize("content", [b"", b"<html>moved</html>", bytes(5000)])
def test_a_file_of_another_format_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert "cannot be used: " in refusal(tmp_path / name)


def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    assert "one of the endings .mat, .npy," in refusal(tmp_path / "a.jpg")


def test_a_missing_file_is_not_called_damaged(tmp_path: Path) -> None:
    assert "cannot read" in refusal(tmp_path / "a.npy")
    assert "No such file" in refusal(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("library", "write"), [("tifffile", write_pages), ("spectral", write_envi)]
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    tmp_path: Path, library: str, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "one", cube())
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    text = refusal(file)
    assert f"cannot be read without {library}; install it with: pip install" in text
    assert f'"{library}>=' in text


def test_a_library_that_is_installed_and_broken_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(file: Path, variable: str, *, values: bool) -> None:
        raise ImportError("libtiff.so: cannot open shared object file")

    monkeypatch.setattr(images, "_read", broken)
    text = refusal(write_pages(tmp_path / "one", cube()))
    assert "cannot be read: libtiff.so: cannot open" in text
    assert "pip install" not in text

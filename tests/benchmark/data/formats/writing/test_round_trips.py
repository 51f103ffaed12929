"""What is written in a format comes out of its reader again: values, type, axis and wavelengths."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import h5py
import numpy as np
import pytest
import scipy.io
import tifffile
from spectral.io import envi

from benchmark.data.formats.images import ENDINGS, Image, read
from benchmark.data.formats.writing import Layout, create, files_written, layout, layout_of
from tests.datasets.image_files import (
    BANDS,
    NM,
    WITH_WAVELENGTHS,
    WITHOUT,
    Writer,
    cube,
    write_h5,
    write_mat5,
    write_mat73,
    write_npy,
)

SHAPE = (26, 22, BANDS)
DISTINCT = sorted({*ENDINGS} - {".tiff", ".hdf5", ".he5"})


def name_of(value: object) -> str:
    """Name a writer in the list of tests."""
    return getattr(value, "__name__", str(value))


def made(kind: str = "uint16") -> np.ndarray:
    """Make the image to write."""
    return np.random.default_rng(6).integers(0, 200, SHAPE).astype(kind)


def store(file: Path, how: Layout, values: np.ndarray) -> Path:
    """Write an image in four blocks."""
    with create(file, how) as write:
        for rows in (slice(0, 16), slice(16, 26)):
            for columns in (slice(0, 8), slice(8, 22)):
                write(rows, columns, values[rows, columns])
    return file


def facts(image: Image) -> Sequence[object]:
    """Return everything about an image but its values."""
    return image.cube.shape, image.kind, image.axis, image.variable, image.wavelengths


@pytest.mark.parametrize("writer", [*WITH_WAVELENGTHS, *WITHOUT], ids=name_of)
@pytest.mark.parametrize("kind", ["uint16", "float64"])
def test_a_result_is_stored_as_the_image_that_it_was_made_from(
    writer: Writer, kind: str, tmp_path: Path
) -> None:
    source = writer(tmp_path / "one", cube(kind))
    before = read(source)
    target = tmp_path / f"two{source.suffix}"
    store(target, layout_of(before, source, target, SHAPE), made(kind))
    after = read(target)
    assert np.array_equal(after.cube, made(kind))
    assert facts(after) == (SHAPE, kind, before.axis, before.variable, before.wavelengths)
    assert before.wavelengths == (NM if writer in WITH_WAVELENGTHS else ())


@pytest.mark.parametrize("ending", DISTINCT)
def test_every_format_can_be_made_from_another_one(ending: str, tmp_path: Path) -> None:
    source = write_h5(tmp_path / "one", cube("int16"))
    target = tmp_path / f"two{ending}"
    store(target, layout_of(read(source), source, target, SHAPE), made("int16"))
    after = read(target)
    assert np.array_equal(after.cube, made("int16"))
    assert after.kind == "int16"
    assert after.wavelengths == (() if ending == ".npy" else NM)


@pytest.mark.parametrize("ending", DISTINCT)
def test_nothing_is_left_of_a_file_that_was_not_finished(ending: str, tmp_path: Path) -> None:
    target = tmp_path / f"two{ending}"
    with pytest.raises(RuntimeError), create(target, Layout(SHAPE, "uint16")) as write:  # noqa: PT012
        write(slice(0, 16), slice(0, 22), made()[:16])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("values", [True, False], ids=["read", "seen"])
@pytest.mark.parametrize("writer", [*WITH_WAVELENGTHS, *WITHOUT], ids=name_of)
def test_what_is_seen_of_a_file_is_what_is_read(
    writer: Writer, values: bool, tmp_path: Path
) -> None:
    found = read(writer(tmp_path / "one", cube("int16")), values=values)
    nm = NM if writer in WITH_WAVELENGTHS else ()
    assert (found.cube.shape, found.kind, found.wavelengths) == (cube().shape, "int16", nm)
    assert bool(found.cube.any()) == values


def test_other_software_reads_matlab_files_with_their_variables(tmp_path: Path) -> None:
    source = write_mat5(tmp_path / "one", cube())
    target = tmp_path / "two.mat"
    store(target, layout_of(read(source), source, target, SHAPE), made())
    stored = scipy.io.loadmat(target)
    assert np.array_equal(stored["image"], made())
    assert stored["wavelengths"].tolist() == [list(NM)]


def test_matlab_is_told_the_classes_of_version_7_3(tmp_path: Path) -> None:
    source = write_mat73(tmp_path / "one", cube("float32"))
    target = tmp_path / "two.mat"
    store(target, layout_of(read(source), source, target, SHAPE), made("float32"))
    assert target.read_bytes().startswith(b"MATLAB 7.3 MAT-file")
    with h5py.File(target) as opened:
        assert opened["image"].shape == SHAPE[::-1]
        assert opened["image"].attrs["MATLAB_class"] == b"single"
        assert opened["wavelengths"].shape == (BANDS, 1)


def test_an_array_beyond_version_5_is_stored_as_7_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_mat5(tmp_path / "one", cube())
    monkeypatch.setattr(layout, "_LONGEST_V5", made().nbytes - 1)
    target = tmp_path / "two.mat"
    store(target, layout_of(read(source), source, target, SHAPE), made())
    assert h5py.is_hdf5(target)
    assert np.array_equal(read(target).cube, made())


def test_other_software_reads_envi_headers(tmp_path: Path) -> None:
    target = store(tmp_path / "two.hdr", Layout(SHAPE, "float32", 0, NM), made("float32"))
    opened = envi.open(str(target))
    assert np.array_equal(np.array(opened.open_memmap(interleave="bip")), made("float32"))
    assert opened.bands.centers == list(NM)
    assert opened.bands.band_unit == "Nanometers"


def test_values_of_a_header_replace_those_that_belong_to_it(tmp_path: Path) -> None:
    (tmp_path / "two.dat").write_bytes(b"before")
    target = tmp_path / "two.hdr"
    assert files_written(target) == [target, tmp_path / "two.dat"]
    store(target, Layout(SHAPE, "uint16"), made())
    assert {file.name for file in tmp_path.iterdir()} == {"two.hdr", "two.dat"}
    assert np.array_equal(read(target).cube, made())


def test_tiff_files_name_wavelengths_as_gdal_does(tmp_path: Path) -> None:
    target = store(tmp_path / "two.tif", Layout(SHAPE, "uint8", 0, NM), made("uint8"))
    with tifffile.TiffFile(target) as opened:
        text = opened.pages.first.tags[42112].value
        assert len(opened.pages) == BANDS
    assert text.startswith('<GDALMetadata><Item name="wavelength" sample="0">400</Item>')


def test_archives_hold_the_variable_and_the_wavelengths(tmp_path: Path) -> None:
    target = store(tmp_path / "two.npz", Layout(SHAPE, "uint8", 2, NM, "ref"), made("uint8"))
    with ZipFile(target) as archive:
        assert archive.namelist() == ["ref.npy", "wavelengths.npy"]
    with np.load(target) as stored:
        assert np.array_equal(stored["ref"], made("uint8"))


@pytest.mark.parametrize(
    ("ending", "kind", "stored"),
    [
        (".mat", "int32", "float64"),
        (".h5", "float16", "float32"),
        (".hdr", "int8", "int16"),
        (".hdr", "float16", "float32"),
        (".npy", "int64", "int64"),
        (".tif", "uint32", "uint32"),
    ],
)
def test_a_type_that_a_format_lacks_becomes_one_that_holds_it(
    ending: str, kind: str, stored: str, tmp_path: Path
) -> None:
    source = write_npy(tmp_path / "one", cube(kind))
    target = tmp_path / f"two{ending}"
    assert layout_of(read(source), source, target, SHAPE).kind == stored


@pytest.mark.parametrize(
    ("name", "kept"), [("data/ref", "ref"), ("data/2nd", "image"), ("", "image")]
)
def test_a_name_that_matlab_does_not_allow_is_replaced(
    name: str, kept: str, tmp_path: Path
) -> None:
    before = Image(cube(), (), "uint16", name)
    assert layout_of(before, Path("one.h5"), tmp_path / "two.mat", SHAPE).variable == kept

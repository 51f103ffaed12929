"""Version 5 of MATLAB's format is read as `scipy.io.loadmat` reads it, and never trusted."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from benchmark.data.formats.arrays import ContentError
from benchmark.data.formats.matlab5 import arrays

SHAPE = (7, 4, 31)
NUMBERS = ("float64", "float32", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")


def cube(kind: str = "float64") -> np.ndarray:
    """Make values of a type."""
    return np.random.default_rng(3).integers(0, 100, SHAPE).astype(kind)


def saved(*, packed: bool = False, **values: object) -> io.BytesIO:
    """Write variables as scipy does."""
    stream = io.BytesIO()
    savemat(stream, values, do_compression=packed)
    return stream


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", NUMBERS)
def test_it_reads_what_scipy_reads(kind: str, packed: bool) -> None:
    stream = saved(packed=packed, other="text", ref=cube(kind), lbl=np.ones(SHAPE[:2]))
    found = arrays(stream)
    assert list(found) == ["other", "ref", "lbl"]
    assert (found["ref"].shape, found["ref"].kind) == (SHAPE, kind)
    assert found["lbl"].shape == SHAPE[:2]
    expected = loadmat(io.BytesIO(stream.getvalue()))["ref"].astype(np.float32)
    for crop in (2, 5, 100):
        read = found["ref"].top_left(crop)
        np.testing.assert_array_equal(read, expected[:crop, :crop])
        assert read.flags.c_contiguous
        assert read.dtype == np.float32


def test_other_variables_are_named_with_their_kinds() -> None:
    stream = saved(
        text="abc", number=1.5, complex=1j, yes=np.array([True]), cell=np.array([1, "a"], object)
    )
    kinds = {name: array.kind for name, array in arrays(stream).items()}
    assert kinds == {
        "text": "char",
        "number": "float64",
        "complex": "complex float64",
        "yes": "bool",
        "cell": "cell",
    }


def element(order: str, kind: int, body: bytes) -> bytes:
    """Make one element in either order of bytes."""
    tag = np.array([kind, len(body)], f"{order}u4").tobytes()
    return tag + body + bytes(-len(body) % 8)


def short(order: str, kind: int, body: bytes) -> bytes:
    """Make one element of up to four bytes, which stands in its own tag."""
    tag = np.array([len(body) << 16 | kind], f"{order}u4").tobytes()
    return tag + body.ljust(4, b"\0")


def file(order: str, stored: str, kind: int, *, number: int = 6) -> io.BytesIO:
    """Make a file by hand: header, and one variable `ref` whose values are stored so."""
    values = cube().astype(f"{order}{stored}").tobytes(order="F")
    body = (
        element(order, 6, np.array([number, 0], f"{order}u4").tobytes())
        + element(order, 5, np.array(SHAPE, f"{order}i4").tobytes())
        + short(order, 1, b"ref")
        + element(order, kind, values)
    )
    version = b"\x00\x01IM" if order == "<" else b"\x01\x00MI"
    head = b"MATLAB 5.0 MAT-file".ljust(124) + version
    return io.BytesIO(head + element(order, 14, body))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("stored", "kind"), [("u1", 2), ("i2", 3), ("i4", 5), ("f8", 9)])
def test_doubles_are_read_in_either_order_of_bytes_and_from_the_types_they_are_stored_in(
    order: str, stored: str, kind: int
) -> None:
    stream = file(order, stored, kind)
    np.testing.assert_array_equal(arrays(stream)["ref"].top_left(100), cube())
    np.testing.assert_array_equal(loadmat(io.BytesIO(stream.getvalue()))["ref"], cube())


@pytest.mark.parametrize(
    ("stored", "kind", "number"),
    [("i8", 12, 6), ("u8", 13, 6), ("f8", 9, 7), ("i4", 5, 11), ("f4", 7, 10), ("f8", 8, 6)],
)
def test_values_that_do_not_fit_their_type_are_refused(stored: str, kind: int, number: int) -> None:
    found = arrays(file("<", stored, kind, number=number))["ref"]
    with pytest.raises(ContentError, match=f"stored as type {kind}"):
        found.top_left(100)


def test_a_packed_variable_whose_checksum_does_not_agree_is_refused() -> None:
    content = bytearray(saved(packed=True, ref=cube()).getvalue())
    content[-1] ^= 1
    found = arrays(io.BytesIO(content))["ref"]
    with pytest.raises(ContentError, match="incorrect data check"):
        found.top_left(100)


def test_a_packed_variable_is_unpacked_no_further_than_its_shape(tmp_path: Path) -> None:
    plain = saved(ref=cube()).getvalue()
    packed = zlib.compress(plain[128:] + bytes(1000))
    stream = io.BytesIO(plain[:128] + np.array([15, len(packed)], "<u4").tobytes() + packed)
    with pytest.raises(ContentError, match="go on behind their end"):
        arrays(stream)["ref"].top_left(100)

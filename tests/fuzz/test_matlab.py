"""Damaged files of Harvard: one line, or values that the file can vouch for.

Packed variables of version 5 carry an Adler-32: they are read exactly or refused. Unpacked ones
and version 7.3 (HDF5 as MATLAB writes it) have no checksum at all: a changed byte among the pixels
is another pixel, and nobody can notice. Of those only the form is promised: as many bands as there
must be, finite, not negative, and that neither the process nor its memory suffers.
"""

import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from benchmark.data.formats import matlab
from benchmark.dataset import Scene
from benchmark.errors import RequestError
from datasets.harvard import Harvard
from tests.datasets.makers import mat5, mat73
from tests.fuzz import damage
from tests.fuzz.damage import Tally

ROWS, COLUMNS, BANDS = 6, 5, 31
MASK = np.ones((ROWS, COLUMNS))


@pytest.fixture(autouse=True)
def _short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """End a worker that hangs before the test itself is ended."""
    monkeypatch.setattr(matlab, "TIMEOUT", damage.SECONDS - 1)


def small_cube() -> np.ndarray:
    """Make a scene of a few kilobytes."""
    cube = np.random.default_rng(0).random((ROWS, COLUMNS, BANDS)) * 0.5
    cube[1, 2, 3] = 0.5
    return cube


def packed5(file: Path, **values: np.ndarray) -> Path:
    """Write version 5 with every variable compressed, as MATLAB does by default."""
    file.parent.mkdir(parents=True, exist_ok=True)
    savemat(file, values, do_compression=True)
    return file


def packed73(file: Path, **values: np.ndarray) -> Path:
    """Write version 7.3 in compressed chunks, as MATLAB does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(file, "w", userblock_size=512) as made:
        for name, value in values.items():
            chunks = (8, COLUMNS, ROWS)[-value.ndim :] if value.ndim == 3 else None
            packing = {"compression": "gzip"} if chunks else {}
            made.create_dataset(name, data=value.T, chunks=chunks, **packing)
    with file.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return file


class File:
    """One file, damaged in place and read as a scene."""

    def __init__(self, root: Path, make: Callable[..., Path], *, exact: bool) -> None:
        self.file = make(root / "harvard" / "img1.mat", ref=small_cube(), lbl=MASK)
        self.whole = self.file.read_bytes()
        self.source = Harvard().open(root, ["img1"])
        self.exact = exact
        self.tally = Tally((self.file.name,))

    def feed(self, what: str, content: bytes) -> None:
        """Put these bytes there, read the scene, and judge."""
        self.file.write_bytes(content)
        self.tally.feed(what, lambda: self.source.read("img1"), self.right)

    def right(self, scene: Scene) -> bool:
        """Return whether a scene is all that this kind of file can promise."""
        cube = scene.cube
        if self.exact:
            return bool((cube == small_cube().astype(np.float32)).all()) and scene.peak == 0.5
        formed = cube.ndim == 3 and cube.shape[2] == BANDS and cube.dtype == np.float32
        return formed and bool(np.isfinite(cube).all()) and 0 <= cube.min() <= cube.max()


@pytest.mark.parametrize(
    ("make", "exact"), [(mat5, False), (packed5, True), (mat73, False), (packed73, False)]
)
def test_random_damage_is_refused_or_keeps_the_form(
    tmp_path: Path, make: Callable[..., Path], exact: bool
) -> None:
    file = File(tmp_path, make, exact=exact)
    for what, content in damage.damaged(file.whole, 140, seed=1):
        file.feed(what, content)
    file.tally.check(140)
    assert file.tally.refused > 40


@pytest.mark.parametrize("make", [mat5, mat73])
def test_damage_where_the_form_is_written_is_refused_or_keeps_the_form(
    tmp_path: Path, make: Callable[..., Path]
) -> None:
    """Every byte of version 5's tags, and a draw from all of 7.3 that is no pixel."""
    file = File(tmp_path, make, exact=False)
    pixels = file.whole.index(np.ascontiguousarray(small_cube().T).tobytes())
    rng = np.random.default_rng(2)
    places = range(116, pixels) if make is mat5 else np.sort(rng.permutation(pixels)[:180])
    for place in places:
        for change in (1, 8, 16, 128):
            content = bytearray(file.whole)
            content[place] ^= change
            file.feed(f"byte {place} by {change}", bytes(content))
    file.tally.check(4 * len(places))
    assert file.tally.refused > 100


@pytest.mark.parametrize("make", [mat5, packed5, mat73, packed73])
def test_every_length_is_refused_but_the_whole(tmp_path: Path, make: Callable[..., Path]) -> None:
    file = File(tmp_path, make, exact=True)
    file.feed("whole", file.whole)
    assert file.tally.accepted == 1
    for length in np.linspace(0, len(file.whole) - 1, 40).astype(int):
        file.feed(f"{length} bytes", file.whole[:length])
    file.tally.check(41)
    assert file.tally.refused == 40


def element(kind: int, body: bytes) -> bytes:
    """Make one element of version 5."""
    return (
        kind.to_bytes(4, "little") + len(body).to_bytes(4, "little") + body + bytes(-len(body) % 8)
    )


def variable(
    shape: tuple[int, ...], values: bytes, *, kind: int = 9, number: int = 6, name: bytes = b"ref"
) -> bytes:
    """Make a variable of version 5 that need not make sense."""
    flags = number.to_bytes(4, "little") + bytes(4)
    sizes = b"".join((size & 0xFFFFFFFF).to_bytes(4, "little") for size in shape)
    parts = element(6, flags) + element(5, sizes) + element(1, name) + element(kind, values)
    return element(14, parts)


def nested(depth: int) -> bytes:
    """Make a cell that holds a cell, and so on, which a reader may follow to the stack's end."""
    made = variable((1, 1), bytes(8), name=b"")
    for _ in range(depth):
        flags = (1).to_bytes(4, "little") + bytes(4)
        sizes = (1).to_bytes(4, "little") * 2
        made = element(14, element(6, flags) + element(5, sizes) + element(1, b"ref") + made)
    return made


def packed(content: bytes) -> bytes:
    """Pack an element; it is not padded."""
    made = zlib.compress(content)
    return (15).to_bytes(4, "little") + len(made).to_bytes(4, "little") + made


def hostile5() -> dict[str, bytes]:
    """Make variables of version 5 that no MATLAB would write."""
    good = small_cube().tobytes(order="F")
    shape = (ROWS, COLUMNS, BANDS)
    whole = variable(shape, good)
    made = {
        "huge shape": variable((1 << 30, 1 << 30, BANDS), good),
        "wide shape": variable((1, 1 << 30, BANDS), good),
        "square that would fit no memory": variable((30_000, 30_000, BANDS), good),
        "negative shape": variable((-6, -5, BANDS), good),
        "no values": variable((0, 5, BANDS), b""),
        "too few values": variable(shape, good[:-8]),
        "too many values": variable(shape, good + bytes(8)),
        "forty axes": variable((1,) * 40, bytes(8)),
        "ninety axes": variable((1,) * 90, bytes(8)),
        "no axes": variable((), good),
        "a text": variable((1, 3), b"abc", kind=1, number=4),
        "a cell": variable((1, 1), whole, kind=14, number=1),
        "a sparse one": variable((6, 5), bytes(240), number=5),
        "a function": variable((1, 1), bytes(8), number=16),
        "an object": variable((1, 1), bytes(8), number=17),
        "a deep one": nested(3000),
        "a variable without a name": variable(shape, good, name=b""),
        "an endless name": variable(shape, good, name=b"r" * 100_000),
        "two of a name": whole + whole,
        "floats as a long integer": variable(shape, good, kind=12),
        "single precision that is double": variable(shape, good, number=7),
        "not finite": variable(shape, np.full(930, np.nan).tobytes()),
        "infinite": variable(shape, np.full(930, np.inf).tobytes()),
        "negative": variable(shape, np.full(930, -1.0).tobytes()),
        "zeros": variable(shape, np.zeros(930).tobytes()),
        "packed twice": packed(packed(whole)),
        "packed and cut": packed(whole)[:-3],
        "packed with something behind": packed(whole + bytes(64)),
        "a bomb": packed(variable((1 << 13, 1 << 13, BANDS), bytes(80_000_000))),
        "a bomb of the right shape": packed(variable(shape, bytes(80_000_000))),
        "a bomb for a name": packed(variable(shape, good, name=bytes(80_000_000))),
        "an empty variable": element(14, b""),
        "no variable": element(9, good),
        "a tag alone": whole[:8],
        "nothing": b"",
    }
    # Codes that mean nothing, numbers of other widths, nested and packed elements, texts.
    for kind in (0, 1, 3, 6, 7, 8, 13, 14, 15, 16, 18, 255):
        made[f"values of type {kind}"] = variable(shape, good, kind=kind)
    return made


def test_hostile_files_of_version_5_are_refused_and_cost_no_memory(tmp_path: Path) -> None:
    file = File(tmp_path, mat5, exact=True)
    head = file.whole[:128]
    file.feed("made here", head + variable((ROWS, COLUMNS, BANDS), small_cube().tobytes("F")))
    file.feed("packed", head + packed(variable((6, 5, BANDS), small_cube().tobytes("F"))))
    assert (file.tally.accepted, file.tally.problems) == (2, [])
    contents = hostile5()
    tracemalloc.start()
    try:
        for what, content in contents.items():
            tracemalloc.reset_peak()
            file.feed(what, head + content)
            peak = tracemalloc.get_traced_memory()[1]
            assert peak < 40 << 20, what
    finally:
        tracemalloc.stop()
    file.tally.check(len(contents) + 2)
    assert file.tally.refused == len(contents)


def outside(there: h5py.File, folder: Path) -> None:
    """Keep the values in another file, as raw bytes."""
    (folder / "raw").write_bytes(small_cube().tobytes())
    there.create_dataset("ref", (BANDS, 5, 6), "f8", external=[("raw", 0, h5py.h5f.UNLIMITED)])


def virtual(there: h5py.File, folder: Path) -> None:
    """Gather the values from another file."""
    with h5py.File(folder / "other.h5", "w") as other:
        other["ref"] = small_cube().T
    layout = h5py.VirtualLayout((BANDS, COLUMNS, ROWS), "f8")
    layout[...] = h5py.VirtualSource("other.h5", "ref", (BANDS, COLUMNS, ROWS))
    there.create_virtual_dataset("ref", layout)


def linked(there: h5py.File, folder: Path) -> None:
    """Link to another file."""
    with h5py.File(folder / "other.h5", "w") as other:
        other["ref"] = small_cube().T
    there["ref"] = h5py.ExternalLink("other.h5", "/ref")


def looped(there: h5py.File, _: Path) -> None:
    """Link to itself."""
    there["ref"] = h5py.SoftLink("/ref")


def grouped(there: h5py.File, _: Path) -> None:
    """Be a group."""
    there.create_group("ref")


def promised(there: h5py.File, _: Path) -> None:
    """Claim many pieces, none of them written; HDF5 would give zeros."""
    there.create_dataset("ref", (BANDS, 5, 6), "f8", chunks=(1, 5, 6))


def half_written(there: h5py.File, _: Path) -> None:
    """Write some of the pieces."""
    made = there.create_dataset("ref", (BANDS, 5, 6), "f8", chunks=(1, 5, 6))
    made[:30] = small_cube().T[:30]


def huge(there: h5py.File, _: Path) -> None:
    """Claim a shape that fits no memory."""
    there.create_dataset("ref", (BANDS, 1 << 24, 1 << 24), "f8", chunks=(1, 64, 64))


def huge_pieces(there: h5py.File, _: Path) -> None:
    """Claim chunks of several gigabytes."""
    there.create_dataset("ref", (BANDS, 2000, 2000), "f8", chunks=(BANDS, 2000, 2000))


def references(there: h5py.File, _: Path) -> None:
    """Hold references to objects."""
    there.create_dataset("ref", (BANDS, 5, 6), h5py.ref_dtype)


def texts(there: h5py.File, _: Path) -> None:
    """Hold texts."""
    there.create_dataset("ref", (BANDS, 5, 6), h5py.string_dtype())


def short_floats(there: h5py.File, _: Path) -> None:
    """Hold floats of a width that no MATLAB has."""
    there["ref"] = small_cube().T.astype(np.float16)


def long_integers(there: h5py.File, _: Path) -> None:
    """Hold whole numbers of 64 bits, as doubles with a damaged type would look."""
    there["ref"] = small_cube().T.view(np.int64)


def odd_floats(there: h5py.File, _: Path) -> None:
    """Hold doubles that write their leading one, as a damaged type would say."""
    kind = h5py.h5t.IEEE_F64LE.copy()
    kind.set_norm(h5py.h5t.NORM_NONE)
    made = h5py.h5d.create(there.id, b"ref", kind, h5py.h5s.create_simple((BANDS, COLUMNS, ROWS)))
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(small_cube().T))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (outside, "found numbers in another file"),
        (virtual, "found numbers in another file"),
        (linked, "found a link"),
        (looped, "found a link"),
        (grouped, "found a group"),
        (promised, "the values from (0, 0, 0) on are not there"),
        (half_written, "the values from (30, 0, 0) on are not there"),
        (huge, "it claims 16777216 x 16777216 pixels"),
        (huge_pieces, "it claims chunks of 31 x 2000 x 2000 values"),
        (references, "of object"),
        (texts, "of object"),
        (short_floats, "of float16"),
        (long_integers, "of int64"),
        (odd_floats, "float64 are not stored as is usual"),
    ],
)
def test_hostile_files_of_version_7_3_are_refused_and_cost_no_memory(
    tmp_path: Path,
    make: Callable[[h5py.File, Path], None],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = File(tmp_path, mat73, exact=True)
    monkeypatch.chdir(file.file.parent)
    with h5py.File(file.file, "w") as there:
        make(there, file.file.parent)
    tracemalloc.start()
    try:
        with damage.limited(), pytest.raises(RequestError) as caught:
            file.source.read("img1")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert f"{file.file} cannot be used: " in str(caught.value)
    assert says in str(caught.value)
    assert peak < 40 << 20

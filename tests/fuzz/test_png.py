"""Damaged bands of CAVE: read exactly, or refused in one line; never a wrong pixel.

PNG has a CRC-32 for each chunk and an Adler-32 for the pixels, so that accidental damage shows. A
file with both forged is another image, which no reader can notice (`Cave.verify` does, by SHA-256).
How many of the files that hold the right pixels are accepted is up to PIL.
"""

import io
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.data.formats.png import SIGNATURE
from datasets.cave import Cave
from tests.datasets.makers import cave_band, cave_cube, cave_folder, png
from tests.fuzz import damage
from tests.fuzz.damage import Tally

Chunk = tuple[bytes, bytes]


def chunks(content: bytes) -> list[Chunk]:
    """Split a PNG into kinds and contents."""
    place, found = len(SIGNATURE), []
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        found.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def joined(parts: list[Chunk]) -> bytes:
    """Put a PNG together, with checksums that agree."""
    made = [
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        for kind, body in parts
    ]
    return SIGNATURE + b"".join(made)


def header(rows: int = 24, columns: int = 20, rest: bytes = b"\x10\0\0\0\0") -> Chunk:
    """Make a header chunk; `rest` is depth, colour, compression, filter, interlacing."""
    return b"IHDR", columns.to_bytes(4, "big") + rows.to_bytes(4, "big") + rest


class Band:
    """One band of a scene, damaged in place and read as a part of its scene."""

    def __init__(self, root: Path, scene: str) -> None:
        cave_folder(root / "cave", scene)
        self.file = cave_band(root, 7, scene)
        self.whole = self.file.read_bytes()
        self.scene = scene
        self.source = Cave().open(root, [scene])
        self.cube = cave_cube(scene)
        self.tally = Tally((self.file.name,))

    def feed(self, what: str, content: bytes) -> None:
        """Put these bytes there, read the scene, and judge."""
        self.file.write_bytes(content)
        self.tally.feed(
            what,
            lambda: self.source.read(self.scene).cube,
            lambda cube: cube.dtype == self.cube.dtype and np.array_equal(cube, self.cube),
        )


@pytest.fixture(params=["balloons", "watercolors"])
def band(tmp_path: Path, request: pytest.FixtureRequest) -> Band:
    """Return a band in 16-bit grey, then one in colour."""
    return Band(tmp_path, request.param)


def test_random_damage_is_refused_or_carries_no_pixel(band: Band) -> None:
    # Words and a stray end are where damage may go unnoticed, as nothing reads them.
    parts = chunks(band.whole)
    extended = joined([parts[0], (b"tEXt", b"Comment\0hello"), *parts[1:]]) + bytes(60)
    band.feed("whole", extended)
    assert band.tally.accepted == 1
    for what, content in damage.damaged(extended, 140, seed=1):
        band.feed(what, content)
    band.tally.check(141)
    assert band.tally.refused > 100
    assert band.tally.accepted > 1


def test_every_file_cut_short_before_its_last_chunk_is_refused(band: Band) -> None:
    lengths = np.linspace(0, len(band.whole) - 13, 60).astype(int)
    for length in lengths:
        band.feed(f"{length} bytes", band.whole[:length])
    band.tally.check(60)
    assert band.tally.refused == 60


def test_damage_under_checksums_that_agree_is_refused_or_carries_no_pixel(band: Band) -> None:
    """Every byte of the header and some of the pixels are changed, and the CRC made to agree."""
    parts = [*chunks(band.whole)[:1], (b"gAMA", b"\0\0\xb1\x8f"), *chunks(band.whole)[1:]]
    rng = np.random.default_rng(2)
    places = [(0, place) for place in range(13)] + [(1, place) for place in range(4)]
    places += [(2, int(place)) for place in rng.integers(0, len(parts[2][1]), 60)]
    places += [(2, len(parts[2][1]) - place) for place in range(1, 5)]
    for index, place in places:
        kind, body = parts[index]
        changed = bytearray(body)
        changed[place] ^= 1 << int(rng.integers(8))
        made = [*parts[:index], (kind, bytes(changed)), *parts[index + 1 :]]
        band.feed(f"{kind!r} at {place}", joined(made))
    band.tally.check(81)
    assert band.tally.accepted >= 4  # all of gAMA, which CAVE's values do not go through


def test_chunks_are_lost_doubled_moved_and_slipped_in(tmp_path: Path) -> None:
    band = Band(tmp_path, "balloons")
    (first, (_, data), last) = chunks(band.whole)
    pieces = [(b"IDAT", data[:300]), (b"IDAT", data[300:600]), (b"IDAT", data[600:])]
    frame = bytes(4) + (5).to_bytes(4, "big") * 2 + bytes(14)
    swollen = b"a\0\0" + zlib.compress(bytes(50_000_000))
    other = png(np.zeros((24, 20), np.uint16))
    bomb = zlib.compress(zlib.decompress(data) + bytes(50_000_000))
    made: list[list[Chunk]] = [
        [first, *pieces, last],
        [first, pieces[0], (b"tEXt", b"a\0b"), *pieces[1:], last],
        [first, (b"tRNS", b"\0\0"), *pieces, last],
        [first, (b"PLTE", bytes(768)), *pieces, last],
        [first, (b"sBIT", b"\1"), (b"cHRM", bytes(32)), *pieces, last],
        [first, (b"zTXt", swollen), *pieces, last],
        [first, (b"acTL", (2).to_bytes(4, "big") * 2), (b"fcTL", frame), *pieces, last],
        [first, *pieces, last, *chunks(other)],
        [*pieces, last],
        [first, last],
        [first, *pieces],
        [first, pieces[1], pieces[0], pieces[2], last],
        [first, pieces[0], pieces[2], pieces[1], last],
        [first, pieces[0], pieces[2], last],
        [first, pieces[0], pieces[0], *pieces[1:], last],
        [first, *pieces, *pieces, last],
        [first, first, *pieces, last],
        [first, header(12), *pieces, last],
        [header(12), first, *pieces, last],
        [first, *pieces, header(12), last],
        [(b"tEXt", b"a\0b"), first, *pieces, last],
        [first, (b"ABCD", b"critical"), *pieces, last],
        [(b"IHDR", first[1] + b"\0"), *pieces, last],
        [(b"IHDR", first[1][:-1]), *pieces, last],
        [first, (b"IDAT", zlib.compress(zlib.decompress(data) + b"\0")), last],
        [first, (b"IDAT", zlib.compress(zlib.decompress(data)[:-1])), last],
        [first, (b"IDAT", zlib.compress(b"\5" + zlib.decompress(data)[1:])), last],
        [first, (b"IDAT", data[:-4]), last],
        [first, (b"IDAT", data[:-4] + b"abcd"), last],
        [first, (b"IDAT", data + b"behind"), last],
        [first, (b"IDAT", bomb), last],
        [header(4096, 2048), (b"IDAT", zlib.compress(bytes(4096 * 4097))), last],
        [first, (b"IDAT", b""), last],
    ]
    tracemalloc.start()
    try:
        for index, parts in enumerate(made):
            band.feed(f"number {index}", joined(parts))
            if index == 0:
                assert band.tally.accepted == 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    band.tally.check(len(made))
    assert band.tally.refused > 15
    assert peak < 20 << 20


def claims() -> Iterator[tuple[str, Chunk]]:
    """Yield headers that do not fit the pixels, some of them far too large."""
    for rows in (0, 1, 23, 25, 48, 1 << 16, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"{rows} rows", header(rows)
    for columns in (0, 1, 19, 21, 40, 1 << 16, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"{columns} columns", header(24, columns)
    for side in (4096, 1 << 13, 1 << 20, 0xFFFFFFFF):
        yield f"{side} squared", header(side, side)
    for depth in (0, 1, 2, 4, 8, 15, 32, 255):
        yield f"{depth} bit", header(rest=bytes([depth, 0, 0, 0, 0]))
    for colour in (1, 2, 3, 4, 6, 7, 255):
        yield f"colour {colour}", header(rest=bytes([16, colour, 0, 0, 0]))
    for place in (2, 3, 4):
        yield f"method {place}", header(rest=bytes(number == place for number in range(5)))


def test_headers_that_claim_something_else_cost_no_memory(tmp_path: Path) -> None:
    band = Band(tmp_path, "balloons")
    parts = chunks(band.whole)
    tracemalloc.start()
    try:
        for what, claim in claims():
            band.feed(what, joined([claim, *parts[1:]]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert band.tally.problems == []
    # Sixteen bits made eight or one are other pixels of another kind: all are refused.
    assert (band.tally.refused, band.tally.accepted) == (38, 0)
    assert peak < 40 << 20


def gif() -> bytes:
    """Make an image of another format, which PIL would gladly read."""
    stream = io.BytesIO()
    Image.new("L", (20, 24)).save(stream, "GIF")
    return stream.getvalue()


OTHERS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "a page": lambda: b"<html>404 not found</html>",
    "a GIF": gif,
    "zeros": lambda: bytes(5000),
    "a bitmap": lambda: b"BM" + bytes(3000),
    "the signature": lambda: SIGNATURE,
    "an endless chunk": lambda: SIGNATURE + b"\xff\xff\xff\xffIHDR",
    "an archive": lambda: b"PK\x05\x06" + bytes(18),
    "three bands": lambda: png(
        np.arange(24 * 20 * 3, dtype=np.uint16).astype(np.uint8).reshape(24, 20, 3)
    ),
}


def test_other_files_by_a_bands_name_are_refused(band: Band) -> None:
    for what, make in OTHERS.items():
        band.feed(what, make())
    band.tally.check(len(OTHERS))
    assert band.tally.refused == len(OTHERS)


def test_what_lies_beside_the_bands_is_never_read(tmp_path: Path) -> None:
    band = Band(tmp_path, "balloons")
    stray = band.file.with_name("balloons_RGB.bmp")
    for what, content in damage.damaged(b"BM" + bytes(range(256)), 10, seed=3):
        stray.write_bytes(content)
        band.feed(what, band.whole)
    band.tally.check(10)
    assert band.tally.accepted == 10

"""MATLAB files of version 5, as far as one image needs them, read without trust.

A library would be welcome, but `scipy.io.loadmat` looks a type up by a number from the file and
takes the whole process with it where that number is damaged; it calls itself unfit for files that
are not trusted. The format (MathWorks, "MAT-File Format", level 5): elements in a row, each with a
tag of type and size, padded to 8 bytes. A variable is an element of elements: flags, dimensions,
name, values. It stands there plain, or packed by zlib, whose checksum is verified.
"""

import io
import zlib
from dataclasses import dataclass
from functools import partial
from typing import IO

import numpy as np

from benchmark.data.formats.arrays import Array, ContentError

HEADER = 128
CHUNK = 1 << 18
MOST_NAME = 256  # bytes of a name, or of a list of dimensions
INT8, INT32, UINT32, MATRIX, COMPRESSED, UTF8 = 1, 5, 6, 14, 15, 16
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
          13: "u8"}  # fmt: skip
CLASSES = ("cell", "struct", "object", "char", "sparse", "float64", "float32", "int8", "uint8",
           "int16", "uint16", "int32", "uint32", "int64", "uint64")  # fmt: skip
LOGICAL, COMPLEX = 0x200, 0x800  # flags


class _Unpacked:
    """Packed bytes read as unpacked ones, a few at a time, however far they would swell."""

    def __init__(self, packed: "_Part") -> None:
        self.packed, self.unpacker = packed, zlib.decompressobj()

    def read(self, count: int) -> bytes:
        """Give `count` bytes, or fewer at the end, where zlib compares the checksum."""
        made = bytearray()
        while len(made) < count and not self.unpacker.eof:
            more = self.unpacker.unconsumed_tail or self.packed.take(min(CHUNK, self.packed.size))
            try:
                piece = self.unpacker.decompress(more, count - len(made))
            except zlib.error as error:
                raise ContentError(f"it is damaged ({error})") from error
            if not (more or piece):
                raise ContentError("it is cut short")
            made += piece
        return bytes(made)


@dataclass
class _Part:
    """The bytes of one element, given out in turn, and never more than it has."""

    stream: IO[bytes] | _Unpacked
    size: int
    order: str

    def take(self, count: int) -> bytes:
        if count > self.size:
            raise ContentError("it is damaged: a part is longer than the whole")
        self.size -= count
        content = self.stream.read(count)
        if len(content) < count:
            raise ContentError("it is cut short")
        return content

    def numbers(self, content: bytes, kind: str) -> tuple[int, ...]:
        return tuple(int(value) for value in np.frombuffer(content, self.order + kind))

    def tag(self) -> tuple[int, int, bytes]:
        """Give the next element's type and size, and its content where that is in the tag."""
        head = self.take(8)
        kind, size = self.numbers(head, "u4")
        if kind >> 16:
            kind, size, head = kind & 0xFFFF, kind >> 16, head[4:]
            if size > len(head):
                raise ContentError("it is damaged: a part is longer than the whole")
            return kind, size, head[:size]
        return kind, size, b""

    def element(self) -> tuple[int, bytes]:
        """Give the type and the content of the next element, a short one."""
        kind, size, content = self.tag()
        if not content:
            if size > MOST_NAME:
                raise ContentError(f"it is damaged: expected a name or a shape, found {size} bytes")
            content = self.take(size + -size % 8)[:size]
        return kind, content

    def finish(self) -> None:
        """Make sure that nothing of weight is left, and that the checksum agreed."""
        if self.size >= 8:
            raise ContentError("it is damaged: more values than its shape has")
        self.take(self.size)
        packed = self.stream
        if isinstance(packed, _Unpacked) and (
            packed.read(1)
            or not packed.unpacker.eof
            or packed.unpacker.unused_data
            or packed.packed.size
        ):
            raise ContentError("it is damaged: packed values go on behind their end")


def arrays(stream: IO[bytes]) -> dict[str, Array]:
    """List the variables of a file, without their values.

    Args:
        stream: the file; what is returned reads from it.

    Raises:
        ContentError: the file is damaged, or has a variable twice.
    """
    end = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    order = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}.get(stream.read(HEADER)[124:])
    if order is None:
        raise ContentError("it is damaged or cut short, or not of MATLAB's version 5")
    found: dict[str, Array] = {}
    place = HEADER
    while place < end:
        size, part = _variable(stream, place, end, order)
        name, shape, kind = _described(part)
        if name in found:
            raise ContentError(f"it has two variables '{name}'")
        found[name] = Array(shape, kind, partial(_top_left, stream, place, end, order))
        place += size
    return found


def _variable(stream: IO[bytes], place: int, end: int, order: str) -> tuple[int, _Part]:
    """Open the variable at a place; give its size in the file, and what is in it."""
    stream.seek(place)
    part = _Part(stream, end - place, order)
    kind, size, _ = part.tag()
    if size > part.size:
        raise ContentError("it is cut short")
    part.size = size
    if kind == COMPRESSED:
        part = _Part(_Unpacked(part), 8, order)
        kind, part.size, _ = part.tag()
    if kind != MATRIX:
        raise ContentError(f"it is damaged: expected a variable, found type {kind}")
    return 8 + size, part


def _described(part: _Part) -> tuple[str, tuple[int, ...], str]:
    """Read a variable's name, shape and type, up to where its values begin."""
    kind, content = part.element()
    if (kind, len(content)) != (UINT32, 8):
        raise ContentError("it is damaged: a variable has no type")
    flags = part.numbers(content, "u4")[0]
    number = flags & 0xFF
    if not 0 < number <= len(CLASSES):  # functions and the like, which are built otherwise
        return f"(of type {number}, byte {part.size} from its end)", (), "object"
    called = CLASSES[number - 1]
    kind, content = part.element()
    shape = part.numbers(content, "i4") if len(content) % 4 == 0 else ()
    if kind not in (INT32, UINT32) or len(shape) < 2 or min(shape) < 0:
        raise ContentError("it is damaged: a variable has no shape")
    kind, content = part.element()
    if kind not in (INT8, UTF8):
        raise ContentError("it is damaged: a variable has no name")
    if flags & COMPLEX:
        called = f"complex {called}"  # values in two elements; nobody asks for them
    return content.decode("latin-1"), shape, "bool" if flags & LOGICAL else called


def _top_left(stream: IO[bytes], place: int, end: int, order: str, crop: int) -> np.ndarray:
    _, part = _variable(stream, place, end, order)
    _, shape, declared = _described(part)
    number, size, _ = part.tag()
    stored = np.dtype(order + STORED.get(number, "V"))
    rows, columns, bands = shape
    # MATLAB stores small whole numbers in fewer bytes than their type has.
    smaller = stored.itemsize < np.dtype(declared).itemsize and np.can_cast(stored, declared)
    if not (smaller or stored.name == declared):
        raise ContentError(f"it is damaged: values of {declared} stored as type {number}")
    if size != rows * columns * bands * stored.itemsize:
        raise ContentError(f"it is damaged: {size:,} bytes of values do not fit its shape")
    made = np.empty((min(rows, crop), min(columns, crop), bands), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for band in range(bands):  # one after the other, column by column
            plane = np.frombuffer(part.take(size // bands), stored).reshape(columns, rows)
            made[..., band] = plane[:crop, :crop].T
    part.finish()
    return made

"""Damaged archives of Harvard: unpacked exactly, or refused in one line with nothing left.

A compressed tar has a CRC-32 of everything, and no folder appears before it is verified. A tar that
was changed before it was compressed, or never compressed, has a checksum of each header only: then
it is only sure that nothing appears outside the folder, no link, and no half archive.
"""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.archives.tars import unpack_tar
from tests.datasets.makers import left_in, tarred
from tests.fuzz import damage
from tests.fuzz.damage import Tally

NAME = "CZ_hsdb.tgz"
BLOCK = 512


def members() -> dict[str, bytes]:
    """Make a few files, some of which fill their blocks and some of which do not."""
    rng = np.random.default_rng(0)
    made = {f"CZ_hsdb/img{k}.mat": rng.bytes(size) for k, size in enumerate((300, 512, 1100))}
    return {**made, "CZ_hsdb/calib.txt": b"1 " * 100, "CZ_hsdb/README.txt": b""}


class Tar:
    """An archive, damaged in place and unpacked."""

    def __init__(self, root: Path, *, exact: bool) -> None:
        self.root = root
        self.file = tarred(root / NAME, members())
        self.whole = self.file.read_bytes()
        self.exact = exact
        self.tally = Tally((NAME,))

    def feed(self, what: str, content: bytes) -> None:
        """Unpack an archive of these bytes, check the result, and remove it."""
        self.file.write_bytes(content)
        self.tally.feed(what, lambda: unpack_tar(self.file, self.root / "CZ_hsdb"), self.right)
        left = [name for name in left_in(self.root) if name not in (NAME, "CZ_hsdb")]
        if left:
            self.tally.problems.append(f"{what}: left {left}")
        shutil.rmtree(self.root / "CZ_hsdb", ignore_errors=True)

    def right(self, folder: Path) -> bool:
        """Return whether the result is right, as far as this kind of archive can tell."""
        paths = list(folder.rglob("*"))
        if self.exact:
            names = {f"CZ_hsdb/{path.relative_to(folder).as_posix()}": path for path in paths}
            return {name: path.read_bytes() for name, path in names.items()} == members()
        return not any(path.is_symlink() or not (path.is_file() or path.is_dir()) for path in paths)


def test_random_damage_is_refused(tmp_path: Path) -> None:
    tar = Tar(tmp_path, exact=True)
    tar.feed("whole", tar.whole)
    assert tar.tally.accepted == 1
    for what, content in damage.damaged(tar.whole, 126, seed=1):
        tar.feed(what, content)
    tar.tally.check(127)
    assert tar.tally.refused > 110


def test_every_length_is_refused_but_the_whole(tmp_path: Path) -> None:
    tar = Tar(tmp_path, exact=True)
    for length in np.linspace(0, len(tar.whole) - 1, 50).astype(int):
        tar.feed(f"{length} bytes", tar.whole[:length])
    tar.tally.check(50)
    # Eight bytes from the end on, gzip's checksum stands, and the size after it is checked too.
    assert tar.tally.refused == 50


def with_valid_checksums(content: bytes) -> bytes:
    """Correct the checksum of every header of a tar."""
    made = bytearray(content)
    for start in range(0, len(made) - BLOCK + 1, BLOCK):
        if b"ustar" in made[start + 250 : start + 270]:
            made[start + 148 : start + 156] = b" " * 8
            total = sum(made[start : start + BLOCK])
            made[start + 148 : start + 156] = b"%06o\0 " % total
    return bytes(made)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("agree", [False, True])
def test_damage_before_the_compression_stays_in_the_folder(
    tmp_path: Path, packed: bool, agree: bool
) -> None:
    tar = Tar(tmp_path, exact=False)
    plain = gzip.decompress(tar.whole).rstrip(b"\0") + bytes(2 * BLOCK)
    for what, content in damage.damaged(plain, 63, seed=2):
        made = with_valid_checksums(content) if agree else content
        tar.feed(what, gzip.compress(made, 1) if packed else made)
    tar.tally.check(63)


@pytest.mark.parametrize("packed", [False, True])
def test_every_byte_of_a_header_may_be_anything(tmp_path: Path, packed: bool) -> None:
    """Name, rights, owner, size, time, type, link, under a valid checksum."""
    tar = Tar(tmp_path, exact=False)
    plain = gzip.decompress(tar.whole)
    start = plain.index(b"CZ_hsdb/img1.mat")
    for place in (*range(0, 20, 3), *range(100, 148, 4), *range(124, 136), *range(156, 170, 2)):
        for change in (1, 0x80, 0x1F):
            content = bytearray(plain)
            content[start + place] ^= change
            made = with_valid_checksums(bytes(content))
            tar.feed(f"byte {place} by {change}", gzip.compress(made, 1) if packed else made)
    tar.tally.check(114)
    assert tar.tally.refused > 20

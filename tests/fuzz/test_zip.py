"""Damaged zips of CAVE, read in place: exact, or refused in one line; nothing is ever written.

A zip has a CRC-32 for each member, and its directory says everything twice; the PNGs within have
checksums of their own.
"""

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.archives import safety
from benchmark.data.archives.zips import open_zip
from benchmark.errors import RequestError
from datasets.cave import Cave
from tests.datasets.makers import cave_cube, cave_files, left_in, zipped
from tests.fuzz import damage
from tests.fuzz.damage import Tally

NAME = "balloons_ms.zip"


class Zip:
    """A scene's zip, damaged in place and read as a scene."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = zipped(root / "cave" / NAME, cave_files("balloons"))
        self.whole = self.file.read_bytes()
        self.directory = self.whole.index(b"PK\x01\x02")
        self.tally = Tally((NAME, "balloons lacks band"))

    def feed(self, what: str, content: bytes) -> None:
        """Read the scene from a zip of these bytes and check the result."""
        self.file.write_bytes(content)
        self.tally.feed(
            what,
            lambda: Cave().open(self.root, ["balloons"]).read("balloons").cube,
            lambda cube: np.array_equal(cube, cave_cube("balloons")),
        )

    def check(self, files: int) -> None:
        """Assert that every result was right and that nothing was left anywhere."""
        self.tally.check(files)
        assert left_in(self.root) == ["cave"]
        assert left_in(self.root / "cave") == [NAME]


@pytest.fixture
def archive(tmp_path: Path) -> Zip:
    """Return a zip with a whole scene."""
    return Zip(tmp_path)


def test_random_damage_is_refused_or_carries_no_pixel(archive: Zip) -> None:
    for what, content in damage.damaged(archive.whole, 84, seed=1):
        archive.feed(what, content)
    archive.check(84)
    assert archive.tally.refused > 60


def test_damage_to_the_directory_is_refused_or_carries_no_pixel(archive: Zip) -> None:
    head, tail = archive.whole[: archive.directory], archive.whole[archive.directory :]
    for what, content in damage.damaged(tail, 84, seed=2):
        archive.feed(what, head + content)
    archive.check(84)
    assert archive.tally.refused > 40
    assert archive.tally.accepted > 4  # times and rights of files are in the directory too


def test_every_length_is_refused_but_the_whole(archive: Zip) -> None:
    for length in np.linspace(0, len(archive.whole) - 1, 30).astype(int):
        archive.feed(f"{length} bytes", archive.whole[:length])
    archive.check(30)
    assert archive.tally.refused == 30


def test_every_field_of_one_members_entry_is_refused_or_carries_no_pixel(archive: Zip) -> None:
    """Version, flags, packing, time, checksum, sizes, lengths, rights, place: 46 bytes."""
    for place in range(46):
        for change in (1, 128):
            content = bytearray(archive.whole)
            content[archive.directory + place] ^= change
            archive.feed(f"byte {place} by {change}", bytes(content))
    archive.check(92)
    assert archive.tally.refused > 40


def entry(name: str, rights: int) -> zipfile.ZipInfo:
    """Describe a member of any kind."""
    made = zipfile.ZipInfo(name)
    made.create_system = 3
    made.external_attr = rights << 16
    return made


def with_member(member: zipfile.ZipInfo | str, content: bytes) -> Callable[[Path], None]:
    """Add a member to a complete scene."""

    def make(file: Path) -> None:
        zipped(file, cave_files("balloons"))
        with zipfile.ZipFile(file, "a") as made:
            made.writestr(member, content)

    return make


def twice(file: Path) -> None:
    """Hold one band twice, with other pixels."""
    files = cave_files("balloons")
    zipped(file, files)
    with zipfile.ZipFile(file, "a") as made, pytest.warns(UserWarning, match="Duplicate name"):
        made.writestr("balloons_ms_05.png", files["balloons_ms_06.png"])


def overlapping(file: Path) -> None:
    """Let every band's entry point to the same bomb (Fifield, WOOT 2019)."""
    body = zipfile.ZipInfo("balloons_ms_01.png")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(body, bytes(20 << 20), zipfile.ZIP_DEFLATED)
    whole = file.read_bytes()
    start = whole.index(b"PK\x01\x02")
    one = whole[start : whole.index(b"PK\x05\x06")]
    many = b"".join(one.replace(b"_01.png", b"_%02d.png" % band) for band in range(1, 32))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 31, 31, len(many), start, 0)
    file.write_bytes(whole[:start] + many + end)


def renamed(old: bytes, new: bytes) -> Callable[[Path], None]:
    """Change a name to one that no library would write."""

    def make(file: Path) -> None:
        content = zipped(file, cave_files("balloons")).read_bytes()
        file.write_bytes(content.replace(old, new))

    return make


def bomb(file: Path) -> None:
    """Hold zeros that would fill a disk, compressed a thousand to one."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(8):
            made.writestr(f"{number}.bin", bytes(20 << 20))


def lying(file: Path) -> None:
    """State a small size for what unpacks to much more."""
    zipped(file, {**cave_files("balloons"), "balloons_ms_05.png": bytes(20 << 20)})
    content = file.read_bytes()
    file.write_bytes(content.replace((20 << 20).to_bytes(4, "little"), (900).to_bytes(4, "little")))


def within(file: Path) -> None:
    """Hold the zip that has the scene."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        for name, content in cave_files("balloons").items():
            made.writestr(name, content)
    zipped(file, {"balloons_ms/balloons_ms.zip": inner.getvalue()})


def encrypted(file: Path) -> None:
    """State that everything is encrypted."""
    zipped(file, cave_files("balloons"))
    content = bytearray(file.read_bytes())
    place = content.index(b"PK\x01\x02")
    while place >= 0:
        content[place + 8] |= 1
        place = content.find(b"PK\x01\x02", place + 4)
    file.write_bytes(content)


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a name above": (with_member("../evil.png", b"evil"), "leads out of its folder"),
    "a name within, above": (with_member("a/../../evil.png", b"evil"), "leads out of its folder"),
    "a name from the root": (with_member("/evil.png", b"evil"), "leads out of its folder"),
    "a name of a drive": (with_member("C:evil.png", b"evil"), "leads out of its folder"),
    "a name with backslashes": (with_member("a\\..\\..\\evil", b"evil"), "leads out"),
    "a name with a NUL": (renamed(b"_05.png", b"_05\0png"), "by a name that no file can have"),
    "a link": (with_member(entry("x", stat.S_IFLNK | 0o777), b"/etc/passwd"), "neither a file"),
    "a pipe": (with_member(entry("x", stat.S_IFIFO | 0o777), b""), "neither a file nor a folder"),
    "a device": (with_member(entry("x", stat.S_IFBLK | 0o777), b""), "neither a file nor a folder"),
    "a socket": (with_member(entry("x", stat.S_IFSOCK | 0o777), b""), "neither a file nor a"),
    "a band twice": (twice, "'balloons_ms_05.png' twice"),
    "overlapping members": (overlapping, "files that share their bytes"),
    "a bomb": (bomb, "times its own size"),
    "a lying size": (lying, "not a complete zip archive (Bad CRC-32"),
    "a zip within": (within, "no files of balloons"),
    "encryption": (encrypted, "encrypted"),
    "a large member": (with_member("far.bin", bytes(33 << 20)), "33,554,432 bytes at most"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_zips_are_refused_and_cost_no_memory(tmp_path: Path, what: str) -> None:
    make, says = HOSTILE[what]
    file = tmp_path / "cave" / NAME
    file.parent.mkdir()
    make(file)
    tracemalloc.start()
    try:
        with damage.limited(), pytest.raises(RequestError) as caught:
            Cave().open(tmp_path, ["balloons"]).read("balloons")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert peak < 20 << 20
    assert left_in(tmp_path) == ["cave"]


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "MOST_MEMBERS", 20)
    archive = zipped(tmp_path / "many.zip", {f"{number}.txt": b"" for number in range(21)})
    with pytest.raises(RequestError, match="holds more than 20 files"), open_zip(archive):
        pytest.fail("opened")


def test_a_zip_that_is_replaced_while_it_is_in_use_is_reported(tmp_path: Path) -> None:
    files = cave_files("balloons")
    file = zipped(tmp_path / "cave" / NAME, files)
    source = Cave().open(tmp_path, ["balloons"])
    renamed = {f"top/{name}": content for name, content in files.items()}
    for replacement in (renamed, {"notes.txt": b"1"}):
        zipped(file, replacement)
        with pytest.raises(RequestError) as caught:
            source.read("balloons")
        text = str(caught.value)
        assert f"{file} has changed since the start: it lacks balloons_ms_01.png" in text
        assert "run the same command again" in text
    file.unlink()
    with pytest.raises(RequestError, match=r"cannot read .*balloons_ms\.zip: No such file"):
        source.read("balloons")
    zipped(file, files)
    np.testing.assert_array_equal(source.read("balloons").cube, cave_cube("balloons"))

"""Zips are read in place, and every member is checked before one is read."""

import zipfile
from pathlib import Path

import pytest

from benchmark.data.archives.safety import ArchiveError
from benchmark.data.archives.zips import open_zip
from benchmark.data.search import MOST_BYTES
from tests.datasets.makers import zipped


def read_zip(archive: Path, target: Path) -> dict[str, bytes]:
    """Read a zip in place, all of it; nothing may appear at `target`."""
    with open_zip(archive) as content:
        read = {name: content.read(name) for name in content.sizes}
    assert not target.exists()
    return read


def test_a_zip_is_read_in_place_without_its_folders(tmp_path: Path) -> None:
    members = {"top/": b"", "top/a.txt": b"a", "top/inner/b.txt": b"b" * 70000}
    archive = zipped(tmp_path / "top.zip", members)
    assert read_zip(archive, tmp_path / "top") == {
        "top/a.txt": b"a",
        "top/inner/b.txt": b"b" * 70000,
    }


def test_a_zip_with_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "bad.zip", {"caf\u00e9": b"1"})
    archive.write_bytes(archive.read_bytes().replace("\u00e9".encode(), b"\xed\xed"))
    with pytest.raises(ArchiveError, match=r"not a complete zip archive .*codec can't decode"):
        _open(archive)


def test_a_zip_with_one_huge_member_is_refused_before_it_is_read(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "bomb.zip", {"fine.txt": b"1", "zeros": bytes(3000)})
    with pytest.raises(ArchiveError, match=r"'zeros' with 3,000 bytes, expected 2,000 bytes at"):
        _open(archive, 2000)
    _open(archive, 3000)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_with_an_unbounded_decompressor_is_refused(tmp_path: Path, method: int) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", method) as made:
        made.writestr("zeros", bytes(3000))
    with pytest.raises(ArchiveError, match=f"'zeros'.* compressed by method {method}, not 0 or 8"):
        _open(archive)


def _open(archive: Path, member_limit: int = MOST_BYTES) -> None:
    with open_zip(archive, member_limit=member_limit):
        pass

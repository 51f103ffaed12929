"""Archives are not trusted: nothing leads out of its folder, links, or swells."""

import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import RequestError
from datasets import _archives
from datasets._archives import ArchiveError, open_zip, unpack_tar
from tests.datasets.makers import left_in, linked_zip, tarred, zipped


def read_zip(archive: Path, target: Path, limit: int = _archives.LIMIT) -> dict[str, bytes]:
    """Read a zip in place, all of it; nothing may appear at `target`."""
    with open_zip(archive, limit) as (opened, members):
        read = {member.filename: opened.read(member) for member in members}
    assert not target.exists()
    return read


def test_an_archive_is_unpacked_into_its_folder_without_doubling_it(tmp_path: Path) -> None:
    members = {"top/a.txt": b"a", "top/inner/b.txt": b"b" * 70000}
    archive = tarred(tmp_path / "top.archive", members)
    for target, prefix in (("top", ""), ("other", "top/")):
        folder = unpack_tar(archive, tmp_path / target)
        assert (folder / f"{prefix}a.txt").read_bytes() == b"a"
        assert (folder / f"{prefix}inner/b.txt").read_bytes() == b"b" * 70000
    assert left_in(tmp_path) == ["other", "top", "top.archive"]
    with pytest.raises(RequestError, match="it is there already; move it away"):
        unpack_tar(archive, tmp_path / "top")


def test_a_zip_is_read_in_place_without_its_folders(tmp_path: Path) -> None:
    members = {"top/": b"", "top/a.txt": b"a", "top/inner/b.txt": b"b" * 70000}
    archive = zipped(tmp_path / "top.zip", members)
    assert read_zip(archive, tmp_path / "top") == {
        "top/a.txt": b"a",
        "top/inner/b.txt": b"b" * 70000,
    }


@pytest.mark.parametrize(("make", "unpack"), [(zipped, read_zip), (tarred, unpack_tar)])
@pytest.mark.parametrize("name", ["/abs.txt", "../up.txt", "a/../../up.txt", "..\\up", "C:/x.txt"])
def test_a_name_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, make: Callable[..., Path], unpack: Callable[..., Path], name: str
) -> None:
    archive = make(tmp_path / "evil", {"fine.txt": b"1", name: b"2"})
    with pytest.raises(RequestError) as caught:
        unpack(archive, tmp_path / "target")
    assert f"'{name}'" in str(caught.value)
    assert str(archive) in str(caught.value)
    assert left_in(tmp_path) == ["evil"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    archive = tarred(tmp_path / "evil.tgz", {"fine.txt": b"1"}, passwd=kind)
    with pytest.raises(RequestError, match="'passwd', which is neither a file nor a folder"):
        unpack_tar(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["evil.tgz"]


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    archive = linked_zip(tmp_path / "evil.zip", "passwd")
    with pytest.raises(RequestError, match="'passwd', which is neither a file nor a folder"):
        read_zip(archive, tmp_path / "target")


@pytest.mark.parametrize(("make", "unpack"), [(zipped, read_zip), (tarred, unpack_tar)])
def test_an_archive_that_swells_is_stopped_by_size_and_by_ratio(
    tmp_path: Path,
    make: Callable[..., Path],
    unpack: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = make(tmp_path / "bomb", {"zeros": bytes(1_000_000)})
    with pytest.raises(RequestError, match=r"unpacks to 1,000,000 bytes or more.*limit"):
        unpack(archive, tmp_path / "target", limit=500_000)
    monkeypatch.setattr(_archives, "RATIO_FLOOR", 1000)
    with pytest.raises(RequestError, match="100 times its own size"):
        unpack(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["bomb"]


@pytest.mark.parametrize(("make", "unpack"), [(zipped, read_zip), (tarred, unpack_tar)])
def test_damaged_archives_and_other_files_leave_no_folder(
    tmp_path: Path, make: Callable[..., Path], unpack: Callable[..., Path]
) -> None:
    random = np.random.default_rng(1)  # seeded: one flip in fifty hits bits that mean nothing
    members = {f"{k}.bin": random.bytes(5000) for k in range(4)}
    whole = make(tmp_path / "whole", members).read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    for content in (whole[: middle + 100], whole[:-6], flipped, b"<html>moved</html>", b""):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(RequestError, match=r"bad is not a whole .* archive.*download it again"):
            unpack(tmp_path / "bad", tmp_path / "target")
    assert left_in(tmp_path) == ["bad", "whole"]


def test_a_zip_with_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "bad.zip", {"caf\u00e9": b"1"})
    archive.write_bytes(archive.read_bytes().replace("\u00e9".encode(), b"\xed\xed"))
    with pytest.raises(ArchiveError, match=r"not a whole zip archive .*codec can't decode"):
        _open(archive)


def test_reading_a_zip_in_place_checks_every_member_first(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "evil.zip", {"fine.txt": b"1", "../up.txt": b"2"})
    with pytest.raises(RequestError, match=r"\.\./up\.txt"), open_zip(archive):
        pytest.fail("opened")


def test_a_zip_with_one_huge_member_is_refused_before_it_is_read(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "bomb.zip", {"fine.txt": b"1", "zeros": bytes(3000)})
    with pytest.raises(ArchiveError, match=r"'zeros' with 3,000 bytes, .*expected 2,000 bytes at"):
        _open(archive, 2000)
    _open(archive, 3000)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_by_a_method_that_knows_no_bound_is_refused(
    tmp_path: Path, method: int
) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", method) as made:
        made.writestr("zeros", bytes(3000))
    with pytest.raises(ArchiveError, match=f"'zeros'.* packed by method {method};"):
        _open(archive)


def _open(archive: Path, member_limit: int = _archives.MEMBER_LIMIT) -> None:
    with open_zip(archive, member_limit=member_limit):
        pass


def test_a_tar_whose_headers_swell_is_stopped_before_they_are_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_archives, "RATIO_FLOOR", 1000)
    archive = tmp_path / "bomb.tgz"
    with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT) as made:
        facts = tarfile.TarInfo("fine.txt")
        facts.pax_headers = {"comment": "0" * 5_000_000}
        made.addfile(facts)
    with pytest.raises(ArchiveError, match="100 times its own size"):
        unpack_tar(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["bomb.tgz"]


def test_a_killed_unpacking_is_started_again_and_its_remains_go(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "top.tgz", {"top/a.txt": b"a"})
    for name in (".top-killed.part", ".top-running.part"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / ".top-killed.part", (1, 1))
    unpack_tar(archive, tmp_path / "top")
    assert left_in(tmp_path) == [".top-running.part", "top", "top.tgz"]

"""Tars are unpacked whole or not at all, and hold files and folders only."""

import gzip
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from benchmark.data.archives import safety, tars
from benchmark.data.archives.safety import ArchiveError
from benchmark.data.archives.tars import unpack_tar
from benchmark.errors import RequestError
from tests.datasets.makers import left_in, tarred


def test_an_archive_is_unpacked_into_its_folder_without_doubling_it(tmp_path: Path) -> None:
    members = {"top/a.txt": b"a", "top/inner/b.txt": b"b" * 70000}
    archive = tarred(tmp_path / "top.archive", members)
    for target, prefix in (("top", ""), ("other", "top/")):
        folder = unpack_tar(archive, tmp_path / target)
        assert (folder / f"{prefix}a.txt").read_bytes() == b"a"
        assert (folder / f"{prefix}inner/b.txt").read_bytes() == b"b" * 70000
    assert left_in(tmp_path) == ["other", "top", "top.archive"]
    with pytest.raises(RequestError, match="it exists already; move it away"):
        unpack_tar(archive, tmp_path / "top")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    archive = tarred(tmp_path / "evil.tgz", {"fine.txt": b"1"}, passwd=kind)
    with pytest.raises(RequestError, match="'passwd', which is neither a file nor a folder"):
        unpack_tar(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["evil.tgz"]


def test_a_tar_with_a_long_header_is_refused_before_it_is_read(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.tgz"
    with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT) as made:
        facts = tarfile.TarInfo("fine.txt")
        facts.pax_headers = {"comment": "0" * 5_000_000}
        made.addfile(facts)
    with pytest.raises(ArchiveError, match=r"not a complete tar archive \(a header of 5,000,0"):
        unpack_tar(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["bomb.tgz"]


def test_a_bomb_in_what_is_skipped_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safety, "RATIO_FLOOR", 1000)
    archive = tmp_path / "bomb.tgz"
    with tarfile.open(archive, "w:gz") as made:
        facts = tarfile.TarInfo("folder")
        facts.type, facts.size = tarfile.DIRTYPE, 0
        made.addfile(facts)
    header = bytearray(gzip.decompress(archive.read_bytes())[:512])
    header[124:136] = b"00023420000\0"  # a folder of 5 MiB
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    archive.write_bytes(gzip.compress(bytes(header) + bytes(5 << 20)))
    with pytest.raises(ArchiveError, match="100 times its own size"):
        unpack_tar(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["bomb.tgz"]


def test_leftovers_of_a_killed_process_are_not_unpacked_with_the_rest(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "top.tgz", {"top/a.txt": b"a"})
    (tmp_path / ".top.part" / "top").mkdir(parents=True)
    (tmp_path / ".top.part" / "top" / "half.txt").write_bytes(b"ha")
    unpack_tar(archive, tmp_path / "top")
    assert left_in(tmp_path) == ["top", "top.tgz"]
    assert left_in(tmp_path / "top") == ["a.txt"]


def test_two_that_unpack_one_archive_at_once_do_not_mix(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "top.tgz", {f"top/{k}.txt": bytes(9000) for k in range(200)})

    def unpack(_: int) -> None:
        with suppress(RequestError):  # one that comes later finds the folder there
            unpack_tar(archive, tmp_path / "top")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(unpack, range(4)))
    assert left_in(tmp_path) == ["top", "top.tgz"]
    assert len(left_in(tmp_path / "top")) == 200


def member(name: str, content: bytes = b"abc", kind: bytes = tarfile.REGTYPE) -> bytes:
    """Make one member of a tar with its header, whether it makes sense or not."""
    facts = tarfile.TarInfo(name)
    facts.type, facts.size = kind, len(content)
    return facts.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def extended(fact: str, value: str) -> bytes:
    """Make an extended header with one field of the member that follows."""
    text = f" {fact}={value}\n"
    length = len(text) + len(str(len(text) + 2))
    return member("facts", f"{length}{text}".encode(), b"x")


def negative(name: str) -> bytes:
    """Make a member of a negative size."""
    header = bytearray(member(name, b""))
    header[124:136] = b"\xff" * 11 + b"\x00"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


FINE = member("fine.txt")
REFUSED = {
    "a file twice": (FINE + FINE, "'fine.txt' twice"),
    "a file that is a folder": (FINE + member("fine.txt/x"), "'fine.txt/x' twice, or as a file"),
    "a folder that is a file": (member("fine.txt/x") + FINE, "'fine.txt' twice, or as a file"),
    "the folder itself": (member("."), "'.' twice, or as a file"),
    "an endless name": (
        member("long", b"a" * 300, tarfile.GNUTYPE_LONGNAME) + FINE,
        "by a name that cannot be written here",
    ),
    "a name for any system's stack": (
        member("long", b"a" * 20_000, tarfile.GNUTYPE_LONGNAME) + FINE,
        "a header of 20,000 bytes",
    ),
    "a pipe": (member("x", b"", tarfile.FIFOTYPE) + FINE, "neither a file nor a folder"),
    "a disk": (member("x", b"", tarfile.BLKTYPE) + FINE, "neither a file nor a folder"),
    "holes": (
        extended("GNU.sparse.map", "0,3") + extended("GNU.sparse.map", "0,3") + FINE,
        "neither a file nor a folder",
    ),
    "a type of no tar": (member("x", b"", b"Z") + FINE, "neither a file nor a folder"),
    "a negative size in the header": (negative("x") + FINE, "a header of -256 bytes"),
    "a negative size": (extended("size", "-1024") + FINE + bytes(32768), "seeking backwards"),
    "a name that leads out, by the way": (extended("path", "../evil") + FINE, "leads out"),
    "a name that ends early": (extended("path", "a\0b") + FINE, "embedded null byte"),
    "a damaged header in the middle": (
        FINE + member("b").replace(b"ustar", b"astar") + member("c"),
        "not a complete tar archive (bad checksum)",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_hostile_members_are_refused_and_leave_nothing(tmp_path: Path, what: str) -> None:
    content, says = REFUSED[what]
    archive = tmp_path / "evil.tgz"
    archive.write_bytes(gzip.compress(content + bytes(1024)))
    with pytest.raises(ArchiveError) as caught:
        unpack_tar(archive, tmp_path / "target")
    assert says in str(caught.value)
    assert left_in(tmp_path) == ["evil.tgz"]


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "MOST_MEMBERS", 20)
    archive = tarred(tmp_path / "many.tgz", {f"{number}.txt": b"" for number in range(22)})
    with pytest.raises(ArchiveError, match="holds more than 20 files"):
        unpack_tar(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["many.tgz"]


@pytest.mark.parametrize("place", range(1, 9))
def test_the_checksum_behind_the_last_block_is_checked(
    tmp_path: Path, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that stops at the end of the tar never reaches it."""
    monkeypatch.setattr(tars, "CHUNK", 512)
    archive = tarred(tmp_path / "a.tgz", {"a.bin": bytes(5000)})
    content = bytearray(archive.read_bytes())
    content[-place] ^= 1
    archive.write_bytes(content)
    with pytest.raises(ArchiveError, match="not a complete tar archive"):
        unpack_tar(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["a.tgz"]


@pytest.mark.skipif(os.name == "nt", reason="no limits of file sizes there")
@pytest.mark.parametrize("size", [4000, 1 << 20])
def test_a_full_disk_is_not_the_archives_fault(tmp_path: Path, size: int) -> None:
    """Or gigabytes are deleted for nothing; with small files it shows only when they are closed."""
    import resource

    archive = tarred(tmp_path / "a.tgz", {"a.bin": bytes(size)})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(RequestError, match=r"cannot write to .*: File too large") as caught:
            unpack_tar(archive, tmp_path / "target")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not isinstance(caught.value, ArchiveError)
    assert left_in(tmp_path) == ["a.tgz"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_an_archive_that_is_only_unreadable_is_not_called_damaged(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "a.tgz", {"a.bin": b"1"})
    archive.chmod(0)
    with pytest.raises(RequestError, match=r"cannot read .*Permission denied") as caught:
        unpack_tar(archive, tmp_path / "target")
    assert not isinstance(caught.value, ArchiveError)

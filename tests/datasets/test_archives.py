"""Downloads are whole or not there; archives are not trusted."""

import hashlib
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from datasets import _archives
from datasets._archives import download, open_zip, search, stamp, unpack_tar, unpack_zip
from tests.datasets.conftest import Web
from tests.datasets.makers import linked_zip, tarred, zipped

CONTENT = bytes(range(256)) * 40


def left_in(folder: Path) -> list[str]:
    """List a folder, hidden names too."""
    return sorted(path.name for path in folder.iterdir())


def test_a_download_arrives_whole_and_says_so_in_a_plain_line(
    web: Web, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = web.put("a.zip", CONTENT)
    digest = hashlib.sha256(CONTENT).hexdigest()
    target = download([url], tmp_path / "new" / "a.zip", len(CONTENT), digest)
    assert target.read_bytes() == CONTENT
    assert left_in(target.parent) == ["a.zip"]
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and url in said.err


def test_the_next_mirror_is_tried_when_one_has_nothing(web: Web, tmp_path: Path) -> None:
    urls = [f"{web.address}/gone.zip", web.put("a.zip", CONTENT)]
    assert download(urls, tmp_path / "a.zip", len(CONTENT)).read_bytes() == CONTENT
    assert web.asked == ["/gone.zip", "/a.zip"]


@pytest.mark.parametrize("known", [True, False])
def test_a_body_cut_short_leaves_nothing_and_a_second_try_starts_clean(
    web: Web, tmp_path: Path, known: bool
) -> None:
    url = web.put("a.zip", CONTENT, withheld=1000)
    size = len(CONTENT) if known else None
    with pytest.raises(RequestError, match=r"a\.zip could not be downloaded.*put it at"):
        download([url], tmp_path / "a.zip", size)
    assert left_in(tmp_path) == []
    web.put("a.zip", CONTENT)
    assert download([url], tmp_path / "a.zip", size).read_bytes() == CONTENT


@pytest.mark.parametrize("change", [-1, 1])
def test_a_download_of_another_size_is_refused(web: Web, tmp_path: Path, change: int) -> None:
    url = web.put("a.zip", CONTENT)
    with pytest.raises(RequestError, match=str(len(CONTENT) + change)):
        download([url], tmp_path / "a.zip", len(CONTENT) + change)
    assert left_in(tmp_path) == []


def test_a_wrong_hash_is_refused_and_keeps_the_file_that_was_there(
    web: Web, tmp_path: Path
) -> None:
    (tmp_path / "a.zip").write_bytes(b"old")
    with pytest.raises(RequestError, match="expected SHA-256 0000"):
        download([web.put("a.zip", CONTENT)], tmp_path / "a.zip", sha256="0" * 64)
    assert left_in(tmp_path) == ["a.zip"]
    assert (tmp_path / "a.zip").read_bytes() == b"old"


def test_what_the_check_refuses_does_not_get_the_name(web: Web, tmp_path: Path) -> None:
    def refuse(file: Path) -> None:
        assert file.read_bytes() == CONTENT
        raise RequestError("not what was published")

    with pytest.raises(RequestError, match="not what was published"):
        download([web.put("a.zip", CONTENT)], tmp_path / "a.zip", check=refuse)
    assert left_in(tmp_path) == []


def test_a_page_that_is_not_there_and_a_dead_server_are_named(web: Web, tmp_path: Path) -> None:
    urls = [f"{web.address}/gone", "http://127.0.0.1:9/a.zip"]
    with pytest.raises(RequestError, match=r"/gone: .*404.*; http://127\.0\.0\.1:9/a\.zip: "):
        download(urls, tmp_path / "a.zip")


def test_old_leftovers_of_a_killed_download_go_and_young_ones_stay(
    web: Web, tmp_path: Path
) -> None:
    for name, age in ((".a.zip-1.part", 7200), (".a.zip-2.part", 0)):
        (tmp_path / name).write_bytes(b"half")
        if age:
            os.utime(tmp_path / name, (1, 1))
    download([web.put("a.zip", CONTENT)], tmp_path / "a.zip")
    assert left_in(tmp_path) == [".a.zip-2.part", "a.zip"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RequestError, match=r"file cannot be written to .*--data"):
        download(["http://127.0.0.1:9/a"], tmp_path / "file" / "a")


@pytest.mark.parametrize(("make", "unpack"), [(zipped, unpack_zip), (tarred, unpack_tar)])
def test_an_archive_is_unpacked_into_its_folder_without_doubling_it(
    tmp_path: Path, make: Callable[..., Path], unpack: Callable[..., Path]
) -> None:
    members = {"top/a.txt": b"a", "top/inner/b.txt": b"b" * 70000}
    archive = make(tmp_path / "top.archive", members)
    for target, prefix in (("top", ""), ("other", "top/")):
        folder = unpack(archive, tmp_path / target)
        assert (folder / f"{prefix}a.txt").read_bytes() == b"a"
        assert (folder / f"{prefix}inner/b.txt").read_bytes() == b"b" * 70000
    assert left_in(tmp_path) == ["other", "top", "top.archive"]
    with pytest.raises(RequestError, match="it is there already; move it away"):
        unpack(archive, tmp_path / "top")


@pytest.mark.parametrize(("make", "unpack"), [(zipped, unpack_zip), (tarred, unpack_tar)])
@pytest.mark.parametrize("name", ["/abs.txt", "../up.txt", "a/../../up.txt", "..\\up", "C:/x.txt"])
def test_a_name_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, make: Callable[..., Path], unpack: Callable[..., Path], name: str
) -> None:
    archive = make(tmp_path / "evil", {"fine.txt": b"1", name: b"2"})
    with pytest.raises(RequestError) as caught:
        unpack(archive, tmp_path / "target")
    assert f"'{name}'" in str(caught.value) and str(archive) in str(caught.value)
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
        unpack_zip(archive, tmp_path / "target")


@pytest.mark.parametrize(("make", "unpack"), [(zipped, unpack_zip), (tarred, unpack_tar)])
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


@pytest.mark.parametrize(("make", "unpack"), [(zipped, unpack_zip), (tarred, unpack_tar)])
def test_damaged_archives_and_other_files_leave_no_folder(
    tmp_path: Path, make: Callable[..., Path], unpack: Callable[..., Path]
) -> None:
    members = {f"{k}.bin": os.urandom(5000) for k in range(4)}
    whole = make(tmp_path / "whole", members).read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    for content in (whole[: middle + 100], whole[:-6], flipped, b"<html>moved</html>", b""):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(RequestError, match=r"bad is not a whole .* archive.*download it again"):
            unpack(tmp_path / "bad", tmp_path / "target")
    assert left_in(tmp_path) == ["bad", "whole"]


def test_reading_a_zip_in_place_checks_every_member_first(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "evil.zip", {"fine.txt": b"1", "../up.txt": b"2"})
    with pytest.raises(RequestError, match=r"\.\./up\.txt"), open_zip(archive):
        pytest.fail("opened")


def test_the_search_is_bounded_and_skips_what_systems_leave_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cave/a.png", "cave/.DS_Store", "cave/__MACOSX/a.png", "other/b.png", "c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "cave" / "loop").symlink_to(tmp_path / "cave")
    found = search(tmp_path, lambda name: name == "cave")
    names = [file.relative_to(tmp_path).as_posix() for file in found.files]
    assert "c.png" in names and "cave/a.png" in names and len(found.folders) == _archives.DEPTH
    assert not [name for name in names if "other" in name or "MACOSX" in name or ".DS" in name]
    assert search(tmp_path / "nowhere", lambda name: True).files == []
    monkeypatch.setattr(_archives, "MOST_FILES", 2)
    with pytest.raises(RequestError, match="more than 2 files below"):
        search(tmp_path, lambda name: True)


def test_the_stamp_follows_names_sizes_and_times_but_not_the_order_or_the_root(
    tmp_path: Path,
) -> None:
    for root in ("one", "two"):
        for name in ("a", "b"):
            (tmp_path / root).mkdir(exist_ok=True)
            (tmp_path / root / name).write_bytes(b"1")
            os.utime(tmp_path / root / name, (5, 5))
    one, two = tmp_path / "one", tmp_path / "two"
    first = stamp([one / "a", one / "b"], one)
    assert first == stamp([two / "b", two / "a"], two)
    os.utime(one / "a", (5, 6))
    assert first != stamp([one / "a", one / "b"], one)
    assert first != stamp([two / "a"], two)

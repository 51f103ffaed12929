"""Downloads arrive whole or not at all."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmark import CHECKOUT
from benchmark.data import download as module
from benchmark.data.download import download
from benchmark.errors import RequestError
from tests.datasets.conftest import Web
from tests.datasets.makers import (
    left_in,
)

CONTENT = bytes(range(256)) * 40


def test_a_download_arrives_whole_and_is_announced_in_one_line(
    web: Web, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = web.put("a.zip", CONTENT)
    digest = hashlib.sha256(CONTENT).hexdigest()
    target = download([url], tmp_path / "new" / "a.zip", len(CONTENT), digest)
    assert target.read_bytes() == CONTENT
    assert left_in(target.parent) == ["a.zip"]
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert url in said.err


def test_the_next_mirror_is_tried_when_one_has_nothing(web: Web, tmp_path: Path) -> None:
    urls = [f"{web.address}/gone.zip", web.put("a.zip", CONTENT)]
    assert download(urls, tmp_path / "a.zip", len(CONTENT)).read_bytes() == CONTENT
    assert web.asked == ["/gone.zip", "/a.zip"]


@pytest.mark.parametrize("known", [True, False])
def test_a_truncated_body_leaves_nothing_and_a_second_try_starts_clean(
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
    with pytest.raises(RequestError, match=f"{len(CONTENT) + change:,} bytes"):
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


def test_a_file_that_fails_the_check_does_not_appear(web: Web, tmp_path: Path) -> None:
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


KILLED = """
import os, signal, sys
from pathlib import Path
from benchmark import CHECKOUT
from benchmark.data.download import download
def kill(_):
    os.kill(os.getpid(), signal.SIGKILL)
download([sys.argv[1]], Path(sys.argv[2]), check=kill)
"""


@pytest.mark.skipif(os.name == "nt", reason="processes are not killed like that there")
def test_the_next_download_removes_what_a_killed_one_left(web: Web, tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    url = web.put("a.zip", CONTENT * 9)
    words = [sys.executable, "-c", KILLED, url, str(target)]
    done = subprocess.run(words, cwd=CHECKOUT, check=False, stderr=subprocess.DEVNULL, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert ".a.zip.part" in left_in(tmp_path)
    web.put("a.zip", CONTENT)
    assert download([url], target).read_bytes() == CONTENT
    assert left_in(tmp_path) == ["a.zip"]


def test_two_downloads_to_one_place_do_not_mix(web: Web, tmp_path: Path) -> None:
    urls = [web.put(name, bytes([number]) * 400_000) for number, name in enumerate("ab")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda url: download([url], tmp_path / "file"), urls * 4))
    assert (tmp_path / "file").read_bytes() in {web.files["/a"], web.files["/b"]}
    assert left_in(tmp_path) == ["file"]


def test_who_waits_for_a_download_takes_its_file(web: Web, tmp_path: Path) -> None:
    url = web.put("a.zip", CONTENT)

    def slow(_: Path) -> None:
        time.sleep(0.1)  # the others have begun meanwhile

    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(download, [url], tmp_path / "a.zip", check=slow) for _ in range(3)]
    assert [call.result().read_bytes() == CONTENT for call in calls] == [True] * 3
    assert web.asked == ["/a.zip"]
    download([url], tmp_path / "a.zip")  # what was there before is replaced
    assert web.asked == ["/a.zip"] * 2


def test_who_waits_downloads_where_the_other_file_is_not_the_one_that_is_wanted(
    web: Web, tmp_path: Path
) -> None:
    urls = [web.put(name, bytes([number]) * 9) for number, name in enumerate("ab")]
    digests = [hashlib.sha256(web.files[f"/{name}"]).hexdigest() for name in "ab"]

    def get(number: int) -> bytes:
        return download([urls[number]], tmp_path / "file", 9, digests[number]).read_bytes()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(get, (0, 1)))
    assert sorted(web.asked) == ["/a", "/b"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_fault_of_the_disk_is_not_taken_for_one_of_the_mirror(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(url: str, file: Path) -> None:
        file.write_bytes(b"part")
        web.asked.append(url)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, "_receive", fail)
    with pytest.raises(RequestError, match=rf"cannot write to .*: {os.strerror(number)}; .*--data"):
        download(["http://one/a", "http://two/a"], tmp_path / "a.zip")
    assert web.asked == ["http://one/a"]
    assert left_in(tmp_path) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RequestError, match=r"cannot write to .*file: .*--data"):
        download(["http://127.0.0.1:9/a"], tmp_path / "file" / "a")

"""Folders that are fit for a run, and all the ways in which they are not."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

from benchmark.engine import environment
from benchmark.store import cells
from benchmark.store.address import Address
from benchmark.store.lock import CellLock
from benchmark.tools.doctor import storage
from benchmark.tools.doctor.finding import Finding
from tests.benchmark.pretence import pretend

DONE = {"key": "k", "status": "done", "reason": None}
ADDRESS = Address("set", "protocol", "quick", 2, "method", 0)
MOUNTS = "/dev/sda / ext4 rw 0 0\nserver:/x {folder} {kind} rw 0 0\n"


def only(found: Iterator[Finding]) -> Finding:
    """Give the only finding."""
    (one,) = found
    return one


@pytest.mark.parametrize("option", ["results", "cache", "data"])
def test_a_folder_that_is_there_is_tried_and_left_as_it_was(tmp_path: Path, option: str) -> None:
    found = only(storage.folder(option, tmp_path))
    assert found == Finding(option, "ok", f"{tmp_path} can be written to")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("option", "who"), [("results", "a run"), ("data", "a fetch")])
def test_a_folder_that_can_be_made_is_not_made_yet(tmp_path: Path, option: str, who: str) -> None:
    path = tmp_path / "new" / "deep"
    found = only(storage.folder(option, path))
    assert found == Finding(option, "ok", f"{path} is not there yet; {who} makes it")
    assert list(tmp_path.iterdir()) == []


def test_a_relative_folder_is_looked_for_in_the_current_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert storage.nearest(Path("results/deep")) == tmp_path
    assert only(storage.folder("results", Path("results"))).level == "ok"


@pytest.mark.parametrize(("option", "level"), [("results", "error"), ("data", "warning")])
@pytest.mark.parametrize("inner", [".", "deep"])
def test_a_file_in_the_place_of_a_folder_is_in_the_way(
    tmp_path: Path, option: str, level: str, inner: str
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / inner
    found = only(storage.folder(option, path))
    assert found.level == level
    assert str(tmp_path / "file") in found.text
    assert found.text.endswith("Not a directory")
    assert f"--{option}" in found.remedy


def test_a_link_that_leads_nowhere_is_in_the_way(tmp_path: Path) -> None:
    link = tmp_path / "results"
    link.symlink_to(tmp_path / "gone")
    assert only(storage.folder("results", link)).level == "error"
    assert only(storage.space({"results": link})).name == "space"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert only(storage.folder("results", tmp_path)).text.endswith("Permission denied")
        assert only(storage.folder("cache", tmp_path / "new")).level == "error"
        found = only(storage.folder("data", tmp_path))
    finally:
        tmp_path.chmod(0o700)
    assert found.level == "ok"
    assert "can be read but not written to" in found.text


def refuse(number: int) -> Any:
    """Make what raises this fault of the system."""

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(("option", "level"), [("results", "error"), ("data", "ok")])
def test_a_read_only_disk_will_do_for_data_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str, level: str
) -> None:
    monkeypatch.setattr(tempfile, "mkdtemp", refuse(errno.EROFS))
    found = only(storage.folder(option, tmp_path))
    assert found.level == level
    assert os.strerror(errno.EROFS) in found.text


def test_a_full_disk_shows_as_the_file_is_flushed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
    found = only(storage.folder("results", tmp_path))
    assert found.level == "error"
    assert found.text.endswith(os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise NotImplementedError("no flock")

    monkeypatch.setattr(FileLock, "acquire", fail)
    found = only(storage.folder("results", tmp_path))
    assert found.level == "error"
    assert "without locks" in found.text
    assert only(storage.folder("data", tmp_path)).level == "ok"


@pytest.mark.parametrize(
    ("free", "level"), [(2**30, "ok"), (2**30 - 1, "warning"), (2**26 - 1, "error")]
)
def test_room_is_compared_with_what_a_run_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, level: str
) -> None:
    usage = SimpleNamespace(free=free, total=2**34)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    found = only(storage.space({"results": tmp_path, "cache": tmp_path / "new"}))
    assert found.level == level
    assert "of 16.0 GiB free for results, cache" in found.text
    if level != "ok":
        assert found.text.endswith("a run should have 1.0 GiB")
        assert found.remedy == "make room, or choose another disk with --results or --cache"


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second disk")
def test_every_disk_is_named_once(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/shm/no-such-folder")
    found = list(storage.space({"results": tmp_path, "cache": link, "data": tmp_path}))
    if tmp_path.stat().st_dev == Path("/dev/shm").stat().st_dev:
        pytest.skip("it is the same disk")
    assert [one.text.partition(" free for ")[2].partition(";")[0] for one in found] == [
        "results, data",
        "cache",
    ]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs"])
def test_a_network_file_system_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    mounts = MOUNTS.format(folder=tmp_path / "far", kind=kind)
    pretend(tmp_path, monkeypatch, {"proc/self/mounts": mounts})
    (tmp_path / "far").mkdir()
    folders = {"results": tmp_path / "far" / "new", "cache": tmp_path}
    warning, fine = storage.file_systems(folders)
    assert warning.level == "warning"
    assert warning.text.startswith(f"results is on {kind}, a network file system")
    assert "--results" in warning.remedy
    assert fine == Finding("file system", "ok", "cache on ext4")


def test_where_file_systems_are_not_known_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(tmp_path, monkeypatch, {})
    found = only(storage.file_systems({"results": tmp_path}))
    assert found == Finding("file system", "ok", "results on a kind not known here")
    assert environment.file_system(tmp_path) is None


def test_nothing_left_over_is_said_so(tmp_path: Path) -> None:
    found = list(storage.leftovers(tmp_path / "no", tmp_path / "no"))
    assert [(one.name, one.text) for one in found] == [
        ("unfinished cells", "none"),
        ("superseded cells", "none"),
    ]


def test_checkpoints_of_interrupted_runs_are_counted(tmp_path: Path) -> None:
    for seed in (0, 1):
        address = Address("set", "protocol", "quick", 2, "method", seed)
        checkpoint = CellLock(tmp_path, address, "k" * 64).checkpoint
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_bytes(bytes(2**20))
    unfinished, _ = storage.leftovers(tmp_path, tmp_path)
    assert unfinished.level == "ok"
    assert unfinished.text.startswith(f"2 in {tmp_path / '.work'}, 2.0 MiB; ")


def test_superseded_cells_are_counted(tmp_path: Path) -> None:
    for _ in range(3):
        cells.write(
            tmp_path, ADDRESS, {"key": "k", "status": "done", "reason": None}, {"a": bytes(2**20)}
        )
    _, superseded = storage.leftovers(tmp_path, tmp_path)
    assert superseded.level == "ok"
    assert superseded.text.startswith(f"2 in {tmp_path / '.superseded'}, 2.0 MiB; ")


def test_what_a_killed_preparation_left_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "scenes" / "set"
    folder.mkdir(parents=True)
    (folder / ".one.safetensors.part").write_bytes(bytes(2048))
    (folder / ".lock").touch()
    (folder / "one.safetensors").write_bytes(bytes(4096))
    (folder / ".gone.safetensors.part").symlink_to(tmp_path / "never")
    *_, found = storage.leftovers(tmp_path / "no", tmp_path)
    assert found.name == "unfinished scenes"
    assert found.text.startswith(f"2 in {tmp_path}, 2.")


def test_damaged_cells_are_named(tmp_path: Path) -> None:
    for seed in range(7):
        address = Address("set", "protocol", "quick", 2, "method", seed)
        cell = cells.write(
            tmp_path, address, {"key": "k", "status": "done", "reason": None}, {"a": b"x"}
        )
        if seed:
            (cell.folder / "a").write_bytes(b"y")
    found = list(storage.damaged(tmp_path))
    assert [one.level for one in found] == ["warning"] * 6
    assert "seed1" in found[0].text
    assert "does not match its checksum" in found[0].text
    assert "makes it again" in found[0].remedy
    assert found[-1].text == "and 1 more"


@pytest.mark.parametrize("name", [".", "no"])
def test_no_damage_is_said_so(tmp_path: Path, name: str) -> None:
    assert only(storage.damaged(tmp_path / name)) == Finding("damaged cells", "ok", "none")

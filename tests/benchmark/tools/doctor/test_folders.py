"""Checks of folders, stored cells and data sets."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from filelock import FileLock

from benchmark.store import cells
from benchmark.store.address import Address
from benchmark.tools.doctor import folders
from benchmark.tools.doctor.finding import Finding


def only(found: Iterable[Finding]) -> Finding:
    """Return the only finding."""
    (one,) = found
    return one


@pytest.mark.parametrize("option", ["results", "cache", "data"])
def test_a_writable_folder_is_ok_and_unchanged(tmp_path: Path, option: str) -> None:
    found = only(folders.folder(option, tmp_path))
    assert (found.name, found.level) == (option, "ok")
    assert found.text.startswith(f"{tmp_path} is writable, ")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_be_created_is_not_created_yet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "new" / "deep", Path("new/deep")):
        found = only(folders.folder("results", path))
        assert found.level == "ok"
        assert found.text.startswith(f"{path} does not exist yet and can be created, ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("option", "level"), [("results", "error"), ("data", "warning")])
@pytest.mark.parametrize("inner", [".", "deep"])
def test_a_file_in_the_place_of_a_folder_is_in_the_way(
    tmp_path: Path, option: str, level: str, inner: str
) -> None:
    (tmp_path / "file").touch()
    found = only(folders.folder(option, tmp_path / "file" / inner))
    assert found.level == level
    assert found.text == f"{tmp_path / 'file'} cannot be written to: Not a directory"
    assert f"--{option}" in found.remedy


def test_a_broken_link_is_in_the_way(tmp_path: Path) -> None:
    link = tmp_path / "results"
    link.symlink_to(tmp_path / "gone")
    assert only(folders.folder("results", link)).level == "error"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_permissions_are_respected(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert only(folders.folder("results", tmp_path)).text.endswith("Permission denied")
        assert only(folders.folder("cache", tmp_path / "new")).level == "error"
        found = only(folders.folder("data", tmp_path))
    finally:
        tmp_path.chmod(0o700)
    assert found.level == "ok"
    assert "is read-only (Permission denied)" in found.text


@pytest.mark.parametrize(
    ("option", "owner", "function", "error", "level"),
    [
        ("results", tempfile, "mkdtemp", OSError(errno.EROFS, "read-only"), "error"),
        ("data", tempfile, "mkdtemp", OSError(errno.EROFS, "read-only"), "ok"),
        ("results", os, "fsync", OSError(errno.ENOSPC, "full"), "error"),
        ("results", FileLock, "acquire", NotImplementedError("no flock"), "error"),
    ],
)
def test_a_folder_that_refuses_files_or_locks_is_an_error_except_for_data(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    option: str,
    owner: object,
    function: str,
    error: Exception,
    level: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(owner, function, fail)
    found = only(folders.folder(option, tmp_path))
    assert found.level == level
    assert (getattr(error, "strerror", None) or str(error)) in found.text
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_is_named_as_such(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    found = only(folders.folder("results", tmp_path))
    assert found.level == "error"
    assert found.text == f"the file system of {tmp_path} refuses locks: No locks available"
    assert found.remedy == "mount it with locks, or choose another folder with --results"


@pytest.mark.parametrize(
    ("option", "free", "level"),
    [
        ("results", 2**30, "ok"),
        ("results", 2**30 - 1, "warning"),
        ("results", 2**26 - 1, "error"),
        ("data", 2**26 - 1, "warning"),
    ],
)
def test_free_space_is_compared_with_what_a_run_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str, free: int, level: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    found = only(folders.folder(option, tmp_path))
    assert found.level == level
    if level != "ok":
        assert found.remedy == f"make room (1 GiB), or choose another folder with --{option}"


def mounted(monkeypatch: pytest.MonkeyPatch, **kinds: str | Path) -> None:
    """Let psutil find these file systems: type to mount point."""
    parts = [SimpleNamespace(mountpoint=str(p), fstype=kind) for kind, p in kinds.items()]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: parts)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "lustre"])
def test_a_network_file_system_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    far, link = tmp_path / "far", tmp_path / "link"
    far.mkdir()
    link.symlink_to(far)
    mounted(monkeypatch, ext4="/", **{kind: far})
    for path in (far / "new", link):
        warning = only(folders.folder("results", path))
        assert warning.level == "warning"
        assert f"free on {kind}, a network file system" in warning.text
        assert "--results" in warning.remedy
    assert only(folders.folder("data", far)).level == "ok"  # data are only read
    assert only(folders.folder("cache", tmp_path)).text.endswith("free on ext4")


def test_of_two_file_systems_at_one_mount_point_the_later_one_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounted(monkeypatch, autofs=tmp_path, nfs4=tmp_path)
    assert only(folders.folder("results", tmp_path)).level == "warning"


@pytest.mark.parametrize("name", [".", "no"])
def test_no_damaged_cells_are_ok(tmp_path: Path, name: str) -> None:
    assert only(folders.damaged_cells(tmp_path / name)).level == "ok"


def test_damaged_cells_are_named(tmp_path: Path) -> None:
    for seed in range(7):
        address = Address("set", "protocol", "quick", 2, "method", seed)
        facts = {"key": "k", "status": "done", "reason": None}
        cell = cells.write(tmp_path, address, facts, {"a": b"x"})
        if seed:
            (cell.folder / "a").write_bytes(b"y")
    *named, summary = folders.damaged_cells(tmp_path)
    assert [one.level for one in named] == ["warning"] * 5
    assert "seed1" in named[0].text
    assert "computes it again" in named[0].remedy
    assert (summary.level, summary.text) == ("warning", f"6 in {tmp_path}")

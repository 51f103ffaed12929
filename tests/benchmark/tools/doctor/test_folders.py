"""Checks of folders, stored cells and data sets."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import psutil
import pytest
from filelock import FileLock

from benchmark.dataset import DATASETS, DataSet, Scene, Source, register
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
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


NAMES = ("a", "b", "c")


class _Source(Source):
    stamp = "x"

    def read(self, scene: str) -> Scene:
        raise AssertionError("nothing may be decoded")


class _Shelf(DataSet):
    """Scenes that are text files in a folder of the data set's name."""

    title: ClassVar[str] = "Shelf"
    home: ClassVar[str] = "https://example.org/shelf"

    @property
    def scenes(self) -> tuple[str, ...]:
        return NAMES

    @property
    def test(self) -> tuple[str, ...]:
        return NAMES[:1]

    @property
    def validation(self) -> tuple[str, ...]:
        return ()

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        gone = [one for one in scenes if not (root / "shelf" / f"{one}.txt").is_file()]
        if gone:
            raise RequestError(f"shelf: no file of {', '.join(gone)}. Looked in {root}")
        return _Source()

    def fetch(self, root: Path) -> Path:
        raise AssertionError("nothing may be downloaded")


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Register a data set, and no other, and return its folder."""
    monkeypatch.setattr(DATASETS, "_entries", {})
    register("shelf")(type("Shelf", (_Shelf,), {}))
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def test_a_complete_data_set_is_counted(shelf: Path) -> None:
    for name in NAMES:
        (shelf / f"{name}.txt").touch()
    text = f"3 of 3 scenes below {shelf.parent}"
    assert only(folders.data_sets(shelf.parent)) == Finding("data set shelf", "ok", text)


def test_a_data_set_that_needs_parameters_is_not_looked_for(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Shelf, "required", "path=DIR")
    text = "not checked: its scenes are named in use, as shelf[path=DIR]"
    assert only(folders.data_sets(shelf.parent)) == Finding("data set shelf", "ok", text)


def test_what_is_not_the_published_data_is_named_up_to_a_number(
    monkeypatch: pytest.MonkeyPatch, shelf: Path
) -> None:
    asked: list[list[str]] = []

    def unpublished(self: DataSet, root: Path, scenes: Sequence[str]) -> list[str]:
        asked.append(list(scenes))
        return [f"{number} differs" for number in range(folders.MOST + 3)]

    monkeypatch.setattr(DATASETS.entry("shelf").cls, "unpublished", unpublished)
    (shelf / "b.txt").touch()
    first, *others = folders.data_sets(shelf.parent)
    assert first.text.startswith("1 of 3 scenes")
    assert asked == [["b"]]
    assert {(one.name, one.level) for one in others} == {("files of shelf", "warning")}
    assert others[0].text == "0 differs"
    assert others[-1].text == "3 more of the kind"
    assert len(others) == folders.MOST + 1
    (shelf / "b.txt").unlink()
    assert len(list(folders.data_sets(shelf.parent))) == 1


def test_a_data_set_with_wrong_names_is_an_error(
    monkeypatch: pytest.MonkeyPatch, shelf: Path
) -> None:
    monkeypatch.setattr(DATASETS.entry("shelf").cls, "validation", NAMES[:1])
    found = only(folders.data_sets(shelf.parent))
    assert found.level == "error"
    assert "other scenes in `validation` than in `test`, found 'a' in both" in found.text


def test_missing_scenes_are_named(shelf: Path) -> None:
    (shelf / "b.txt").touch()
    found = only(folders.data_sets(shelf.parent))
    assert found.level == "warning"
    assert found.text == f"1 of 3 scenes below {shelf.parent}; missing: a, c"
    assert found.remedy == (
        f"run 'python run_all.py fetch shelf --data {shelf.parent}', or get them from "
        "https://example.org/shelf, or use those found: --scenes b"
    )


@pytest.mark.parametrize("name", ["shelf", "no-such-folder"])
def test_no_scene_at_all_is_a_warning(shelf: Path, name: str) -> None:
    found = only(folders.data_sets(shelf.parent / name))
    assert found.level == "warning"
    assert found.text.startswith("0 of 3 scenes below")
    assert "--scenes" not in found.remedy


def test_fetch_is_offered_only_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, shelf: Path
) -> None:
    cls = DATASETS.entry("shelf").cls
    monkeypatch.setattr(cls, "fetch", DataSet.fetch)
    remedy = only(folders.data_sets(shelf.parent)).remedy
    assert remedy == "get them from https://example.org/shelf"
    monkeypatch.setattr(cls, "home", "")
    assert only(folders.data_sets(shelf.parent)).remedy == ""


def test_scenes_that_open_one_by_one_only_are_reported(
    monkeypatch: pytest.MonkeyPatch, shelf: Path
) -> None:
    def open_(self: DataSet, root: Path, scenes: Sequence[str]) -> Source:
        if len(scenes) > 1:
            raise RequestError("too many")
        return _Source()

    monkeypatch.setattr(DATASETS.entry("shelf").cls, "open", open_)
    found = only(folders.data_sets(shelf.parent))
    assert found.level == "warning"
    assert found.text == f"3 of 3 scenes below {shelf.parent}; too many"


def test_a_data_set_that_fails_does_not_hide_the_others(shelf: Path) -> None:
    class Broken(_Shelf):
        def open(self, root: Path, scenes: Sequence[str]) -> Source:
            raise KeyError("x")

    register("broken")(Broken)
    DATASETS._entries = dict(reversed(DATASETS._entries.items()))
    broken, whole = folders.data_sets(shelf.parent)
    assert broken == Finding("data set broken", "error", "its plugin fails: KeyError: 'x'")
    assert whole.name == "data set shelf"


@pytest.mark.parametrize(
    "place", ["x.tgz", "shelf/x.tar.gz", "shelf/deep/x.tar", "other/x.tgz", "X.TGZ"]
)
def test_a_packed_archive_is_named_and_left_packed(
    monkeypatch: pytest.MonkeyPatch, shelf: Path, place: str
) -> None:
    def unpack(self: DataSet, root: Path, scenes: Sequence[str]) -> Source:
        raise AssertionError("this would unpack the archive")

    monkeypatch.setattr(DATASETS.entry("shelf").cls, "open", unpack)
    archive = shelf.parent / place
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.touch()
    found = only(folders.data_sets(shelf.parent))
    assert found.level == "warning"
    assert found.text == f"not checked: {archive} may hold its scenes"


def test_an_unpacked_archive_or_one_of_another_data_set_is_ignored(shelf: Path) -> None:
    register("other")(type("Other", (_Shelf,), {"synthetic": True}))
    for place in ("shelf/x.tgz", "Other/y.tgz"):
        archive = shelf.parent / place
        archive.parent.mkdir(exist_ok=True)
        archive.touch()
    (shelf / "x").mkdir()
    found = {one.name: one for one in folders.data_sets(shelf.parent)}
    assert found["data set shelf"].text.startswith("0 of 3 scenes")
    assert found["data set other"].text == "3 scenes, computed on demand"


@pytest.mark.usefixtures("registries")
def test_the_checkouts_data_sets_are_looked_for_and_nothing_is_written(tmp_path: Path) -> None:
    discover([DATASETS])
    bands = tmp_path / "cave" / "beads_ms" / "beads_ms"
    bands.mkdir(parents=True)
    for band in range(1, 32):
        (bands / f"beads_ms_{band:02}.png").write_bytes(b"no PNG")
    archive = tmp_path / "harvard" / "CZ_hsdb.tgz"
    archive.parent.mkdir()
    archive.write_bytes(b"never unpacked")
    before = sorted(tmp_path.rglob("*"))
    found = {one.name: one for one in folders.data_sets(tmp_path)}
    text = f"1 of 32 scenes below {tmp_path}; missing: balloons, cd, "
    assert found["data set cave"].text.startswith(text)
    assert found["data set cave"].remedy.endswith("--scenes beads")
    assert "beads_ms_01.png cannot be used: not a PNG file" in found["files of cave"].text
    assert f"not checked: {archive}" in found["data set harvard"].text
    assert found["data set synthetic"].level == "ok"
    assert sorted(tmp_path.rglob("*")) == before

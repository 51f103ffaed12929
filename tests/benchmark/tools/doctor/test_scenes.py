"""Data sets that are there, in part, packed, or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from benchmark.dataset import DATASETS, DataSet, Scene, Source, register
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from benchmark.tools.doctor.finding import Finding
from benchmark.tools.doctor.scenes import data_sets

NAMES = ("a", "b", "c")


class _Source(Source):
    stamp = "x"

    def read(self, scene: str) -> Scene:
        raise AssertionError("nothing is to be decoded")


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
        raise AssertionError("nothing is to be fetched")


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Register a data set, and no other; gives its folder."""
    monkeypatch.setattr(DATASETS, "_entries", {})
    register("shelf")(type("Shelf", (_Shelf,), {}))
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def only(data: Path) -> Finding:
    """Give the only finding."""
    (found,) = data_sets(data)
    return found


def test_a_data_set_that_is_there_is_counted(shelf: Path) -> None:
    for name in NAMES:
        (shelf / f"{name}.txt").touch()
    text = f"3 of 3 scenes below {shelf.parent}"
    assert only(shelf.parent) == Finding("data set shelf", "ok", text)


def test_scenes_that_are_missing_are_counted_and_named(shelf: Path) -> None:
    (shelf / "b.txt").touch()
    found = only(shelf.parent)
    assert found.level == "warning"
    assert found.text == (f"1 of 3 scenes below {shelf.parent}; of a it says: shelf: no file of a")
    assert found.remedy == (
        f"python run_all.py fetch shelf --data {shelf.parent}, or get them from "
        "https://example.org/shelf, or use what is there: --scenes b"
    )


@pytest.mark.parametrize("name", ["shelf", "no-such-folder"])
def test_no_scene_at_all_is_a_warning(shelf: Path, name: str) -> None:
    found = only(shelf.parent / name)
    assert found.level == "warning"
    assert found.text.startswith("0 of 3 scenes below")
    assert "--scenes" not in found.remedy


def test_a_data_set_that_cannot_be_fetched_is_not_offered_so(
    monkeypatch: pytest.MonkeyPatch, shelf: Path
) -> None:
    cls = DATASETS.entry("shelf").cls
    monkeypatch.setattr(cls, "fetch", DataSet.fetch)
    assert only(shelf.parent).remedy == "get them from https://example.org/shelf"
    monkeypatch.setattr(cls, "home", "")
    assert only(shelf.parent).remedy == ""


def test_scenes_that_go_only_one_by_one_are_told_so(
    monkeypatch: pytest.MonkeyPatch, shelf: Path
) -> None:
    def open_(self: DataSet, root: Path, scenes: Sequence[str]) -> Source:
        if len(scenes) > 1:
            raise RequestError("too many")
        return _Source()

    monkeypatch.setattr(DATASETS.entry("shelf").cls, "open", open_)
    found = only(shelf.parent)
    assert found.level == "warning"
    assert found.text == f"3 of 3 scenes below {shelf.parent}; but not all at once: too many"


def test_a_long_reason_is_cut(monkeypatch: pytest.MonkeyPatch, shelf: Path) -> None:
    def open_(self: DataSet, root: Path, scenes: Sequence[str]) -> Source:
        raise RequestError("word " * 500)

    monkeypatch.setattr(DATASETS.entry("shelf").cls, "open", open_)
    assert len(only(shelf.parent).text) < 350


def test_a_plugin_that_fails_does_not_hide_the_others(shelf: Path) -> None:
    class Broken(_Shelf):
        def open(self, root: Path, scenes: Sequence[str]) -> Source:
            raise KeyError("x")

    entries = DATASETS._entries
    register("broken")(Broken)
    DATASETS._entries = dict(reversed(entries.items()))
    broken, whole = data_sets(shelf.parent)
    assert broken == Finding("data set broken", "error", "its plugin fails: KeyError: 'x'")
    assert whole.name == "data set shelf"


@pytest.mark.parametrize("place", ["x.tgz", "shelf/x.tar.gz", "shelf/deep/x.tar", "other/x.tgz"])
def test_a_packed_archive_is_named_and_left_packed(
    monkeypatch: pytest.MonkeyPatch, shelf: Path, place: str
) -> None:
    def unpack(self: DataSet, root: Path, scenes: Sequence[str]) -> Source:
        raise AssertionError("this would unpack the archive")

    monkeypatch.setattr(DATASETS.entry("shelf").cls, "open", unpack)
    archive = shelf.parent / place
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(bytes(2048))
    found = only(shelf.parent)
    assert found.level == "warning"
    assert f"not looked into: {archive} (2.0 KiB)" in found.text


def test_an_archive_that_is_unpacked_or_anothers_is_no_matter(shelf: Path) -> None:
    register("other")(type("Other", (_Shelf,), {"synthetic": True}))
    for place in ("shelf/x.tgz", "Other/y.tgz"):
        archive = shelf.parent / place
        archive.parent.mkdir(exist_ok=True)
        archive.touch()
    (shelf / "x").mkdir()
    found = {one.name: one for one in data_sets(shelf.parent)}
    assert found["data set shelf"].text.startswith("0 of 3 scenes")
    assert found["data set other"].text == "3 scenes, computed when they are needed"


@pytest.mark.usefixtures("registries")
def test_the_checkouts_data_sets_are_looked_for_and_nothing_is_written(tmp_path: Path) -> None:
    discover([DATASETS])
    bands = tmp_path / "cave" / "beads_ms" / "beads_ms"
    bands.mkdir(parents=True)
    for band in range(1, 32):
        (bands / f"beads_ms_{band:02}.png").write_bytes(b"never decoded")
    archive = tmp_path / "harvard" / "CZ_hsdb.tgz"
    archive.parent.mkdir()
    archive.write_bytes(b"never unpacked")
    before = sorted(tmp_path.rglob("*"))
    found = {one.name: one for one in data_sets(tmp_path)}
    assert found["data set cave"].text.startswith(f"1 of 32 scenes below {tmp_path}; of balloons")
    assert found["data set cave"].remedy.endswith("--scenes beads")
    assert f"not looked into: {archive}" in found["data set harvard"].text
    assert found["data set synthetic"].level == "ok"
    assert sorted(tmp_path.rglob("*")) == before

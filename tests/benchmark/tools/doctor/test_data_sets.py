"""The data sets that are there: complete, incomplete, packed, or under wrong names."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from benchmark.dataset import DATASETS, DataSet, Scene, Source, register
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from benchmark.tools.doctor import folders
from benchmark.tools.doctor.finding import Finding
from tests.benchmark.tools.doctor.test_folders import only

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
        "get them from https://example.org/shelf, or use those found: --scenes b, or run: "
        f"python run_all.py fetch shelf --data {shelf.parent}"
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
    fetch = f"python run_all.py fetch cave --data {tmp_path}"
    assert found["data set cave"].remedy.endswith(f"--scenes beads, or run: {fetch}")
    assert "beads_ms_01.png cannot be used: not a PNG file" in found["files of cave"].text
    assert f"not checked: {archive}" in found["data set harvard"].text
    assert found["data set synthetic"].level == "ok"
    assert sorted(tmp_path.rglob("*")) == before

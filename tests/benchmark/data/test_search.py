"""Files are searched for within limits, and their stamp changes with them."""

import os
from pathlib import Path

import pytest

from benchmark.data import search as _files
from benchmark.data.search import read_file, search, stamp
from benchmark.errors import RequestError


def test_the_search_is_limited_and_skips_system_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strays = ("cave/.DS_Store", "cave/__MACOSX/a.png", "cave/Thumbs.db", "cave/._a.png")
    for name in ("cave/a.png", *strays, "cave/Desktop.ini", "other/b.png", "c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "cave" / Path(*"123456789")).mkdir(parents=True)
    found = search(tmp_path, lambda name: name == "cave")
    names = [file.relative_to(tmp_path).as_posix() for file in found.files]
    assert "c.png" in names
    assert "cave/a.png" in names
    assert len(found.folders) == _files.DEPTH
    assert {name.rpartition("/")[2] for name in names} == {"a.png", "c.png"}
    assert not [name for name in names if "other" in name or "MACOSX" in name]
    assert search(tmp_path / "nowhere", lambda _: True).files == []
    monkeypatch.setattr(_files, "MOST_FILES", 2)
    with pytest.raises(RequestError, match="more than 2 files below"):
        search(tmp_path, lambda _: True)


def test_links_are_followed_but_not_back_to_a_folder_above_them(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for folder in (root / "cave" / "inner", elsewhere):
        folder.mkdir(parents=True)
        (folder / f"{folder.name}.png").write_bytes(b"1")
    for name, target in {
        "cave": root / "cave",  # as a second `ln -s .../cave data/cave` makes it
        "inner/top": root,
        "inner/above": tmp_path,
        "inner/beside": elsewhere,
    }.items():
        (root / "cave" / name).symlink_to(target)
    found = search(root, lambda _: True)
    assert [file.relative_to(root).as_posix() for file in found.files] == [
        "cave/inner/inner.png",
        "cave/inner/beside/elsewhere.png",
    ]


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


@pytest.mark.skipif(os.name == "nt", reason="no pipes by name there")
def test_pipes_devices_and_broken_links_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to(tmp_path / "gone")
    (tmp_path / "d").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "e")
    assert [file.name for file in search(tmp_path, lambda _: True).files] == ["a", "b"]


def test_a_file_that_disappears_is_named(tmp_path: Path) -> None:
    for ask in (lambda: stamp([tmp_path / "gone"], tmp_path), lambda: read_file(tmp_path / "gone")):
        with pytest.raises(
            RequestError, match=r"cannot read .*gone: No such file .* moved or deleted"
        ):
            ask()


def test_a_file_is_read_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "MOST_BYTES", 1000)
    (tmp_path / "a").write_bytes(bytes(1000))
    assert read_file(tmp_path / "a") == bytes(1000)
    with (tmp_path / "a").open("wb") as stream:
        stream.truncate(1 << 40)  # a terabyte of nothing, where the file system has holes
    with pytest.raises(RequestError, match=r"a has 1,0[0-9,]+ bytes, expected 1,000 at most"):
        read_file(tmp_path / "a")

"""Files are searched for within bounds, and their stamp tells when they change."""

import os
from pathlib import Path

import pytest

from benchmark.data import search as _files
from benchmark.data.search import search, stamp, sweep, whole
from benchmark.errors import RequestError
from tests.datasets.makers import left_in


def test_the_search_is_bounded_and_skips_what_systems_leave_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cave/a.png", "cave/.DS_Store", "cave/__MACOSX/a.png", "other/b.png", "c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "cave" / "loop").symlink_to(tmp_path / "cave")
    found = search(tmp_path, lambda name: name == "cave")
    names = [file.relative_to(tmp_path).as_posix() for file in found.files]
    assert "c.png" in names
    assert "cave/a.png" in names
    assert len(found.folders) == _files.DEPTH
    assert not [name for name in names if "other" in name or "MACOSX" in name or ".DS" in name]
    assert search(tmp_path / "nowhere", lambda _: True).files == []
    monkeypatch.setattr(_files, "MOST_FILES", 2)
    with pytest.raises(RequestError, match="more than 2 files below"):
        search(tmp_path, lambda _: True)


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


def test_what_killed_processes_left_goes_when_it_is_old_and_is_of_the_same_target(
    tmp_path: Path,
) -> None:
    for name in (".a-1.part", ".a-2.part", ".ab-1.part", "a", ".b-1.part"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "file").write_bytes(b"half")
        for place in ("inner/file", "inner", "."):
            os.utime(tmp_path / name / place, (1, 1))
    os.utime(tmp_path / ".a-2.part" / "inner" / "file")  # it is still being filled
    (tmp_path / ".a-3.part").write_bytes(b"half")
    os.utime(tmp_path / ".a-3.part", (1, 1))
    sweep(tmp_path / "a")
    assert left_in(tmp_path) == [".a-2.part", ".ab-1.part", ".b-1.part", "a"]


@pytest.mark.skipif(os.name == "nt", reason="no pipes by name there")
def test_what_is_no_file_is_passed_over_as_reading_it_may_never_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to(tmp_path / "gone")
    (tmp_path / "d").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "e")
    assert [file.name for file in search(tmp_path, lambda _: True).files] == ["a", "b"]


def test_a_file_that_goes_while_it_is_looked_at_is_named(tmp_path: Path) -> None:
    for ask in (lambda: stamp([tmp_path / "gone"], tmp_path), lambda: whole(tmp_path / "gone")):
        with pytest.raises(RequestError, match=r"cannot read .*gone: No such file .* moved since"):
            ask()


def test_a_file_is_read_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "MOST_BYTES", 1000)
    (tmp_path / "a").write_bytes(bytes(1000))
    assert whole(tmp_path / "a") == bytes(1000)
    with (tmp_path / "a").open("wb") as stream:
        stream.truncate(1 << 40)  # a terabyte of nothing, where the file system has holes
    with pytest.raises(RequestError, match=r"a has 1,0[0-9,]+ bytes, expected 1,000 at most"):
        whole(tmp_path / "a")

"""Previews are kept by cell, scene and window, and those not used for longest go first."""

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import RequestError
from benchmark.tools.images.kept import KeptPreviews
from benchmark.tools.images.model import Preview
from tests.reports.page.conftest import preview


def same(one: Preview | None, other: Preview) -> bool:
    return one is not None and all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(Preview)
    )


def test_a_preview_comes_back_for_its_cell_scene_and_window_alone(tmp_path: Path) -> None:
    made = preview(1, 2)
    KeptPreviews(tmp_path).write("key", "face", 128, made)
    kept = KeptPreviews(tmp_path)
    assert same(kept.read("key", "face", 128), made)
    for other in (("other", "face", 128), ("key", "beads", 128), ("key", "face", 64)):
        assert kept.read(*other) is None


def test_a_damaged_preview_is_none(tmp_path: Path) -> None:
    kept = KeptPreviews(tmp_path)
    kept.write("key", "face", 16, preview(1, 2))
    (file,) = (tmp_path / "previews").glob("*.npz")
    file.write_bytes(file.read_bytes()[:200])
    assert kept.read("key", "face", 16) is None


def test_the_folder_keeps_its_limit_by_what_was_used_last(tmp_path: Path) -> None:
    kept = KeptPreviews(tmp_path)
    for number, key in enumerate("abc"):
        kept.write(key, "face", 16, preview(1, 2))
        newest = max((tmp_path / "previews").glob("*.npz"), key=lambda one: one.stat().st_mtime_ns)
        os.utime(newest, (number + 1, number + 1))
    size = max(one.stat().st_size for one in (tmp_path / "previews").glob("*.npz"))
    assert kept.read("a", "face", 16) is not None  # used now, so that b is the oldest
    KeptPreviews(tmp_path, limit=2 * size).prune()
    assert [kept.read(key, "face", 16) is None for key in "abc"] == [False, True, False]
    left = {one.name for one in (tmp_path / "previews").iterdir()}
    assert all(name.endswith(".npz") for name in left)  # neither locks nor parts of files stay


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "previews").write_text("in the way")
    with pytest.raises(RequestError, match="another folder with --cache"):
        KeptPreviews(tmp_path).write("key", "face", 16, preview(1, 2))

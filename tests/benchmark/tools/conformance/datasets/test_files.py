"""Checks of how a data set finds its files."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import DataSet, Scene, Source
from benchmark.errors import RequestError
from tests.benchmark.tools.conformance.datasets.support import Shelf, checks_of, reason_of

NEEDS_FILES = (
    *("stamp-stable", "global-state-kept", "scenes-valid", "scenes-together"),
    "reading-reproducible",
)


def missing(_self: DataSet, root: Path, scenes: Sequence[str]) -> Source:
    """Refuse, as a data set without files does."""
    raise RequestError(f"faulty: no files of {', '.join(scenes)} in {root}; copy them there")


def test_without_files_the_checks_that_need_them_are_skipped(tmp_path: Path) -> None:
    checks = checks_of(open=missing, data=tmp_path)
    outcomes = {result.name: result for result in checks}
    for name in NEEDS_FILES:
        assert str(outcomes[name]) == f"{name}: skipped: its files cannot be opened"
    assert outcomes["missing-files-refused"].outcome == "passed"
    expected = f"faulty: no files of a, b, c, d, e in {tmp_path}; copy them there"
    assert str(checks.obstacle) == expected


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RequestError("not there"), "expected a message that says which scenes are missing or"),
        (KeyError("a"), "KeyError: 'a'"),
        (FileNotFoundError("a"), "FileNotFoundError: a"),
    ],
)
def test_missing_files_that_are_not_refused_in_a_helpful_line(
    tmp_path: Path, error: Exception, reason: str
) -> None:
    def only_here(_self: DataSet, root: Path, _scenes: Sequence[str]) -> Source:
        if root != tmp_path:
            raise error
        return Shelf()

    result = checks_of(open=only_here, data=tmp_path).check("missing-files-refused")
    assert result.outcome == "failed"
    assert result.reason.startswith(reason)


def test_a_fault_while_opening_is_no_missing_file() -> None:
    def broken(*_: object) -> Source:
        raise ZeroDivisionError("one over nothing")

    checks = checks_of(open=broken)
    assert checks.obstacle is None
    for name in NEEDS_FILES:
        result = checks.check(name)
        assert result.outcome == "failed"
        assert "faulty: ZeroDivisionError: one over nothing (test_files.py" in result.reason


def test_a_missing_package_is_told_alike_for_every_folder(tmp_path: Path) -> None:
    def packageless(*_: object) -> Source:
        raise RequestError("faulty needs the package scenery; pip install scenery")

    checks = checks_of(open=packageless, data=tmp_path)
    assert checks.check("missing-files-refused").outcome == "passed"


def test_a_data_set_that_writes_while_it_looks() -> None:
    def write(_self: DataSet, root: Path, _scenes: Sequence[str]) -> Source:
        (root / "index").touch()
        return Shelf()

    reason = "looking for its files writes into the data folder"
    assert reason_of("missing-files-refused", open=write) == reason


def test_a_stamp_that_changes_or_is_empty() -> None:
    count = itertools.count()

    def opened(*_: object) -> Source:
        source = Shelf()
        source.stamp = str(next(count))
        return source

    reason = reason_of("stamp-stable", open=opened)
    assert reason.startswith("the stamp changes from '")
    empty = type("Empty", (Shelf,), {"stamp": ""})
    assert reason_of("stamp-stable", empty) == "the stamp of its source is empty"


def test_a_data_set_that_changes_a_setting() -> None:
    class Rude(Shelf):
        def read(self, scene: str) -> Scene:
            np.seterr(all="raise")
            return super().read(scene)

    expected = "it changes numpy's treatment of errors"
    assert reason_of("global-state-kept", Rude) == expected

"""The plain way runs in a process of its own, and says what went wrong there."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.method import METHODS
from benchmark.tools.speed.baseline_process import Apart, PlainWayError


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """Start the process once."""
    with Apart() as started:
        yield started


def writer(file: Path) -> Callable[[], object]:
    """Give what writes the process's number into a file."""
    return lambda: file.write_text(str(os.getpid()))


def failing(when: str) -> Callable[[], object]:
    """Fail when work is made, or give what fails when it is done."""
    if when == "made":
        raise ValueError("not made")
    return lambda: 1 / 0


def ending() -> Callable[[], object]:
    """Give what ends the process."""
    return lambda: os._exit(3)


def knowing(reference: str, file: Path) -> Callable[[], object]:
    """Give what builds a method and writes its name."""
    return lambda: file.write_text(METHODS.make(reference).name)


def test_work_is_done_elsewhere(apart: Apart, tmp_path: Path) -> None:
    work = apart.prepare(writer, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    work()
    assert int((tmp_path / "a").read_text()) != os.getpid()


def test_the_checkouts_methods_are_known_there(apart: Apart, tmp_path: Path) -> None:
    apart.prepare(knowing, "srcnn", tmp_path / "a")()
    assert (tmp_path / "a").read_text() == "srcnn"


def test_errors_are_told_and_the_process_goes_on(apart: Apart, tmp_path: Path) -> None:
    with pytest.raises(PlainWayError, match="ValueError: not made"):
        apart.prepare(failing, "made")
    work = apart.prepare(failing, "done")
    with pytest.raises(PlainWayError, match="ZeroDivisionError"):
        work()
    apart.prepare(writer, tmp_path / "a")()


def test_a_process_that_ends_is_told() -> None:
    with Apart() as started:
        work = started.prepare(ending)
        with pytest.raises(PlainWayError, match="ended"):
            work()

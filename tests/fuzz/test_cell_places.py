"""Cells whose files are folders, links, pipes or another cell's, or that lie in a wrong place."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.store import cells
from tests.fuzz.cells import METHODS, Results, address


def folder_for(name: str) -> Callable[[Path], None]:
    """Put a folder in a file's place."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return spoil


def link_for(name: str, target: str) -> Callable[[Path], None]:
    """Put a link in a file's place; METHOD/ in the target is another cell's folder."""

    def spoil(folder: Path) -> None:
        other = address("srcnn").folder(folder.parents[5])
        (folder / name).unlink()
        (folder / name).symlink_to(target.replace("METHOD", str(other)))

    return spoil


def pipe_for(name: str) -> Callable[[Path], None]:
    """Put a pipe in a file's place; reading it would wait for ever."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return spoil


def gone(name: str) -> Callable[[Path], None]:
    """Remove a file."""
    return lambda folder: (folder / name).unlink()


def exchanged(name: str) -> Callable[[Path], None]:
    """Exchange a file with another cell's, of which a copy is then whole."""

    def spoil(folder: Path) -> None:
        other = address("srcnn").folder(folder.parents[5])
        (folder / name).write_bytes((other / name).read_bytes())

    return spoil


def whole_cell(folder: Path) -> None:
    """Put another cell in this one's place."""
    shutil.rmtree(folder)
    shutil.copytree(address("srcnn").folder(folder.parents[5]), folder)


def whole_link(folder: Path) -> None:
    """Let this one's place be a link to another cell."""
    shutil.rmtree(folder)
    folder.symlink_to(address("srcnn").folder(folder.parents[5]))


NAMES = ("cell.json", "scores.csv", "training.csv")
PLACES: dict[str, Callable[[Path], None]] = {
    **{f"{name} is a folder": folder_for(name) for name in (*NAMES, cells.WEIGHTS)},
    **{f"{name} is a pipe": pipe_for(name) for name in (*NAMES, cells.WEIGHTS)},
    **{f"{name} is endless": link_for(name, "/dev/zero") for name in (*NAMES, cells.WEIGHTS)},
    **{f"{name} is another's": link_for(name, f"METHOD/{name}") for name in NAMES},
    **{f"{name} is a link to nothing": link_for(name, "nothing") for name in NAMES},
    **{f"{name} is a link to itself": link_for(name, name) for name in NAMES},
    **{f"{name} was exchanged": exchanged(name) for name in NAMES},
    **{f"{name} is gone": gone(name) for name in ("scores.csv", "training.csv")},
    "another cell was copied here": whole_cell,
    "another cell was linked here": whole_link,
}


@pytest.mark.skipif(os.name == "nt", reason="no pipes by name there, and few may link")
@pytest.mark.parametrize("what", PLACES)
def test_files_that_are_something_else_leave_a_cell_out(results: Results, what: str) -> None:
    results.feed(what, PLACES[what])
    results.tally.check(2)
    assert results.tally.refused == 1


def test_weights_alone_may_be_absent(results: Results) -> None:
    results.feed("no weights", gone(cells.WEIGHTS))
    results.tally.check(2)
    assert results.tally.accepted == 2


def test_a_cell_copied_to_another_seed_is_not_a_second_measurement(results: Results) -> None:
    shutil.copytree(results.folder, results.folder.with_name("seed1"))
    assert len(list(cells.cells(results.line.results))) == len(METHODS)
    assert results.table() == results.rows
    (told,) = cells.damaged(results.line.results)
    assert "seed1" in told

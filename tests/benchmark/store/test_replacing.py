"""Cells are replaced where the folder of their data set is a link to another file system."""

import errno
import shutil
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.store import replacing
from benchmark.store.cells import WEIGHTS, cells, damaged, extend, read
from benchmark.store.lock import CellLock
from benchmark.tools.exchange import export, merge
from tests.benchmark.tools.exchange.support import address, files, place, put

OTHER = "other_disk"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a results folder whose data set is on another file system."""
    (tmp_path / OTHER / "cave").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "cave").symlink_to(tmp_path / OTHER / "cave")
    for name in ("rename", "replace"):
        real = getattr(Path, name)

        def within(source: Path, target: Path, real: object = real) -> Path:
            if len({OTHER in Path(one).parent.resolve().parts for one in (source, target)}) > 1:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return real(source, target)  # type: ignore[operator, no-any-return]

        monkeypatch.setattr(Path, name, within)
    return tmp_path / "here"


def superseded(results: Path) -> list[Path]:
    """List the folders that were set aside."""
    return sorted((results / ".superseded").glob("*/*/*/*/*/*"))


def beside(results: Path) -> list[str]:
    """List what is in the folder of a method."""
    return sorted(path.name for path in (results / place()).parent.iterdir())


def test_a_former_cell_is_set_aside_whole(results: Path) -> None:
    put(results, psnr=31, weights=b"old")
    before = files(results / place())
    put(results, psnr=32)
    (aside,) = superseded(results)
    assert files(aside) == before
    assert beside(results) == ["seed0"]
    (cell,) = cells(results)
    assert cell.scores()["psnr"].tolist() == [32.125, 32.75]


def test_a_cell_is_extended_and_nothing_stays_aside(results: Path) -> None:
    scores = b"scene,psnr,sam,cc\nface,31,4.5,1\nflowers,31,5.25,1\n"
    extend(results, put(results, weights=b"mine"), {}, {"scores.csv": scores})
    cell = read(results / place())
    assert cell is not None
    assert (cell.folder / "scores.csv").read_bytes() == scores
    assert (cell.folder / WEIGHTS).read_bytes() == b"mine"
    assert (beside(results), superseded(results)) == (["seed0"], [])


def test_cells_are_imported_replaced_and_given_their_weights(results: Path, tmp_path: Path) -> None:
    put(tmp_path / "there", psnr=40, weights=b"theirs")
    export(tmp_path / "there", tmp_path / "bare.zip")
    export(tmp_path / "there", tmp_path / "whole.zip", weights=True)
    assert merge(results, tmp_path / "bare.zip").added == [place()]
    assert merge(results, tmp_path / "whole.zip").completed == [place()]
    assert files(results / place()) == files(tmp_path / "there" / place())
    put(results, psnr=50)
    assert merge(results, tmp_path / "whole.zip", replace=True).replaced == [place()]
    assert files(results / place()) == files(tmp_path / "there" / place())
    assert beside(results) == ["seed0"]
    assert len(superseded(results)) == 2
    assert damaged(results) == []


def test_a_full_disk_leaves_the_former_cell_and_no_part_of_a_copy(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(results, psnr=31)

    def fail(source: Path, target: Path, **_: object) -> None:
        Path(target).mkdir()
        (Path(target) / "cell.json").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", fail)
    with pytest.raises(RequestError, match="No space left on device"):
        put(results, psnr=32)
    (cell,) = cells(results)
    assert cell.scores()["psnr"].tolist() == [31.125, 31.75]
    assert (beside(results), superseded(results)) == (["seed0"], [])


def test_a_former_cell_comes_back_if_the_new_one_cannot_be_moved(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "there", psnr=40)
    export(tmp_path / "there", tmp_path / "out.zip")
    put(results, psnr=31)
    copy = replacing._copy

    def fail(folder: Path, target: Path) -> None:
        if ".importing" in folder.parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        copy(folder, target)

    monkeypatch.setattr(replacing, "_copy", fail)
    with pytest.raises(RequestError, match="No space left on device"):
        merge(results, tmp_path / "out.zip", replace=True)
    (cell,) = cells(results)
    assert cell.scores()["psnr"].tolist() == [31.125, 31.75]


def test_what_a_kill_leaves_beside_a_cell_is_deleted_by_its_next_run(results: Path) -> None:
    put(results)
    for name in (".seed0-moved", ".seed0-part"):
        (results / place()).with_name(name).mkdir()
    assert len(list(cells(results))) == 1
    lock = CellLock(results, address(), "a" * 64)
    assert lock.acquire()
    lock.release()
    assert beside(results) == ["seed0"]

"""Imports of zips that other people and other programs have packed again."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.store import cells
from benchmark.tools.exchange import export, merge
from tests.benchmark.tools.exchange.support import METHODS, files, place, put, three

Members = dict[str, bytes]


def below(*folders: str) -> Callable[[Members], Members]:
    """Move everything below other folders."""
    return lambda members: {"/".join([*folders, name]): data for name, data in members.items()}


def from_a_mac(members: Members) -> Members:
    """Add what the Finder adds to every folder and file."""
    whole = below("out")(members)
    twins = {}
    for path in whole:
        folder, _, name = path.rpartition("/")
        twins[f"__MACOSX/{folder}/._{name}"] = b"\x00\x05\x16\x07"
    return {"__MACOSX/._out": b"", "out/.DS_Store": b"Bud1", **whole, **twins}


def beside(*names: str) -> Callable[[Members], Members]:
    """Add files to the first cell's folder and at the top."""
    return lambda members: {
        **members,
        **{f"{where}{name}": b"x" for name in names for where in ("", f"{place('bicubic')}/")},
    }


def backslashes(members: Members) -> Members:
    """Name paths as old Windows programs did."""
    return {f"results\\{name}".replace("/", "\\"): data for name, data in members.items()}


REPACKED = {
    "results/": (below("results"), {}),
    "several folders": (below("Downloads", "out 2", "results"), {}),
    "a Mac": (from_a_mac, {"__MACOSX": 1 + 3 * 3, ".DS_Store": 1}),
    "a stick of a Mac": (beside("._cell.json", "._x"), {"._*": 4}),
    "Windows": (beside("Thumbs.db", "desktop.ini"), {"Thumbs.db": 2, "desktop.ini": 2}),
    "old Windows": (backslashes, {}),
}


def packed(file: Path, members: Mapping[str, bytes]) -> Path:
    """Write a zip."""
    with zipfile.ZipFile(file, "w") as made:
        for name, data in members.items():
            member = zipfile.ZipInfo(name)
            member.filename = name  # as it is, with backslashes
            made.writestr(member, data)
    return file


@pytest.fixture
def members(tmp_path: Path) -> Members:
    """Return the files of an export of three cells."""
    three(tmp_path / "there")
    export(tmp_path / "there", tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as read:
        return {name: read.read(name) for name in read.namelist()}


@pytest.mark.parametrize("what", REPACKED)
def test_all_cells_of_a_zip_that_was_packed_again_are_imported(
    members: Members, tmp_path: Path, what: str
) -> None:
    change, ignored = REPACKED[what]
    merged = merge(tmp_path / "here", packed(tmp_path / "in.zip", change(members)))
    assert merged.added == [place(method) for method in METHODS]
    assert merged.refused == {}
    assert merged.ignored == ignored
    assert all(name in merged.summary for name in ignored)
    # Nothing else arrives.
    assert files(tmp_path / "here") == members
    assert len(list(cells.cells(tmp_path / "here"))) == 3


def test_a_whole_results_folder_zipped_by_hand_is_imported(tmp_path: Path) -> None:
    there = tmp_path / "there"
    three(there)
    put(there, psnr=77)  # sets the older one aside
    for name in ("tables/cave.md", "figures/cave/x/a.png", "report/index.html", "tables/.lock"):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_text("x")
    whole = below("my results")(files(there))
    merged = merge(tmp_path / "here", packed(tmp_path / "in.zip", whole))
    assert (merged.added, merged.refused) == ([place(method) for method in METHODS], {})
    assert merged.ignored == {
        "my results/.superseded": 4,
        "my results/figures": 1,
        "my results/report": 1,
        "my results/tables": 2,
    }
    assert "8 other files ignored: my results/" in merged.summary
    assert {name for name in files(tmp_path / "here") if not name.startswith("cave/")} == set()


def test_a_foreign_file_is_refused_beside_cells_that_are_imported(
    members: Members, tmp_path: Path
) -> None:
    whole = {**below("results")(members), "results/notes/run.sh": b"rm", "._x": b""}
    merged = merge(tmp_path / "here", packed(tmp_path / "in.zip", whole))
    assert merged.refused == {"results/notes": "no cell: run.sh without a cell.json"}
    assert len(merged.added) == 3
    assert merged.ignored == {"._*": 1}


def test_a_zip_in_the_zip_is_named_with_the_remedy(members: Members, tmp_path: Path) -> None:
    inner = packed(tmp_path / "cells.zip", members)
    outer = packed(tmp_path / "mail.zip", {"cells.zip": inner.read_bytes()})
    (why,) = merge(tmp_path / "here", outer).refused.values()
    assert why.endswith("; unpack cells.zip and import it by itself")


def test_a_cell_below_two_folders_is_imported_once(members: Members, tmp_path: Path) -> None:
    whole = {**below("a")(members), **below("b")(members)}
    merged = merge(tmp_path / "here", packed(tmp_path / "in.zip", whole))
    assert sorted(merged.added) == sorted(merged.present) == [place(name) for name in METHODS]


def test_a_zip_of_litter_alone_holds_no_cells(tmp_path: Path) -> None:
    file = packed(tmp_path / "in.zip", {"__MACOSX/._a": b"", ".DS_Store": b""})
    with pytest.raises(RequestError, match="holds no cells"):
        merge(tmp_path / "here", file)


def test_one_file_by_two_names_is_refused(members: Members, tmp_path: Path) -> None:
    whole = {**below("results")(members), **backslashes(members)}
    with pytest.raises(RequestError, match=r"holds 'results/cave/.*' twice"):
        merge(tmp_path / "here", packed(tmp_path / "in.zip", whole))
    assert not (tmp_path / "here").exists()

"""Imports of hostile and damaged zips: refused without a trace, or true cells only."""

import json
import shutil
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.errors import RequestError
from benchmark.store import cells
from benchmark.store.address import key_of
from benchmark.store.cells import WEIGHTS
from benchmark.tools.exchange import export, merge
from tests.benchmark.tools.exchange.support import (
    METHODS,
    files,
    place,
    put,
    three,
)
from tests.fuzz import damage

CELL = place()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export three cells with weights."""
    folder = tmp_path_factory.mktemp("good")
    three(folder / "results")
    export(folder / "results", folder / "out.zip", weights=True)
    return folder / "out.zip"


@pytest.fixture
def file(good: Path, tmp_path: Path) -> Path:
    """Copy the export, to be damaged."""
    return Path(shutil.copyfile(good, tmp_path / "in.zip"))


def added(name: str | zipfile.ZipInfo, content: bytes = b"evil") -> Callable[[Path], object]:
    """Add a member to a valid zip."""

    def make(file: Path) -> None:
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made:
            made.writestr(name, content)

    return make


def link(name: str) -> zipfile.ZipInfo:
    """Describe a symbolic link."""
    made = zipfile.ZipInfo(name)
    made.create_system = 3
    made.external_attr = (stat.S_IFLNK | 0o777) << 16
    return made


# tests/fuzz/test_zip.py has all cases that the zip reader rejects.
WHOLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a name above": (added(f"{CELL}/../../evil"), "leads out of its folder"),
    "an absolute name": (added("/evil.csv"), "leads out of its folder"),
    "a link": (added(link("cave/link"), b".."), "(a link or a device)"),
    "a bomb": (added(f"{CELL}/0.bin", bytes(70 << 20)), "100 times its own size"),
    "nothing": (lambda file: zipfile.ZipFile(file, "w").close(), "holds no cells"),
    "another file": (lambda file: file.write_bytes(b"no zip" * 99), "is not a complete zip"),
}


@pytest.mark.parametrize("what", WHOLE)
def test_nothing_is_imported_from_a_hostile_zip(file: Path, tmp_path: Path, what: str) -> None:
    make, message = WHOLE[what]
    make(file)
    results = tmp_path / "results"
    put(results, psnr=77)
    before = files(results)
    with damage.limited(), pytest.raises(RequestError) as caught:
        merge(results, file, replace=True)
    assert str(file) in str(caught.value)
    assert message in str(caught.value)
    assert files(results) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip", "results"]


def test_a_zip_that_does_not_exist_is_named(tmp_path: Path) -> None:
    for name, why in (("none.zip", "No such file"), (".", "is a folder, expected a zip; zip it")):
        with pytest.raises(RequestError, match=why):
            merge(tmp_path / "results", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


Change = Callable[[dict[str, bytes]], None]


def name_of(name: str) -> str:
    """Return the path of one of the cell's files in the zip."""
    return f"{CELL}/{name}"


def facts(**changes: Any) -> Change:
    """Change the cell's facts, with a new checksum as their writer would."""

    def change(members: dict[str, bytes]) -> None:
        whole = {**json.loads(members[name_of("cell.json")]), **changes}
        whole.pop("seal")
        whole = {name: value for name, value in whole.items() if value is not ...}
        whole["seal"] = key_of(whole)
        members[name_of("cell.json")] = json.dumps(whole).encode()

    return change


def at(**parts: Any) -> Change:
    """Change the cell's address."""
    where = {"dataset": "cave", "protocol": "wang2017", "profile": "quick", "scale": 2,
             "method": "espcn", "seed": 0}  # fmt: skip
    return facts(address={**where, **parts})


def content(name: str, made: bytes) -> Change:
    """Change a file's content."""
    return lambda members: members.update({name_of(name): made})


def gone(name: str) -> Change:
    """Leave a file out."""

    def change(members: dict[str, bytes]) -> None:
        del members[name_of(name)]

    return change


def moved(target: str) -> Change:
    """Put the cell somewhere else."""

    def change(members: dict[str, bytes]) -> None:
        for name in [name for name in members if name.startswith(f"{CELL}/")]:
            members[name.replace(CELL, target)] = members.pop(name)

    return change


def forged(members: dict[str, bytes]) -> None:
    """Raise a score."""
    members[name_of("scores.csv")] = members[name_of("scores.csv")].replace(b"32.", b"42.")


def edited(members: dict[str, bytes]) -> None:
    """Raise a figure in the facts."""
    known = members[name_of("cell.json")]
    members[name_of("cell.json")] = known.replace(b'"parameters": 1000', b'"parameters": 9999')


ONE: dict[str, tuple[Change, str]] = {
    "a raised score": (forged, "scores.csv does not match its checksum in cell.json"),
    "a raised figure": (edited, "cell.json does not match its checksum"),
    "other weights": (content(WEIGHTS, b"x"), f"{WEIGHTS} does not match its checksum"),
    "no cell.json": (gone("cell.json"), "no cell: scores.csv, training.csv, "),
    "no scores": (gone("scores.csv"), "scores.csv cannot be read: it is missing"),
    "a file too many": (content("run.sh", b"rm"), "run.sh is none of the cell's files"),
    "a hidden file": (content(".bashrc", b"rm"), ".bashrc is none of the cell's files"),
    "no json": (content("cell.json", b"{"), "cell.json cannot be read"),
    "json without entries": (content("cell.json", b"[]"), "cell.json has format None, expected 1"),
    "no text": (content("cell.json", b"\xff\xfe"), "cell.json cannot be read"),
    "json without end": (content("cell.json", b"[" * 300_000), "cell.json cannot be read"),
    "a number without end": (content("cell.json", b"9" * 9000), "cell.json cannot be read"),
    "another format": (facts(format=9), "cell.json has format 9, expected 1"),
    "an odd format": (facts(format="\x1b[2J\n"), "cell.json has format [2J, expected 1"),
    "another method's": (at(method="vdsr"), "it is a cell whose place is cave/wang2017/quick/x2/v"),
    "a seed of text": (at(seed="0"), "other types than expected"),
    "a seed of truth": (at(seed=False), "it is a cell whose place is "),
    "a part too many": (at(more=1), "no address of a cell"),
    "a list for an address": (facts(address=[1]), "no address of a cell"),
    "no key": (facts(key=...), "no valid key and dependencies"),
    "a path for a key": (facts(key="../../../x"), "no valid key and dependencies"),
    "depending on a list": (facts(depends=[1]), "no valid key and dependencies"),
    "no sums": (facts(sums=...), "cell.json names files that no cell has"),
    "sums above": (facts(sums={"../../x": "0" * 64}), "cell.json names files that no cell has"),
    "sums without scores": (facts(sums={}), "is none of the cell's files"),
    "running": (facts(status="running"), "it holds a cell that is running, expected done or f"),
    "failed without reason": (facts(status="failed"), "it failed and has no reason"),
    "no status": (facts(status=...), "lacks entries"),
    "in another's place": (moved(place("vdsr")), f"it is a cell whose place is {CELL}"),
    "below another's place": (moved(f"x/{place('vdsr')}"), f"it is a cell whose place is {CELL}"),
    "above its place": (moved(CELL.partition("/")[2]), f"it is a cell whose place is {CELL}"),
    "in a folder with a longer name": (moved(f"x{CELL}"), f"it is a cell whose place is {CELL}"),
    "a scale that is a path": (at(scale="2/../x2"), "it is a cell whose place is "),
    "too large a cell.json": (
        content("cell.json", b" " * (1 << 20) + b"{}"),
        "cell.json has 1,048,578 bytes, expected 1,048,576 at most",
    ),
    "too large a table": (
        content("scores.csv", bytes((16 << 20) + 1)),
        "scores.csv has 16,777,217 bytes, expected 16,777,216 at most",
    ),
}


@pytest.mark.parametrize("what", ONE)
def test_a_hostile_cell_is_refused_and_the_others_are_imported(
    file: Path, tmp_path: Path, what: str
) -> None:
    change, message = ONE[what]
    with zipfile.ZipFile(file) as read:
        members = {name: read.read(name) for name in read.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    results = tmp_path / "results"
    with damage.limited():
        merged = merge(results, file, replace=True)
    (why,) = merged.refused.values()
    assert message in why
    assert why.isprintable()
    assert str(tmp_path) not in why
    assert merged.added == [place("bicubic"), place("wiener[joint=true]")]
    assert {name for name in files(results) if "espcn" in name} == set()
    assert sorted(path.name for path in results.iterdir()) == ["cave"]
    assert len(list(cells.cells(results))) == 2


def test_a_cell_without_its_folders_is_refused(file: Path, tmp_path: Path) -> None:
    put(tmp_path / "there")
    with zipfile.ZipFile(file, "w") as made:
        made.write(tmp_path / "there" / CELL / "cell.json", "cell.json")
    assert merge(tmp_path / "results", file).refused == {
        "the top of the zip": f"it is a cell whose place is {CELL}"
    }


def test_files_of_no_cell_are_reported(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file, "a") as made:
        made.writestr("README.txt", "see below")
        made.writestr("x" * 300 + "/evil.csv", "x")
        made.writestr("cave//evil\x1b[2J.csv", "x")
        made.mkdir("cave/empty")
    merged = merge(tmp_path / "results", file)
    assert merged.refused == {
        "the top of the zip": "no cell: README.txt without a cell.json",
        "x" * 120 + "...": "no cell: evil.csv without a cell.json",
        "cave/": "no cell: evil [2J.csv without a cell.json",
    }
    assert len(merged.added) == 3


def test_a_false_size_costs_no_memory(file: Path, tmp_path: Path) -> None:
    """The stated size is far below the real one."""
    large = 12 << 20
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(f"{CELL}/cell.json", bytes(large))
    lying = file.read_bytes().replace(large.to_bytes(4, "little"), (900).to_bytes(4, "little"))
    file.write_bytes(lying)
    tracemalloc.start()
    merged = merge(tmp_path / "results", file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(merged.refused) == [CELL]
    assert peak < 4 << 20


def test_weights_are_unpacked_in_chunks(tmp_path: Path) -> None:
    """Only the store's checksum reads a whole file."""
    large = np.random.default_rng(0).bytes(24 << 20)
    put(tmp_path / "there", weights=large)
    export(tmp_path / "there", tmp_path / "in.zip", weights=True)
    tracemalloc.start()
    merge(tmp_path / "here", tmp_path / "in.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(large) + (8 << 20)


class Fuzz:
    """Imports damaged zips; every imported cell must be one of the three, byte by byte."""

    def __init__(self, good: Path, folder: Path) -> None:
        self.whole = good.read_bytes()
        self.folder, self.file = folder, folder / "in.zip"
        merge(folder / "expected", good)
        self.expected = files(folder / "expected")
        self.tally = damage.Tally((str(self.file),))
        self.lost = 0

    def feed(self, what: str, made: bytes) -> None:
        """Import one and check the result."""
        self.file.write_bytes(made)
        results = self.folder / "results"
        self.tally.feed(what, lambda: merge(results, self.file), self.right)
        shutil.rmtree(results, ignore_errors=True)

    def right(self, merged: Any) -> bool:
        """Return whether imported cells are true, and all others reported."""
        found = files(self.folder / "results")
        self.lost += len(merged.refused) > 0
        reported = len(merged.added) + len(merged.refused) >= len(METHODS)
        return reported and all(self.expected.get(name) == data for name, data in found.items())


def test_damaged_zips_yield_true_cells_or_a_reason(good: Path, tmp_path: Path) -> None:
    fuzz = Fuzz(good, tmp_path)
    for what, made in damage.damaged(fuzz.whole, 105, seed=1):
        fuzz.feed(what, made)
    directory = fuzz.whole.index(b"PK\x01\x02")
    for what, made in damage.damaged(fuzz.whole[directory:], 105, seed=2):
        fuzz.feed(f"directory: {what}", fuzz.whole[:directory] + made)
    fuzz.tally.check(210)
    assert fuzz.tally.refused > 60
    assert fuzz.lost > 20


def test_every_truncated_zip_is_refused(good: Path, tmp_path: Path) -> None:
    fuzz = Fuzz(good, tmp_path)
    for length in np.linspace(0, len(fuzz.whole) - 1, 30).astype(int):
        fuzz.feed(f"{length} bytes", fuzz.whole[:length])
    fuzz.tally.check(30)
    assert fuzz.tally.refused == 30

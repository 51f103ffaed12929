"""Three stored cells, of which one is damaged; and the judgement of what is shown of it."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.errors import RequestError
from benchmark.store import cells
from benchmark.store.address import Address
from tests.command_line import CommandLine
from tests.fuzz.damage import Tally

SCORES = "scene,psnr,sam\nface,{0}.125,4.5\nflowers,{0}.75,5.25\n"
TRAINING = "step,loss,psnr\n10,0.5,{0}.0\n20,0.25,{0}.5\n"
METHODS = ("bicubic", "espcn", "srcnn")
VICTIM = "espcn"


def address(method: str) -> Address:
    """Return a method's place."""
    return Address("cave", "wang2017", "quick", 2, method, 0)


def facts(method: str) -> dict[str, Any]:
    """Return the facts of a cell that the tables read."""
    return {
        "key": "0" * 64,
        "status": "done",
        "reason": "",
        "configuration": {
            "method": {"name": method, "title": method.upper(), "published": "", "parameters": {}},
            "dataset": {"name": "cave", "title": "CAVE", "synthetic": False, "subset": False,
                        "trained_on": ["cave"], "train": ["beads"], "validation": ["cd"],
                        "test": ["face", "flowers"], "remark": ""},
            "protocol": {"name": "wang2017", "summary": "as published"},
            "profile": {"name": "quick", "summary": "short"},
            "recipe": {"steps": 20},
            "engine": "1",
        },
        "environment": {"device": "cpu"},
        "parameters": 1000,
        "times": {"fit_s": 2.5, "upscale_s": 0.125},
        "memory": {"peak_bytes": 1},
        "warnings": ["still improving"],
        "date": "2026-03-01T10:00:00Z",
    }  # fmt: skip


def store_all(folder: Path) -> None:
    """Store a cell of every method below a folder."""
    for number, method in enumerate(METHODS, 31):
        files = {
            "scores.csv": SCORES.format(number).encode(),
            "training.csv": TRAINING.format(number).encode(),
            cells.WEIGHTS: bytes(range(256)) * 2,
        }
        cells.write(folder, address(method), facts(method), files)


class Results:
    """Three cells, of which one is damaged; judged by what the store and the tables say."""

    def __init__(self, line: CommandLine, kept: Path) -> None:
        self.line = line
        self.kept = kept
        self.cells = {method: self.seen(method) for method in METHODS}
        shutil.copytree(kept, line.results)
        self.rows = self.table()
        self.tally = Tally((VICTIM, "no results"))

    @property
    def folder(self) -> Path:
        """The cell that is damaged."""
        return address(VICTIM).folder(self.line.results)

    def seen(self, method: str) -> tuple[str, str]:
        """Read a cell's facts and scores from where they are not touched."""
        cell = cells.read(address(method).folder(self.kept))
        assert cell
        return json.dumps(cell.facts, sort_keys=True), str(cell.scores())

    def table(self) -> set[tuple[str, ...]]:
        """Make the tables; give every row of the one that programs read, but for its machine."""
        answer = self.line("tables")
        assert answer.code == 0, answer.err
        assert "Traceback" not in answer.err
        (file,) = (self.line.results / "tables").glob("*.csv")
        kept = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
        names = [name for name in kept.fieldnames or () if not name.endswith("machine")]
        return {tuple(names), *(tuple(row[name] for name in names) for row in kept)}

    def feed(self, what: str, spoil: Callable[[Path], None], *, tables: bool = True) -> None:
        """Spoil the cell's folder, read everything, judge, and put it right again."""
        spoil(self.folder)
        self.tally.feed(what, self.read, lambda shown: shown == self.cells)
        if tables:
            self.tally.feed(f"tables: {what}", lambda: self.tabulate(what), bool)
        self.clear()

    def read(self) -> dict[str, tuple[str, str]]:
        """Read what the store shows; a cell left out must be told of."""
        shown = {}
        for cell in cells.cells(self.line.results):
            if cell.address.method in shown:
                raise AssertionError(f"two cells of {cell.address}")
            text = json.dumps(cell.facts, sort_keys=True), str(cell.scores())
            shown[cell.address.method] = text
        told = cells.damaged(self.line.results)
        if any(shown.get(method) != self.cells[method] for method in METHODS if method != VICTIM):
            raise AssertionError("another cell has changed")
        if VICTIM not in shown:
            if not any(VICTIM in line and line.isprintable() for line in told):
                raise AssertionError(f"left out and not told of: {told}")
            raise RequestError("; ".join(told))
        return shown

    def tabulate(self, what: str) -> bool:
        """Make the tables; a row that is shown must be one that was measured."""
        rows = self.table()
        victims = {row for row in self.rows if VICTIM in row}
        if not self.rows - victims <= rows <= self.rows:
            raise AssertionError(f"rows that were not measured: {rows - self.rows}")
        return True

    def clear(self) -> None:
        """Put the cell back as it was."""
        if self.folder.is_symlink():
            self.folder.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(address(VICTIM).folder(self.kept), self.folder)


def writing(name: str, content: bytes) -> Callable[[Path], None]:
    """Write these bytes to one of the cell's files."""

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return spoil

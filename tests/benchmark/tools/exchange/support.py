"""Shared by the tests of exports and imports: small cells, and the files of a folder."""

from pathlib import Path
from typing import Any

from benchmark.store.address import Address
from benchmark.store.cells import WEIGHTS, Cell, read, write
from benchmark.tools.exchange import Merged, export, merge

HERE = {
    "device": "CPU, 2 threads, bfloat16",
    "processor": "AMD EPYC",
    "commit": "fa7be63" + 33 * "0",
}
THERE = {"device": "NVIDIA H200, bfloat16", "processor": "Xeon", "commit": "0123456" + 33 * "a"}
SCORES = "scene,psnr,sam\nface,{0}.125,4.5\nflowers,{0}.75,5.25\n"
METHODS = ("bicubic", "espcn", "wiener[joint=true]")


def address(method: str = "espcn", dataset: str = "cave", scale: int = 2, seed: int = 0) -> Address:
    """Return the address of a cell."""
    return Address(dataset, "wang2017", "quick", scale, method, seed)


def place(method: str = "espcn", dataset: str = "cave") -> str:
    """Return a cell's path below a results folder, and in a zip."""
    return address(method, dataset).folder(Path()).as_posix()


def put(
    results: Path,
    where: Address | None = None,
    *,
    psnr: int = 31,
    weights: bytes = b"",
    scores: bytes | None = None,
    **facts: Any,
) -> Cell:
    """Store a cell that is done, with what tables read."""
    where = where or address()
    whole = {
        "key": "a" * 64,
        "depends": {"method": "m", "train": "t", "test": "x"},
        "status": "done",
        "reason": None,
        "configuration": {
            "method": {"name": where.method, "title": where.method.upper(), "parameters": {}},
            "dataset": {"name": where.dataset, "title": where.dataset.upper(), "synthetic": False,
                        "subset": False, "trained_on": [where.dataset], "train": ["beads"],
                        "validation": ["cd"], "test": ["face", "flowers"], "remark": ""},
            "protocol": {"name": "wang2017", "summary": "as published"},
            "profile": {"name": "quick", "summary": "short"},
            "recipe": None,
            "engine": 1,
        },
        "environment": HERE,
        "parameters": 1000,
        "times": {"fit_s": 2.5, "upscale_s": 0.125},
        "memory": {"peak_bytes": 1},
        "warnings": [],
        "date": "2026-03-01T10:00:00+00:00",
        **facts,
    }  # fmt: skip
    files = {"scores.csv": scores or SCORES.format(psnr).encode(), "training.csv": b"step\n10\n"}
    return write(results, where, whole, {**files, **({WEIGHTS: weights} if weights else {})})


def failed(results: Path, reason: str, trace: str = "", **facts: Any) -> Cell:
    """Store a cell that failed."""
    whole = {"key": "a" * 64, "status": "failed", "reason": reason, "warnings": [],
             "environment": HERE, "date": "2026-03-01T10:00:00+00:00", **facts}  # fmt: skip
    return write(results, address(), whole, {"traceback.txt": trace.encode()})


def three(results: Path, **facts: Any) -> list[str]:
    """Store three cells and return their paths in the order of an export."""
    for number, method in enumerate(METHODS, 31):
        put(results, address(method), psnr=number, weights=bytes(range(256)) * number, **facts)
    return [place(method) for method in METHODS]


def files(folder: Path, hidden: bool = True) -> dict[str, bytes]:
    """Return the content of every file below a folder by its path."""
    found = {file.relative_to(folder): file for file in folder.rglob("*") if file.is_file()}
    return {
        path.as_posix(): file.read_bytes()
        for path, file in found.items()
        if hidden or not any(part.startswith(".") for part in path.parts)
    }


class Two:
    """A results folder here and a colleague's there."""

    def __init__(self, folder: Path) -> None:
        self.here, self.there = folder / "here", folder / "there"
        self.zip = folder / "out.zip"

    def fetch(self, *, weights: bool = False, replace: bool = False) -> Merged:
        """Export there and import here."""
        export(self.there, self.zip, weights=weights)
        return merge(self.here, self.zip, replace=replace)

    def superseded(self) -> list[str]:
        """List the superseded cells here."""
        root = self.here / ".superseded"
        return sorted(file.parent.relative_to(root).as_posix() for file in root.rglob("cell.json"))

    def cell(self, method: str = "espcn") -> Cell:
        """Read a cell here."""
        cell = read(address(method).folder(self.here))
        assert cell is not None
        return cell

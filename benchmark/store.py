"""Cells on disk: written whole or not at all, read without trust.

    results/<dataset>/<protocol>/<profile>/x<scale>/<method>/seed<k>/
        cell.json      status, key, configuration, environment, times, memory
        scores.csv     one row a test scene
        training.csv   one row a validation (trained methods)
        weights.safetensors

`cell.json` holds, at its top level:

    format         1
    key            hash of all that the numbers depend on
    depends        the same part by part, to say what has changed
    status         "done" or "failed"
    reason         one line, for a failed cell
    address        dataset, protocol, profile, scale, method, seed: as in the path
    configuration  method {name, title, paper, published, parameters}, dataset {name, title,
                   synthetic, remark, subset, trained_on, train, validation, test}, protocol
                   {name, summary, ...}, profile {...}, recipe {...} or null, engine
    environment    versions, device, cores, threads, precision, commit, command: see environment.py
    parameters     number of trainable values
    times          {"fit_s", "upscale_s"}: seconds; upscale_s is per test scene
    memory         {"peak_bytes"}
    resumed        how often its training went on from a checkpoint
    warnings       lines that stand under every table the cell is in
    date           when it was finished, ISO 8601, UTC
    sums           SHA-256 of the cell's other files
    seal           SHA-256 of all the above
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from benchmark.disk import flush_folder, write_flushed
from benchmark.errors import RequestError

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
WEIGHTS = "weights.safetensors"
SUPERSEDED = ".superseded"


@dataclass(frozen=True, order=True)
class Address:
    """Which cell: the unit that is run, stored, resumed and retried."""

    dataset: str
    protocol: str
    profile: str
    scale: int
    method: str
    seed: int

    def folder(self, results: Path) -> Path:
        """Give the cell's folder below the results folder."""
        parts = (self.dataset, self.protocol, self.profile, f"x{self.scale}", self.method)
        safe = [quote(part, safe="[]=,+@ ").lstrip(".") for part in parts]
        return results.joinpath(*safe, f"seed{self.seed}")

    def __str__(self) -> str:
        return f"{self.method} x{self.scale} seed {self.seed} on {self.dataset}"


@dataclass(frozen=True)
class Cell:
    """A cell as read from disk; `facts` is its `cell.json`."""

    address: Address
    folder: Path
    facts: Mapping[str, Any]

    @property
    def status(self) -> str:
        """Give "done" or "failed"."""
        return str(self.facts["status"])

    def scores(self) -> "pd.DataFrame":
        """Read one row a test scene; the columns are `scene` and the metrics' names."""
        import pandas as pd

        return pd.read_csv(self.folder / "scores.csv", dtype={"scene": str})

    def training(self) -> "pd.DataFrame | None":
        """Read one row a validation, or None for a method that is not trained."""
        import pandas as pd

        file = self.folder / "training.csv"
        return pd.read_csv(file) if file.is_file() else None


def key_of(parts: Any) -> str:
    """Hash what the numbers of a cell depend on, the same on every machine.

    Args:
        parts: a JSON-serialisable value; the order in mappings does not matter.
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write(
    results: Path, address: Address, facts: Mapping[str, Any], files: Mapping[str, bytes]
) -> Cell:
    """Put a cell on disk: a temporary folder beside its place, flushed, then renamed.

    A cell that already stands there moves to `.superseded/` below the results folder; nothing
    finished is deleted.

    Args:
        results: the results folder; made if it is not there.
        address: the cell's place.
        facts: the content of `cell.json` (without format, address and sums).
        files: name to content of the cell's other files.

    Raises:
        RequestError: the folder cannot be written to.
    """
    folder = address.folder(results)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    whole: dict[str, Any] = {"format": FORMAT, "address": asdict(address), **facts, "sums": sums}
    whole["seal"] = key_of(whole)
    text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            made.chmod(0o755)
            for name, content in {**files, "cell.json": text.encode()}.items():
                write_flushed(made / name, content)
            flush_folder(made)
            _set_aside(results, folder)
            made.rename(folder)
            flush_folder(folder.parent)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise RequestError(
            f"cannot write to the results folder {results}: {error.strerror or error}; "
            "free or choose another with --results"
        ) from error
    return Cell(address, folder, whole)


def _set_aside(results: Path, folder: Path) -> None:
    if not folder.exists():
        return
    place = results / SUPERSEDED / folder.relative_to(results)
    place.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    while (target := place.with_name(f"{place.name}.{number}")).exists():
        number += 1
    folder.rename(target)


def read(folder: Path) -> Cell | None:
    """Read one cell; None where there is none or where it does not hold together.

    A cell holds together when `cell.json` parses, has this format, agrees with its seal, and
    names the files that are there with their SHA-256. Weights alone may be absent: they are
    heavy, and no table needs them.
    """
    found = _examined(folder)
    return found if isinstance(found, Cell) else None


def damage(folder: Path) -> str:
    """Say why what lies in a cell's place is none; empty for a cell, or where nothing lies."""
    found = _examined(folder)
    return found if isinstance(found, str) else ""


def _examined(folder: Path) -> Cell | str:
    """Give the cell of a folder, or what is wrong with it; empty where there is none."""
    file = folder / "cell.json"
    if not file.exists():
        return f"{file} is missing" if folder.exists() else ""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            return f"{file} has format {facts['format']}, expected {FORMAT}"
        if facts.pop("seal") != key_of(facts):
            return f"{file} does not agree with its seal: it was edited or cut short"
        address = Address(**facts["address"])
        if why := _misfit(folder, address, facts):
            return why
        for name, digest in facts["sums"].items():
            if name == WEIGHTS and not (folder / name).exists():
                continue
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                return f"{folder / name} does not agree with the hash in cell.json"
    except OSError as error:
        return f"{error.filename or file} cannot be read: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{file} is no cell: it cannot be parsed or lacks entries"
    return Cell(address, folder, facts)


def _misfit(folder: Path, address: Address, facts: Mapping[str, Any]) -> str:
    """Say what is wrong with a cell that was written whole, or nothing."""
    place = address.folder(Path())
    if folder.parts[-len(place.parts) :] != place.parts:
        return f"{folder} holds a cell whose place is {place}: it was copied to a wrong one"
    if facts["status"] not in ("done", "failed"):
        return f"{folder} holds a cell that is {facts['status']}, expected done or failed"
    return ""


def cells(results: Path) -> Iterator[Cell]:
    """Read every cell below a results folder that holds together, in the order of addresses."""
    found = (read(folder) for folder in _folders(results))
    yield from sorted((cell for cell in found if cell), key=lambda cell: cell.address)


def damaged(results: Path) -> list[str]:
    """Say of every cell below a results folder that does not hold together why."""
    return [why for folder in _folders(results) if (why := damage(folder))]


def _folders(results: Path) -> list[Path]:
    found = (file.parent for file in results.glob("*/*/*/x*/*/seed*/cell.json"))
    return sorted(
        folder
        for folder in found
        if not any(part.startswith(".") for part in folder.relative_to(results).parts)
    )

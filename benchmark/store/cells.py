"""Cells on disk: written atomically, verified when they are read.

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
    seal           SHA-256 of all the above: the checksum of cell.json
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import RequestError, plain
from benchmark.store.address import Address, key_of
from benchmark.store.files import flush_folder, write_flushed

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
WEIGHTS = "weights.safetensors"
SUPERSEDED = ".superseded"
_KINDS = {"dataset": str, "protocol": str, "profile": str, "scale": int, "method": str, "seed": int}


@dataclass(frozen=True)
class Cell:
    """A cell as read from disk; `facts` is its `cell.json`."""

    address: Address
    folder: Path
    facts: Mapping[str, Any]

    @property
    def status(self) -> str:
        """Return "done" or "failed"."""
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


def write(
    results: Path, address: Address, facts: Mapping[str, Any], files: Mapping[str, bytes]
) -> Cell:
    """Write a cell to disk: into a temporary folder beside its place, flushed, then renamed.

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
    content = encode(whole)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            made.chmod(0o755)
            for name, data in {**files, "cell.json": content}.items():
                write_flushed(made / name, data)
            flush_folder(made)
            set_aside(results, folder)
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


def encode(facts: dict[str, Any]) -> bytes:
    """Return the content of `cell.json`; the checksum is added to the facts."""
    facts.pop("seal", None)
    facts["seal"] = key_of(facts)
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A lone surrogate, as in an undecodable file name, has no UTF-8 but a JSON escape.
    return text.encode(errors="backslashreplace")


def set_aside(results: Path, folder: Path) -> None:
    """Move the content of a cell's place to `.superseded/`, so that nothing finished is deleted."""
    if not folder.exists():
        return
    place = results / SUPERSEDED / folder.relative_to(results)
    place.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    while (target := place.with_name(f"{place.name}.{number}")).exists():
        number += 1
    folder.rename(target)


def read(folder: Path) -> Cell | None:
    """Read one cell; return None where there is none, or an invalid one.

    A cell is valid when `cell.json` can be parsed, has this format, matches its checksum, and
    names the files that are there with their SHA-256. Weights alone may be absent: they are
    large, and no table needs them.
    """
    found = _checked(folder)
    return found if isinstance(found, Cell) else None


def damage(folder: Path) -> str:
    """Describe why a cell is invalid; empty for a valid cell, or where there is none."""
    found = _checked(folder)
    return found if isinstance(found, str) else ""


def _checked(folder: Path) -> Cell | str:
    """Return the cell of a folder, or what is wrong with it; empty where there is none."""
    found = _parsed(folder)
    return plain(found) if isinstance(found, str) else found


def _parsed(folder: Path) -> Cell | str:
    file = folder / "cell.json"
    if not file.is_file():  # reading a pipe or a device may never end
        lack = "is no file" if file.exists() else "is missing"
        return f"{file} {lack}" if folder.exists() else ""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            return f"{file} has format {str(facts['format'])[:40]}, expected {FORMAT}"
        if facts.pop("seal") != key_of(facts):
            return f"{file} does not match its checksum: it was edited or cut short"
        address = Address(**facts["address"])
        if why := _inconsistency(folder, address, facts) or _changed_file(folder, facts["sums"]):
            return why
    except OSError as error:
        return f"{error.filename or file} cannot be read: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"{file} is no cell: it cannot be parsed or lacks entries"
    return Cell(address, folder, facts)


def _inconsistency(folder: Path, address: Address, facts: Mapping[str, Any]) -> str:
    """Describe what is wrong with the content of a cell.json that matches its checksum."""
    if {name: type(value) for name, value in asdict(address).items()} != _KINDS:
        return f"{folder} holds a cell whose address has other types than expected"
    place = address.folder(Path())
    if folder.parts[-len(place.parts) :] != place.parts:
        return f"{folder} holds a cell whose place is {place}: it was copied to a wrong one"
    lacks = [name for name in ("key", "reason") if name not in facts]
    if lacks:
        return f"{folder} holds a cell that lacks {lacks[0]}"
    if facts["status"] not in ("done", "failed"):
        return f"{folder} holds a cell that is {facts['status']}, expected done or failed"
    return ""


def _changed_file(folder: Path, sums: Mapping[str, str]) -> str:
    """Describe which of a cell's files is missing or was changed; empty if none."""
    if any(Path(name).name != name for name in sums):
        return f"{folder} holds a cell that names files elsewhere"
    for name in ("scores.csv", "training.csv"):
        if name not in sums and (folder / name).exists():
            return f"{folder / name} is none of the cell's: its hash is not in cell.json"
    for name, digest in sums.items():
        file = folder / name
        if name == WEIGHTS and not file.exists():
            continue
        if not file.is_file():  # as above
            return f"{file} cannot be read: it is missing, or no file"
        if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            return f"{file} does not match its checksum in cell.json"
    return ""


def cells(results: Path) -> Iterator[Cell]:
    """Read every valid cell below a results folder, in the order of addresses."""
    found = (read(folder) for folder in folders_of(results))
    yield from sorted((cell for cell in found if cell), key=lambda cell: cell.address)


def damaged(results: Path) -> list[str]:
    """Describe every invalid cell below a results folder."""
    return [why for folder in folders_of(results) if (why := damage(folder))]


def folders_of(results: Path) -> list[Path]:
    """List the folders below a results folder that hold a cell, or should."""
    found = results.glob("*/*/*/x*/*/seed*/")
    return sorted(
        folder
        for folder in found
        if not any(part.startswith(".") for part in folder.relative_to(results).parts)
    )

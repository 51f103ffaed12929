"""Cells on disk: written atomically, verified when they are read.

    results/<dataset>/<protocol>/<profile>/x<scale>/<method>/seed<k>/
        cell.json      status, key, configuration, environment, times, memory
        scores.csv     one row per test scene, a column per metric
        training.csv   one row per validation (networks)
        weights.safetensors    as they were scored, in 16-bit floats if the profile says so

Top-level entries of `cell.json`:

    format         1
    key            hash of all that the numbers depend on
    depends        the hash of each part of the key, to describe changes
    status         "done" or "failed"
    reason         one line, for a failed cell
    address        dataset, protocol, profile, scale, method, seed: as in the path
    configuration  method {name, title, paper, published, trained, stochastic, parameters},
                   dataset {name, title, synthetic, independent, bands, split, left_out, remark,
                   marks, subset, trained_on, train, validation, test},
                   protocol {name, version, summary, down, up, ...}, profile {...},
                   recipe {...} or null, engine
    environment    versions, device, cores, threads, precision, commit, command: see environment.py
    request        options of the run that computed it, by their long names, without folders:
                   `--config .../cell.json` repeats the run
    metrics        columns of scores.csv in the order of tables, each {name, title, unit, digits,
                   higher, meaning, main}; `extend` adds some
    parameters     number of trainable values
    training       of a network: {"steps", "epochs", "batch", "share"}, and where trials chose its
                   learning rate {"rate", "tuning"}; null for other methods
    times          {"fit_s", "upscale_s"}: seconds; upscale_s is per test scene; fit_s is null
                   where stored weights were scored, and includes trials of learning rates
    memory         {"peak_bytes"}
    resumed        number of times that its training resumed from a checkpoint
    warnings       lines to print below every table with the cell
    date           when it was finished, ISO 8601, UTC
    sums           SHA-256 of the cell's other files
    seal           checksum: SHA-256 of all entries above
"""

import codecs
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import plain
from benchmark.store.address import Address, key_of
from benchmark.store.files import write_flushed
from benchmark.store.replacing import replacing_folder

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
WEIGHTS = "weights.safetensors"
COUNTS = ("skipped",)  # columns of the scores that are no metrics
# What stands for no number in a table; the engine writes nan.
_MISSING = ("", "nan", "NaN", "-nan", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "None")
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
        """Read the scores, one row per test scene; the columns are `scene` and the metrics."""
        import pandas as pd

        file = self.folder / "scores.csv"
        # Of the scores alone: a scene may be called NA or null.
        missing = {str(name): _MISSING for name in pd.read_csv(file, nrows=0) if name != "scene"}
        return pd.read_csv(file, dtype={"scene": str}, na_values=missing, keep_default_na=False)

    def training(self) -> "pd.DataFrame | None":
        """Read the validations, one row each; return None for a method that is not a network."""
        import pandas as pd

        file = self.folder / "training.csv"
        return pd.read_csv(file) if file.is_file() else None


def write(
    results: Path, address: Address, facts: Mapping[str, Any], files: Mapping[str, bytes]
) -> Cell:
    """Write a cell atomically: into a temporary folder, which is flushed, then renamed.

    An existing cell at that address moves to `.superseded/` below the results folder.

    Args:
        results: the results folder; created if it is missing.
        address: the cell's address.
        facts: the content of `cell.json` (without format, address and sums).
        files: name to content of the cell's other files.

    Returns:
        The cell as written.

    Raises:
        RequestError: the folder cannot be written to.
    """
    folder = address.folder(results)
    complete: dict[str, Any] = {
        "format": FORMAT,
        "address": asdict(address),
        **facts,
        "sums": sums(files),
    }
    with replacing_folder(results, folder) as temporary:
        temporary.chmod(0o755)
        for name, data in {**files, "cell.json": encode(complete)}.items():
            write_flushed(temporary / name, data)
    return Cell(address, folder, complete)


def extend(results: Path, cell: Cell, facts: Mapping[str, Any], files: Mapping[str, bytes]) -> Cell:
    """Replace entries and files of a stored cell atomically; all others stay as they are.

    The former cell is deleted when the new one is in its place: what is written must contain
    everything that it replaces.

    Args:
        results: the results folder.
        cell: the cell; the caller holds its lock.
        facts: the new entries of `cell.json`.
        files: name to content of the new files.

    Returns:
        The cell as written.

    Raises:
        RequestError: the folder cannot be written to.
    """
    complete = {**cell.facts, **facts, "sums": {**cell.facts["sums"], **sums(files)}}
    written = {**files, "cell.json": encode(complete)}
    with replacing_folder(results, cell.folder, keep=False) as temporary:
        shutil.copytree(
            cell.folder,
            temporary,
            ignore=shutil.ignore_patterns(*written),
            copy_function=_link,
            dirs_exist_ok=True,
        )
        for name, data in written.items():
            write_flushed(temporary / name, data)
    return Cell(cell.address, cell.folder, complete)


def sums(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of every file, as `cell.json` holds them."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _link(source: str, target: str) -> None:
    """Give a file a second name, or copy it where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def encode(facts: dict[str, Any]) -> bytes:
    """Return the content of `cell.json`, after adding the checksum to the facts."""
    facts.pop("seal", None)
    facts["seal"] = key_of(facts)
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A lone surrogate, as in an undecodable file name, has no UTF-8 but a JSON escape.
    return text.encode(errors="backslashreplace")


def read(folder: Path) -> Cell | None:
    """Read one cell; return None if there is none, or an invalid one.

    A cell is valid if `cell.json` can be parsed, has this format and matches its checksum, and the
    other files match theirs. Only the weights may be missing: they are large, and no table needs
    them.
    """
    result = _checked(folder)
    return result if isinstance(result, Cell) else None


def damage(folder: Path) -> str:
    """Describe why a cell is invalid; return "" for a valid cell, or if there is none."""
    result = _checked(folder)
    return result if isinstance(result, str) else ""


def _checked(folder: Path) -> Cell | str:
    """Return the cell of a folder, or what is wrong with it; "" if there is none."""
    result = _parsed(folder)
    return plain(result) if isinstance(result, str) else result


def _parsed(folder: Path) -> Cell | str:
    file = folder / "cell.json"
    if not file.is_file():  # reading a pipe or a device may never end
        problem = "is not a file" if file.exists() else "is missing"
        return f"{file} {problem}" if folder.exists() else ""
    try:
        facts = json.loads(file.read_text(encoding="utf-8-sig"))
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
        return f"{file} is not a cell: it cannot be parsed or lacks entries"
    return Cell(address, folder, facts)


def _inconsistency(folder: Path, address: Address, facts: Mapping[str, Any]) -> str:
    """Describe what is wrong with a cell.json that matches its checksum; "" if nothing."""
    if {name: type(value) for name, value in asdict(address).items()} != _KINDS:
        return f"{folder} holds a cell whose address has other types than expected"
    place = address.folder(Path())
    if folder.parts[-len(place.parts) :] != place.parts:
        return f"{folder} holds a cell whose place is {place}: it was copied to another place"
    missing = [name for name in ("key", "reason") if name not in facts]
    if missing:
        return f"{folder} holds a cell that lacks {missing[0]}"
    if facts["status"] not in ("done", "failed"):
        return f"{folder} holds a cell that is {facts['status']}, expected done or failed"
    return ""


def _changed_file(folder: Path, sums: Mapping[str, str]) -> str:
    """Describe which of a cell's files is missing or was changed; "" if none."""
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
        if content_of(file, digest) is None:
            return f"{file} does not match its checksum in cell.json"
    return ""


def content_of(file: Path, digest: str) -> bytes | None:
    """Read one of a cell's files as it was written; return None if its content has changed.

    Args:
        file: the file. A table may have got a byte order mark or other line ends on its way.
        digest: its SHA-256 in `cell.json`.

    Raises:
        OSError: it cannot be read.
    """
    content = file.read_bytes()
    if file.suffix in (".csv", ".txt") and hashlib.sha256(content).hexdigest() != digest:
        content = content.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    return content if hashlib.sha256(content).hexdigest() == digest else None


def cells(results: Path) -> Iterator[Cell]:
    """Read every valid cell below a results folder, in the order of addresses."""
    read_cells = (read(folder) for folder in folders_of(results))
    yield from sorted((cell for cell in read_cells if cell), key=lambda cell: cell.address)


def damaged(results: Path) -> list[str]:
    """Describe every invalid cell below a results folder."""
    return [why for folder in folders_of(results) if (why := damage(folder))]


def folders_of(results: Path) -> list[Path]:
    """List the folders of cells below a results folder, valid or not."""
    return sorted(
        folder
        for folder in results.glob("*/*/*/x*/*/seed*/")
        if not any(part.startswith(".") for part in folder.relative_to(results).parts)
    )

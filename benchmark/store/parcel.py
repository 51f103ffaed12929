"""A finished cell on its way from one results folder to another, with all of its files."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.store import cells
from benchmark.store.address import Address
from benchmark.store.cells import Cell
from benchmark.store.lock import CellLock


@dataclass(frozen=True)
class Parcel:
    """The facts and the files of one cell.

    Attributes:
        facts: its `cell.json`, without the checksum.
        files: name to content of its other files.
    """

    facts: Mapping[str, Any]
    files: Mapping[str, bytes]


def pack(results: Path, address: Address) -> Parcel | None:
    """Read a cell with all of its files; return None if there is no valid one."""
    cell = cells.read(address.folder(results))
    if cell is None:
        return None
    files = {name: (cell.folder / name).read_bytes() for name in cell.facts["sums"]}
    return Parcel(cell.facts, files)


def unpack(results: Path, address: Address, parcel: Parcel) -> Cell:
    """Store the cell of a parcel, as it was, in another results folder.

    A cell that is there moves to `.superseded/`.

    Args:
        results: the results folder.
        address: the cell's address.
        parcel: as `pack` returned it on another machine.

    Raises:
        RequestError: the folder cannot be written to.
        ValueError: it is another cell, or was changed on its way.
    """
    if Address(**parcel.facts["address"]) != address:
        raise ValueError(f"expected {address}, found {parcel.facts['address']}")
    made = ("format", "address", "sums")  # written again from the files
    facts = {name: value for name, value in parcel.facts.items() if name not in made}
    if cells.sums(parcel.files) != parcel.facts["sums"]:
        raise ValueError("its files do not match their checksums")
    lock = CellLock(results, address, parcel.facts["key"])
    while not lock.acquire():  # another run has this cell; it cannot take long to notice
        time.sleep(0.5)
    try:
        cell = cells.write(results, address, facts, parcel.files)
        lock.delete_checkpoint()
    finally:
        lock.release()
    return cell

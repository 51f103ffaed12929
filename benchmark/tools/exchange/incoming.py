"""One cell from a zip: unpacked aside, and verified as what is stored is, before it is a cell."""

import json
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.errors import listed, plain
from benchmark.store import cells
from benchmark.store.address import Address
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.store.files import flush_folder
from benchmark.tools.exchange.archive import DAMAGE, pieces, shown

# Bytes that a file may have; cell.json becomes objects, which need many times as much.
LIMITS = {"cell.json": 1 << 20, WEIGHTS: 4 << 30}
LIMIT = 16 << 20
_PLAIN = re.compile(r"\w[\w.-]{0,99}", re.ASCII)

Members = Mapping[str, zipfile.ZipInfo]


class RefusedError(Exception):
    """A cell is not taken; the message says why, in one line."""


def unpack(archive: zipfile.ZipFile, place: str, members: Members, aside: Path) -> Cell:
    """Unpack one cell below a folder of its own, and verify it.

    Args:
        archive: the zip, its directory checked.
        place: the cell's folder in it.
        members: the files there.
        aside: where to put it; nobody looks for cells there.

    Raises:
        RefusedError: it is no whole cell, or there is more than a cell.
        OSError: it cannot be written.
    """
    if "cell.json" not in members:
        raise RefusedError(f"no cell: {shown(listed(members))} without a cell.json")
    for name, member in members.items():
        if member.file_size > (limit := LIMITS.get(name, LIMIT)):
            raise RefusedError(
                f"{shown(name)} has {member.file_size:,} bytes, expected {limit:,} at most"
            )
    _check(_facts(archive, members["cell.json"]), place, members)
    folder = aside / place
    folder.mkdir(parents=True)
    for name, member in members.items():
        _write(archive, member, folder / name)
    flush_folder(folder)
    cell = cells.read(folder)
    if cell is None:
        here = plain(folder)
        why = cells.damage(folder).replace(f"{here}{os.sep}", "").replace(here, "it")
        raise RefusedError(why)
    return cell


def _facts(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> dict[str, Any]:
    try:
        facts = json.loads(b"".join(pieces(archive, member)))
    except (*DAMAGE, RecursionError) as error:
        raise RefusedError(f"cell.json cannot be read ({shown(error)})") from error
    if not isinstance(facts, dict):
        raise RefusedError("cell.json is no cell: it has no entries")
    return facts


def _check(facts: Mapping[str, Any], place: str, members: Members) -> None:
    """Refuse what the store would take, because its own writer never writes it."""
    if facts.get("format") != cells.FORMAT:
        raise RefusedError(
            f"cell.json has format {shown(facts.get('format'))}, expected {cells.FORMAT}"
        )
    home = _home(facts.get("address"))
    if home != place:
        raise RefusedError(f"it is a cell whose place is {shown(home)}")
    sums = facts.get("sums")
    if not isinstance(sums, dict) or not all(map(_PLAIN.fullmatch, sums)) or "cell.json" in sums:
        raise RefusedError("cell.json names files that no cell has")
    if more := set(members) - {*sums, "cell.json"}:
        raise RefusedError(f"{shown(listed(sorted(more)))} is none of the cell's files")
    if missing := set(sums) - set(members) - {WEIGHTS}:
        raise RefusedError(f"{listed(sorted(missing))} is missing")
    status = facts.get("status")
    if not isinstance(facts.get("key"), str) or not isinstance(facts.get("depends", {}), dict):
        raise RefusedError("cell.json has no key that says what its numbers depend on")
    if status == "done" and "scores.csv" not in sums:
        raise RefusedError("it is done and has no scores.csv")
    if status == "failed" and not isinstance(facts.get("reason"), str):
        raise RefusedError("it failed and has no reason")


def _home(address: Any) -> str:
    """Give the place that an address names; refuse what only looks like one."""
    try:
        return Address(**address).folder(Path()).as_posix()
    except (TypeError, AttributeError, ValueError) as error:
        raise RefusedError("cell.json has no address of a cell") from error


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path) -> None:
    unpacked = pieces(archive, member)
    with file.open("wb") as stream:
        while True:
            try:
                piece = next(unpacked, b"")
            except DAMAGE as error:
                raise RefusedError(f"{file.name} cannot be unpacked ({shown(error)})") from error
            if not piece:
                break
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())

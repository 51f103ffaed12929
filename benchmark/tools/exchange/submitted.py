"""The zip of a submission: its folders, its form, and the records of where its cells came from."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark import CHECKOUT
from benchmark.data.archives.zips import CheckedZip
from benchmark.errors import RequestError, plain
from benchmark.store.address import Address
from benchmark.store.cells import read
from benchmark.store.origins import identity_of, note
from benchmark.tools.exchange.form import FORM, Form, read_form

MANIFEST, CODE, CELLS = "manifest.json", "code", "cells"
OWN = f"{CODE}/checkout/"
_SMALL = 1 << 20  # bytes of form and manifest


def top_of(folders: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the folder of a zip that is a submission; None if there is none.

    Args:
        folders: the folders of the zip with their files, of `sort_files`.
    """
    tops = (place for place, files in folders.items() if {FORM, MANIFEST} <= set(files))
    return min(tops, default=None, key=len)


def below(top: str, place: str) -> str | None:
    """Return the path of a folder below another; None if it is elsewhere."""
    if place == top or not top:
        return place.removeprefix(top)
    return place.removeprefix(f"{top}/") if place.startswith(f"{top}/") else None


def form_in(archive: CheckedZip, file: Path, folders: Mapping[str, Mapping[str, str]]) -> Form:
    """Read the form of a submission.

    Args:
        archive: the open zip.
        file: its name, for messages.
        folders: as of `sort_files`; one is a submission's.

    Raises:
        RequestError: it is malformed.
    """
    files = folders[top_of(folders) or ""]
    return read_form(small_file(archive, file, files[FORM]), f"{FORM} of {file}")


def small_file(archive: CheckedZip, file: Path, name: str) -> bytes:
    """Read a form or a manifest.

    Raises:
        RequestError: it is too large to be one.
    """
    if archive.sizes[name] > _SMALL:
        raise RequestError(f"{file}: {plain(name)} is larger than {_SMALL:,} bytes")
    return archive.read(name)


def submitter(
    archive: CheckedZip, file: Path, places: dict[str, dict[str, str]]
) -> dict[str, Any] | None:
    """Read who submits the cells of a zip; None for an export.

    Args:
        archive: the open zip.
        file: its name.
        places: its folders; what is no cell of a submission is removed. Its code is never run here.

    Raises:
        RequestError: the form is malformed or incomplete.
    """
    top = top_of(places)
    if top is None:
        return None
    form = form_in(archive, file, places)
    form.require_complete()
    for name in (FORM, MANIFEST):
        del places[top][name]
    code: dict[str, str] = {}
    for place in list(places):
        inner = below(top, place)
        if not places[place] or (inner is not None and f"{inner}/".startswith(f"{CODE}/")):
            code |= {f"{inner}/{name}": path for name, path in places.pop(place).items()}
    theirs = [name for name, path in code.items() if not _is_own(name, archive, path)]
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"authors": list(form.authors), "file": file.name, "zip": digest,
            "line": form.line, "code": theirs}  # fmt: skip


def _is_own(name: str, archive: CheckedZip, path: str) -> bool:
    """Return whether a code file of a zip is, byte for byte, this checkout's own."""
    own = CHECKOUT / name.removeprefix(OWN)
    known = name.startswith(OWN) and own.is_file() and own.stat().st_size == archive.sizes[path]
    return known and archive.read(path) == own.read_bytes()


def note_submitted(results: Path, address: Address, origin: Mapping[str, Any]) -> None:
    """Record that a cell came in a submission."""
    cell = read(address.folder(results))
    if cell is not None and cell.status == "done":
        with suppress(OSError, ValueError, KeyError):
            note(results, address, "submitted", identity_of(cell), origin)

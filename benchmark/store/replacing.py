"""Replace the folder of a cell at once, and keep the former one in `.superseded/`.

Folders of data sets may be links to other file systems, between which nothing can be renamed: what
crosses them is copied, and deleted when the copy is complete.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmark.store.files import flush_folder, replacing, writing

SUPERSEDED = ".superseded"


@contextmanager
def replacing_folder(results: Path, folder: Path, *, keep: bool = True) -> Iterator[Path]:
    """Replace the folder of a cell by a temporary one beside it, which the block fills.

    The former folder moves to `.superseded/`, and stays there if `keep` is True.

    Args:
        results: the results folder.
        folder: the folder of the cell, whose lock the caller holds.
        keep: whether to keep what was there.

    Raises:
        RequestError: it cannot be written to.
    """
    with writing(f"the results folder {results}"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            yield temporary
            flush_folder(temporary)
            former = put_in_place(results, temporary, folder)
            flush_folder(folder.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        if former and not keep:
            _delete(former)


def put_in_place(results: Path, made: Path, folder: Path) -> Path | None:
    """Move a finished folder to the place of a cell, and what is there to `.superseded/`.

    Returns:
        Where the former folder is then; None if there was none.

    Raises:
        OSError: it cannot be moved, and what was there is there again.
    """
    former = set_aside(results, folder)
    try:
        move_folder(made, folder)
    except BaseException:  # Ctrl-C, too
        if former and not folder.exists():
            move_folder(former, folder)
        raise
    return former


def set_aside(results: Path, folder: Path) -> Path | None:
    """Move a cell's folder to `.superseded/`, so that nothing finished is deleted.

    Returns:
        Where it is then; None if there was none.
    """
    if not folder.exists():
        return None
    kept = results / SUPERSEDED / folder.relative_to(results)
    kept.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    while (target := kept.with_name(f"{kept.name}.{number}")).exists():
        number += 1
    move_folder(folder, target)
    return target


def move_folder(folder: Path, target: Path) -> None:
    """Move a folder to where nothing is; `target` is never there in part.

    The caller holds the lock of the cell, whose next holder deletes what a kill leaves beside it.

    Raises:
        OSError: it cannot be moved, and stays where it is.
    """
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(folder, target)
        gone = folder.with_name(f".{folder.name}-moved")
        folder.rename(gone)  # at once: a folder that is deleted in part would look damaged
        shutil.rmtree(gone, ignore_errors=True)


def move_file(file: Path, target: Path) -> None:
    """Move a file to where another one may be; `target` is never there in part.

    Raises:
        OSError: it cannot be moved.
    """
    try:
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with replacing(target) as part:
            shutil.copyfile(file, part)
        file.unlink()


def _copy(folder: Path, target: Path) -> None:
    """Copy a folder to another file system, all of it or nothing."""
    part = target.with_name(f".{target.name}-part")
    shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
    try:
        shutil.copytree(folder, part)
        for file in filter(Path.is_file, part.rglob("*")):
            with file.open("r+b") as stream:
                os.fsync(stream.fileno())
        flush_folder(part)
        part.rename(target)
        flush_folder(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _delete(former: Path) -> None:
    """Delete a cell's folder in `.superseded/`, and the folders above that are empty then."""
    shutil.rmtree(former, ignore_errors=True)
    with suppress(OSError):  # up to the first folder that is not empty
        while (former := former.parent).name != SUPERSEDED:
            former.rmdir()
        former.rmdir()

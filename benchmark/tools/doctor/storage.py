"""Are the folders fit for a run: rights, space, file system, and what lies in them."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import FileLock

from benchmark.engine import environment
from benchmark.store import cells
from benchmark.store.files import write_flushed
from benchmark.store.lock import WORK
from benchmark.tools.doctor.finding import GIB, Finding, sized

PLENTY = GIB  # results of a few dozen cells, and the prepared scenes of a data set
LEAST = GIB // 16
_TRIAL = bytes(2**16)


def nearest(path: Path) -> Path:
    """Give the path itself if anything is there, otherwise the nearest folder above it."""
    whole = path.absolute()
    # Not `exists`: a link that leads nowhere is in the way of a folder.
    return next((one for one in (whole, *whole.parents) if os.path.lexists(one)), whole)


def folder(option: str, path: Path) -> Iterator[Finding]:
    """Try whether a run can write there; leaves nothing behind.

    Args:
        option: what chooses the folder on the command line: "results", "cache" or "data". Data
            are read, so that a folder for them need not be writable.
        path: the folder.
    """
    place = nearest(path)
    there = place == path.absolute()
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=place) as trial:
            write_flushed(Path(trial, "file"), _TRIAL)
            if option != "data":  # two runs at once keep each other off by locks
                FileLock(Path(trial, "lock")).acquire(timeout=0).lock.release()
    except NotImplementedError:  # what a lock raises where there are none
        text = f"{path} is on a file system without locks, which a run needs"
        yield Finding(option, "error", text, f"choose another folder with --{option}")
        return
    except OSError as error:
        reason = error.strerror or str(error)
        if option == "data" and path.is_dir() and os.access(path, os.R_OK | os.X_OK):
            text = f"{path} can be read but not written to ({reason}); nothing can be fetched"
            yield Finding(option, "ok", text)
            return
        act = "written to" if there else f"made in {place}"
        yield Finding(
            option,
            "warning" if option == "data" else "error",
            f"{path} cannot be {act}: {reason}",
            f"make room or change its rights, or choose another folder with --{option}",
        )
        return
    made = "a fetch" if option == "data" else "a run"
    text = f"{path} can be written to" if there else f"{path} is not there yet; {made} makes it"
    yield Finding(option, "ok", text)


def space(folders: Mapping[str, Path]) -> Iterator[Finding]:
    """Say how much room there is, once for each disk.

    Args:
        folders: option to folder.
    """
    disks: dict[int, list[str]] = {}
    usages = {}
    for option, path in folders.items():
        place = nearest(Path(os.path.realpath(path)))  # where links lead
        disks.setdefault(place.stat().st_dev, []).append(option)
        usages[place.stat().st_dev] = shutil.disk_usage(place)
    for disk, options in disks.items():
        usage = usages[disk]
        text = f"{sized(usage.free)} of {sized(usage.total)} free for {', '.join(options)}"
        if usage.free >= PLENTY:
            yield Finding("space", "ok", text)
            continue
        chosen = " or ".join(f"--{option}" for option in options)
        yield Finding(
            "space",
            "error" if usage.free < LEAST else "warning",
            f"{text}; a run should have {sized(PLENTY)}",
            f"make room, or choose another disk with {chosen}",
        )


def file_systems(folders: Mapping[str, Path]) -> Iterator[Finding]:
    """Say which folders are on a network, where locks may not keep two runs apart.

    Args:
        folders: option to folder.
    """
    local = []
    for option, path in folders.items():
        kind = environment.file_system(nearest(path))
        if kind in environment.NETWORK:
            yield Finding(
                "file system",
                "warning",
                f"{option} is on {kind}, a network file system: two runs at once, on two "
                "machines, may not see each other's locks",
                f"choose a local folder with --{option}, or let one run at a time use it",
            )
        else:
            local.append(f"{option} on {kind or 'a kind not known here'}")
    if local:
        yield Finding("file system", "ok", ", ".join(local))


def leftovers(results: Path, cache: Path) -> Iterator[Finding]:
    """Say what interrupted runs and newer cells have left behind, and how large it is."""
    for name, folder_name, note, remedy in (
        ("unfinished cells", WORK, "a run is at them, or the same command goes on with them", ""),
        ("superseded cells", cells.SUPERSEDED, "no table reads them", "delete them if you like"),
    ):
        place = results / folder_name
        count, size = _held(place)
        if count:
            text = f"{count} in {place}, {sized(size)}; {note}"
            yield Finding(name, "ok", text, remedy)
        else:
            yield Finding(name, "ok", "none")
    # A preparation that was killed could not remove its temporary file.
    sizes = [size for file in cache.glob("scenes/*/.*") if (size := _size(file))]
    if sizes:
        text = f"{len(sizes)} in {cache}, {sized(sum(sizes))}"
        remedy = "delete them, hidden files there, while no run is going on"
        yield Finding("unfinished scenes", "ok", text, remedy)


def _held(root: Path) -> tuple[int, int]:
    """Count the folders below one that hold files themselves, and the bytes of all files."""
    folders, size = 0, 0
    for place, _, names in os.walk(root):
        folders += bool(names)
        size += sum(_size(Path(place, name)) for name in names)
    return folders, size


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:  # a run that is going on has just renamed it
        return 0


def damaged(results: Path) -> Iterator[Finding]:
    """Name the stored cells that do not hold together."""
    found = cells.damaged(results)
    if not found:
        yield Finding("damaged cells", "ok", "none")
    for why in found[:5]:
        remedy = "the run that made it sets it aside and makes it again"
        yield Finding("damaged cell", "warning", why, remedy)
    if len(found) > 5:
        yield Finding("damaged cells", "warning", f"and {len(found) - 5} more")

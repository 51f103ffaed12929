"""Checks of the folders, of the stored cells, and of the data sets."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import command
from benchmark.errors import RequestError, counted, listed
from benchmark.tools.doctor.finding import Finding, Level

if TYPE_CHECKING:
    from benchmark.dataset import DataSet

# File systems whose locks another machine may not see.
NETWORK = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "fuse.glusterfs", "gpfs"),
    *("lustre", "nfs", "nfs4", "smb3", "smbfs", "fuse.rclone", "fuse.s3fs", "wekafs"),
}
ENOUGH = 1.0  # GiB, for a few dozen cells and the prepared scenes of a data set
LEAST = 1 / 16
MOST = 8  # files of a data set to name


def folder(option: str, path: Path) -> Iterator[Finding]:
    """Check that a run can write and lock files in a folder; leave nothing there.

    Args:
        option: its command-line option: "results", "cache" or "data". Data are only read.
        path: the folder; if it does not exist yet, its nearest existing parent is checked.
    """
    from filelock import FileLock

    from benchmark.store.files import refuses_locks, write_flushed

    whole = path.absolute()
    # Not `exists`: a broken link prevents a run from creating the folder.
    place = next((one for one in (whole, *whole.parents) if os.path.lexists(one)), whole)
    level: Level = "warning" if option == "data" else "error"
    other = f"choose another folder with --{option}"
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=place) as trial:
            write_flushed(Path(trial, "file"), bytes(2**16))
            FileLock(Path(trial, "lock")).acquire(timeout=0).lock.release()
    except (OSError, NotImplementedError) as error:  # the latter: a file system without locks
        reason = getattr(error, "strerror", None) or error
        if option == "data" and path.is_dir() and os.access(path, os.R_OK | os.X_OK):
            yield Finding(option, "ok", f"{path} is read-only ({reason}); fetch cannot write there")
        elif refuses_locks(error):
            text = f"the file system of {place} refuses locks: {reason}"
            yield Finding(option, level, text, f"mount it with locks, or {other}")
        else:
            text = f"{place} cannot be written to: {reason}"
            yield Finding(option, level, text, f"make room or change its permissions, or {other}")
        return
    free, kind = shutil.disk_usage(place).free / 2**30, _file_system(place)
    state = "is writable" if place == whole else "does not exist yet and can be created"
    text = f"{path} {state}, {free:.1f} GiB free on {kind or 'an unknown file system'}"
    if free < ENOUGH:
        level = level if free < LEAST else "warning"
        yield Finding(option, level, text, f"make room ({ENOUGH:.0f} GiB), or {other}")
    elif kind in NETWORK and option != "data":
        text += ", a network file system: runs on two machines may not see each other's locks"
        yield Finding(option, "warning", text, f"run on one machine at a time, or {other}")
    else:
        yield Finding(option, "ok", text)


def _file_system(path: Path) -> str:
    """Return the type of the file system that a path is on; empty if unknown."""
    import psutil

    real = Path(os.path.realpath(path))
    with suppress(OSError):
        mounts = {Path(one.mountpoint): one.fstype for one in psutil.disk_partitions(all=True)}
        above = [mount for mount in mounts if real.is_relative_to(mount)]
        return str(mounts[max(above, key=lambda mount: len(mount.parts))]) if above else ""
    return ""


def damaged_cells(results: Path) -> Iterator[Finding]:
    """Name the stored cells that are incomplete or changed."""
    from benchmark.store.cells import damaged

    found = damaged(results)
    remedy = "the command that made it moves it to .superseded and computes it again"
    yield from (Finding("damaged cell", "warning", reason, remedy) for reason in found[:5])
    level: Level = "warning" if found else "ok"
    yield Finding("damaged cells", level, f"{len(found)} in {results}")


def data_sets(data: Path) -> Iterator[Finding]:
    """Look for the scenes of every registered data set, and compare them with the published ones.

    Nothing is written.
    """
    from benchmark.dataset import DATASETS

    for entry in DATASETS:
        name = f"data set {entry.name}"
        try:
            yield from _data_set(name, DATASETS.make(entry.name), data)
        except Exception as error:  # noqa: BLE001 - plugins raise anything
            yield Finding(name, "error", f"its plugin fails: {type(error).__name__}: {error}")


def _data_set(name: str, dataset: "DataSet", data: Path) -> Iterator[Finding]:
    from benchmark.data.checks import check_names
    from benchmark.dataset import DATASETS

    if dataset.required:
        example = f"{dataset.name}[{dataset.required}]"
        yield Finding(name, "ok", f"not checked: its scenes are named in use, as {example}")
        return
    try:
        check_names(dataset, DATASETS.label(dataset))
    except RequestError as error:
        yield Finding(name, "error", str(error))
        return
    total = counted(len(dataset.scenes), "scene")
    if dataset.synthetic:
        yield Finding(name, "ok", f"{total}, computed on demand")
        return
    if packed := _packed(data, dataset.name):
        text = f"not checked: {listed(packed, 4)} may hold its scenes"
        yield Finding(name, "warning", text, "the next run that uses the data set unpacks them")
        return
    there = list(dataset.scenes)
    try:
        dataset.open(data, dataset.scenes)
    except RequestError as error:
        there = [scene for scene in dataset.scenes if _opens(dataset, data, scene)]
        missing = [scene for scene in dataset.scenes if scene not in there]
        reason = f"missing: {listed(missing)}" if missing else str(error)
        text = f"{len(there)} of {total} below {data}; {reason}"
        yield Finding(name, "warning", text, ", or ".join(_remedies(dataset, data, there)))
    else:
        yield Finding(name, "ok", f"{len(there)} of {total} below {data}")
    if there:
        yield from _unpublished(dataset, data, there)


def _remedies(dataset: "DataSet", data: Path, there: list[str]) -> Iterator[str]:
    from benchmark.dataset import DataSet

    if dataset.home:
        yield f"get them from {dataset.home}"
    if there:
        yield f"use those found: --scenes {','.join(there)}"
    if type(dataset).fetch is not DataSet.fetch:
        yield f"run: {command('fetch', dataset.name, data=data)}"


def _unpublished(dataset: "DataSet", data: Path, scenes: list[str]) -> Iterator[Finding]:
    """Name what is not known to be the published data, after the first ones only their number."""
    found, name = dataset.unpublished(data, scenes), f"files of {dataset.name}"
    yield from (Finding(name, "warning", text) for text in found[:MOST])
    if len(found) > MOST:
        yield Finding(name, "warning", f"{len(found) - MOST} more of the kind")


def _opens(dataset: "DataSet", data: Path, scene: str) -> bool:
    try:
        dataset.open(data, [scene])
    except RequestError:
        return False
    return True


def _packed(data: Path, name: str) -> list[Path]:
    """List tar archives that opening a data set would unpack, which takes minutes and gigabytes.

    Archives beside a folder of the same name are unpacked already; those in the folder of another
    data set belong to it.
    """
    from benchmark.dataset import DATASETS

    others = {entry.name for entry in DATASETS} - {name}
    return [
        file
        for depth in ("*", "*/*", "*/*/*")
        for file in data.glob(depth)
        if file.name.lower().endswith((".tgz", ".tar.gz", ".tar"))
        and file.relative_to(data).parts[0].lower() not in others
        and not file.with_name(re.split(r"\.t", file.name, flags=re.IGNORECASE)[0]).exists()
    ]

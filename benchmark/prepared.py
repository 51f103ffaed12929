"""Prepared scenes: a data set decoded and verified once, kept in one HDF5 file.

The file is keyed by what it was made from (the data set's parameters, its files' names, sizes and
times) and made anew when that changes. Every scene carries the SHA-256 of its values; a scene
that no longer agrees makes the whole file be made anew.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from benchmark.dataset import DataSet, Scene, Source
from benchmark.disk import flush_folder, locked
from benchmark.errors import RequestError
from benchmark.store import key_of

FORMAT = 2

Announce = Callable[[int, int, str], None]


class DamagedError(Exception):
    """The prepared file does not hold what it says."""


def digest(scene: Scene) -> str:
    """Hash a scene: its values, their type and shape, wavelengths and peak."""
    facts = [str(scene.cube.dtype), list(scene.cube.shape), list(scene.wavelengths), scene.peak]
    hasher = hashlib.sha256(json.dumps(facts).encode())
    hasher.update(np.ascontiguousarray(scene.cube).data)
    return hasher.hexdigest()


class PreparedScenes:
    """The scenes of one data set, ready to be read.

    Attributes:
        digests: SHA-256 of every scene; what a cell's key takes for the data.
        shapes: (rows, columns, bands) of every scene.
    """

    def __init__(self, file: Path, remake: Callable[[], None]) -> None:
        self._file = file
        self._remake = remake
        self._look()

    def _look(self) -> None:
        _, index = _opened(self._file)
        self.digests: Mapping[str, str] = {name: row["sha256"] for name, row in index.items()}
        self.shapes: Mapping[str, tuple[int, int, int]] = {
            name: tuple(row["shape"]) for name, row in index.items()
        }

    def read(self, name: str) -> Scene:
        """Read one scene and verify its values; a damaged file is made anew, once.

        Raises:
            RequestError: the file is damaged again right after it was made.
        """
        try:
            return self._read(name)
        except Exception:  # noqa: BLE001 - a damaged HDF5 file raises nearly anything
            self._remake()
            self._look()
        try:
            return self._read(name)
        except Exception as error:
            raise RequestError(
                f"{self._file} is damaged again right after it was made ({error}); check the "
                "disk, or choose another folder with --cache"
            ) from error

    def _read(self, name: str) -> Scene:
        with h5py.File(self._file, "r") as h5:
            data = h5["scenes"][name]
            row = json.loads(str(data.attrs["facts"]))
            scene = Scene(name, self._values(data), tuple(row["wavelengths"]), row["peak"])
        if digest(scene) != self.digests[name]:
            raise DamagedError(f"scene {name} does not agree with its hash")
        return scene

    def _values(self, data: h5py.Dataset) -> np.ndarray:
        """Map a scene into memory: all processes share the system's one copy of the file."""
        return np.memmap(self._file, data.dtype, "r", data.id.get_offset(), data.shape)


def prepare(
    dataset: DataSet,
    label: str,
    root: Path,
    scenes: Sequence[str],
    cache: Path,
    announce: Announce = lambda *_: None,
) -> PreparedScenes:
    """Open the prepared file of these scenes, making it first where needed.

    Args:
        dataset: what reads the files.
        label: its canonical reference, which names the file.
        root: the folder that holds `cave/` and so on.
        scenes: which scenes.
        cache: the folder for prepared files; made if it is not there.
        announce: called with (scenes done, scenes in all, scene) while preparing.

    Raises:
        RequestError: scenes are missing or damaged, or the cache cannot be written to.
    """
    source = dataset.open(root, scenes)
    key = key_of({"format": FORMAT, "label": label, "stamp": source.stamp, "scenes": list(scenes)})
    whole = list(scenes) == list(dataset.scenes)
    part = "" if whole else "-" + key_of({"scenes": list(scenes)})[:8]
    file = cache / f"{re.sub(r'[^A-Za-z0-9.-]+', '_', label).strip('_')}{part}.h5"

    def make(*, damaged: bool = True) -> None:
        try:
            with locked(file.with_name(f".{file.name}.lock")):
                # Whoever waited for another process finds the file made.
                if damaged or _key(file) != key:
                    _make(source, scenes, file, key, announce)
        except OSError as error:
            raise RequestError(
                f"cannot prepare scenes in {file.parent}: {error.strerror or error}; free space "
                "there or choose another folder with --cache"
            ) from error

    if _key(file) != key:
        make(damaged=False)
    return PreparedScenes(file, make)


def _opened(file: Path) -> tuple[str, dict[str, Any]]:
    """Give a prepared file's key and index, sealed by a hash of both."""
    with h5py.File(file, "r") as h5:
        key, index = str(h5.attrs["key"]), str(h5.attrs["index"])
        if h5.attrs["seal"] != key_of({"key": key, "index": index}):
            raise DamagedError(f"{file} does not agree with its seal")
    return key, json.loads(index)


def _key(file: Path) -> str:
    try:
        return _opened(file)[0]
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is made anew
        return ""


def _make(source: Source, scenes: Sequence[str], file: Path, key: str, announce: Announce) -> None:
    # One name for all times: what a killed process leaves, the next one writes over.
    temporary = file.with_name(f".{file.name}.part")
    try:
        # The latest format carries checksums of its own structure.
        with h5py.File(temporary, "w", libver="latest") as h5:
            index = {}
            for number, name in enumerate(scenes):
                announce(number, len(scenes), name)
                scene = source.read(name)
                data = h5.create_dataset(f"scenes/{name}", data=scene.cube)
                row = {"wavelengths": list(scene.wavelengths), "peak": scene.peak}
                data.attrs["facts"] = json.dumps(row)
                index[name] = {"sha256": digest(scene), "shape": list(scene.cube.shape)}
            text = json.dumps(index)
            h5.attrs["key"], h5.attrs["index"] = key, text
            h5.attrs["seal"] = key_of({"key": key, "index": text})
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(file)
        flush_folder(file.parent)
        announce(len(scenes), len(scenes), "")
    finally:
        with suppress(OSError):
            temporary.unlink()

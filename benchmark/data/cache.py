"""Prepared scenes: a data set decoded and verified once, stored as one safetensors file per scene.

A file carries a key, the hash of its inputs (the data set's source and parameters, its files'
names, sizes and times), and is written again when that changes. It also carries the SHA-256 of its
values; a scene that does not match is prepared again, without the others.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from benchmark.data.checks import check_source, checked, failing, truth_digest
from benchmark.dataset import DataSet, Scene, Source
from benchmark.errors import RequestError
from benchmark.plugins.fingerprint import source_of
from benchmark.store.address import key_of, place_name
from benchmark.store.files import locked, write_file, writing

FORMAT = 5

# Called with (label, items done, items in all, name of the next item) while something takes long.
ProgressCallback = Callable[[str, int, int, str], None]


def no_progress(label: str, done: int, total: int, item: str) -> None:
    """Ignore progress."""


def digest(scene: Scene) -> str:
    """Compute the SHA-256 of a scene: its values, their type and shape, wavelengths and peak."""
    facts = [str(scene.cube.dtype), list(scene.cube.shape), list(scene.wavelengths), scene.peak]
    hasher = hashlib.sha256(json.dumps(facts).encode())
    hasher.update(np.ascontiguousarray(scene.cube).data)
    return hasher.hexdigest()


class PreparedScenes:
    """The scenes of one data set, ready to be read.

    Args:
        folder: where their files are.
        source: reads the data set's files.
        key: the hash of everything that the scenes depend on.
        label: the data set's canonical reference, for messages.
    """

    def __init__(self, folder: Path, source: Source, key: str, label: str) -> None:
        self._folder, self._source, self._key, self._label = folder, source, key, label
        self._facts: dict[str, dict[str, Any]] = {}

    @property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of every scene: the part of a cell's key that stands for the data."""
        return {name: facts["sha256"] for name, facts in self._facts.items()}

    @property
    def shapes(self) -> Mapping[str, tuple[int, int, int]]:
        """(rows, columns, bands) of every scene."""
        return {name: tuple(facts["shape"]) for name, facts in self._facts.items()}

    @property
    def facts(self) -> Mapping[str, Mapping[str, Any]]:
        """What is stored with every scene: the arguments of `Scene`, its hashes, and its shape."""
        return self._facts

    def read(self, name: str) -> Scene:
        """Read one scene and verify its values; prepare a damaged one again.

        Raises:
            RequestError: its files changed since it was prepared, or cannot be read.
        """
        facts = self._facts[name]
        scene = _stored(self._file(name), name, facts)
        if scene is None:
            with self.writing():
                scene = self.make(name)
            if self._facts[name]["sha256"] != facts["sha256"]:
                raise RequestError(
                    f"scene {name} changed during the run; run the same command again"
                )
        return scene

    def find(self, name: str) -> bool:
        """Return whether the cache holds a scene that was prepared from the current files."""
        facts = _facts(self._file(name))
        if facts is None or facts["key"] != self._key:
            return False
        self._facts[name] = facts
        return True

    def make(self, name: str) -> Scene:
        """Read a scene from the data set's files and store it in the cache, inside `writing`.

        Raises:
            RequestError: the files are damaged, the scene is not as `Scene` describes it, or the
                cache cannot be written to.
        """
        with failing(self._source, f"{self._label}: scene {name}"):
            delivered = self._source.read(name)
        scene = checked(delivered, name, self._label, self._source.remedy(name))
        facts = {
            "key": self._key,
            "sha256": digest(scene),
            "truth": truth_digest(scene),
            "type": str(scene.cube.dtype),
            "shape": list(scene.cube.shape),
            "wavelengths": list(scene.wavelengths),
            "peak": scene.peak,
            "remark": scene.remark,
        }
        text = json.dumps({**facts, "checksum": key_of(facts)})
        content = save({"cube": np.ascontiguousarray(scene.cube)}, {"facts": text})
        write_file(self._file(name), content, "--cache")
        self._facts[name] = facts
        return scene

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Lock the folder, so that only one process prepares these scenes.

        Raises:
            RequestError: the cache cannot be written to.
        """
        with writing(self._folder, "--cache"), locked(self._folder / ".lock"):
            yield

    def _file(self, name: str) -> Path:
        return self._folder / f"{place_name(name)}.safetensors"


def _facts(file: Path) -> dict[str, Any] | None:
    """Read the metadata of a scene's file; return None if it is missing or damaged."""
    try:
        with safe_open(file, "numpy") as opened:
            facts: dict[str, Any] = json.loads(opened.metadata()["facts"])
        checksum = facts.pop("checksum")
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is prepared again
        return None
    return facts if checksum == key_of(facts) else None


def _stored(file: Path, name: str, facts: dict[str, Any]) -> Scene | None:
    """Read a scene; return None if its file is missing or its values do not match the hash."""
    try:
        with file.open("rb") as stream:
            start = 8 + int.from_bytes(stream.read(8), "little")  # of the values
        # Memory-mapped: processes share one copy, where safetensors would copy for each.
        cube = np.memmap(file, facts["type"], "r", start, tuple(facts["shape"]))
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is prepared again
        return None
    scene = Scene(name, cube, tuple(facts["wavelengths"]), facts["peak"], facts["remark"])
    return scene if digest(scene) == facts["sha256"] else None


def _plain_name(label: str) -> str:
    """Return a label in letters, digits and _; with a hash where others would have the same.

    Two data sets in one folder would prepare their scenes again and again.
    """
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", label).strip("_")
    usual = re.fullmatch(r"[A-Za-z0-9_.,=+\[\]-]+", label)  # without paths and other scripts
    return name if usual else f"{name}-{key_of(label)[:8]}"


def prepare(
    dataset: DataSet,
    label: str,
    root: Path,
    scenes: Sequence[str],
    cache: Path,
    progress: ProgressCallback = no_progress,
) -> PreparedScenes:
    """Open the prepared files of these scenes, after preparing those that are missing.

    Args:
        dataset: the data set.
        label: its canonical reference, which names the folder.
        root: the folder that holds `cave/` and so on.
        scenes: which scenes.
        cache: the folder for prepared scenes; created if it does not exist.
        progress: called before each scene that is prepared, and at the end with an empty name.

    Raises:
        RequestError: scenes are missing, damaged or not as `Scene` describes them, or the cache
            cannot be written to.
    """
    with failing(dataset, label):
        source = dataset.open(root, scenes)
    check_source(source, label)
    inputs = {
        "format": FORMAT,
        "label": label,
        # The label names those that differ from their defaults; a default may come from elsewhere.
        "parameters": asdict(dataset) if is_dataclass(dataset) else {},
        "stamp": source.stamp,
        # All names: a data set may scale scenes by their common maximum.
        "scenes": list(scenes),
        # A cell's key has the digests of its scenes alone: an edit of the source that changes no
        # value prepares the scenes again, and leaves the cells as they are.
        "source": [source_of(type(dataset)), source_of(type(source))],
    }
    key = key_of(inputs)
    whole = list(scenes) == list(dataset.scenes)
    part = "" if whole else "-" + key_of({"scenes": list(scenes)})[:8]
    folder = cache / "scenes" / place_name(f"{_plain_name(label)}{part}")  # cut where it is long
    prepared = PreparedScenes(folder, source, key, label)
    if all(prepared.find(scene) for scene in scenes):
        return prepared
    with prepared.writing():
        # Checked again: another process may have prepared them while this one waited.
        missing = [scene for scene in scenes if not prepared.find(scene)]
        for number, scene in enumerate(missing):
            progress(label, number, len(missing), scene)
            prepared.make(scene)
        progress(label, len(missing), len(missing), "")
    return prepared

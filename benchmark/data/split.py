"""The split of a data set: training, validation and test scenes, as tensors."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.data.cache import PreparedScenes, ProgressCallback, no_progress, prepare
from benchmark.data.checks import Delivered, check_division, check_names, check_together
from benchmark.dataset import DATASETS, DataSet, Scene
from benchmark.errors import RequestError, counted, listed, meant
from benchmark.protocol import PROTOCOLS, Protocol
from benchmark.store.address import key_of


def truth_of(scene: Scene) -> Tensor:
    """Convert a scene to the ground truth: (bands, rows, columns) float32 in [0, 1]."""
    values = scene.cube.astype(np.float32) / np.float32(scene.peak)
    return torch.from_numpy(values).permute(2, 0, 1).contiguous()


@dataclass(frozen=True)
class SceneSet:
    """Scenes that are read on demand; iterating yields each ground truth (see `truth_of`)."""

    entries: tuple[tuple[PreparedScenes, str], ...]

    @property
    def names(self) -> list[str]:
        """The scenes' names."""
        return [name for _, name in self.entries]

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """(rows, columns, bands) of every scene."""
        return [prepared.shapes[name] for prepared, name in self.entries]

    @property
    def digests(self) -> list[str]:
        """SHA-256 of every scene."""
        return [prepared.digests[name] for prepared, name in self.entries]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Tensor]:
        for prepared, name in self.entries:
            yield truth_of(prepared.read(name))


@dataclass(frozen=True)
class DataRequest:
    """The data to load for one table.

    Attributes:
        reference: the data set to test on, as on the command line.
        train_on: the data sets to train on; empty for the same one.
        scenes: a subset of scenes, in any case; empty for all.
        root: the folder that holds `cave/` and so on.
        cache: the folder for prepared scenes.
    """

    reference: str
    train_on: tuple[str, ...]
    scenes: tuple[str, ...]
    root: Path
    cache: Path


@dataclass(frozen=True)
class Split:
    """The scenes that one table's methods are trained, validated and tested on.

    Attributes:
        request: what it was loaded from; loading that again returns the same split.
        label: name of the results folder and of the table.
        dataset: the data set to test on.
        subset: True if `--scenes` left scenes out.
        trained_on: labels of the data sets that the training scenes come from.
        train: training scenes; may be empty.
        validation: scenes held out from training; may be empty.
        test: test scenes, one or more.
        remark: what every table must say about the data sets and their scenes; may be empty.
        marks: the scenes' own part of it, for the titles of tables.
        divided_by: label of the protocol that divides the scenes; empty for the data set's own
            division.
        left_out: scenes that the protocol does not use.
    """

    request: DataRequest
    label: str
    dataset: DataSet
    subset: bool
    trained_on: tuple[str, ...]
    train: SceneSet
    validation: SceneSet
    test: SceneSet
    remark: str
    marks: tuple[str, ...]
    divided_by: str
    left_out: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Describe the data for a cell's configuration."""
        return {
            "name": self.dataset.name,
            "title": self.dataset.title,
            "synthetic": self.dataset.synthetic,
            "independent": self.dataset.independent,
            "bands": self.test.shapes[0][2],
            "split": self.divided_by,
            "left_out": list(self.left_out),
            "remark": self.remark,
            "marks": list(self.marks),
            "subset": self.subset,
            "trained_on": list(self.trained_on),
            "train": self.train.names,
            "validation": self.validation.names,
            "test": self.test.names,
        }


def check_scenes(references: Sequence[str], scenes: Sequence[str]) -> None:
    """Check that each scene belongs to one of these data sets.

    Raises:
        RequestError: a scene or a data set is unknown (the message suggests similar names), or
            the names of a data set are wrong.
    """
    known: dict[str, str] = {}  # by the name in lower case
    for dataset in map(DATASETS.make, references):
        check_names(dataset, DATASETS.label(dataset))
        known.update((name.lower(), name) for name in dataset.scenes)
    for name in scenes:
        if name.lower() not in known:
            names = sorted(known.values())
            guess = meant(name, names, 0.5).strip() or f"there are {listed(names)}"
            raise RequestError(f"--scenes: {listed(references)} has no scene '{name}'; {guess}")


def load_split(
    request: DataRequest, protocol: Protocol, progress: ProgressCallback = no_progress
) -> Split:
    """Find, verify and prepare the scenes of one table.

    Args:
        request: the data sets, scenes and folders.
        protocol: divides the scenes into training, validation and test.
        progress: called while scenes are prepared, with the data set's label.

    Raises:
        RequestError: something is unknown, missing, damaged or does not fit together.
    """
    wanted = {name.lower() for name in request.scenes}
    tested = DATASETS.make(request.reference)
    label = DATASETS.label(tested)
    training = list(dict.fromkeys(map(DATASETS.make, request.train_on))) or [tested]
    trained_on = tuple(map(DATASETS.label, training))
    datasets = {DATASETS.label(dataset): dataset for dataset in (tested, *training)}
    for key, dataset in datasets.items():
        check_names(dataset, key)
    divisions = {key: protocol.division(dataset) for key, dataset in datasets.items()}
    for key, dataset in datasets.items():
        check_division(divisions[key], dataset, f"{PROTOCOLS.label(protocol)} on {key}")
    selected = {
        key: [
            name
            for name in dataset.scenes
            if (not wanted or name.lower() in wanted) and name not in divisions[key].left_out
        ]
        for key, dataset in datasets.items()
    }
    assigned = {key: protocol.roles(dataset, selected[key]) for key, dataset in datasets.items()}
    tests = divisions[label].test
    if not tests:
        example = f"name some, as in {tested.name}[{tested.required}], or " * bool(tested.required)
        raise RequestError(
            f"{label}: expected one or more scenes in `test`, found none of its scenes "
            f"{listed(tested.scenes, 20)}; {example}test on another data set and train on this "
            f"one with --train-on {label}"
        )
    if not assigned[label].test:
        raise RequestError(
            f"--scenes leaves no test scene of {label}; under {PROTOCOLS.label(protocol)} its test "
            f"scenes are {listed(tests, 32)}"
        )
    prepared = {
        key: prepare(dataset, key, request.root, selected[key], request.cache, progress)
        for key, dataset in datasets.items()
    }

    used = [
        (role, key, name)
        for role, keys in (("train", trained_on), ("validation", trained_on), ("test", (label,)))
        for key in keys
        for name in getattr(assigned[key], role)
    ]
    check_together(
        [_delivered(role, key, name, prepared[key].facts[name]) for role, key, name in used]
    )

    def scene_set(role: str) -> SceneSet:
        return SceneSet(tuple((prepared[key], name) for one, key, name in used if one == role))

    remarks = [(key, name, prepared[key].facts[name]["remark"]) for _, key, name in used]
    subset = any(
        len(selected[key]) + len(divisions[key].left_out) < len(dataset.scenes)
        for key, dataset in datasets.items()
    )
    chosen = {name for _, _, name in used}
    return Split(
        request=request,
        label=_folder_label(label, chosen if subset else (), trained_on),
        dataset=tested,
        subset=subset,
        trained_on=trained_on,
        train=scene_set("train"),
        validation=scene_set("validation"),
        test=scene_set("test"),
        remark=_remark(datasets, remarks),
        marks=tuple(dict.fromkeys(remark for _, _, remark in remarks if remark)),
        divided_by=PROTOCOLS.label(protocol) if tested.name in protocol.splits else "",
        left_out=divisions[label].left_out,
    )


def _delivered(role: str, label: str, name: str, facts: Mapping[str, Any]) -> Delivered:
    return Delivered(
        dataset=label,
        name=name,
        role="training" if role == "train" else role,
        shape=tuple(facts["shape"]),
        wavelengths=tuple(facts["wavelengths"]),
        truth=facts["truth"],
    )


def _remark(datasets: Mapping[str, DataSet], scenes: Sequence[tuple[str, str, str]]) -> str:
    """Join the remarks of data sets and scenes, scenes with the same remark in one sentence.

    Args:
        datasets: by label, first the one that is tested on.
        scenes: label, name and remark of every scene that is used.
    """
    marked: dict[str, list[str]] = {}
    for label, name, remark in scenes:
        if remark:
            shown = f"{name} of {label}" if len(datasets) > 1 else name
            marked.setdefault(remark, []).append(shown)
    sentences = [dataset.remark for dataset in datasets.values() if dataset.remark]
    for remark, names in marked.items():
        share = f"{len(names)} of {counted(len(scenes), 'scene')}"
        sentences.append(f"{remark[0].upper()}{remark[1:]}: {share} ({listed(names)}).")
    return " ".join(dict.fromkeys(sentences))


def _folder_label(label: str, scenes: Collection[str], trained_on: Sequence[str]) -> str:
    """Append `+scenes` for a subset, and `@trained-on` for other training data, to a label."""
    extended = label
    if scenes:
        names = "+".join(sorted(scenes))
        short = re.fullmatch(r"[A-Za-z0-9_+-]{1,60}", names)
        extended += "+" + (names if short else f"{len(scenes)}scenes-{key_of({'s': names})[:8]}")
    if list(trained_on) != [label]:
        extended += "@" + "+".join(trained_on)
    return extended

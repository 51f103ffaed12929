"""Which cells an experiment consists of, and what the numbers of each depend on."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmark.data.patches import check_sizes
from benchmark.data.split import DataRequest, Split, load_split
from benchmark.engine.training import profiles
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.request import Experiment
from benchmark.method import METHODS, Method, NetworkMethod, Problem
from benchmark.plugins.fingerprint import source_of
from benchmark.plugins.parameters import split_list
from benchmark.protocols import catalogue
from benchmark.protocols.degradation import Degradation
from benchmark.protocols.protocol import Protocol
from benchmark.store.address import Address, key_of
from benchmark.store.cells import Cell

# Raise it when the engine's numerics change: every stored cell becomes stale.
NUMERICS = 2


@dataclass(frozen=True)
class CellPlan:
    """One cell to compute: a method at one scale and seed, on one data set, by one profile.

    Attributes:
        address: its place in the results folder.
        key: hash of everything that its numbers depend on.
        depends: the same part by part: what it depends on, and the hash of that.
        method: the method with its parameters.
        protocol: how low-resolution images are made and estimates are scored.
        profile: how long a network is trained.
        split: training, validation and test scenes.
        configuration: as stored in `cell.json`.
    """

    address: Address
    key: str
    depends: dict[str, str]
    method: Method
    protocol: Protocol
    profile: Profile
    split: Split
    configuration: dict[str, Any]

    def problem(self) -> Problem:
        """Return what the method may know while fitting."""
        rows, columns, bands = min(self.split.train.shapes or self.split.test.shapes)
        scale = self.address.scale
        degradation = Degradation(self.protocol, scale)
        return Problem(scale, bands, (rows, columns), degradation, self.address.seed)


@dataclass(frozen=True)
class TablePlan:
    """The cells of one table, and the label of its data set's results."""

    label: str
    cells: list[CellPlan]


def plan_tables(experiment: Experiment, progress: Progress) -> Iterator[TablePlan]:
    """Plan an experiment, a table for each of its data sets; compute nothing.

    Args:
        experiment: what to plan.
        progress: is shown the preparation of scenes that are not in the cache yet.

    Raises:
        RequestError: scenes are missing or damaged, or no network can be trained on them.
    """
    for wanted in experiment.data:
        split = load_split(wanted, progress.preparing)
        yield TablePlan(split.label, plan_cells(split, experiment))


def plan_cells(split: Split, experiment: Experiment) -> list[CellPlan]:
    """Plan the cells of one table, all methods of one scale together.

    A method that is not stochastic has one cell, seed 0, whatever the seeds.

    Raises:
        RequestError: a method must be trained and there is no scene to train on, or one that is
            smaller than a patch.
    """
    for method in experiment.methods:
        if method.trained and not split.train.entries:
            raise RequestError(
                f"{method.name} must be trained and --scenes leaves no training scene of "
                f"{split.dataset.name}; add some, or leave the method out"
            )
    if any(isinstance(one, NetworkMethod) for one in experiment.methods):
        shapes = [(rows, columns) for rows, columns, _ in split.train.shapes]
        check_sizes(shapes, experiment.profile.patch)
    return [
        _plan_cell(split, experiment, scale, method, seed)
        for scale in experiment.scales
        for method in experiment.methods
        for seed in (experiment.seeds if method.stochastic else (0,))
    ]


def _plan_cell(
    split: Split, experiment: Experiment, scale: int, method: Method, seed: int
) -> CellPlan:
    protocol, profile = experiment.protocol, experiment.profile
    recipe = asdict(profile.recipe(method)) if isinstance(method, NetworkMethod) else None
    parameters = {field.name: getattr(method, field.name) for field in fields(method)}  # type: ignore[arg-type]
    depends = {
        "numerics": NUMERICS,
        "protocol": protocol.numeric_facts(),
        "profile": profile.numeric_facts() if recipe else None,
        "recipe": recipe,
        "method": source_of(type(method)),
        "parameters": parameters,
        "scale": scale,
        "seed": seed,
        "train": split.train.digests if method.trained else None,
        "validation": split.validation.digests if recipe else None,
        "test": split.test.digests,
    }
    hashed = {part: key_of(value) for part, value in depends.items()}
    configuration = {
        "method": {
            "name": method.name,
            **METHODS.entry(method.name).facts,
            "trained": method.trained,
            "parameters": parameters,
        },
        "dataset": split.facts(),
        "protocol": protocol.facts(),
        "profile": profile.facts(),
        "recipe": recipe,
        "engine": NUMERICS,
    }
    label = METHODS.label(method)
    return CellPlan(
        address=Address(split.label, protocol.name, profile.name, scale, label, seed),
        key=key_of(hashed),
        depends=hashed,
        method=method,
        protocol=protocol,
        profile=profile,
        split=split,
        configuration=configuration,
    )


@dataclass(frozen=True)
class Folders:
    """Where things lie: the data sets' files, the results, and what was prepared from both."""

    data: Path
    results: Path
    cache: Path


def task_of(cell: Cell, folders: Folders, progress: Progress, splits: dict[Any, Split]) -> CellPlan:
    """Plan a stored cell again, from its address and what it says of its scenes.

    Args:
        cell: as stored.
        folders: data and cache.
        progress: is told of data that have to be prepared first.
        splits: what was loaded before; gets what is loaded now.

    Raises:
        RequestError: its method or data set is unknown here, or its data are not at hand.
    """
    said, address = cell.facts["configuration"]["dataset"], cell.address
    # The label goes on, outside brackets, with +scenes and @data sets trained on.
    own = split_list(_cut(address.dataset))[0]
    trained_on = tuple(said["trained_on"])
    names = [*said["train"], *said["validation"], *said["test"]] if said["subset"] else []
    wanted = DataRequest(
        own, () if trained_on == (own,) else trained_on, tuple(names), folders.data, folders.cache
    )
    if wanted not in splits:
        splits[wanted] = load_split(wanted, progress.preparing)
    (task,) = plan_cells(
        splits[wanted],
        Experiment(
            catalogue.get(address.protocol),
            profiles.get(address.profile),
            (address.scale,),
            (METHODS.make(address.method),),
            (address.seed,),
        ),
    )
    if task.address != address:
        raise RequestError(f"{address} would be {task.address} here; run it again")
    return task


def _cut(label: str) -> str:
    depth = 0
    for place, sign in enumerate(label):
        depth += (sign == "[") - (sign == "]")
        if sign in "+@" and depth == 0:
            return label[:place]
    return label

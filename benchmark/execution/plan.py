"""From a request to cells: which there are to run, what each depends on, which are done."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmark.data.patches import check_sizes
from benchmark.data.split import DataRequest, Split, load_split
from benchmark.engine.training import profiles
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.execution.listeners.progress import Progress
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
    """One cell to run.

    Attributes:
        address: its place.
        key: hash of all that its numbers depend on.
        depends: the same part by part: what depends on, and its hash.
        method: the method with its parameters.
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
        """Give what the method may know while fitting."""
        shapes = self.split.train.shapes or self.split.test.shapes
        rows, columns, bands = min(shapes)
        degradation = Degradation(self.protocol, self.address.scale)
        return Problem(self.address.scale, bands, (rows, columns), degradation)


def plan_cells(
    split: Split,
    protocol: Protocol,
    profile: Profile,
    scales: Sequence[int],
    methods: Sequence[Method],
    seeds: Sequence[int],
) -> list[CellPlan]:
    """List the cells of a request, the methods of one scale together.

    A method that draws nothing at random has one cell, seed 0, whatever the seeds.

    Raises:
        RequestError: a method must be trained and there is no scene to train on, or one that is
            smaller than a patch.
    """
    for method in methods:
        if method.trained and not split.train.entries:
            raise RequestError(
                f"{method.name} must be trained and --scenes leaves no training scene of "
                f"{split.dataset.name}; add some, or leave the method out"
            )
    if any(isinstance(one, NetworkMethod) for one in methods):
        check_sizes([(rows, columns) for rows, columns, _ in split.train.shapes], profile.patch)
    return [
        _task(split, protocol, profile, scale, method, seed)
        for scale in scales
        for method in methods
        for seed in (seeds if isinstance(method, NetworkMethod) else [0])
    ]


def _task(
    split: Split, protocol: Protocol, profile: Profile, scale: int, method: Method, seed: int
) -> CellPlan:
    label = METHODS.label(method)
    entry = METHODS.entry(method.name)
    recipe = asdict(profile.recipe(method)) if isinstance(method, NetworkMethod) else None
    parameters = {field.name: getattr(method, field.name) for field in fields(method)}  # type: ignore[arg-type]
    depends = {
        "numerics": NUMERICS,
        "protocol": {k: v for k, v in protocol.facts().items() if k != "summary"},
        "profile": {k: v for k, v in profile.facts().items() if k != "summary"} if recipe else None,
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
            **entry.facts,
            "trained": method.trained,
            "parameters": parameters,
        },
        "dataset": split.facts(),
        "protocol": protocol.facts(),
        "profile": profile.facts(),
        "recipe": recipe,
        "engine": NUMERICS,
    }
    address = Address(split.label, protocol.name, profile.name, scale, label, seed)
    return CellPlan(
        address, key_of(hashed), hashed, method, protocol, profile, split, configuration
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
        catalogue.get(address.protocol),
        profiles.get(address.profile),
        [address.scale],
        [METHODS.make(address.method)],
        [address.seed],
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

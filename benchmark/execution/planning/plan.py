"""Plan the cells of an experiment: their addresses, and what their numbers depend on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmark.data.patches import check_sizes
from benchmark.data.split import DataRequest, Split, load_split
from benchmark.engine.inference.returned import described
from benchmark.engine.scoring.scene import metrics_of
from benchmark.engine.training import profiles
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError, listed, plain
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS, Method, NetworkMethod, Problem
from benchmark.method.registration import check_inputs
from benchmark.metric import Metric, code_of
from benchmark.plugins.fingerprint import source_of
from benchmark.plugins.parameters import split_list
from benchmark.protocol import PROTOCOLS, Protocol
from benchmark.store.address import Address, key_of
from benchmark.store.cells import Cell

# Increase it when the engine's numerics change; every stored cell becomes stale then.
NUMERICS = 3


@dataclass(frozen=True)
class CellPlan:
    """One cell to compute: a method at one scale and seed, on one data set, with one profile.

    Attributes:
        address: identifies it, and its place in the results folder.
        key: hash of everything that its numbers depend on.
        depends: name and hash of each part of the key.
        method: the method with its parameters.
        protocol: degradation and scoring.
        profile: length and recipe of a training.
        split: training, validation and test scenes.
        metrics: what is computed; not part of the key, as the estimates do not depend on it.
        configuration: as stored in `cell.json`.
    """

    address: Address
    key: str
    depends: dict[str, str]
    method: Method
    protocol: Protocol
    profile: Profile
    split: Split
    metrics: tuple[Metric, ...]
    configuration: dict[str, Any]

    def problem(self) -> Problem:
        """Return the problem that the method is fitted to."""
        return problem_of(self.split, self.protocol, self.address.scale, self.address.seed)


@dataclass(frozen=True)
class TablePlan:
    """The cells of one table, and the label of its data."""

    label: str
    cells: list[CellPlan]


def plan_tables(experiment: Experiment, progress: Progress) -> Iterator[TablePlan]:
    """Plan a table for each data set of an experiment, without computing anything.

    Args:
        experiment: the experiment.
        progress: receives the preparation of scenes that are not in the cache yet.

    Raises:
        RequestError: scenes are missing or damaged, or no network can be trained on them.
    """
    for request in experiment.data:
        split = load_split(request, experiment.protocol, progress.preparing)
        yield TablePlan(split.label, plan_cells(split, experiment, progress.line))


def plan_cells(
    split: Split, experiment: Experiment, report: Callable[[str], None] = lambda _: None
) -> list[CellPlan]:
    """Plan the cells of one table, ordered by scale, method and seed.

    A method that is not stochastic has one cell per scale, with seed 0.

    Args:
        split: the scenes.
        experiment: the experiment.
        report: called with one line for each method that is left out, and its reason.

    Raises:
        RequestError: a test scene is smaller than a scale, a method needs training scenes and there
            are none, one of them is smaller than a patch, a method that was named refuses the
            problem, or a method declares unusable inputs.
    """
    for method in experiment.methods:
        check_inputs(method)
    _check_test_scenes(split, experiment)
    refused = refusals(split, experiment)
    final = {key: why for key, why in refused.items() if key[0] not in experiment.skip_refused}
    if final:
        remedy = "leave it out, or name other scales with --scales"
        raise RequestError("; ".join((*refusal_lines(split, final), remedy)))
    _check_training_scenes(split, experiment, refused)
    for cause in refusal_lines(split, refused):
        report(f"left out: {cause}")
    for metric in metrics_of(experiment.protocol, experiment.metrics):
        code_of(metric)  # as it was imported: its file may be edited before a cell is stored
    return [
        _plan_cell(split, experiment, scale, method, seed)
        for scale in experiment.scales
        for method in experiment.methods
        if (method, scale) not in refused
        for seed in (experiment.seeds if method.stochastic else (0,))
    ]


def _check_test_scenes(split: Split, experiment: Experiment) -> None:
    """Check that something is left of every test scene where it is cut to a multiple of a scale.

    Raises:
        RequestError: nothing is.
    """
    for scale in experiment.scales:
        crop = experiment.protocol.degradation(scale).crop_shape
        for name, (rows, columns, _) in zip(split.test.names, split.test.shapes, strict=True):
            if 0 in crop((rows, columns)):
                raise RequestError(
                    f"{split.label}: scene {name}: expected {scale} rows and columns or more at "
                    f"x{scale}, found {rows} x {columns}; leave it out with --scenes, or name "
                    "other scales with --scales"
                )


def _check_training_scenes(
    split: Split, experiment: Experiment, refused: Mapping[tuple[Method, int], str]
) -> None:
    """Check that there are training scenes where they are needed, and that patches fit into them.

    Raises:
        RequestError: there are none, or one of them is smaller than a patch.
    """
    for method in experiment.methods:
        if method.trained and not split.train.entries:
            cause = "--scenes leaves" if split.subset else "there is"
            raise RequestError(
                f"{method.name} must be trained and {cause} no training scene of "
                f"{listed(split.trained_on)}; add some, or leave the method out"
            )
    networks = [method for method in experiment.methods if isinstance(method, NetworkMethod)]
    for scale in experiment.scales if networks else ():
        crop = experiment.protocol.degradation(scale).crop_shape
        shapes = [crop((rows, columns)) for rows, columns, _ in split.train.shapes]
        sizes = [
            (experiment.profile.patch_size(method, scale), METHODS.label(method))
            for method in networks
            if (method, scale) not in refused
        ]
        if sizes:
            size, label = max(sizes)
            check_sizes(shapes, size, f"{label} at x{scale}")


def refusals(split: Split, experiment: Experiment) -> dict[tuple[Method, int], str]:
    """Return why methods cannot compute scales on these data, by method and scale.

    It is found out before anything is computed.
    """
    found = {}
    for scale in experiment.scales:
        problem = problem_of(split, experiment.protocol, scale)
        for method in experiment.methods:
            if why := _refusal(method, problem):
                found[method, scale] = why
    return found


def _refusal(method: Method, problem: Problem) -> str:
    """Ask a method whether it refuses a problem.

    Raises:
        RequestError: it raises an exception, or returns anything but a text.
    """
    try:
        why: object = method.refusal(problem)
    except Exception as error:
        raise RequestError(
            f"method '{method.name}': `refusal` raised {type(error).__name__}: {plain(error)}; "
            "expected it to return a text, which is empty where it accepts the problem"
        ) from error
    if not isinstance(why, str):
        raise RequestError(
            f"method '{method.name}': `refusal` returned {described(why)}, expected a text, which "
            "is empty where it accepts the problem"
        )
    return why


def refusal_lines(split: Split, refused: Mapping[tuple[Method, int], str]) -> list[str]:
    """Describe refusals, one line for each method and reason."""
    scales: dict[tuple[str, str], list[str]] = {}
    for (method, scale), why in refused.items():
        scales.setdefault((METHODS.label(method), why), []).append(f"x{scale}")
    return [
        f"{label} cannot be run on {split.label} at {listed(at)}: {why}"
        for (label, why), at in scales.items()
    ]


def problem_of(split: Split, protocol: Protocol, scale: int, seed: int = 0) -> Problem:
    """Return the problem that a method is fitted to."""
    rows, columns, bands = min(split.train.shapes or split.test.shapes)
    degradation = protocol.degradation(scale)
    return Problem(scale, bands, degradation.crop_shape((rows, columns)), degradation, seed)


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
        "test": list(zip(split.test.names, split.test.digests, strict=True)),
    }
    hashed = {part: key_of(value) for part, value in depends.items()}
    configuration = {
        "method": {
            "name": method.name,
            **METHODS.entry(method.name).described,
            "trained": method.trained,
            "stochastic": method.stochastic,
            "parameters": parameters,
        },
        "dataset": split.facts(),
        "protocol": protocol.facts(),
        "profile": profile.facts(),
        "recipe": recipe,
        "deviations": list(profile.deviations(method)),
        "engine": NUMERICS,
    }
    label = METHODS.label(method)
    return CellPlan(
        address=Address(split.label, PROTOCOLS.label(protocol), profile.name, scale, label, seed),
        key=key_of(hashed),
        depends=hashed,
        method=method,
        protocol=protocol,
        profile=profile,
        split=split,
        metrics=tuple(metrics_of(protocol, experiment.metrics)),
        configuration=configuration,
    )


@dataclass(frozen=True)
class Folders:
    """The folders of the data sets, of the results, and of the cache."""

    data: Path
    results: Path
    cache: Path


def replan(cell: Cell, folders: Folders, progress: Progress, splits: dict[Any, Split]) -> CellPlan:
    """Plan a stored cell again, from its address and its configuration.

    Args:
        cell: the stored cell.
        folders: of data and cache.
        progress: receives the preparation of scenes that are not in the cache yet.
        splits: splits that were loaded before, by request and protocol; extended here.

    Raises:
        RequestError: its method or data set is unknown here, or its scenes are missing.
    """
    address, request = cell.address, request_of(cell, folders)
    protocol = PROTOCOLS.make(address.protocol)
    if (request, protocol) not in splits:
        splits[request, protocol] = load_split(request, protocol, progress.preparing)
    (plan,) = plan_cells(
        splits[request, protocol],
        Experiment(
            protocol,
            profiles.get(address.profile),
            (address.scale,),
            (METHODS.make(address.method),),
            (address.seed,),
        ),
    )
    if plan.address != address:
        raise RequestError(f"{address} would be {plan.address} here; run it again")
    return plan


def request_of(cell: Cell, folders: Folders) -> DataRequest:
    """Return the request for the data of a stored cell.

    Args:
        cell: the stored cell.
        folders: of data and cache.
    """
    data = cell.facts["configuration"]["dataset"]
    reference = split_list(_dataset_of(cell.address.dataset))[0]
    trained_on = tuple(data["trained_on"])
    scenes = [*data["train"], *data["validation"], *data["test"]] if data["subset"] else []
    return DataRequest(
        reference,
        () if trained_on == (reference,) else trained_on,
        tuple(scenes),
        folders.data,
        folders.cache,
    )


def _dataset_of(label: str) -> str:
    """Return a table's label without `+scenes` and `@trained-on`, which follow any brackets."""
    depth = 0
    for position, sign in enumerate(label):
        depth += (sign == "[") - (sign == "]")
        if sign in "+@" and depth == 0:
            return label[:position]
    return label

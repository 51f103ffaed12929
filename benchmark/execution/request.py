"""A request as the command line makes it, checked before anything heavy starts."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmark.data.split import DataRequest, check_scenes, load_split
from benchmark.dataset import DATASETS
from benchmark.engine import device, environment
from benchmark.engine.training import profiles
from benchmark.errors import RequestError
from benchmark.execution.job import Settings
from benchmark.execution.listeners import tensorboard as tracking
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.plan import CellPlan, plan_cells
from benchmark.execution.runner import Outcome, Runner
from benchmark.method import METHODS, Method, all_methods
from benchmark.plugins.parameters import split_list
from benchmark.protocols import catalogue, protocol


@dataclass(frozen=True)
class Request:
    """What to run; texts are as typed, lists are separated by commas.

    Attributes:
        datasets: data sets, each to get its own table.
        train_on: data sets to train on; empty for the one tested on.
        scenes: a subset of scenes; empty for all.
        protocol: a protocol's name.
        profile: a profile's name.
        scales: factors; empty for the protocol's own.
        methods: methods with parameters; empty for all.
        seeds: seeds.
        device: "auto", "cpu" or "cuda".
        data: the folder that holds `cave/` and so on.
        results: the results folder.
        cache: the folder for prepared scenes.
        plugins: files that were imported for it.
        retry_failed: True runs failed cells again.
        cell_timeout: seconds that a cell may take; 0 is for ever.
        checkpoint_every: seconds from one checkpoint of a training to the next.
        isolated: False runs the cells in this process.
        tensorboard: True writes training curves for TensorBoard.
    """

    datasets: str
    train_on: str
    scenes: str
    protocol: str
    profile: str
    scales: str
    methods: str
    seeds: str
    device: str
    data: Path
    results: Path
    cache: Path
    plugins: tuple[Path, ...] = ()
    retry_failed: bool = False
    cell_timeout: float = 0.0
    checkpoint_every: float = 60.0
    isolated: bool = True
    tensorboard: bool = False


@dataclass(frozen=True)
class Ran:
    """One data set's part of a run: the label of its results and what became of its cells."""

    label: str
    outcome: Outcome


def numbers(text: str, option: str) -> list[int]:
    """Read a list of whole numbers; doubles count once.

    Raises:
        RequestError: something else stands there.
    """
    values = []
    items = split_list(text)
    if text and not items:
        raise RequestError(f"{option} '{text}' names nothing; write it like {option} 2,3")
    for item in items:
        if not item.isascii() or not item.isdigit() or len(item) > 18:
            raise RequestError(
                f"{option} {text}: '{item}' is no whole number; write it like {option} 2,3"
            )
        values.append(int(item))
    return list(dict.fromkeys(values))


def chosen_methods(text: str) -> list[Method]:
    """Build the methods of a list, or all; one asked for twice counts once.

    Raises:
        RequestError: unknown method, unknown or ill-typed parameter.
    """
    if not text:
        return all_methods()
    references = split_list(text)
    if not references:
        raise RequestError(f"--methods '{text}' names nothing; `run_all.py methods` lists them")
    return list(dict.fromkeys(METHODS.make(reference) for reference in references))


def execute(request: Request, progress: Progress) -> list[Ran]:
    """Run a request.

    Raises:
        RequestError: something about it is wrong; found before the first cell where possible.
    """
    where = device.choose(request.device)
    if request.tensorboard:
        tracking.require()
    lots = planned(request, progress, writing=True)
    settings = Settings(
        request.results,
        where,
        environment.describe(where),
        request.plugins,
        request.checkpoint_every,
        request.tensorboard,
    )
    runner = Runner(
        settings,
        progress,
        retry_failed=request.retry_failed,
        timeout=request.cell_timeout,
        isolated=request.isolated,
    )
    return [Ran(label, runner.run(cells)) for label, cells in lots]


def planned(
    request: Request, progress: Progress, *, writing: bool = False
) -> list[tuple[str, list[CellPlan]]]:
    """List the cells of a request, by the label of their results; starts nothing.

    Args:
        request: what to run.
        progress: is told of data that have to be prepared first.
        writing: True makes sure that the results folder can be written to.

    Raises:
        RequestError: something about it is wrong.
    """
    device.choose(request.device)
    chosen_protocol = catalogue.get(request.protocol)
    chosen_profile = profiles.get(request.profile)
    scales = numbers(request.scales, "--scales") or list(chosen_protocol.scales)
    for scale in scales:
        protocol.check_scale(chosen_protocol, scale)
    seeds = numbers(request.seeds, "--seeds") or [0]
    methods = chosen_methods(request.methods)
    references = list(
        {DATASETS.label(DATASETS.make(one)): one for one in split_list(request.datasets)}.values()
    )
    if not references:
        raise RequestError("--dataset is empty; name one, `run_all.py datasets` lists them")
    train_on = tuple(split_list(request.train_on))
    scenes = tuple(dict.fromkeys(split_list(request.scenes)))
    check_scenes([*references, *train_on], scenes)
    if writing:
        _check_writable(request.results)
    lots = []
    for reference in references:
        wanted = DataRequest(reference, train_on, scenes, request.data, request.cache)
        split = load_split(wanted, progress.preparing)
        cells = plan_cells(split, chosen_protocol, chosen_profile, scales, methods, seeds)
        lots.append((split.label, cells))
    return lots


def _check_writable(results: Path) -> None:
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results):
            pass
    except OSError as error:
        raise RequestError(
            f"the results folder {results} cannot be written to ({error.strerror}); choose "
            "another with --results"
        ) from error

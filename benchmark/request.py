"""A request as the command line makes it, checked before anything heavy starts."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark import device, profile, protocol
from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from benchmark.method import METHODS, Method, all_methods
from benchmark.parameters import split_list
from benchmark.plan import Task, tasks
from benchmark.progress import Progress
from benchmark.runner import Outcome, Runner
from benchmark.split import check_scenes, load


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
        retry_failed: True runs failed cells again.
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
    retry_failed: bool = False


@dataclass(frozen=True)
class Ran:
    """One data set's part of a run: the label of its results and what became of its cells."""

    label: str
    methods: tuple[str, ...]
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
    chosen_protocol = protocol.get(request.protocol)
    chosen_profile = profile.get(request.profile)
    scales = numbers(request.scales, "--scales") or list(chosen_protocol.scales)
    for scale in scales:
        protocol.check_scale(chosen_protocol, scale)
    seeds = numbers(request.seeds, "--seeds") or [0]
    methods = chosen_methods(request.methods)
    where = device.choose(request.device)
    references = list(
        {DATASETS.label(DATASETS.make(one)): one for one in split_list(request.datasets)}.values()
    )
    if not references:
        raise RequestError("--dataset is empty; name one, `run_all.py datasets` lists them")
    train_on = split_list(request.train_on)
    scenes = list(dict.fromkeys(split_list(request.scenes)))
    check_scenes([*references, *train_on], scenes)
    _check_writable(request.results)
    planned: list[tuple[str, Sequence[Task]]] = []
    for reference in references:
        split = load(
            reference,
            train_on,
            scenes,
            request.data,
            request.cache,
            progress.preparing,
        )
        cells = tasks(split, chosen_protocol, chosen_profile, scales, methods, seeds)
        planned.append((split.label, cells))
    runner = Runner(request.results, where, progress, request.retry_failed)
    labels = tuple(METHODS.label(method) for method in methods)
    return [Ran(label, labels, runner.run(cells)) for label, cells in planned]


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

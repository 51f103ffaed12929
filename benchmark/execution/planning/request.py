"""Requests as typed on the command line, and the experiments that they resolve to."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.data.split import DataRequest, check_scenes
from benchmark.dataset import DATASETS
from benchmark.engine.machine import device
from benchmark.engine.scoring.scene import metrics_of
from benchmark.engine.training import profiles
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.method import METHODS, Method, all_methods
from benchmark.method.registration import GROUPS
from benchmark.metric import METRICS, Metric
from benchmark.plugins.parameters import names_in, split_list
from benchmark.protocol import PROTOCOLS, Protocol
from benchmark.store.files import writing

_DIGITS = 18  # of a number, at most


@dataclass(frozen=True)
class Request:
    """What to run, as typed on the command line; lists are separated by commas.

    Attributes:
        datasets: data sets to test on, one table each.
        train_on: data sets to train on; empty for the same one.
        scenes: a subset of scenes; empty for all.
        protocol: the protocol, with parameters.
        profile: name of the profile.
        scales: scale factors; empty for the protocol's own.
        methods: methods with parameters; "all" for every one, "default", or empty, for those
            that a run without names has.
        metrics: metrics with parameters, beside those of the protocol.
        seeds: seeds.
        device: "auto", "cpu" or "cuda".
        data: folder that holds `cave/` and so on.
        results: the results folder.
        cache: folder for prepared scenes.
        plugins: plugin files that were imported.
    """

    datasets: str
    train_on: str = ""
    scenes: str = ""
    protocol: str = "wang2017"
    profile: str = "quick"
    scales: str = ""
    methods: str = ""
    metrics: str = ""
    seeds: str = "0"
    device: str = "auto"
    data: Path = Path("data")
    results: Path = Path("results")
    cache: Path = Path(".cache")
    plugins: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A resolved request: one table of cells for each data set.

    Attributes:
        protocol: degradation and scoring.
        profile: length and recipe of trainings.
        scales: scale factors.
        methods: methods with their parameters.
        seeds: seeds of stochastic methods.
        metrics: metrics beside those of the protocol.
        data: the data to load, one entry per table.
        device: "auto", "cpu" or "cuda"; the machine that computes a cell looks for it.
        results: the results folder.
        plugins: plugin files to import.
        skip_refused: the methods that were not named: they are left out where they refuse a scale
            or a number of bands, whereas others end the request.
    """

    protocol: Protocol
    profile: Profile
    scales: tuple[int, ...]
    methods: tuple[Method, ...]
    seeds: tuple[int, ...] = (0,)
    metrics: tuple[Metric, ...] = ()
    data: tuple[DataRequest, ...] = ()
    device: str = "auto"
    results: Path = Path("results")
    plugins: tuple[Path, ...] = ()
    skip_refused: frozenset[Method] = frozenset()


def resolve(request: Request) -> Experiment:
    """Look up everything that a request names.

    Raises:
        RequestError: a name is unknown, a value has the wrong type, or they do not fit together.
    """
    protocol = PROTOCOLS.make(request.protocol)
    scales = numbers(request.scales, "--scales") or protocol.scales
    for scale in scales:
        protocol.check_scale(scale)
    further = tuple(map(METRICS.make, names_in(request.metrics, "--metrics")))
    metrics_of(protocol, further)  # raises for an unknown one before anything is computed
    references = {
        DATASETS.label(DATASETS.make(reference)): reference
        for reference in names_in(request.datasets, "--dataset")
    }
    if not references:
        raise RequestError("--dataset is empty; name one, `run_all.py datasets` lists them")
    train_on = tuple(names_in(request.train_on, "--train-on"))
    scenes = tuple(dict.fromkeys(names_in(request.scenes, "--scenes")))
    check_scenes([*references.values(), *train_on], scenes)
    methods = chosen_methods(request.methods)
    named = [one for one in names_in(request.methods, "--methods") if one not in GROUPS]
    return Experiment(
        protocol=protocol,
        profile=profiles.get(request.profile),
        scales=tuple(scales),
        methods=methods,
        seeds=numbers(request.seeds, "--seeds") or (0,),
        metrics=further,
        data=tuple(
            DataRequest(reference, train_on, scenes, request.data, request.cache)
            for reference in references.values()
        ),
        device=device.known(request.device),
        results=request.results,
        plugins=request.plugins,
        skip_refused=frozenset(methods) - frozenset(map(METHODS.make, named)),
    )


def request_facts(request: Request, experiment: Experiment) -> dict[str, Any]:
    """Return what a request asks for, by the names of the options, with every default written out.

    "all" and "default" stay in the list of methods: what they stand for skips the scales that it
    refuses, whereas a method that is named ends the request. Folders and plugin files are left out.

    Args:
        request: the request.
        experiment: what it resolves to.
    """
    return {
        "dataset": split_list(request.datasets),
        "train-on": split_list(request.train_on),
        "scenes": split_list(request.scenes),
        "protocol": PROTOCOLS.label(experiment.protocol),
        "profile": experiment.profile.name,
        "scales": list(experiment.scales),
        "methods": split_list(request.methods) or ["default"],
        "metrics": split_list(request.metrics),
        "seeds": list(experiment.seeds),
        "device": experiment.device,
    }


def numbers(text: str, option: str) -> tuple[int, ...]:
    """Parse a list of whole numbers; duplicates count once.

    Args:
        text: numbers separated by commas; may be empty.
        option: the option that it belongs to, for the message.

    Raises:
        RequestError: it contains anything else.
    """
    items = names_in(text, option)
    for item in items:
        if not item.isascii() or not item.isdigit() or len(item) > _DIGITS:
            least = " from 0" if item.startswith("-") else ""
            most = f" of at most {_DIGITS} digits" if len(item) > _DIGITS else ""
            raise RequestError(
                f"{option} {text}: '{item}' is not a whole number{least or most}; "
                f"write it like {option} 2,3"
            )
    return tuple(dict.fromkeys(map(int, items)))


def chosen_methods(text: str) -> tuple[Method, ...]:
    """Build the methods of a list; duplicates count once.

    "default" in the list, or an empty one, stands for the methods of a run without names, "all"
    for every method.

    Raises:
        RequestError: unknown method, unknown or ill-typed parameter.
    """
    found: list[Method] = []
    for reference in names_in(text, "--methods") or ("default",):
        if reference in GROUPS:
            found += [one for one in all_methods() if one.default_run or reference == "all"]
        else:
            found.append(METHODS.make(reference))
    return tuple(dict.fromkeys(found))


def check_writable(results: Path) -> None:
    """Check that the results folder can be written to; create it if it is missing.

    Raises:
        RequestError: it cannot be written to.
    """
    with writing(f"the results folder {results}"):
        results.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=results).close()

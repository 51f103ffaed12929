"""Commands of `run_all.py` that check plugins, measure speed, and check the installation."""

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from benchmark.cli.options import (
    CACHE,
    DATA,
    RESULTS,
    Cache,
    Data,
    Json,
    Plugins,
    Results,
    discover,
    print_result,
)
from benchmark.console import print_line, reserve
from benchmark.errors import RequestError, counted, listed


def check(
    method: Annotated[str, typer.Argument(help="The method, with parameters if any: a[x=1].")] = "",
    dataset: Annotated[str, typer.Option(help="Check this data set instead.")] = "",
    protocol: Annotated[str, typer.Option(help="Check this protocol instead.")] = "",
    metric: Annotated[str, typer.Option(help="Check this metric instead.")] = "",
    under: Annotated[
        str, typer.Option(help="The protocol that a method is checked under; wang2017 if empty.")
    ] = "",
    scenes: Annotated[str, typer.Option(help="Only these scenes of the data set: a,b.")] = "",
    data: Data = DATA,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Check a plugin against the engine's contract; exit code 1 if a check fails."""
    given = {"METHOD": method, "--dataset": dataset, "--protocol": protocol, "--metric": metric}
    named = [place for place, reference in given.items() if reference]
    if len(named) != 1:
        raise RequestError(
            f"expected one of {listed(given)}, found {listed(named) or 'none of them'}; check one "
            "plugin at a time"
        )
    if scenes and not dataset:
        raise RequestError("--scenes needs --dataset; name the data set, `datasets` lists them")
    if under and not method:
        raise RequestError("--under is for a method; leave it out")
    discover(plugin)
    from benchmark.data.checks import failing
    from benchmark.data.split import check_scenes
    from benchmark.dataset import DATASETS
    from benchmark.method import METHODS
    from benchmark.metric import METRICS
    from benchmark.plugins.parameters import names_in
    from benchmark.protocol import PROTOCOLS
    from benchmark.tools.conformance import Conformance

    if method:
        checks = Conformance(METHODS.make(method), protocol=PROTOCOLS.make(under or "wang2017"))
    elif dataset:
        picked = names_in(scenes, "--scenes")
        made = DATASETS.make(dataset)
        with failing(made, dataset):
            _ = made.scenes  # some need parameters, or their files
        if picked:
            check_scenes([dataset], picked)
        checks = Conformance(made, data=data, scenes=picked)
    else:
        checks = Conformance(PROTOCOLS.make(protocol) if protocol else METRICS.make(metric))
    results = []
    for result in checks:
        results.append(result)
        if not as_json:
            print_line(str(result))
    count = Counter(result.outcome for result in results)
    bad = sum(not result.good for result in results)
    text = f"{counted(len(results), 'check')}, {bad} failed, {count['skipped']} skipped"
    print_result([asdict(result) for result in results], text, as_json)
    note_citation(checks.plugin)
    if checks.obstacle:
        raise checks.obstacle
    raise typer.Exit(int(bool(bad)))


def note_citation(plugin: Any) -> None:
    """Say on standard error where a plugin that has a paper carries no BibTeX entry, or a bad one.

    This is no check: results do not depend on it.
    """
    from benchmark.tools.citations import Cited, entries_of
    from benchmark.tools.scaffold import REGISTRIES

    kinds = {name: entries for name, entries in REGISTRIES.items()
             if any(entry.cls is type(plugin) for entry in entries)}  # fmt: skip
    for name, registry in kinds.items():
        try:
            found = entries_of(Cited(registry.kind, registry.entry(plugin.name)))
        except RequestError as error:
            print_line(f"note: {error}", err=True)
            continue
        if not found and name != "metric":
            print_line(
                "note: it carries no BibTeX entry (bibtex= of register), so that `cite` can only "
                "name it",
                err=True,
            )


def speed(
    methods: Annotated[str, typer.Option(help="Methods: a,b[x=1], all, or default.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    turns: Annotated[int, typer.Option(min=1, help="Measurements of each, interleaved.")] = 3,
    size: Annotated[int, typer.Option(min=64, help="Rows and columns of the image.")] = 512,
    dataset: Annotated[str, typer.Option(help="Also measure preparing this data set.")] = "",
    scenes: Annotated[str, typer.Option(help="Only these scenes of it: a,b.")] = "",
    profile: Annotated[
        str,
        typer.Option(
            help="Train on it by this profile with engine and baseline; compare their dB."
        ),
    ] = "",
    data: Data = DATA,
    cache: Cache = CACHE,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Measure training, inference and scoring against a baseline; takes minutes."""
    discover(plugin)
    from benchmark.data.split import DataRequest, check_scenes
    from benchmark.engine.machine.device import choose
    from benchmark.engine.training.profiles import get
    from benchmark.execution.planning.request import chosen_methods
    from benchmark.plugins.parameters import names_in
    from benchmark.tools.speed.session import SHAPE, Session, measure

    if (profile or scenes) and not dataset:
        raise RequestError("--profile and --scenes need --dataset; name one, `datasets` lists them")
    picked = tuple(names_in(scenes, "--scenes"))
    check_scenes([dataset] if dataset else [], picked)
    session = Session(
        chosen_methods(methods),
        choose(device),
        turns=turns,
        shape=(SHAPE[0], size, size),
        data=DataRequest(dataset, (), picked, data, cache) if dataset else None,
        profile=get(profile) if profile else None,
        plugins=plugin or (),
    )
    found = measure(session, lambda what: print_line(f"measuring: {what}", err=True))
    print_result(asdict(found), "\n".join(found.lines()), as_json)


def doctor(
    data: Data = DATA, results: Results = RESULTS, cache: Cache = CACHE, as_json: Json = False
) -> None:
    """Check the installation, the machine and the folders; exit code 1 after an error."""
    from benchmark.tools.doctor import examine  # imports plugins itself

    reserve()
    found = examine(data, results, cache)
    print_result(found.as_dict(), "\n".join(found.lines()), as_json)
    raise typer.Exit(int(found.failed))

"""The command of `run_all.py` that adds metrics to stored cells."""

from dataclasses import asdict
from typing import Annotated

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
from benchmark.commands import no_results
from benchmark.console import print_line


def score(
    metrics: Annotated[
        str, typer.Option(help="Metrics: a,b[x=1]; those of each protocol if empty.")
    ] = "",
    dataset: Annotated[str, typer.Option(help="Data sets; all with results if empty.")] = "",
    protocol: Annotated[str, typer.Option(help="Protocols; all with results if empty.")] = "",
    profile: Annotated[str, typer.Option(help="Profiles; all with results if empty.")] = "",
    methods: Annotated[str, typer.Option(help="Methods; all with results if empty.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    data: Data = DATA,
    results: Results = RESULTS,
    cache: Cache = CACHE,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Add metrics to stored results from their weights, without training.

    The test scenes are estimated again; what is stored must come out the same. Exit code 1 if a
    cell was refused.
    """
    discover(plugin)
    from benchmark.cli.stored import stored_labels
    from benchmark.dataset import DATASETS
    from benchmark.engine.machine.device import choose
    from benchmark.errors import RequestError
    from benchmark.execution.listeners import progress
    from benchmark.execution.planning.plan import Folders
    from benchmark.metric import METRICS
    from benchmark.plugins.parameters import names_in
    from benchmark.store.cells import cells, damaged
    from benchmark.tools.rescoring import chosen, rescore

    chosen_device = choose(device)
    further = list(dict.fromkeys(map(METRICS.make, names_in(metrics, "--metrics"))))
    stored = list(cells(results))
    if not stored:
        raise RequestError(no_results(results))
    picked = chosen(
        stored,
        datasets=stored_labels(dataset, "--dataset", DATASETS, results),
        protocols=names_in(protocol, "--protocol"),
        profiles=names_in(profile, "--profile"),
        methods=names_in(methods, "--methods"),
    )
    for why in damaged(results):
        print_line(f"left out: {why}; repeat its run to compute it again", err=True)
    with progress.make() as shown:
        rescored = rescore(picked, further, Folders(data, results, cache), chosen_device, shown)
    print_result(asdict(rescored), rescored.summary, as_json)
    for cell, why in rescored.refused.items():
        print_line(f"refused: {cell}: {why}", err=True)
    raise typer.Exit(int(bool(rescored.refused)))

"""Runs on many machines: their options, and the commands that prepare and watch them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from benchmark.errors import RequestError, counted

if TYPE_CHECKING:
    from benchmark.execution.backends.cluster import RayOptions, SlurmOptions

On = Annotated[str, typer.Option("--on", help="Where to run cells: ray or slurm; here if empty.")]
RayAddress = Annotated[
    str, typer.Option("--ray-address", help="Ray: HOST:PORT of a running cluster.")
]
Workers = Annotated[
    int, typer.Option("--workers", min=0, help="Ray: cells at a time; 0 for all there is room for.")
]
GpusPerCell = Annotated[
    float, typer.Option("--gpus-per-cell", min=0.01, help="Ray: GPUs of a cell, such as 0.5.")
]
Scratch = Annotated[
    Path | None,
    typer.Option("--scratch", help="Ray: folder on every node to work in."),
]
# The options that belong to one value of --on alone.
_OWN = {"ray": ("ray_address", "workers", "gpus_per_cell", "scratch")}


def cluster_options(
    on: str, given: Mapping[str, Any], context: typer.Context
) -> "RayOptions | SlurmOptions | None":
    """Return the options of the cluster that `--on` names; None for this machine.

    Args:
        on: the value of `--on`.
        given: the values of the other options, by the names of their parameters.
        context: knows which of them were written.

    Raises:
        RequestError: the name is unknown, or an option belongs to another one.
    """
    if on not in ("", *_OWN):
        raise RequestError(f"--on {on}: expected {' or '.join(_OWN)}, or leave it out")
    for owner, names in _OWN.items():
        for name in names:
            source = context.get_parameter_source(name)
            if owner != on and source is not None and source.name == "COMMANDLINE":
                option = "--" + name.replace("_", "-")
                raise RequestError(f"{option} needs --on {owner}")
    if not on:
        return None
    from benchmark.execution.backends.cluster import RayOptions

    values = {name: given[name] for name in _OWN["ray"]}
    values["address"] = values.pop("ray_address")
    return RayOptions(**values)


def prepare(
    dataset: Annotated[str, typer.Option(help="Data sets to decode and check.")],
    train_on: Annotated[str, typer.Option(help="Data sets to train on, too.")] = "",
    scenes: Annotated[str, typer.Option(help="Only these scenes.")] = "",
    protocol: Annotated[
        str, typer.Option(help="The protocol; `protocols` lists them.")
    ] = "wang2017",
    data: Data = DATA,
    cache: Cache = CACHE,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Decode and check data sets once, so that no cell of a run has to wait for it."""
    discover(plugin)
    from benchmark.data.split import load_split
    from benchmark.execution.listeners import progress
    from benchmark.execution.request import Request, resolve

    request = Request(
        datasets=dataset,
        train_on=train_on,
        scenes=scenes,
        protocol=protocol,
        data=data,
        cache=cache,
    )
    experiment = resolve(request)
    rows = []
    with progress.make() as shown:
        for one in experiment.data:
            split = load_split(one, experiment.protocol, shown.preparing)
            parts = {"train": split.train, "validation": split.validation, "test": split.test}
            counts = {name: len(part) for name, part in parts.items()}
            rows.append({"dataset": split.label, **counts, "cache": str(one.cache)})
    lines = [
        f"{row['dataset']}: {row['train']} scenes to train, {row['validation']} to validate, "
        f"{row['test']} to test, prepared in {row['cache']}"
        for row in rows
    ]
    print_result(rows, "\n".join(lines), as_json)


def status(results: Results = RESULTS, as_json: Json = False) -> None:
    """Show what a results folder holds and what is running for it; start nothing."""
    from benchmark.execution.activity import activities
    from benchmark.store.cells import cells, damaged

    stored = list(cells(results))
    failed = [{"cell": str(cell.address), "why": str(cell.facts["reason"])}
              for cell in stored if cell.status == "failed"]  # fmt: skip
    found = list(activities(results))
    broken = damaged(results)
    counts = Counter({"done": len(stored) - len(failed), "running": 0, "queued": 0})
    counts.update(one.state for one in found)
    counts["failed"] = len(failed)
    if broken:
        counts["damaged"] = len(broken)
    lines = [f"{one.state:12}{one.cell}: {one.details}" for one in found]
    lines += [f"{'failed':12}{row['cell']}: {row['why']}" for row in failed]
    lines += [f"{'damaged':12}{why}" for why in broken]
    total = ", ".join(f"{count} {state}" for state, count in counts.items())
    whole = counted(sum(counts.values()), "cell")
    value = {
        **counts,
        "cells": [{**asdict(one), "folder": str(one.folder)} for one in found],
        "failures": failed,
    }
    print_result(value, "\n".join([*lines, f"{whole}: {total}"]), as_json)

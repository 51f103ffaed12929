"""Runs on many machines: their options, and the commands that prepare and watch them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
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
from benchmark.commands import command
from benchmark.console import print_line
from benchmark.errors import RequestError, counted, meant

if TYPE_CHECKING:
    from benchmark.execution.backends.cluster import RayOptions, SlurmOptions
    from benchmark.execution.runner import Outcome

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
Partition = Annotated[
    str, typer.Option("--partition", help="SLURM: the partition; the default one if empty.")
]
Gpus = Annotated[int, typer.Option("--gpus", min=0, help="SLURM: GPUs of a cell that trains.")]
Cpus = Annotated[int, typer.Option("--cpus", min=1, help="SLURM: cores of a cell.")]
Memory = Annotated[str, typer.Option("--mem", help="SLURM: memory of a cell, such as 32G.")]
Time = Annotated[str, typer.Option("--time", help="SLURM: time limit of a job, such as 4:00:00.")]
AtMost = Annotated[
    int, typer.Option("--at-most", min=0, help="SLURM: jobs at a time; 0 for no limit.")
]
Further = Annotated[
    str, typer.Option("--slurm", help="SLURM: more options of sbatch: account=x,exclusive.")
]
Submit = Annotated[bool, typer.Option("--submit", help="SLURM: submit and return.")]
# Of sbatch: options that need no value, and the form of a name.
_FLAGS = frozenset(
    {"contiguous", "exclusive", "get-user-env", "hold", "no-kill", "no-requeue", "overcommit",
     "oversubscribe", "propagate", "reboot", "requeue", "spread-job", "use-min-nodes"}
)  # fmt: skip
_OPTION = re.compile("(--)?[a-z][a-z-]*")
_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
# The options that belong to one value of --on alone, by the names of their parameters.
_OWN = {
    "ray": ("ray_address", "workers", "gpus_per_cell", "scratch"),
    "slurm": ("partition", "gpus", "cpus", "mem", "time", "at_most", "slurm", "submit"),
}


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
            # Those of a file may be meant for a cluster that the command line has not chosen.
            if owner != on and source is not None and source.name == "COMMANDLINE":
                option = "--" + name.replace("_", "-")
                raise RequestError(f"{option} needs --on {owner}")
    source = context.get_parameter_source("in_process")
    if on and given["in_process"] and source is not None and source.name == "COMMANDLINE":
        raise RequestError(f"--in-process is for this machine; leave it out, or --on {on}")
    return options_of(on, {name: given[name] for name in _OWN.get(on, ())})


def options_of(
    on: str, given: Mapping[str, Any], others: Iterable[str] = ()
) -> "RayOptions | SlurmOptions | None":
    """Return the options of a cluster; None for this machine.

    Args:
        on: "ray", "slurm" or "".
        given: values of its own options, by the names of their parameters; the others have their
            defaults.
        others: the options of a run beside these, which an unknown name may mean.

    Raises:
        RequestError: the name is unknown, an option belongs to another one, or has a value that
            cannot be read.
    """
    if on not in ("", *_OWN):
        raise RequestError(f"on={on!r}: expected {' or '.join(map(repr, _OWN))}, or leave it out")
    if foreign := sorted(given.keys() - _OWN.get(on, ())):
        owner = next((name for name, own in _OWN.items() if foreign[0] in own), "")
        if owner:
            raise RequestError(f"{foreign[0]} needs on='{owner}'")
        guess = meant(foreign[0], [*others, *sum(_OWN.values(), ())]).strip()
        raise RequestError(f"{foreign[0]} is not an option" + f"; {guess}" * bool(guess))
    if not on:
        return None
    from benchmark.execution.backends.cluster import RayOptions, SlurmOptions

    values = dict(given)
    if on == "ray":
        return RayOptions(values.pop("ray_address", ""), **values)
    return SlurmOptions(
        memory=values.pop("mem", ""),
        minutes=minutes(str(values.pop("time", "4:00:00"))),
        further=sbatch_options(values.pop("slurm", "")),
        **values,
    )


def without_locks_where_refused() -> AbstractContextManager[None]:
    """Go on where a file system refuses locks, as SLURM gives each cell to one job; say so once."""
    from benchmark.store.files import without_locks

    return without_locks(lambda text: print_line(text, err=True))


def show_submitted(outcomes: "Sequence[Outcome]", results: Path, as_json: bool) -> None:
    """Print what a run with `--submit` has left to SLURM."""
    found = [title for one in outcomes for title in one.found]
    failed = {title: reason for one in outcomes for title, reason in one.failed.items()}
    queued = {title: reason for one in outcomes for title, reason in one.open.items()}
    text = (
        f"{counted(len(queued), 'cell')} left to SLURM, {len(found)} found done, "
        f"{len(failed)} found failed; look: {command('status', results=results)}; the same "
        "command without --submit waits for them and makes the tables"
    )
    print_result({"queued": queued, "found": found, "failed": failed}, text, as_json)


def minutes(text: str) -> int:
    """Return a time limit in minutes, rounded up; it is written as for sbatch.

    Raises:
        RequestError: it is not one of minutes, minutes:seconds, hours:minutes:seconds, days-hours,
            days-hours:minutes and days-hours:minutes:seconds.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise RequestError(f"--time {text}: expected a time such as 90, 4:00:00 or 1-12:00:00")
    days, *parts = (int(part) if part else None for part in found.groups())
    if days is not None or parts[2] is not None:
        hours, minute, second = parts
    else:
        hours, minute, second = 0, parts[0], parts[1]
    seconds = ((days or 0) * 24 + (hours or 0)) * 3600 + (minute or 0) * 60 + (second or 0)
    if not seconds:
        raise RequestError(f"--time {text}: expected more than nothing")
    return -(-seconds // 60)


def sbatch_options(text: str) -> dict[str, str | bool]:
    """Read options of sbatch by name, without dashes; those without a value are True.

    Commas separate options, and parts of a value: what is no option continues the one before.

    Raises:
        RequestError: the first part is no option, or one has no value.

    Example:
        >>> sbatch_options("exclude=n1,n2,exclusive,export=ALL,HOME=/x")
        {'exclude': 'n1,n2', 'exclusive': True, 'export': 'ALL,HOME=/x'}
    """
    options: dict[str, str | bool] = {}
    last = ""
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = item.partition("=")
        if not sign and (item.startswith("--") or item in _FLAGS):
            options[name.lstrip("-")] = True
        elif sign and value and _OPTION.fullmatch(name):
            last = name.lstrip("-")
            options[last] = value
        elif last and name and not (sign and _OPTION.fullmatch(name)):
            options[last] = f"{options[last]},{item}"
        else:
            raise RequestError(f"--slurm {text}: expected name=value, found '{item}'")
    return options


def stop(results: Results = RESULTS) -> None:
    """End the jobs of SLURM that compute cells of a results folder; checkpoints are kept."""
    from benchmark.execution.backends.slurm import backend as slurm

    ended = slurm.stop(results, lambda text: print_line(text, err=True))
    after = "the same run continues from their checkpoints"
    print_line(
        f"{counted(ended, 'job')} ended; {after if ended else f'none computes cells of {results}'}"
    )


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
    from benchmark.execution.planning.request import Request, resolve

    request = Request(
        datasets=dataset,
        train_on=train_on,
        scenes=scenes,
        protocol=protocol,
        data=data,
        cache=cache,
    )
    experiment = resolve(request)
    rows: list[dict[str, Any]] = []
    with progress.make() as shown:
        for one in experiment.data:
            split = load_split(one, experiment.protocol, shown.preparing)
            parts = {"train": split.train, "validation": split.validation, "test": split.test}
            counts = {name: len(part) for name, part in parts.items()}
            rows.append({"dataset": split.label, **counts, "cache": str(one.cache)})
    lines = [
        f"{row['dataset']}: {counted(row['train'], 'scene')} to train, {row['validation']} to "
        f"validate, {row['test']} to test, prepared in {row['cache']}"
        for row in rows
    ]
    print_result(rows, "\n".join(lines), as_json)


def status(results: Results = RESULTS, as_json: Json = False) -> None:
    """Show what a results folder holds and what is running for it; start nothing."""
    from benchmark.execution.planning.activity import activities
    from benchmark.store.cells import cells, damage, folders_of
    from benchmark.store.lock import WORK

    # Each cell counts once, whatever is stored of it while it is computed again.
    active = {one.folder.relative_to(results / WORK): one for one in activities(results)}
    failed, done = [], 0
    for cell in cells(results):
        place, why = cell.folder.relative_to(results), str(cell.facts["reason"])
        if cell.status == "failed" and place in active and active[place].state == "interrupted":
            why = f"{why}; {active.pop(place).details}"
        if cell.status == "failed" and place not in active:
            failed.append({"cell": str(cell.address), "why": why})
        done += cell.status == "done" and place not in active
    found = list(active.values())
    places = (place for place in folders_of(results) if place.relative_to(results) not in active)
    broken = list(filter(None, map(damage, places)))
    counts = Counter({"done": done, "running": 0, "queued": 0})
    counts.update(one.state for one in found)
    counts["failed"] = len(failed)
    if broken:
        counts["damaged"] = len(broken)
    lines = [f"{one.state:12}{one.cell}: {one.details}" for one in found]
    lines += [f"{'failed':12}{row['cell']}: {row['why']}" for row in failed]
    lines += [f"{'damaged':12}{why}" for why in broken]
    total = ", ".join(f"{count} {state}" for state, count in counts.items())
    if not results.is_dir():
        total += f"; there is no folder {results}"
    whole = counted(sum(counts.values()), "cell")
    value = {
        **counts,
        "cells": [{**asdict(one), "folder": str(one.folder)} for one in found],
        "failures": failed,
    }
    print_result(value, "\n".join([*lines, f"{whole}: {total}"]), as_json)

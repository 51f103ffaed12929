"""The notes under the tables of a section."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import pandas as pd

from benchmark.commands import command
from benchmark.errors import counted, plain
from benchmark.store.address import Address
from reports.analysis.metrics import Metric
from reports.analysis.results import ADDRESS, MethodInfo, Results, rows_of


@dataclass(frozen=True)
class Notes:
    """Notes under a section, numbered from 1; equal texts share a number.

    Attributes:
        texts: in the order of their numbers.
        numbers: (method's label, scale) to the numbers of its notes.
        machines: the same, of the notes on machines alone.
        metrics: (method's label, scale, name of a metric) to the notes on that metric alone, where
            a cell lacks it; they are not among `numbers`.
    """

    texts: tuple[str, ...]
    numbers: Mapping[tuple[str, int], tuple[int, ...]]
    machines: Mapping[tuple[str, int], tuple[int, ...]]
    metrics: Mapping[tuple[str, int, str], tuple[int, ...]]

    def of_entry(self, method: str, scale: int, metric: str) -> tuple[int, ...]:
        """Return the numbers of all notes on one entry."""
        on_metric = self.metrics.get((method, scale, metric), ())
        return tuple(sorted({*self.numbers[method, scale], *on_metric}))


def collect_notes(results: Results, methods: Sequence[MethodInfo]) -> Notes:
    """Collect the notes of a section.

    They are on failures, damaged scores, missing values, metrics and seeds, other machines, and
    warnings.

    Args:
        results: of one data set, protocol and profile.
        methods: its methods in the order of the rows, in which notes are numbered.
    """
    # A cell that was scored on fewer scenes than others lacks the rest.
    means, cells = results.cell_means.assign(scenes=results.most_scenes), results.cells
    undefined: dict[tuple[str, int, int], list[str]] = {}
    for one in rows_of(means[means["n"] < means["scenes"]]):
        text = f"{one.metric} of {one.scenes - one.n} of {counted(one.scenes, 'scene')}"
        undefined.setdefault((one.method, one.scale, one.seed), []).append(text)
    lacking = _lacking(results)
    seeds = set(cells[cells["method"].isin([one.label for one in methods if one.seeded])]["seed"])
    known: dict[str, int] = {}
    numbers, machines = {}, {}
    metrics: dict[tuple[str, int, str], tuple[int, ...]] = {}

    def numbered(texts: Sequence[str]) -> tuple[int, ...]:
        found = {known.setdefault(plain(text), len(known) + 1) for text in texts}
        return tuple(sorted(found))

    for method in methods:
        for scale in results.scales:
            here = results.at(method.label, scale)
            texts = _texts(here, undefined, seeds if method.seeded else set())
            elsewhere = _for_seeds(here, [results.machines.note(cell) for cell in here["cell"]])
            numbers[method.label, scale] = numbered([*texts, *elsewhere])
            machines[method.label, scale] = numbered(elsewhere)
            for metric in results.metrics:
                lacks = [metric.name in lacking.get(cell.address, ()) for cell in here["cell"]]
                note = _to_compute(metric)
                if on_metric := _for_seeds(here, [note * one for one in lacks]):
                    metrics[method.label, scale, metric.name] = numbered(on_metric)
    return Notes(tuple(known), numbers, machines, metrics)


def _lacking(results: Results) -> dict[Address, list[str]]:
    """Return the metrics that finished cells lack and others of their table have."""
    rows = results.scores
    known = set(zip(*(rows[part] for part in ADDRESS), rows["metric"], strict=True))
    present = {at[-1] for at in known}
    names = [metric.name for metric in results.metrics if metric.name in present]
    found = {}
    for cell in rows_of(results.cells):
        address = cell.cell.address
        lacks = [name for name in names if (*astuple(address), name) not in known]
        if lacks and cell.status == "done" and not cell.error:
            found[address] = lacks
    return found


def _to_compute(metric: Metric) -> str:
    compute = command("score", "--metrics", metric.name)
    return f"has no {metric.title}, as other cells do; compute it with: {compute}"


def _for_seeds(cells: pd.DataFrame, notes: Sequence[str]) -> list[str]:
    """List the notes on single cells, one for all seeds with the same."""
    seeds: dict[str, list[int]] = {}
    for seed, note in zip(cells["seed"], notes, strict=True):
        if note:
            seeds.setdefault(note, []).append(seed)
    return [
        note if len(own) == len(cells) else f"{_seeds(own)} {note}" for note, own in seeds.items()
    ]


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _who(cell: Any, cells: pd.DataFrame) -> str:
    return f"seed {cell.seed} " if len(cells) > 1 else ""


def _texts(
    cells: pd.DataFrame, undefined: Mapping[tuple[str, int, int], list[str]], seeds: set[int]
) -> list[str]:
    """List the notes on one method at one scale, which should have these seeds."""
    texts = []
    for cell in rows_of(cells):
        who = _who(cell, cells)
        if cell.status == "failed":
            texts.append(f"{who}failed: {cell.reason}")
        elif cell.error:
            texts.append(f"{who or 'this cell: '}{cell.error}")
        if lacks := undefined.get((cell.method, cell.scale, cell.seed)):
            texts.append(f"{who}has no value for {', '.join(lacks)}; the mean is of the rest")
        texts.extend(cell.warnings)
    absent = sorted(seeds - set(cells["seed"]))
    if len(cells) and absent:
        texts.append(f"without {_seeds(absent)}")
    return texts

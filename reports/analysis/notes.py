"""What must be said under the tables of a section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.errors import plain
from reports.analysis.results import MethodInfo, Results


@dataclass(frozen=True)
class Notes:
    """Notes under a section, numbered from 1; equal texts share a number.

    Attributes:
        texts: in the order of their numbers.
        numbers: (method's label, scale) to the numbers of its notes.
    """

    texts: tuple[str, ...]
    numbers: Mapping[tuple[str, int], tuple[int, ...]]


def collect_notes(results: Results, methods: Sequence[MethodInfo]) -> Notes:
    """Collect the notes of a section: failures, damaged scores, missing values and seeds, warnings.

    Args:
        results: of one data set, protocol and profile.
        methods: its methods in the order of the rows, in which notes are numbered.
    """
    means, cells = results.cell_means, results.cells
    incomplete = means[means["n"] < means["scenes"]]
    seeds = set(cells[cells["trained"]]["seed"])
    known: dict[str, int] = {}
    numbers = {}
    for method in methods:
        for scale in results.scales:
            texts = _texts(results.at(method.label, scale), incomplete, seeds)
            found = {known.setdefault(plain(text), len(known) + 1) for text in texts}
            numbers[method.label, scale] = tuple(sorted(found))
    return Notes(tuple(known), numbers)


def _texts(cells: pd.DataFrame, incomplete: pd.DataFrame, seeds: set[int]) -> list[str]:
    """List what a reader must know about one method at one scale."""
    texts = []
    for cell in cells.itertuples():
        who = f"seed {cell.seed} " if len(cells) > 1 else ""
        if cell.status == "failed":
            texts.append(f"{who}failed: {cell.reason}")
        elif cell.error:
            texts.append(f"{who or 'this cell: '}{cell.error}")
        if undefined := _undefined(cell, incomplete):
            texts.append(f"{who}has no value for {', '.join(undefined)}; the mean is of the rest")
        texts.extend(cell.warnings)
    absent = sorted(seeds - set(cells["seed"]))
    if len(cells) and absent and cells["trained"].any():
        texts.append(f"without seed {', '.join(map(str, absent))}")
    return texts


def _undefined(cell: Any, incomplete: pd.DataFrame) -> list[str]:
    here = incomplete[
        (incomplete["method"] == cell.method)
        & (incomplete["scale"] == cell.scale)
        & (incomplete["seed"] == cell.seed)
    ]
    return [
        f"{one.metric} of {one.scenes - one.n} of {one.scenes} scenes" for one in here.itertuples()
    ]

"""Stored results as a table of pandas."""

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.errors import RequestError
from benchmark.store import cells as store
from benchmark.store.address import distinct_titles, method_title
from benchmark.store.cells import Cell

COLUMNS = (
    "dataset", "protocol", "profile", "scale", "method", "title", "seed", "scene", "metric",
    "value", "unit", "higher_is_better",
)  # fmt: skip


def results(folder: str | Path = "results") -> pd.DataFrame:
    """Read the scores of a results folder: one row a cell, test scene and metric.

    A cell that failed has no rows. A damaged cell, and one of version 0.3, which does not describe
    its metrics, is left out with a warning.

    Args:
        folder: the results folder, such as `results` or `docs/results`.

    Returns:
        These columns, sorted by data set, protocol, profile, scale, method and seed:

        - `dataset`, `protocol`, `profile`: as in the folders; `synthetic[rows=48]` is a data set
          with a parameter.
        - `scale`: the factor, an int.
        - `method`: its name, with the parameters that differ from their defaults.
        - `title`: the same as tables show it, such as `SRCNN`.
        - `seed`: an int; 0 for a method that draws no random numbers.
        - `scene`: the test scene.
        - `metric`: its name, such as `psnr`.
        - `value`: a float; infinite for a perfect image's PSNR, NaN where the metric is undefined.
        - `unit`: of the value, such as `dB`; may be empty.
        - `higher_is_better`: a bool.

    Raises:
        RequestError: there are no results in the folder.

    Example:
        scores = results("docs/results")
        scores[scores.metric == "psnr"].pivot_table("value", "title", "scale")
    """
    folder = Path(folder)
    found = list(store.cells(folder))
    for why in store.damaged(folder):
        warnings.warn(f"left out: {why}", stacklevel=2)
    for cell in found:
        if cell.status == "done" and "metrics" not in cell.facts:  # version 0.3
            why = f"{cell.folder} does not say which metrics it has; run it again"
            warnings.warn(f"left out: {why}", stacklevel=2)
    if not found:
        raise RequestError(
            f"no results in {folder}; make them with run(...), or name another folder"
        )
    return scores_of(found)


def scores_of(cells: Iterable[Cell]) -> pd.DataFrame:
    """Return the scores of cells as `results` does."""
    done = [cell for cell in cells if cell.status == "done"]
    titles = distinct_titles(
        {cell.address.method: method_title(cell.address.method, cell.facts) for cell in done}
    )
    rows = (row for cell in done for row in _rows(cell, titles[cell.address.method]))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"scale": int, "seed": int, "value": float, "higher_is_better": bool})


def _rows(cell: Cell, title: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a finished cell."""
    if "metrics" not in cell.facts:
        return
    at = cell.address
    facts = {one["name"]: one for one in cell.facts["metrics"]}
    for scores in cell.scores().to_dict("records"):
        scene = str(scores.pop("scene"))
        for name, value in scores.items():
            if name in store.COUNTS:
                continue
            known = facts.get(str(name), {})
            yield (
                at.dataset, at.protocol, at.profile, at.scale, at.method, title, at.seed, scene,
                name, value, known.get("unit", ""), known.get("higher", True),
            )  # fmt: skip


def means_of(cells: Iterable[Cell]) -> pd.DataFrame:
    """Return the main metrics of cells, as means over test scenes and seeds.

    Returns:
        One row a method, in the order of the cells, by data set where there are several; one column
        a metric and scale, in the order of tables.
    """
    done = [cell for cell in cells if cell.status == "done"]
    main = {one["name"]: headed(one) for cell in done for one in cell.facts["metrics"]
            if one["main"]}  # fmt: skip
    scores = scores_of(done)
    scores = scores[scores["metric"].isin(main)]
    several = len(set(scores["dataset"])) > 1
    rows = ["dataset", "title"] if several else ["title"]
    table = scores.pivot_table(
        "value", index=rows, columns=["metric", "scale"], sort=False, observed=True
    )
    scales = sorted(set(scores["scale"]))
    columns = [(name, scale) for name in main for scale in scales if (name, scale) in table]
    table = table[columns]
    names = [(main[name], f"x{scale}") for name, scale in columns]
    table.columns = pd.MultiIndex.from_tuples(names, names=["", ""])
    table.index.names = [name if several else None for name in rows]
    return table


def headed(metric: dict[str, Any]) -> str:
    """Return the head of a metric's columns: `PSNR (dB)`."""
    return f"{metric['title']} ({metric['unit']})" if metric["unit"] else str(metric["title"])

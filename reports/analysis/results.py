"""Stored cells as two tables: one row a cell, and one row a cell, scene and metric.

Whatever a report shows is a selection, a mean or a pivot of these two.
"""

import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import pandas as pd

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.facts import as_list, get_nested

ADDRESS = ["dataset", "protocol", "profile", "scale", "method", "seed"]
MAX_NUMBER = 1e300  # larger ones in a cell of another program are taken for missing
_OVER_SEEDS = [name for name in ADDRESS if name != "seed"]
_CELL = [
    *ADDRESS, "status", "reason", "error", "title", "published", "paper", "year",
    "learns", "trained", "warnings", "parameters", "fit_s", "upscale_s", "cell",
]  # fmt: skip
_SCORE = [*ADDRESS, "scene", "metric", "value"]


@dataclass(frozen=True)
class MethodInfo:
    """One row of a table: a method as it is named.

    Attributes:
        label: its name with its changed parameters, as in the cells' addresses.
        title: its name in tables.
        published: its name in its paper's table; empty where there is none.
        paper: where it was published.
        trained: whether its weights depend on a seed.
    """

    label: str
    title: str
    published: str
    paper: str
    trained: bool


@dataclass(frozen=True)
class Results:
    """Cells and their scores.

    Attributes:
        cells: one row a cell, in the order of addresses: the address; status and reason as stored;
            `error`, why a finished cell has no scores; the method's title, published name, paper
            and year; `learns`, whether it learns from scenes at all; `trained`, whether by steps;
            warnings; parameters, fit_s and upscale_s, NaN where unknown; and the `Cell` itself.
        scores: one row a cell, scene and metric; `value` is NaN where a scene has none.
    """

    cells: pd.DataFrame
    scores: pd.DataFrame

    def select(self, **address: object) -> "Results":
        """Return the cells with these parts of the address, such as `dataset="cave"`."""
        found = []
        for frame in (self.cells, self.scores):
            wanted = pd.Series(data=True, index=frame.index)
            for name, value in address.items():
                wanted &= frame[name] == value
            found.append(frame[wanted])
        return Results(*found)

    @property
    def stored(self) -> list[Cell]:
        """List the cells as the store gave them."""
        return list(self.cells["cell"])

    @property
    def scales(self) -> list[int]:
        """List the scale factors in ascending order."""
        return sorted(set(self.cells["scale"]))

    @cached_property
    def cell_means(self) -> pd.DataFrame:
        """Average every metric of every cell over its test scenes.

        Returns:
            One row a cell and metric: the address, metric, mean, std (sample standard deviation,
            ddof = 1; NaN for one scene or an infinite value), n, the scenes with a value, and
            scenes, all that were scored.
        """
        groups = self.scores.groupby([*ADDRESS, "metric"], sort=False, dropna=False)["value"]
        values = groups.agg(list)
        return pd.DataFrame(
            {
                "mean": values.map(mean).astype(float),
                "std": values.map(deviation).astype(float),
                "n": groups.count(),
                "scenes": groups.size(),
            }
        ).reset_index()

    @cached_property
    def scene_means(self) -> pd.DataFrame:
        """Average every metric over the seeds, scene by scene.

        Returns:
            One row a data set, protocol, profile, scale, method, metric and scene that has a value
            under every seed that was scored by this metric.
        """
        keys = [*_OVER_SEEDS, "metric"]
        seeds = self.scores.groupby(keys, dropna=False)["seed"].nunique()
        known = self.scores.dropna(subset="value")
        values = known.groupby([*keys, "scene"], sort=False)["value"].agg(list).reset_index()
        wanted = values.join(seeds, on=keys)["seed"]
        complete = values[values["value"].map(len) == wanted]
        return complete.assign(value=complete["value"].map(mean).astype(float))

    @cached_property
    def _by_seed(self) -> dict[Any, list[float]]:
        known = self.cell_means.dropna(subset="mean")
        return dict(known.groupby(["method", "scale", "metric"])["mean"].agg(list))

    @cached_property
    def _by_scene(self) -> dict[Any, dict[str, float]]:
        found: dict[Any, dict[str, float]] = {}
        columns = ["method", "scale", "metric", "scene", "value"]
        for *key, scene, value in self.scene_means[columns].itertuples(index=False, name=None):
            found.setdefault(tuple(key), {})[scene] = value
        return found

    @cached_property
    def _at(self) -> dict[Any, pd.DataFrame]:
        return dict(iter(self.cells.groupby(["method", "scale"])))

    def values(self, method: str, scale: int, metric: str) -> list[float]:
        """Return the mean over the test scenes for every seed that has one.

        Like `mean` and `by_scene`: for results of one data set, protocol and profile.
        """
        return self._by_seed.get((method, scale, metric), [])

    def mean(self, method: str, scale: int, metric: str) -> float:
        """Return the mean over the seeds of the mean over the scenes; NaN where there is none."""
        return mean(self.values(method, scale, metric))

    def by_scene(self, method: str, scale: int, metric: str) -> dict[str, float]:
        """Return the mean over the seeds for every scene with a value under each of them."""
        return self._by_scene.get((method, scale, metric), {})

    def at(self, method: str, scale: int) -> pd.DataFrame:
        """Return the cells of one method at one scale, a row a seed."""
        return self._at.get((method, scale), self.cells[:0])

    def failed(self, method: str, scale: int) -> bool:
        """Return whether a method has no results at a scale because it failed."""
        states = set(self.at(method, scale)["status"])
        return "failed" in states and "done" not in states

    def costs(self, method: str, scale: int) -> tuple[float, float, float]:
        """Average over the finished seeds, NaN where nothing is known.

        Returns:
            The number of parameters, the training time in s, and the time for one scene in s.
        """
        here = self.at(method, scale)
        done = here[here["status"] == "done"]
        return mean(done["parameters"]), mean(done["fit_s"]), mean(done["upscale_s"])

    def methods(self, order: Iterable[str] = ()) -> list[MethodInfo]:
        """List the methods in the order of a table's rows.

        Args:
            order: labels that come first; the others follow: first what learns nothing, then
                closed forms, then networks, each by year and label.
        """
        rank = {label: index for index, label in enumerate(dict.fromkeys(order))}
        first = sorted(
            rows_of(self.cells.drop_duplicates("method")),
            key=lambda one: (
                rank.get(one.method, len(rank)), one.learns, one.trained, one.year,
                one.method.casefold(),
            ),
        )  # fmt: skip
        trained = set(self.cells[self.cells["trained"]]["method"])
        return [
            MethodInfo(one.method, one.title, one.published, one.paper, one.method in trained)
            for one in first
        ]


def mean(values: Iterable[float]) -> float:
    """Average the values that are not NaN; NaN for none, infinite where one value is."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def deviation(values: Iterable[float]) -> float:
    """Return the sample standard deviation (ddof = 1) of the values that are not NaN.

    NaN for fewer than two values or an infinite one: a perfect scene's PSNR has no deviation.
    """
    known = [value for value in values if not math.isnan(value)]
    spread = len(known) > 1 and all(map(math.isfinite, known))
    return statistics.stdev(known) if spread else math.nan


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Iterate over a frame's rows, with the columns as attributes."""
    names = list(map(str, frame.columns))
    for row in frame.itertuples(index=False, name=None):
        yield SimpleNamespace(**dict(zip(names, row, strict=True)))


def read_results(cells: Iterable[Cell]) -> Results:
    """Read cells and their scores; scores that cannot be read cost their own cell alone."""
    records, scores = [], []
    for cell in cells:
        record = _record(cell)
        if cell.status == "done":
            try:
                scores += _scores(cell)
            except (OSError, ValueError, KeyError) as error:
                what = type(error).__name__
                record["error"] = f"its scores cannot be read ({what}); run it again"
        records.append(record)
    # Objects: labels may hold what is no valid text, and whole numbers of any size.
    frame = pd.DataFrame(records, columns=_CELL, dtype=object)
    numbers = dict.fromkeys(("parameters", "fit_s", "upscale_s"), float)
    frame = frame.astype({**numbers, "learns": bool, "trained": bool})
    table = pd.DataFrame(scores, columns=_SCORE, dtype=object)
    table["value"] = pd.to_numeric(table["value"], errors="coerce").astype(float)
    return Results(frame, table)


def _scores(cell: Cell) -> list[tuple[Any, ...]]:
    """Read a cell's scores as rows of address, scene, metric and value.

    Raises:
        OSError, ValueError, KeyError: they are not one row a scene, each with its name.
    """
    columns = cell.scores().to_dict("list")
    scenes = list(map(str, columns.pop("scene")))
    if not scenes or len(set(scenes)) < len(scenes):
        raise ValueError("expected one row a scene")
    address = astuple(cell.address)
    return [
        (*address, scene, metric, value)
        for metric, values in columns.items()
        for scene, value in zip(scenes, values, strict=True)
    ]


def _record(cell: Cell) -> dict[str, Any]:
    facts, address = cell.facts, cell.address
    method = get_nested(facts, "configuration", "method", default={})
    name, bracket, changed = address.method.partition("[")
    title = plain(get_nested(method, "title", default=name)) or name
    return {
        **{part: getattr(address, part) for part in ADDRESS},
        "status": cell.status,
        "reason": str(get_nested(facts, "reason", default="no reason is stored")),
        "error": "",
        "title": f"{title} [{plain(changed).removesuffix(']')}]" if bracket else title,
        "published": str(get_nested(method, "published", default="")),
        "paper": str(get_nested(method, "paper", default="")),
        "year": str(get_nested(method, "year", default="")),
        "learns": bool(get_nested(method, "trained", default=True)),
        "trained": get_nested(facts, "configuration", "recipe") is not None,
        "warnings": [str(line) for line in as_list(get_nested(facts, "warnings"))],
        "parameters": _number(get_nested(facts, "parameters")),
        "fit_s": _number(get_nested(facts, "times", "fit_s")),
        "upscale_s": _number(get_nested(facts, "times", "upscale_s")),
        "cell": cell,
    }


def _number(value: object) -> float:
    known = isinstance(value, int | float) and abs(value) < MAX_NUMBER
    return float(value) if known else math.nan  # type: ignore[arg-type]

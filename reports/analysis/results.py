"""Stored cells as two tables: one row per cell, and one row per cell, scene and metric.

Everything that a report shows is a selection, a mean or a pivot of these two.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from benchmark.store.address import distinct_titles
from benchmark.store.cells import Cell
from reports.analysis.metrics import Metric, metrics_of
from reports.analysis.provenance.machines import Machine, Machines, machines_of
from reports.analysis.records import record_of, scores_of

ADDRESS = ["dataset", "protocol", "profile", "scale", "method", "seed"]
ROUNDED = 9  # digits after the point, beyond which two scores are equal
_OVER_SEEDS = [name for name in ADDRESS if name != "seed"]
_CELL = [
    *ADDRESS, "status", "reason", "error", "title", "published", "paper", "year",
    "learns", "trained", "seeded", "warnings", "parameters", "fit_s", "upscale_s", "machine",
    "cell",
]  # fmt: skip
_SCORE = [*ADDRESS, "scene", "metric", "value"]


@dataclass(frozen=True)
class MethodInfo:
    """One row of a table: a method and its names.

    Attributes:
        label: its name with its changed parameters, as in the cells' addresses.
        title: its name in tables.
        published: its names in published tables, separated by commas; empty where there is none.
        paper: where it was published.
        trained: whether it is a network that was trained in steps.
        seeded: whether its numbers depend on a seed, as those of every network do.
    """

    label: str
    title: str
    published: str
    paper: str
    trained: bool
    seeded: bool


@dataclass(frozen=True)
class Costs:
    """What one method costs at one scale; NaN where nothing is known.

    Attributes:
        parameters: number of learned values.
        fit_s: training time in s; NaN for a method that learns nothing, too.
        upscale_s: time for one scene in s.
        elsewhere: whether the seconds are of another machine than most of the table's, so that
            they must not be compared with those.
    """

    parameters: float
    fit_s: float
    upscale_s: float
    elsewhere: bool = False


@dataclass(frozen=True, eq=False)
class Results:
    """Cells and their scores.

    Attributes:
        cells: one row per cell, sorted by address: the address; status and reason as stored;
            `error`, why a finished cell has no scores; the method's title, published name, paper
            and year; `learns`, whether it learns from scenes; `trained`, whether in steps;
            `seeded`, whether it depends on a seed; warnings; parameters, fit_s and upscale_s, NaN
            where unknown; the machine; and the `Cell` itself.
        scores: one row per cell, scene and metric; `value` is NaN where there is none.
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
            One row per cell and metric: the address, metric, mean, std (sample standard deviation,
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
            One row per data set, protocol, profile, scale, method, metric and scene with a value
            under every seed that was scored by this metric: the mean as `value`, and the list
            `by_seed` in the order of the seeds.
        """
        keys = [*_OVER_SEEDS, "metric"]
        seeds = self.scores.groupby(keys, dropna=False)["seed"].nunique()
        known = self.scores.dropna(subset="value")
        values = known.groupby([*keys, "scene"], sort=False)["value"].agg(list).reset_index()
        wanted = values.join(seeds, on=keys)["seed"]
        complete = values[values["value"].map(len) == wanted]
        means = complete["value"].map(mean).astype(float)
        return complete.assign(by_seed=complete["value"], value=means)

    @cached_property
    def _by_seed(self) -> dict[Any, list[float]]:
        return self._of_seeds("mean")

    @cached_property
    def _counts_by_seed(self) -> dict[Any, list[int]]:
        return self._of_seeds("n")

    def _of_seeds(self, column: str) -> dict[Any, Any]:
        """Return a column of the means of each method, scale and metric, one value a seed."""
        known = self.cell_means.dropna(subset="mean")
        return dict(known.groupby(["method", "scale", "metric"])[column].agg(list))

    @cached_property
    def _scored_scenes(self) -> dict[Any, tuple[int, int]]:
        groups = self.cell_means.groupby(["method", "scale", "metric"])
        most = self.most_scenes
        return {key: (int(one["n"].min()), int(most[one.index].max())) for key, one in groups}

    @cached_property
    def most_scenes(self) -> "pd.Series[int]":
        """Return, for every row of `cell_means`, the largest number of scenes of its column."""
        column = ["dataset", "protocol", "profile", "scale", "metric"]
        return self.cell_means.groupby(column)["scenes"].transform("max")

    @cached_property
    def _by_scene(self) -> dict[Any, dict[str, float]]:
        groups = self.scene_means.groupby(["method", "scale", "metric"])
        return {key: dict(zip(here["scene"], here["value"], strict=True)) for key, here in groups}

    @cached_property
    def _by_scene_and_seed(self) -> dict[Any, dict[str, list[float]]]:
        groups = self.scene_means.groupby(["method", "scale", "metric"])
        return {key: dict(zip(here["scene"], here["by_seed"], strict=True)) for key, here in groups}

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

    def scene_counts(self, method: str, scale: int, metric: str) -> list[int]:
        """Return over how many scenes each of `values` is a mean."""
        return self._counts_by_seed.get((method, scale, metric), [])

    def scored_scenes(self, method: str, scale: int, metric: str) -> tuple[int, int]:
        """Return how many scenes have a value under every seed, and how many others have."""
        return self._scored_scenes.get((method, scale, metric), (0, 0))

    def by_scene(self, method: str, scale: int, metric: str) -> dict[str, float]:
        """Return the mean over the seeds for every scene with a value under each of them."""
        return self._by_scene.get((method, scale, metric), {})

    def by_scene_and_seed(self, method: str, scale: int, metric: str) -> dict[str, list[float]]:
        """Return the values of the seeds, in their order, for the scenes of `by_scene`."""
        return self._by_scene_and_seed.get((method, scale, metric), {})

    def at(self, method: str, scale: int) -> pd.DataFrame:
        """Return the cells of one method at one scale, one row per seed."""
        return self._at.get((method, scale), self.cells[:0])

    def failed(self, method: str, scale: int) -> bool:
        """Return whether a method has no results at a scale because it failed."""
        states = set(self.at(method, scale)["status"])
        return "failed" in states and "done" not in states

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Return the metrics of the cells of one table, in its order, the main ones first."""
        return metrics_of(self.stored)

    @cached_property
    def machines(self) -> Machines:
        """Return the machines of the cells; not for results without cells."""
        return machines_of(self.stored)

    def costs(self, method: str, scale: int) -> Costs:
        """Average the costs over the finished seeds, seconds over those of one machine.

        The machine is the main one of these results; where the method has no seed from that, it is
        the one of most of its seeds.
        """
        here = self.at(method, scale)
        done = here[here["status"] == "done"]
        timed = done[done["machine"] == self.machines.main]
        elsewhere = timed.empty and not done.empty
        if elsewhere:
            machines: list[Machine] = list(done["machine"])
            timed = done[done["machine"] == max(machines, key=machines.count)]
        return Costs(
            mean(done["parameters"]), mean(timed["fit_s"]), mean(timed["upscale_s"]), elsewhere
        )

    def methods(self) -> list[MethodInfo]:
        """List the methods in the order of a table's rows.

        Methods that learn nothing come first, then closed forms, then networks, each by year and
        label.
        """
        first = sorted(
            rows_of(self.cells.drop_duplicates("method")),
            key=lambda one: (one.learns, one.trained, one.year, one.method.casefold()),
        )
        trained, seeded = (
            set(self.cells[self.cells[fact]]["method"]) for fact in ("trained", "seeded")
        )
        titles = distinct_titles({one.method: one.title for one in first})
        return [
            MethodInfo(
                one.method,
                title,
                one.published,
                one.paper,
                one.method in trained,
                one.method in seeded,
            )
            for one, title in zip(first, titles.values(), strict=True)
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


def rows_of(frame: pd.DataFrame) -> Iterable[Any]:
    """Return a frame's rows as named tuples."""
    return frame.itertuples(index=False)


def read_results(cells: Iterable[Cell]) -> Results:
    """Read cells and their scores; unreadable scores affect only their own cell."""
    records, scores = [], []
    for cell in cells:
        record = record_of(cell)
        if cell.status == "done":
            try:
                scores += scores_of(cell)
            except (OSError, ValueError, KeyError) as error:
                what = type(error).__name__
                record["error"] = f"its scores cannot be read ({what}); run it again"
        records.append(record)
    # Objects, as labels may hold invalid text and integers of any size.
    frame = pd.DataFrame(records, columns=_CELL, dtype=object)
    numbers = dict.fromkeys(("parameters", "fit_s", "upscale_s"), float)
    frame = frame.astype({**numbers, "learns": bool, "trained": bool, "seeded": bool})
    table = pd.DataFrame(scores, columns=_SCORE, dtype=object)
    table["value"] = pd.to_numeric(table["value"], errors="coerce").astype(float)
    return Results(frame, table)

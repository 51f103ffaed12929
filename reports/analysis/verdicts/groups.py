"""The seeds of one method at one scale, trained in the same way, and how much training they had."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.store.address import method_title
from benchmark.store.cells import Cell
from reports.analysis.facts import as_list, as_number, get_nested
from reports.analysis.records import depends_on_seed
from reports.analysis.results import Results, read_results


@dataclass(frozen=True, eq=False)
class Group:
    """Finished cells that differ in nothing but their seeds.

    Attributes:
        cells: at least one, by seed.
    """

    cells: tuple[Cell, ...]

    @property
    def method(self) -> str:
        """Return the label of the method, with its changed parameters."""
        return self.cells[0].address.method

    @property
    def title(self) -> str:
        """Return the title of the method."""
        return method_title(self.cells[0].address.method, self.cells[0].facts)

    @property
    def scale(self) -> int:
        """Return the scale factor."""
        return self.cells[0].address.scale

    @property
    def profile(self) -> str:
        """Return the name of the profile."""
        return self.cells[0].address.profile

    @property
    def trained(self) -> bool:
        """Return whether the method is a network that was trained in steps."""
        return get_nested(self.cells[0].facts, "configuration", "recipe") is not None

    @property
    def seeded(self) -> bool:
        """Return whether the numbers depend on a seed, as those of every network do."""
        return any(map(depends_on_seed, self.cells))

    @property
    def steps(self) -> int:
        """Return the largest number of steps of a seed; 0 for a method that takes none."""
        return int(max(_number(cell, "training", "steps") for cell in self.cells))

    @property
    def patches(self) -> int:
        """Return how many patches a seed was trained on, each pass counted."""
        return round(
            max(
                _number(cell, "training", "epochs")
                * _number(cell, "configuration", "profile", "patches")
                for cell in self.cells
            )
        )

    @property
    def share(self) -> float:
        """Return which part of the values of the patches the network was shown."""
        return max(_number(cell, "training", "share") for cell in self.cells)

    @property
    def amount(self) -> tuple[float, float, int]:
        """Order groups by how much they tell: training, version of the engine, seeds."""
        engine = max(_number(cell, "configuration", "engine") for cell in self.cells)
        return self.patches * self.share, engine, len(self.cells)

    @cached_property
    def results(self) -> Results:
        """Return the scores of the cells."""
        return read_results(self.cells)

    def values(self, metric: str) -> list[float]:
        """Return the mean over the test scenes of every seed."""
        return self.results.values(self.method, self.scale, metric)

    def mean(self, metric: str) -> float:
        """Return the mean over scenes and seeds; NaN where a scene or a seed has no value."""
        known, scored = self.results.scored_scenes(self.method, self.scale, metric)
        tested = as_list(get_nested(self.cells[0].facts, "configuration", "dataset", "test"))
        complete = known >= max(scored, len(tested)) and len(self.values(metric)) == len(self.cells)
        return self.results.mean(self.method, self.scale, metric) if complete else math.nan

    def by_scene(self, metric: str) -> dict[str, float]:
        """Return the mean over the seeds for every test scene."""
        return self.results.by_scene(self.method, self.scale, metric)


def groups_of(cells: Iterable[Cell]) -> list[Group]:
    """Put cells together that differ in nothing but their seeds; failed ones are left out.

    Args:
        cells: of one data set and protocol.
    """
    found: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        if cell.status != "done":
            continue
        at, depends = cell.address, get_nested(cell.facts, "depends", default={})
        inputs = tuple(sorted((part, str(key)) for part, key in depends.items() if part != "seed"))
        found.setdefault((at.scale, at.method, at.profile, inputs), []).append(cell)
    return [
        Group(tuple(sorted(same, key=lambda cell: cell.address.seed))) for same in found.values()
    ]


def longest(groups: Sequence[Group]) -> Group | None:
    """Return the group with the most training, of equal ones the newest, of these the largest."""
    return max(groups, key=lambda one: one.amount, default=None)


def _number(cell: Cell, *path: str) -> float:
    return as_number(get_nested(cell.facts, *path)) or 0.0

"""Whether scores that were computed again are those that are stored."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.store.cells import Cell


@dataclass(frozen=True)
class Difference:
    """A score that came out other than it is stored.

    Attributes:
        scene: the test scene.
        metric: the name of the metric.
        stored: the stored value.
        computed: the value computed again.
        tolerance: the largest difference that does not count.
    """

    scene: str
    metric: str
    stored: float
    computed: float
    tolerance: float

    @property
    def size(self) -> float:
        """Return the absolute difference; infinity where one of the values is missing."""
        found = abs(self.computed - self.stored)
        return math.inf if math.isnan(found) else found

    @property
    def tolerated(self) -> bool:
        """Return whether the difference does not count."""
        return self.size <= self.tolerance

    def __str__(self) -> str:
        return (
            f"{self.metric} of {self.scene} comes out as {self.computed:.8g} and is stored as "
            f"{self.stored:.8g}, expected the same up to {self.tolerance:g}"
        )


def rows_of(cell: Cell) -> list[dict[str, str]]:
    """Read the scores of a cell as they stand in its file."""
    with (cell.folder / "scores.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def differences(
    stored: Sequence[Mapping[str, str]],
    computed: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
) -> Iterator[Difference]:
    """Yield the scores that are not the same, in the order of the scenes.

    The tolerance is a tenth of a unit in the last digit that tables show: another device adds in
    another order, and a table must not change.

    Args:
        stored: one row per scene, as read from a cell.
        computed: those computed again, of the same scenes in the same order.
        metrics: the facts of the metrics to compare.
    """
    for before, now in zip(stored, computed, strict=True):
        for facts in metrics:
            name, tolerance = facts["name"], 10.0 ** -(facts["digits"] + 1)
            old, new = float(before[name]), float(now[name])
            if old != new and not (math.isnan(old) and math.isnan(new)):
                yield Difference(before["scene"], name, old, new, tolerance)

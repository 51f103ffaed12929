"""What clipping an estimate to [0, 1] removes, and when that is worth a note.

Interpolation and networks exceed the range a little at edges. An estimate in 0..255, or in [-1, 1],
loses most of itself: its scores are those of another image.
"""

import math
from collections.abc import Mapping

from torch import Tensor

from benchmark.errors import counted

# An estimate is noted if more than SHARE of its values lie outside [0, 1] by more than MARGIN.
MARGIN = 0.1
SHARE = 0.01


def far_outside(estimate: Tensor) -> float:
    """Return the share of the values below -MARGIN or above 1 + MARGIN, from 0 to 1."""
    far = (estimate < -MARGIN) | (estimate > 1 + MARGIN)
    return float(far.double().mean())


class Clipping:
    """Counts what is clipped over the scenes of a cell."""

    def __init__(self) -> None:
        self._scenes = self._noted = 0
        self._below = self._above = self._values = 0
        self._lowest, self._highest = math.inf, -math.inf

    def add(self, estimate: Tensor) -> None:
        """Count the values of one scene's estimate, of any shape and real type.

        Scenes that lose no more than SHARE count as scenes alone, so that they cannot dilute the
        others' shares.
        """
        self._scenes += 1
        lowest, highest = (float(extreme) for extreme in estimate.aminmax())
        within = lowest >= -MARGIN and highest <= 1 + MARGIN
        if within or far_outside(estimate) <= SHARE:
            return
        self._noted += 1
        self._below += int((estimate < 0).sum())
        self._above += int((estimate > 1).sum())
        self._values += estimate.numel()
        self._lowest, self._highest = min(self._lowest, lowest), max(self._highest, highest)

    def counts(self) -> dict[str, float]:
        """Return what was counted so far, for `restore`."""
        return dict(vars(self))

    def restore(self, counts: Mapping[str, float]) -> None:
        """Go on from what `counts` returned."""
        vars(self).update(counts)

    def warnings(self) -> list[str]:
        """Return one note, with shares over the scenes concerned; none if there are none."""
        if not self._noted:
            return []
        counts = {"below 0": self._below, "above 1": self._above}
        shares = [f"{_percent(n / self._values)} ({side})" for side, n in counts.items() if n]
        note = (
            f"estimates are expected in [0, 1], found {self._lowest:.5g} to {self._highest:.5g}: "
            f"{' and '.join(shares)} of the values were clipped, in {self._noted} of "
            f"{counted(self._scenes, 'scene')}"
        )
        return [note]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"

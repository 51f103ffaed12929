"""Stored cells whose comparison is known, and the marks that a table shows."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from reports.analysis import legacy
from reports.analysis.metrics import from_facts, main_of
from reports.tables.model import Section
from tests.reports.conftest import Make

MAIN = main_of(from_facts(legacy.METRICS))
SEVEN, TWELVE = tuple("abcdefg"), tuple("abcdefghijkl")


def spread(
    psnr: Iterable[float], sam: Iterable[float], scenes: Sequence[str]
) -> list[dict[str, object]]:
    """Return scores with these values scene by scene."""
    return [
        {"scene": scene, "psnr": one, "sam": other}
        for scene, one, other in zip(scenes, psnr, sam, strict=True)
    ]


def uneven(number: int, seed: int, size: float) -> NDArray[np.float64]:
    """Return differences of one sign, about so large."""
    scatter: NDArray[np.float64] = np.random.default_rng(seed).random(number)
    return size * (1 + 0.3 * scatter)


def stored(make: Make, scenes: Sequence[str], **more: object) -> None:
    """Store a baseline, a far better method, and one indistinguishable from each of the two."""
    n = len(scenes)
    scatter = np.random.default_rng(5).normal(0, 4, n)
    wobble = 0.5 * np.array([(-1.0) ** index for index in range(n)]) + 0.01
    bicubic, best = 31 + scatter, 31 + scatter + uneven(n, 1, 3.0)
    flat = np.linspace(5, 6, n)
    make("bicubic", rows=spread(bicubic, flat + 2, scenes), trained=False, title="Bicubic", **more)
    make("winner", rows=spread(best, flat, scenes), **more)
    make("level", rows=spread(best - wobble, flat + uneven(n, 2, 1.0), scenes), **more)
    make("weak", rows=spread(bicubic + wobble, flat + uneven(n, 3, 1.0), scenes), **more)


def marks(section: Section) -> dict[str, tuple[str, str]]:
    """Return the marks of PSNR and SAM by title."""
    return {row[0].text: (row[1].marks, row[2].marks) for row in section.grids[0].rows}

"""What each method of a section costs, for the page: operations, seconds, parameters."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from benchmark.store.cells import Cell
from reports.analysis.facts import as_number, get_nested
from reports.analysis.results import Results
from reports.formatting import DASH, duration, grouped, number, significant

# A method's label, a scale and a number of bands to the operations of one estimate.
Operations = Mapping[tuple[str, int, int], float | None]
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def bands_of(cell: Cell) -> int:
    """Return the number of bands of a cell's images; 0 where it is not recorded."""
    bands = get_nested(cell.facts, "configuration", "dataset", "bands")
    return bands if isinstance(bands, int) else 0


def cost_of(results: Results, method: str, scale: int, operations: Operations) -> dict[str, Any]:
    """Describe the cost of one method at one scale by numbers, for plots, and their texts."""
    costs = results.costs(method, scale)
    bands = max(map(bands_of, results.at(method, scale)["cell"]), default=0)
    counted = operations.get((method, scale, bands))
    return {
        "parameters": sortable(costs.parameters, grouped),
        "operations": sortable(counted, _flop),
        "fit": sortable(costs.fit_s, duration),
        "upscale": sortable(costs.upscale_s if costs.upscale_s > 0 else None, _seconds),
        "elsewhere": costs.elsewhere,
    }


def sortable(value: Any, write: Callable[[float], str]) -> dict[str, Any]:
    """Describe a number by its value, for sorting, and its text; what is no number by a dash."""
    if as_number(value) is None:
        return {"value": None, "text": DASH}
    return {"value": value, "text": write(value)}


def _seconds(value: float) -> str:
    return f"{significant(value)} s"


def _flop(value: float) -> str:
    """Write a number of operations with about three significant digits."""
    for size, prefix in _UNITS:
        if value >= size:
            digits = max(0, 2 - int(math.log10(value / size)))
            return f"{number(value / size, digits)} {prefix}FLOP"
    return f"{value:.0f} FLOP"

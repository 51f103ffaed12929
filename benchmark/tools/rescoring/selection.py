"""Choose stored cells by their addresses."""

from collections.abc import Sequence
from typing import Any

from benchmark.errors import RequestError, listed
from benchmark.method import METHODS
from benchmark.plugins.registry import Registry
from benchmark.protocol import PROTOCOLS
from benchmark.store.cells import Cell


def chosen(
    cells: Sequence[Cell],
    *,
    datasets: Sequence[str] = (),
    protocols: Sequence[str] = (),
    profiles: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> list[Cell]:
    """Choose cells by their addresses.

    Args:
        cells: the stored cells.
        datasets: labels of data sets, as in the names of the tables; all if empty, as below.
        protocols: protocols with their parameters.
        profiles: names of profiles.
        methods: methods with their parameters.

    Raises:
        RequestError: a filter matches none of the cells.
    """
    wanted = {
        "dataset": list(datasets),
        "protocol": [_label(PROTOCOLS, one) for one in protocols],
        "profile": list(profiles),
        "method": [_label(METHODS, one) for one in methods],
    }
    for part, names in wanted.items():
        stored = dict.fromkeys(str(getattr(cell.address, part)) for cell in cells)
        if other := [name for name in names if name not in stored]:
            raise RequestError(
                f"no results of {part} {listed(other)}; there are results of {listed(stored, 30)}"
            )
    return [
        cell
        for cell in cells
        if all(not names or getattr(cell.address, part) in names for part, names in wanted.items())
    ]


def _label(registry: Registry[Any], reference: str) -> str:
    """Return the canonical form of a reference, or itself where the plugin is unknown here."""
    try:
        return registry.label(registry.make(reference))
    except RequestError:
        return reference

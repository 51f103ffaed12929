"""How the networks of a table were trained, and in what that differs from their papers."""

import math
from collections.abc import Sequence
from typing import Any

from benchmark.store.cells import Cell
from reports.analysis.facts import as_list, as_text, get_nested
from reports.analysis.machines import Machines
from reports.analysis.results import MAX_NUMBER, title_of_method
from reports.formatting import duration

REPEATABLE = (
    "bit for bit on a CPU of the same kind, with the same number of threads and the same versions; "
    "elsewhere networks learn slightly different weights"
)


def training_line(cells: Sequence[Cell], machines: Machines) -> str:
    """Describe how long each network was trained, and on what share of the pixels.

    Args:
        cells: of a table.
        machines: those of the cells; seconds of others than the main one are left out.

    Returns:
        Methods with the same steps and share together, ranges where scales or seeds differ; ""
        where no network was trained.
    """
    groups: dict[str, list[str]] = {}
    for title, own in _by_method(cells).items():
        networks = [cell for cell in own if _is_network(cell) and cell.status == "done"]
        if not networks:
            continue
        here = [cell for cell in networks if machines.is_main(cell)]
        seconds = [one for cell in here if (one := _number(cell, "times", "fit_s"))]
        took = _range([duration(min(seconds)), duration(max(seconds))]) if seconds else ""
        if len(here) < len(networks):
            took = f"{took}, partly on another machine" if here else "on another machine"
        groups.setdefault(_amount(networks), []).append(f"{title} ({took})" if took else title)
    return "; ".join(
        f"{amount}: {', '.join(who)}" if amount else ", ".join(who)
        for amount, who in groups.items()
    )


def deviations_line(cells: Sequence[Cell]) -> str:
    """Describe in what each method's recipe differs from its paper's; "" where in nothing."""
    parts = []
    for title, own in _by_method(cells).items():
        found = dict.fromkeys(
            text
            for cell in own
            for one in as_list(get_nested(cell.facts, "configuration", "deviations"))
            if (text := as_text(one).rstrip("."))
        )
        if found:
            parts.append(f"{title}: {', '.join(found)}")
    return "; ".join(parts)


def has_networks(cells: Sequence[Cell]) -> bool:
    """Return whether a network was trained."""
    return any(_is_network(cell) and cell.status == "done" for cell in cells)


def _by_method(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(title_of_method(cell), []).append(cell)
    return found


def _is_network(cell: Cell) -> bool:
    return get_nested(cell.facts, "configuration", "recipe") is not None


def _amount(cells: Sequence[Cell]) -> str:
    """Describe the steps, passes and share of the pixels that some cells record."""
    parts = []
    if steps := _numbers(cells, "steps"):
        parts.append(f"{_range([f'{one:,.0f}' for one in steps])} steps")
    if batch := _numbers(cells, "batch"):
        parts[-1:] = [f"{' '.join(parts[-1:])} of batch {_range([f'{one:.0f}' for one in batch])}"]
    if epochs := _numbers(cells, "epochs"):
        passes = _range([f"{one:.3g}" for one in epochs])
        parts.append(f"{passes} pass{'es' * (passes != '1')}")
    if shares := _numbers(cells, "share"):
        part = _range([_percent(one) for one in shares])
        parts.append(
            "all of the patches' pixels" if part == "100" else f"{part} % of the patches' pixels"
        )
    return ", ".join(parts)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"


def _numbers(cells: Sequence[Cell], name: str) -> list[float]:
    """Return the least and the largest of a number that the cells record; empty if none does."""
    found = [value for cell in cells if (value := _number(cell, "training", name)) is not None]
    return [min(found), max(found)] if found else []


def _number(cell: Cell, *path: str) -> float | None:
    value: Any = get_nested(cell.facts, *path)
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and math.isfinite(value) and abs(value) < MAX_NUMBER else None


def _range(texts: Sequence[str]) -> str:
    low, high = texts
    return low if low == high else f"{low} to {high}"

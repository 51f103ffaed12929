"""The badges of a table's rows, in tables that hold cells of a submission."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmark.errors import plain
from reports.analysis.results import MethodInfo, Results
from reports.badges import MEANINGS, PUBLISHED, Badge, badge_of_row, worth_showing
from reports.formatting import MISSING
from reports.tables.model import Grid


def badges_of(results: Results, methods: Sequence[MethodInfo]) -> dict[str, Badge]:
    """Return the badge of every method by its label; none where nothing was submitted.

    In a table without submissions every row is of the results folder's own cells.

    Args:
        results: of one data set, protocol and profile.
        methods: its methods.
    """
    if not worth_showing(results.stored):
        return {}
    found = {}
    for method in methods:
        own = [cell for cell in results.stored if cell.address.method == method.label]
        found[method.label] = badge_of_row(own)
    return found


def as_published(grids: Sequence[Grid], badges: Mapping[str, Badge]) -> list[Grid]:
    """Name the badge of published values in their grids, where the table has badges."""
    if not badges:
        return list(grids)
    return [replace(grid, legend=f"{grid.legend} Badge: {PUBLISHED.name}.") for grid in grids]


def badge_lines(
    methods: Sequence[MethodInfo], badges: Mapping[str, Badge], *, published: bool
) -> tuple[tuple[str, str], ...]:
    """Explain the badges of a table, as (what, text) lines: what each means, and its evidence.

    Args:
        methods: the methods of the table.
        badges: theirs by their labels; without any there is nothing to explain.
        published: whether the table has published values.
    """
    if not badges:
        return ()
    present = {badge.name or MISSING for badge in badges.values()}
    present |= {PUBLISHED.name} if published else set()
    known = {**MEANINGS, MISSING: "no record of where it was computed"}
    meanings = "; ".join(f"{name}: {text}" for name, text in known.items() if name in present)
    titles = {method.label: method.title for method in methods}
    lines = [
        ("Submission", f"{plain(titles[label])}: {badge.name}, {badge.text}")
        for label, badge in badges.items()
        if badge.name in ("submitted", "re-scored")
    ]
    return ("Badges", meanings), *lines

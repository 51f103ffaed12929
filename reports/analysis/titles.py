"""The titles of methods in reports."""

from collections import Counter
from collections.abc import Mapping

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.facts import get_nested


def title_of_method(cell: Cell) -> str:
    """Return the title of a cell's method, with its changed parameters."""
    name, bracket, changed = cell.address.method.partition("[")
    stored = get_nested(cell.facts, "configuration", "method", "title", default=name)
    title = plain(stored) or name
    return f"{title} [{plain(changed).removesuffix(']')}]" if bracket else title


def distinct_titles(titles: Mapping[str, str]) -> dict[str, str]:
    """Return the titles of methods by their labels; those with one title have the label too."""
    counts = Counter(titles.values())
    return {
        label: title if counts[title] == 1 else f"{title} ({plain(label)})"
        for label, title in titles.items()
    }

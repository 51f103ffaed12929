"""The titles of methods in reports."""

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.facts import get_nested


def title_of_method(cell: Cell) -> str:
    """Return the title of a cell's method, with its changed parameters."""
    name, bracket, changed = cell.address.method.partition("[")
    stored = get_nested(cell.facts, "configuration", "method", "title", default=name)
    title = plain(stored) or name
    return f"{title} [{plain(changed).removesuffix(']')}]" if bracket else title

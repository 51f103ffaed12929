"""The main table in the terminal: in colour on a screen, plain in a file or pipe."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich import box
from rich.measure import Measurement
from rich.segment import Segments
from rich.table import Table
from rich.text import Text

from benchmark.errors import plain
from reports.formatting import FAILED, superscript

if TYPE_CHECKING:
    from rich.console import Console

    from reports.tables.model import Entry, Grid, Section
    from reports.writers.files import Tables

DIFFERENCE = "Δ"
_HEAD = (
    "Protocol",
    "Scenes",
    "Remark",
    "Training",
    "Seconds",
    "Deviates from its paper",
    "Conflict",
    "Badges",
    "Submission",
)
_WARNED = "Conflict"  # cells that do not fit together
_RANKED = {1: "bold green", 2: "cyan"}
_BETTER = {True: "green", False: "red", None: "dim"}


def show(tables: "Tables", console: "Console") -> None:
    """Print the main metrics of every section, with the difference from what was published.

    In a narrow terminal each metric is below the one before, in a narrower one differences are left
    out; names and numbers are never truncated.

    Args:
        tables: what `write_tables` returned.
        console: where to print.
    """
    for section in tables.sections:
        console.print(Text(tables.title, style="bold"), soft_wrap=True)
        console.print(Text(plain(section.title), style="dim"), soft_wrap=True)
        for what, text in section.provenance:
            if what in _HEAD:
                style = "yellow" if what == _WARNED else "dim"
                console.print(Text(f"{what}: {text}", style=style), soft_wrap=True)
        shown = _fitting(section, console)
        for table in shown:
            console.print()
            print_whole(table, console)
        if any(
            str(column.header).strip() == DIFFERENCE for table in shown for column in table.columns
        ):
            legend = f"{DIFFERENCE} measured minus published"
            console.print(Text(legend, style="dim"), soft_wrap=True)
        main = _main(section)
        if main.remarks:  # what the marks mean, or why nothing is marked
            console.print(Text(plain(main.remarks[0]), style="dim"), soft_wrap=True)
        for index in sorted({note for row in main.rows for entry in row for note in entry.notes}):
            note = f"{superscript((index,))} {section.notes[index - 1]}"
            console.print(Text(note, style="yellow"), soft_wrap=True)
        console.print()


def _main(section: "Section") -> "Grid":
    """Return the main table as one grid, also where a page needs several side by side."""
    grids = [grid for grid in section.grids if grid.main]
    first, labels = grids[0], grids[0].labels
    return replace(
        first,
        groups=tuple(group for grid in grids for group in grid.groups),
        columns=(
            *first.columns[:labels],
            *(column for grid in grids for column in grid.columns[labels:]),
        ),
        rows=tuple(
            (*rows[0][:labels], *(entry for row in rows for entry in row[labels:]))
            for rows in zip(*(grid.rows for grid in grids), strict=True)
        ),
    )


def _fitting(section: "Section", console: "Console") -> list[Table]:
    """Choose the fullest layout that the terminal is wide enough for."""
    grid = _main(section)
    groups = list(range(len(grid.groups)))
    for differences in (True, False):
        beside = [_table(grid, groups, console, differences=differences)]
        stacked = [_table(grid, [group], console, differences=differences) for group in groups]
        for tables in (beside, stacked):
            if all(_width(table, console) <= console.width for table in tables):
                return tables
    return stacked


def new_table() -> Table:
    """Return an empty table in the style of all tables in the terminal."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)


def _table(
    grid: "Grid", groups: Sequence[int], console: "Console", *, differences: bool = False
) -> Table:
    """Build the table of some of the grid's groups."""
    table = new_table()
    for label in grid.columns[: grid.labels]:
        table.add_column(Text(label), no_wrap=True)
    chosen = []
    first = grid.labels
    for group, (name, width) in enumerate(grid.groups):
        for column in range(first, first + width):
            if group in groups:
                beside = differences and any(row[column].difference for row in grid.rows)
                chosen.append((column, beside))
                lead = f"{name}\n" if column == first else "\n"
                heading = Text(f"{lead}{grid.columns[column]}")  # a text would be read as markup
                table.add_column(heading, justify="right", no_wrap=True)
                if beside:
                    table.add_column(f"\n{DIFFERENCE}", justify="right", no_wrap=True)
        first += width
    for row in grid.rows:
        fields = [Text(as_shown(entry.text, console)) for entry in row[: grid.labels]]
        for column, beside in chosen:
            fields.append(_measured(row[column], console))
            if beside:
                difference = as_shown(row[column].difference, console)
                fields.append(Text(difference, style=_BETTER[row[column].better]))
        table.add_row(*fields)
    return table


def _measured(entry: "Entry", console: "Console") -> Text:
    style = "red" if entry.text == FAILED else _RANKED.get(entry.rank, "")
    return Text.assemble(
        (as_shown(entry.text, console), style),
        (as_shown(entry.marks, console), "dim"),
        (as_shown(superscript(entry.notes), console), "yellow"),
    )


def as_shown(text: str, console: "Console") -> str:
    """Return a text as the console's stream will show it.

    Where its encoding lacks a sign, the stream writes another one, which may be longer: columns are
    aligned by what is shown.
    """
    try:
        return text.encode(
            console.encoding, getattr(console.file, "errors", None) or "strict"
        ).decode(console.encoding)
    except (UnicodeError, LookupError):
        return text


def _width(table: Table, console: "Console") -> int:
    """Return the width that a table needs so that nothing is truncated."""
    unlimited = console.options.update(width=10_000)
    return Measurement.get(console, unlimited, table).maximum


def print_whole(table: Table, console: "Console") -> None:
    """Print a table without truncation, even if it is wider than the terminal."""
    # By default, rich fits a table into the terminal by truncating words.
    options = console.options.update(width=max(_width(table, console), 1))
    lines = Segments(console.render(table, options))
    console.print(lines, crop=False, no_wrap=True, overflow="ignore", end="")

"""Tables in Markdown, readable on a code host and as plain text."""

import re
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from benchmark.errors import plain
from reports.formatting import superscript
from reports.tables.model import Entry, Grid, Section

# The start of a list, or a horizontal rule.
_LIST = re.compile(r"^(\d*)([-+.)])(?=[\s-]|$)")
_SPECIAL = re.compile(r"([\\`*_\[\]{}|~$#])")
_RANKING = "Best **bold**, second-best *italic*, by the printed numbers alone."


def escape(text: object) -> str:
    """Escape a text for Markdown, tables included."""
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LIST.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", safe))


def markdown_table(
    rows: Iterable[Sequence[object]], headings: Sequence[str], align: Sequence[str]
) -> str:
    """Write a table of texts that are escaped already.

    Args:
        rows: its rows.
        headings: the headings of the columns.
        align: "left" or "right" of the first columns; the others are numbers, to the right.
    """
    right = ["right"] * (len(headings) - len(align))
    return tabulate(rows, headings, "pipe", colalign=[*align, *right], disable_numparse=True)


def page(title: str, sections: Sequence[Section]) -> str:
    """Return a whole page.

    Args:
        title: the data set's.
        sections: one a protocol and profile.
    """
    parts = [f"# {escape(title)}"]
    for section in sections:
        parts.append(f"## {escape(section.title)}")
        lines = (f"- **{what}:** {escape(text)}" for what, text in section.provenance)
        parts.append("\n".join(lines))
        parts.extend(_grid(grid) for grid in section.grids)
        if section.notes:
            parts.append("### Notes")
            parts.append(
                "\n".join(f"{index}. {escape(note)}" for index, note in enumerate(section.notes, 1))
            )
    return "\n\n".join(parts) + "\n"


def _grid(grid: Grid) -> str:
    rows = [[_entry(entry, grid) for entry in row] for row in grid.rows]
    ranked = any(entry.rank for row in grid.rows for entry in row)
    legend = f"{escape(grid.legend)} {_RANKING}" if ranked else escape(grid.legend)
    parts = [
        f"### {escape(grid.title)}",
        markdown_table(rows, _headings(grid), ["left"] * grid.labels),
        legend,
        " ".join(map(escape, grid.remarks)),
    ]
    return "\n\n".join(filter(None, parts))


def _headings(grid: Grid) -> list[str]:
    groups = [name for name, width in grid.groups for _ in range(width)]
    groups = [""] * (len(grid.columns) - len(groups)) + groups
    return [
        escape(f"{group} {column}".strip())
        for group, column in zip(groups, grid.columns, strict=True)
    ]


def _entry(entry: Entry, grid: Grid) -> str:
    text = escape(entry.text)
    text = {1: f"**{text}**", 2: f"*{text}*"}.get(entry.rank, text)
    if grid.differences and entry.difference:
        text += f" ({entry.difference})"
    return text + entry.marks + superscript(entry.notes)

r"""Tables in LaTeX: floats in booktabs style, to be read in with \input."""

from collections.abc import Sequence

from reports.layout import Entry, Grid, Section
from reports.summary import DASH, MINUS, TIMES, plain

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # At the start of a row these two would be read as arguments of the line break before it.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    TIMES: r"$\times$",
    "±": r"$\pm$",
    MINUS: "$-$",
    DASH: "--",
    "∞": r"$\infty$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "°": r"$^\circ$",
    **{sign: f"\\{sign}" for sign in "_%&#$"},
}
_TABLE = str.maketrans(_SPECIAL)
_RANKING = r"Best \textbf{bold}, second-best \underline{underlined}."
_PREAMBLE = "% needs \\usepackage{booktabs}; written by run_all.py, do not edit"


def escape(text: object) -> str:
    """Make a text mean itself in LaTeX."""
    return plain(text).translate(_TABLE)


def page(title: str, sections: Sequence[Section]) -> str:
    """Write every table of a data set as one file.

    Args:
        title: the data set's.
        sections: one a protocol and profile.
    """
    parts = [_PREAMBLE]
    for section in sections:
        for index, grid in enumerate(section.grids):
            parts.append(_float(title, section, grid, whole_head=index == 0))
    return "\n\n".join(parts) + "\n"


def _float(title: str, section: Section, grid: Grid, *, whole_head: bool) -> str:
    caption = rf"\textbf{{{escape(title)}.}} {escape(f'{grid.title}. {section.title}.')}"
    if whole_head:
        head = " ".join(_sentence(f"{what}: {text}") for what, text in section.head)
        caption += f" {escape(head)}"
    legend = escape(grid.legend)
    if any(entry.rank for row in grid.rows for entry in row):
        legend += f" {_RANKING}"
    used = sorted({note for row in grid.rows for entry in row for note in entry.notes})
    notes = [
        rf"\textsuperscript{{{note}}}\,{escape(_sentence(section.notes[note - 1]))}"
        for note in used
    ]
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering\small\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{caption}}}",
            *_tabular(grid),
            r"\par\smallskip\begin{minipage}{\linewidth}\footnotesize",
            r"\par ".join([legend, *notes]),
            r"\end{minipage}",
            r"\end{table}",
        ]
    )


def _tabular(grid: Grid) -> list[str]:
    numbers = len(grid.columns) - grid.labels
    lines = [rf"\begin{{tabular}}{{@{{}}{'l' * grid.labels}{'r' * numbers}@{{}}}}", r"\toprule"]
    if grid.groups:
        spans = [rf"\multicolumn{{{width}}}{{c}}{{{escape(name)}}}" for name, width in grid.groups]
        lines.append(" & ".join([*[""] * grid.labels, *spans]).lstrip() + r" \\")
        lines.append(" ".join(_rules(grid)))
    lines += [" & ".join(map(escape, grid.columns)) + r" \\", r"\midrule"]
    for index, row in enumerate(grid.rows):
        if index in grid.blocks:
            lines.append(r"\addlinespace")
        lines.append(" & ".join(_entry(entry, grid) for entry in row) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _rules(grid: Grid) -> list[str]:
    rules, first = [], grid.labels + 1
    for _, width in grid.groups:
        rules.append(rf"\cmidrule(lr){{{first}-{first + width - 1}}}")
        first += width
    return rules


def _entry(entry: Entry, grid: Grid) -> str:
    # What comes after the number is set smaller, so that six columns fit a page.
    value, _, spread = entry.text.partition(" ± ")
    text = escape(value)
    text = {1: rf"\textbf{{{text}}}", 2: rf"\underline{{{text}}}"}.get(entry.rank, text)
    if spread:
        text += rf"\,{{\scriptsize$\pm${escape(spread)}}}"
    if grid.differences and entry.difference:
        text += rf"\,{{\scriptsize({escape(entry.difference)})}}"
    if entry.notes:
        text += rf"\textsuperscript{{{','.join(map(str, entry.notes))}}}"
    return text


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."

r"""Tables in LaTeX: floats in the style of booktabs, numbers aligned by siunitx.

The file compiles as it is, and is read into a paper with \input: it begins a document of its own
only where none has begun.
"""

import re
import unicodedata
from collections.abc import Sequence

from benchmark.errors import plain
from reports.formatting import DASH, MINUS, TIMES
from reports.tables.model import Entry, Grid, Section

_GREEK = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"  # common in names of methods


def _spelling(letter: str) -> str:
    """Give a Greek letter's name as LaTeX has it."""
    name = unicodedata.name(letter).split()[-1].replace("LAMDA", "LAMBDA")
    return name.lower() if letter.islower() else name.title()


_JOIN = "\0"  # stands where two signs would become one, until it is an empty group
_SPECIAL = {
    _JOIN: "{}",
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
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "∘": r"$\circ$",
    **{sign: f"$\\{_spelling(sign)}$" for sign in _GREEK},
}
_TABLE = str.maketrans(_SPECIAL)
_JOINED = re.compile(r"(?<=-)(?=-)|(?<=[`?!])(?=`)|(?<=')(?=')")
# Letters that pdflatex's standard fonts lack, where it would stop: these, and most beyond U+017F.
_LACKED = re.compile(r"[^ -~\u00a1-\u017f‘’“”…•™]|[«»ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲųſ]")
_RANKING = r"Best \textbf{bold}, second-best \underline{underlined}."
# \@nodocument is \relax from \begin{document} on.
BEGIN = r"""% Written by run_all.py, do not edit. It compiles as it is: pdflatex FILE.
% In a paper: \usepackage{booktabs,siunitx} in its preamble (siunitx 3), then \input{FILE}.
\expandafter\ifx\csname @nodocument\endcsname\relax\let\tablesend\relax\else
\documentclass{article}
\usepackage[margin=20mm]{geometry}\usepackage{booktabs,siunitx}
\def\tablesend{\end{document}}
\begin{document}\fi"""
END = r"\tablesend"
_NUMBER = re.compile(rf"{MINUS}?(\d[\d,]*)(\.\d+)?")


def escape(text: object) -> str:
    """Make a text mean itself in LaTeX; a letter that its fonts lack is given by its number."""
    known = _LACKED.sub(_numbered, plain(text))
    return _JOINED.sub(_JOIN, known).translate(_TABLE)


def _numbered(letter: re.Match[str]) -> str:
    return letter[0] if ord(letter[0]) in _TABLE else f"[U+{ord(letter[0]):04X}]"


def page(title: str, sections: Sequence[Section]) -> str:
    """Write every table of a data set as one file.

    Args:
        title: the data set's.
        sections: one a protocol and profile.
    """
    parts = [BEGIN]
    for section in sections:
        shown = [grid for grid in section.grids if not grid.details]
        for index, grid in enumerate(shown):
            parts.append(_float(title, section, grid, whole_head=index == 0))
    return "\n\n".join([*parts, END]) + "\n"


def _float(title: str, section: Section, grid: Grid, *, whole_head: bool) -> str:
    caption = rf"\textbf{{{escape(title)}.}} {escape(f'{grid.title}. {section.title}.')}"
    if whole_head:
        head = " ".join(_sentence(f"{what}: {text}") for what, text in section.provenance)
        caption += f" {escape(head)}"
    legend = escape(grid.legend)
    if any(entry.rank for row in grid.rows for entry in row):
        legend += f" {_RANKING}"
    remarks = [escape(" ".join(grid.remarks))] if grid.remarks else []
    used = sorted({note for row in grid.rows for entry in row for note in entry.notes})
    notes = [
        rf"\textsuperscript{{{note}}}\,{escape(_sentence(section.notes[note - 1]))}"
        for note in used
    ]
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering\small\setlength{\tabcolsep}{4pt}\setlength{\belowcaptionskip}{6pt}",
            r"\sisetup{detect-weight,group-digits=integer,group-minimum-digits=4,group-separator={,}}",
            rf"\caption{{{caption}}}",
            *_tabular(grid),
            r"\par\smallskip\begin{minipage}{\linewidth}\footnotesize",
            r"\par ".join([legend, *remarks, *notes]),
            r"\end{minipage}",
            r"\end{table}",
        ]
    )


def _tabular(grid: Grid) -> list[str]:
    columns = [_Column(grid, index) for index in range(grid.labels, len(grid.columns))]
    layout = "l" * grid.labels + "".join(column.layout for column in columns)
    lines = [rf"\begin{{tabular}}{{@{{}}{layout}@{{}}}}", r"\toprule"]
    if grid.groups:
        spans = []
        first = grid.labels + 1
        rules = []
        for name, widths in zip(*_groups(grid, columns), strict=True):
            spans.append(rf"\multicolumn{{{widths}}}{{c}}{{{escape(name)}}}")
            rules.append(rf"\cmidrule(lr){{{first}-{first + widths - 1}}}")
            first += widths
        lines.append(" & ".join([*[""] * grid.labels, *spans]).lstrip() + r" \\")
        lines.append(" ".join(rules))
    headings = [*map(escape, grid.columns[: grid.labels]), *(one.heading for one in columns)]
    lines += [" & ".join(headings) + r" \\", r"\midrule"]
    for index, row in enumerate(grid.rows):
        if index in grid.blocks:
            lines.append(r"\addlinespace")
        names = [escape(entry.text) + _raised(entry) for entry in row[: grid.labels]]
        fields = [
            column.field(entry) for column, entry in zip(columns, row[grid.labels :], strict=True)
        ]
        lines.append(" & ".join([*names, *fields]) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _groups(grid: Grid, columns: Sequence["_Column"]) -> tuple[list[str], list[int]]:
    """Count the columns of LaTeX under every heading of a group."""
    waiting = list(columns)
    widths = []
    for _, width in grid.groups:
        widths.append(sum(column.width for column in waiting[:width]))
        waiting = waiting[width:]
    return [name for name, _ in grid.groups], widths


class _Column:
    """One column of numbers, and a narrow one after it for what follows a number, if anything.

    Numbers alone stand in siunitx's column, so that they are aligned whatever follows them.
    """

    def __init__(self, grid: Grid, index: int) -> None:
        self._grid = grid
        entries = [row[index] for row in grid.rows]
        numbers = [found for entry in entries if (found := _NUMBER.fullmatch(_value(entry)))]
        self._whole = max((len(found[1].replace(",", "")) for found in numbers), default=0)
        self._part = max((len(found[2] or ".") - 1 for found in numbers), default=0)
        negative = any(found[0].startswith(MINUS) for found in numbers)
        self._format = f"{'-' if negative else ''}{self._whole}.{self._part}"
        self._followed = any(self._follows(entry) for entry in entries)
        self.width = 2 if self._followed else 1
        title = escape(grid.columns[index])
        self.heading = rf"\multicolumn{{2}}{{c}}{{{title}}}" if self._followed else f"{{{title}}}"

    @property
    def layout(self) -> str:
        """Give the column's type."""
        own = f"S[table-format={self._format}]" if self._whole else "r"
        return own + ("@{}l" if self._followed else "")

    def field(self, entry: Entry) -> str:
        """Write an entry: number or text, best in bold, second-best underlined."""
        return self._number(entry) + (f" & {self._follows(entry)}" if self._followed else "")

    def _number(self, entry: Entry) -> str:
        text = _value(entry)
        found = _NUMBER.fullmatch(text)
        if entry.rank == 2:
            # siunitx cannot underline: as text, made as wide as the numbers are.
            shown = rf"\underline{{{escape(text)}}}"
            missing = self._whole - len(found[1].replace(",", "")) if found else 0
            return rf"{{\phantom{{{'0' * missing}}}{shown}}}" if missing else f"{{{shown}}}"
        bold = entry.rank == 1
        if found and self._whole:
            plain_number = text.replace(",", "").replace(MINUS, "-")
            return rf"\bfseries {plain_number}" if bold else plain_number
        shown = rf"\textbf{{{escape(text)}}}" if bold else escape(text)
        return f"{{{shown}}}"

    def _follows(self, entry: Entry) -> str:
        """Write what comes after the number, smaller, so that six columns fit a page."""
        _, _, spread = entry.text.partition(" ± ")
        text = rf"\,{{\scriptsize$\pm${escape(spread)}}}" if spread else ""
        if self._grid.differences and entry.difference:
            text += rf"\,{{\scriptsize({escape(entry.difference)})}}"
        return text + _raised(entry)


def _value(entry: Entry) -> str:
    return entry.text.partition(" ± ")[0]


def _raised(entry: Entry) -> str:
    signs = ",".join([*([entry.marks] if entry.marks else []), *map(str, entry.notes)])
    return rf"\textsuperscript{{{escape(signs)}}}" if signs else ""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."

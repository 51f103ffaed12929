r"""Tables in LaTeX: floats in the style of booktabs, numbers aligned by siunitx.

The file compiles as it is, and is read into a paper with \input: it begins a document of its own
only where none has begun.
"""

import re
from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

import pandas as pd
from pylatexenc.latexencode import (  # type: ignore[import-untyped]
    RULE_DICT,
    RULE_REGEX,
    UnicodeToLatexConversionRule,
    UnicodeToLatexEncoder,
)

from benchmark.errors import plain
from reports.formatting import DASH, MINUS, REMARKED, TIMES
from reports.tables.model import Entry, Grid, Section

_GREEK = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"  # common in names of methods
# Signs that pylatexenc leaves alone, or spells in a way that needs a package.
_SIGNS = {
    "|": r"\textbar",
    TIMES: r"\ensuremath{\times}",
    MINUS: r"\ensuremath{-}",
    DASH: "--",
    "↑": r"\ensuremath{\uparrow}",
    "↓": r"\ensuremath{\downarrow}",
    "°": r"\ensuremath{^\circ}",
    REMARKED: r"\ensuremath{\dagger}",
}
_MATH = "±∞≤≥≈∘"
_LATIN = r"\u00a1-\u017f‘’“”…•™"  # pdflatex accepts these unchanged
# Letters that pdflatex's standard fonts lack, where it would stop.
_UNSUPPORTED = re.compile(
    rf"[^ -~{_LATIN}{_GREEK}{''.join(_SIGNS)}{_MATH}]|[«»ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲųſ]"
)
_ENCODER = UnicodeToLatexEncoder(
    conversion_rules=[
        UnicodeToLatexConversionRule(RULE_DICT, {ord(sign): tex for sign, tex in _SIGNS.items()}),
        UnicodeToLatexConversionRule(
            RULE_REGEX,
            [
                # Signs that would form a ligature with the one before.
                (re.compile(r"(?<=-)-|(?<=[`?!])`|(?<=')'"), r"{}\g<0>"),
                # At the start of a row, arguments of the line break before it.
                (re.compile(r"[\[\]*]"), r"{\g<0>}"),
                (re.compile(rf"(?![{_MATH}])[{_LATIN}]"), r"\g<0>"),
            ],
        ),
        "defaults",
    ],
    replacement_latex_protection="braces-after-macro",
)
_RANKING = r"Best \textbf{bold}, second-best \underline{underlined}, by the printed numbers alone."
# \@nodocument is \relax from \begin{document} on.
BEGIN = r"""% Written by run_all.py, do not edit. It compiles as it is: pdflatex FILE.
% In a paper: \usepackage{booktabs,siunitx} in its preamble (siunitx 3), then \input{FILE}.
\expandafter\ifx\csname @nodocument\endcsname\relax\let\tablesend\relax\let\tablesbreak\relax\else
\documentclass{article}
\usepackage[margin=20mm]{geometry}\usepackage{booktabs,siunitx}
\def\tablesend{\end{document}}\let\tablesbreak\clearpage
\begin{document}\fi"""
END = r"\tablesend"
# Between sections: TeX gives up at 50 tables that no page has taken.
_BREAK = r"\tablesbreak"
_NUMBER = re.compile(rf"{MINUS}?(\d[\d,]*)(\.\d+)?")


def escape(text: object) -> str:
    """Escape a text for LaTeX; a letter missing in its fonts becomes its code point."""
    known = _UNSUPPORTED.sub(lambda letter: f"[U+{ord(letter[0]):04X}]", plain(text))
    return str(_ENCODER.unicode_to_latex(known))


def page(title: str, sections: Sequence[Section]) -> str:
    """Return every table of a data set as one file.

    Args:
        title: the data set's.
        sections: one a protocol and profile.
    """
    parts = [BEGIN]
    for number, section in enumerate(sections):
        parts += [_BREAK] * (number > 0)
        shown = [grid for grid in section.grids if not grid.details]
        for index, grid in enumerate(shown):
            parts.append(_float(title, section, grid, with_provenance=index == 0))
    return "\n\n".join([*parts, END]) + "\n"


def _float(title: str, section: Section, grid: Grid, *, with_provenance: bool) -> str:
    caption = rf"\textbf{{{escape(title)}.}} {escape(f'{grid.title}. {section.title}.')}"
    if with_provenance:
        lines = " ".join(_sentence(f"{what}: {text}") for what, text in section.provenance)
        caption += f" {escape(lines)}"
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
    columns: dict[tuple[str, str, int], list[str]] = {}
    layout = ""
    groups = [name for name, width in grid.groups for _ in range(width)]
    groups = [""] * (len(grid.columns) - len(groups)) + groups
    for index, (group, heading) in enumerate(zip(groups, grid.columns, strict=True)):
        for kind, fields in _columns(grid, index):
            # The third level, which is hidden, keeps two columns under one heading apart.
            columns[escape(group), escape(heading), len(columns)] = fields
            layout += kind
    table = pd.DataFrame(columns)
    hidden: list[Hashable] = [2] if grid.groups else [0, 2]
    lines = (
        table.style.hide(axis="index")
        .hide(axis="columns", level=hidden)
        .to_latex(
            column_format=f"@{{}}{layout}@{{}}", hrules=True, multicol_align="c", siunitx=True
        )
        .splitlines()
    )
    if grid.groups:
        lines.insert(3, _rules([group for group, _, _ in columns]))
    return lines


def _columns(grid: Grid, index: int) -> Iterator[tuple[str, list[str]]]:
    """Format a column of the grid as one of LaTeX or two: (type, fields).

    Numbers are aligned in a column of siunitx; what follows them is in a narrow second column.
    """
    entries = [row[index] for row in grid.rows]
    if index < grid.labels:
        fields = [escape(entry.text) + _superscript(entry) for entry in entries]
        for block in grid.blocks if index == 0 else ():
            fields[block] = "\\addlinespace\n" + fields[block]
        yield "l", fields
        return
    yield _numbers(entries)
    following = [_following(entry, grid) for entry in entries]
    if any(following):
        yield "@{}l", following


def _rules(groups: Sequence[str]) -> str:
    """Draw a rule under every heading over several columns."""
    rules, end = [], 0
    for name, members in groupby(groups):
        start, end = end + 1, end + len(list(members))
        if name:
            rules.append(rf"\cmidrule(lr){{{start}-{end}}}")
    return " ".join(rules)


def _numbers(entries: Sequence[Entry]) -> tuple[str, list[str]]:
    """Format a column: best in bold, second-best underlined.

    Returns:
        The column's type, and a number or braced text an entry.
    """
    texts = [entry.text.partition(" ± ")[0] for entry in entries]
    found = [_NUMBER.fullmatch(text) for text in texts]
    known = [number for number in found if number]
    whole = max((len(number[1].replace(",", "")) for number in known), default=0)
    decimals = max((len(number[2] or ".") - 1 for number in known), default=0)
    sign = "-" if any(number[0].startswith(MINUS) for number in known) else ""
    fields = []
    for entry, text, number in zip(entries, texts, found, strict=True):
        if entry.rank == 2:
            # siunitx cannot underline: as text, made as wide as the numbers are.
            missing = whole - len(number[1].replace(",", "")) if number else 0
            phantom = rf"\phantom{{{'0' * missing}}}" if missing else ""
            fields.append(rf"{{{phantom}\underline{{{escape(text)}}}}}")
        elif number:
            bold = r"\bfseries " if entry.rank == 1 else ""
            fields.append(bold + text.replace(",", "").replace(MINUS, "-"))
        else:
            shown = escape(text)
            fields.append(rf"{{\textbf{{{shown}}}}}" if entry.rank == 1 else f"{{{shown}}}")
    return f"S[table-format={sign}{whole}.{decimals}]" if whole else "r", fields


def _following(entry: Entry, grid: Grid) -> str:
    """Format what follows the number, smaller, so that six columns fit a page."""
    _, _, deviation = entry.text.partition(" ± ")
    text = rf"\,{{\scriptsize{escape(f'±{deviation}')}}}" if deviation else ""
    if grid.differences and entry.difference:
        text += rf"\,{{\scriptsize({escape(entry.difference)})}}"
    return text + _superscript(entry)


def _superscript(entry: Entry) -> str:
    signs = ",".join([*([entry.marks] if entry.marks else []), *map(str, entry.notes)])
    return rf"\textsuperscript{{{escape(signs)}}}" if signs else ""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."

"""The model of a table before it is formatted: entries in grids, grids in sections."""

from dataclasses import dataclass

from reports.analysis.comparison.pairs import Comparison
from reports.analysis.comparison.ranking import Ranking


@dataclass(frozen=True)
class Entry:
    """One field of a grid, in plain text; the writers escape and format it.

    Attributes:
        text: the text.
        rank: 1 for the best of its column, 2 for the second-best.
        notes: numbers of its notes.
        difference: measured minus published, where both are known.
        better: whether that difference is on the better side; None where it is zero.
        marks: signs that the grid's remarks explain.
    """

    text: str
    rank: int = 0
    notes: tuple[int, ...] = ()
    difference: str = ""
    better: bool | None = None
    marks: str = ""


@dataclass(frozen=True)
class Grid:
    """Rows under headings; the first `labels` columns are text, the others numbers.

    Attributes:
        title: its heading.
        legend: a sentence beneath it.
        groups: headings over several columns: (text, columns); empty for none.
        columns: one heading per column; under a group, without the group's heading.
        rows: the entries.
        labels: how many leading columns name the row.
        blocks: indices of the rows that begin a new block.
        differences: whether the writers print the entries' differences in this grid.
        remarks: sentences beneath it about its marks; the first defines them.
        details: whether it is left out of LaTeX.
        main: whether it is, or is a part of, the main table.
    """

    title: str
    legend: str
    groups: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    labels: int = 1
    blocks: tuple[int, ...] = ()
    differences: bool = False
    remarks: tuple[str, ...] = ()
    details: bool = False
    main: bool = False


@dataclass(frozen=True)
class Section:
    """Everything of one data set under one protocol and one profile.

    Attributes:
        protocol: its name.
        profile: its name.
        version: of the protocol; empty where the cells record none.
        title: its heading, with the version.
        provenance: what was measured, on what, how and when, as (name, text).
        grids: the tables.
        notes: texts beneath the grids, numbered from 1.
        comparisons: every paired test behind the marks.
        rankings: ranks by each main metric, one per scene and scale, for tables and plots.
    """

    protocol: str
    profile: str
    version: str
    title: str
    provenance: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    comparisons: tuple[Comparison, ...] = ()
    rankings: tuple[Ranking, ...] = ()

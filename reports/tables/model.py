"""The model of a table before it is formatted: entries in grids, grids in sections."""

from dataclasses import dataclass

from reports.analysis.comparison import Comparison
from reports.analysis.ranking import Ranking


@dataclass(frozen=True)
class Entry:
    """One field of a grid, in plain text; the writers escape and format it.

    Attributes:
        text: what is written.
        rank: 1 for the best of its column, 2 for the second-best.
        notes: numbers of the notes that belong to it.
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
        title: what it is called.
        legend: a sentence beneath it.
        groups: headings over several columns: (text, columns); empty for none.
        columns: one heading a column; under a group, without the group's own words.
        rows: the entries.
        labels: how many leading columns name the row.
        blocks: indices of the rows that begin a new block.
        differences: whether the writers print the entries' differences in this grid.
        remarks: sentences beneath it about its marks; the first says what they mean.
        details: whether it is left out of LaTeX.
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


@dataclass(frozen=True)
class Section:
    """Everything of one data set under one protocol and one profile.

    Attributes:
        protocol: its name.
        profile: its name.
        provenance: what was measured, on what, how and when, as (what, text).
        grids: the tables.
        notes: what stands under them, numbered from 1.
        comparisons: every paired test behind the marks.
        rankings: ranks by PSNR and by SAM, a rank a scene and scale, for tables and plots.
    """

    protocol: str
    profile: str
    provenance: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    comparisons: tuple[Comparison, ...] = ()
    rankings: tuple[Ranking, ...] = ()

    @property
    def title(self) -> str:
        """Return the section's heading."""
        return f"Protocol {self.protocol}, profile {self.profile}"

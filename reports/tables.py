"""Tables of what is stored, as Markdown, LaTeX and tidy CSV; nothing is kept beside the cells."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from benchmark.disk import locked, write_file
from benchmark.errors import RequestError, listed
from benchmark.store import Cell, cells
from reports import latex, markdown
from reports.head import title_of
from reports.layout import Section
from reports.sections import build
from reports.tally import Tally, tally

CSV_COLUMNS = (
    "dataset", "protocol", "profile", "scale", "method", "seed", "metric", "mean", "std", "n",
)  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """The tables of one data set, and where they were written.

    Attributes:
        title: the data set's title, marked where it is synthetic.
        markdown: the page as text.
        sections: the tables before any writer dressed them.
        paths: the files: Markdown, LaTeX, CSV.
    """

    title: str
    markdown: str
    sections: tuple[Section, ...]
    paths: tuple[Path, Path, Path]


def datasets_in(results: Path) -> list[str]:
    """List the labels of the data sets that have cells below a results folder."""
    return sorted({cell.address.dataset for cell in cells(results)})


def write_tables(results: Path, dataset: str, order: Sequence[str] = ()) -> Tables:
    """Write `tables/<dataset>.md`, `.tex` and `.csv` below the results folder.

    Args:
        results: the results folder.
        dataset: the data set's label, as in the cells' addresses.
        order: labels of methods in the order of the rows; the others follow by kind and year.

    Raises:
        RequestError: there are no cells of that data set, or the files cannot be written.
    """
    stored = list(cells(results))
    mine = [tally(cell) for cell in stored if cell.address.dataset == dataset]
    if not mine:
        others = sorted({cell.address.dataset for cell in stored})
        there = f"there are some of {listed(others)}; " if others else ""
        raise RequestError(
            f"no results of data set '{dataset}' in {results}; {there}"
            f"make them with: python run_all.py --dataset {dataset}"
        )
    sections = tuple(
        build(list(group), order)
        for _, group in groupby(
            mine, lambda one: (one.cell.address.protocol, one.cell.address.profile)
        )
    )
    title = title_of([one.cell for one in mine])
    page = markdown.page(title, sections)
    contents = {"md": page, "tex": latex.page(title, sections), "csv": tidy_csv(mine)}
    name = quote(dataset, safe="[]=,+@ ").lstrip(".")
    md, tex, table = (results / "tables" / f"{name}.{ending}" for ending in contents)
    with _alone(results / "tables"):
        for file, content in zip((md, tex, table), contents.values(), strict=True):
            write_file(file, content.encode())
    return Tables(title, page, sections, (md, tex, table))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        with locked(folder / ".lock"):
            yield
    except OSError as error:
        raise RequestError(
            f"cannot write tables to {folder}: {error.strerror or error}; free space there or "
            "choose another folder with --results"
        ) from error


def tidy_csv(tallies: Iterable[Tally]) -> str:
    """Write one row a cell and metric: mean, standard deviation (ddof = 1) and n over scenes.

    A cell that failed keeps its place with n = 0, so that it does not vanish from an analysis.

    Args:
        tallies: cells with their averages.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for one in tallies:
        where = _where(one.cell)
        if one.cell.status == "failed":
            writer.writerows([*where, metric, "", "", 0] for metric in ("psnr", "sam"))
        for metric, summary in one.summaries.items():
            mean = repr(summary.mean) if summary.n else ""
            std = "" if summary.std is None else repr(summary.std)
            writer.writerow([*where, guarded(metric), mean, std, summary.n])
    return text.getvalue()


def guarded(text: str) -> str:
    """Keep a spreadsheet from taking a label for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _where(cell: Cell) -> list[str]:
    at = cell.address
    fields = (at.dataset, at.protocol, at.profile, str(at.scale), at.method, str(at.seed))
    return [guarded(field) if index not in (3, 5) else field for index, field in enumerate(fields)]

"""Tables of what is stored, as Markdown, LaTeX and tidy CSV; nothing is kept beside the cells."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import RequestError, listed
from benchmark.store.address import place_name
from benchmark.store.cells import Cell, cells
from benchmark.store.files import locked, write_file
from reports.analysis.comparison import BASELINE
from reports.analysis.provenance import is_subset, is_synthetic, title_of
from reports.analysis.results import read_results
from reports.published.reader import base_name
from reports.tables.model import Section
from reports.tables.sections import build
from reports.writers import latex, markdown
from reports.writers.csv_files import comparisons_csv, tidy_csv

FORMATS = ("md", "tex", "csv")


@dataclass(frozen=True)
class Tables:
    """The tables of one data set, and where they were written.

    Attributes:
        title: the data set's title, marked where it is synthetic.
        markdown: the page as text.
        sections: the tables before they are formatted.
        paths: the files in the order of the formats; CSV is two, the numbers and the comparisons.
    """

    title: str
    markdown: str
    sections: tuple[Section, ...]
    paths: tuple[Path, ...]


def datasets_in(results: Path) -> list[str]:
    """List the labels of the data sets that have cells below a results folder."""
    return sorted({cell.address.dataset for cell in cells(results)})


def known_formats(names: Iterable[str]) -> tuple[str, ...]:
    """Check the file formats asked for; return all of them for none.

    Raises:
        RequestError: one is not known.
    """
    asked = tuple(dict.fromkeys(names))
    unknown = [name for name in asked if name not in FORMATS]
    if unknown:
        raise RequestError(
            f"--format: expected some of {listed(FORMATS)}, found '{unknown[0]}'; "
            f"name them like this: --format {','.join(FORMATS[:2])}"
        )
    return asked or FORMATS


def write_tables(
    results: Path,
    dataset: str,
    order: Sequence[str] = (),
    *,
    formats: Sequence[str] = FORMATS,
    baseline: str = "",
) -> Tables:
    """Write a data set's tables to `tables/<dataset>.*` below the results folder.

    Args:
        results: the results folder.
        dataset: the data set's label, as in the cells' addresses.
        order: labels of methods in the order of the rows; the others follow by kind and year.
        formats: some of `FORMATS`.
        baseline: label of the method that every other is compared with; bicubic if empty.

    Raises:
        RequestError: there are no cells of that data set or of that baseline, a format is not
            known, or the files cannot be written.
    """
    kinds = known_formats(formats)
    stored = list(cells(results))
    mine = [cell for cell in stored if cell.address.dataset == dataset]
    if not mine:
        others = sorted({cell.address.dataset for cell in stored})
        there = f"there are some of {listed(others)}; " if others else ""
        raise RequestError(
            f"no results of data set '{dataset}' in {results}; {there}"
            f"make them with: python run_all.py --dataset {dataset}"
        )
    methods = sorted({cell.address.method for cell in mine})
    if baseline and baseline not in methods:
        raise RequestError(
            f"--baseline: no results of method '{baseline}' on '{dataset}' in {results}; "
            f"there are some of {listed(methods)}"
        )
    pooled = read_results(
        cell for cell in stored if cell.address.dataset == dataset or _comparable(mine[0], cell)
    )
    places = dict.fromkeys((cell.address.protocol, cell.address.profile) for cell in mine)
    sections = tuple(
        build(
            pooled.select(protocol=protocol, profile=profile), dataset, order, baseline or BASELINE
        )
        for protocol, profile in places
    )
    title = title_of(mine)
    page = markdown.page(title, sections)
    contents = {}
    for kind in kinds:
        if kind == "md":
            contents["md"] = page
        elif kind == "tex":
            contents["tex"] = latex.page(title, sections)
        else:
            contents["csv"] = tidy_csv(pooled.select(dataset=dataset))
    folder, name = results / "tables", place_name(dataset)
    files = {folder / f"{name}.{ending}": content for ending, content in contents.items()}
    if "csv" in kinds:
        # Other columns, so another folder: all CSV files of one can be read as one table.
        files[folder / "comparisons" / f"{name}.csv"] = comparisons_csv(dataset, sections)
    with _locked(folder):
        for file, content in files.items():
            write_file(file, content.encode())
    return Tables(title, page, sections, tuple(files))


def _comparable(own: Cell, other: Cell) -> bool:
    """Return whether a ranking may pool the scenes of another data set with a data set's own.

    Only whole data sets of real scenes, each once: not a subset, not another reading of the same
    files, nothing computed.
    """
    return all(
        cell.address.dataset == base_name(cell.address.dataset)
        and not is_subset([cell])
        and not is_synthetic([cell])
        for cell in (own, other)
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        with locked(folder / ".lock"):
            yield
    except OSError as error:
        raise RequestError(
            f"cannot write tables to {folder}: {error.strerror or error}; free space there or "
            "choose another folder with --results"
        ) from error

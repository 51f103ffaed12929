"""Tables of stored cells as Markdown, LaTeX and tidy CSV; the cells are their only source."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.commands import command
from benchmark.errors import RequestError, listed, meant
from benchmark.store.address import place_name
from benchmark.store.cells import Cell, cells
from reports.analysis.comparison.pairs import BASELINE
from reports.analysis.provenance.table import is_subset, is_synthetic, title_of
from reports.analysis.results import Results, read_results
from reports.output import check_formats, write_files
from reports.published.reader import base_name
from reports.tables.model import Section
from reports.tables.sections import build
from reports.writers import latex, markdown
from reports.writers.csv_files import comparisons_csv, tidy_csv

FORMATS = ("md", "tex", "csv")


@dataclass(frozen=True)
class Tables:
    """The tables of one data set, and their files.

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


@dataclass(frozen=True, eq=False)
class Computed:
    """The tables of one data set before they are formatted.

    Attributes:
        title: the data set's title, marked where it is synthetic.
        results: its results.
        sections: one a protocol and profile.
    """

    title: str
    results: Results
    sections: tuple[Section, ...]


def compute_tables(results: Path, dataset: str, baseline: str = "") -> Computed:
    """Compute a data set's tables; writes nothing.

    Args:
        results: the results folder.
        dataset: the data set's label, as in the cells' addresses.
        baseline: label of the method that every other is compared with; bicubic if empty.

    Raises:
        RequestError: there are no cells of that data set or of that baseline.
    """
    stored = list(cells(results))
    mine = [cell for cell in stored if cell.address.dataset == dataset]
    if not mine:
        raise no_results_of(dataset, results, {cell.address.dataset for cell in stored})
    methods = sorted({cell.address.method for cell in mine})
    if baseline and baseline not in methods:
        raise RequestError(
            f"--baseline: no results of method '{baseline}' on '{dataset}' in {results}; "
            f"{meant(baseline, methods)}there are some of {listed(methods)}"
        )
    pooled = read_results(
        cell for cell in stored if cell.address.dataset == dataset or _comparable(mine[0], cell)
    )
    places = dict.fromkeys((cell.address.protocol, cell.address.profile) for cell in mine)
    sections = tuple(
        build(pooled.select(protocol=protocol, profile=profile), dataset, baseline or BASELINE)
        for protocol, profile in places
    )
    return Computed(title_of(mine), pooled.select(dataset=dataset), sections)


def write_tables(
    results: Path,
    dataset: str,
    *,
    formats: Sequence[str] = (),
    baseline: str = "",
) -> Tables:
    """Write a data set's tables to `tables/<dataset>.*` below the results folder.

    Args:
        results: the results folder.
        dataset: the data set's label, as in the cells' addresses.
        formats: some of `FORMATS`; all if empty.
        baseline: label of the method that every other is compared with; bicubic if empty.

    Raises:
        RequestError: there are no cells of that data set or of that baseline, a format is not
            known, or the files cannot be written.
    """
    kinds = check_formats(formats, FORMATS)
    made = compute_tables(results, dataset, baseline)
    page = markdown.page(made.title, made.sections)
    folder, name = results / "tables", place_name(dataset)
    contents = {
        "md": page,
        "tex": latex.page(made.title, made.sections),
        "csv": tidy_csv(made.results),
    }
    files = {folder / f"{name}.{kind}": contents[kind].encode() for kind in kinds}
    if "csv" in kinds:
        # In another folder, as the columns differ: the files of a folder can be read as one table.
        comparisons = comparisons_csv(dataset, made.sections).encode()
        files[folder / "comparisons" / f"{name}.csv"] = comparisons
    write_files(folder, files, "tables")
    return Tables(made.title, page, made.sections, tuple(files))


def no_results_of(dataset: str, results: Path, present: Collection[str]) -> RequestError:
    """Build the error for a data set that has no cells.

    Args:
        dataset: its label.
        results: the results folder.
        present: the labels of the data sets that have cells.
    """
    guess = meant(dataset, sorted(present))
    there = f"there are some of {listed(sorted(present))}" if present else ""
    make = "" if guess else f"make them with: {command('--dataset', dataset, results=results)}"
    return RequestError(
        f"no results of data set '{dataset}' in {results}; {guess}"
        f"{'; '.join(filter(None, (there, make)))}"
    )


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

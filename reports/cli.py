"""Commands of `run_all.py` that show results: tables, figures, report."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import (
    CACHE,
    DATA,
    RESULTS,
    Cache,
    Data,
    Json,
    Plugins,
    Results,
    discover,
    print_json,
)
from benchmark.cli.usage import finite
from benchmark.commands import no_results
from benchmark.console import print_line, results_stream

if TYPE_CHECKING:
    from benchmark.store.cells import Cell

StoredDataSets = Annotated[
    str, typer.Option("--dataset", help="Data sets; all with results if empty.")
]
DeviceName = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


def tables(
    dataset: StoredDataSets = "",
    formats: Annotated[
        str, typer.Option("--format", help="Files to write: md, tex, csv; all if empty.")
    ] = "",
    baseline: Annotated[
        str, typer.Option(help="Method that every other is compared with; bicubic if empty.")
    ] = "",
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Write the tables from stored results; trains nothing."""
    from benchmark.cli.stored import stored_labels
    from benchmark.dataset import DATASETS
    from benchmark.errors import RequestError
    from benchmark.plugins.parameters import names_in
    from reports.output import check_formats
    from reports.writers.files import FORMATS, datasets_in

    wanted = check_formats(names_in(formats, "--format"), FORMATS)
    labels = stored_labels(dataset, "--dataset", DATASETS, results) or datasets_in(results)
    if not labels:
        raise RequestError(no_results(results))
    paths = tabulate(results, labels, quiet=as_json, formats=wanted, baseline=baseline)
    if as_json:
        print_json({"tables": paths})


def tabulate(
    results: Path,
    labels: Sequence[str],
    *,
    quiet: bool,
    formats: Sequence[str] = (),
    baseline: str = "",
) -> list[str]:
    """Write the tables of some data sets and, unless quiet, print them.

    Args:
        results: the results folder.
        labels: the data sets.
        quiet: print nothing.
        formats: which files; all if empty.
        baseline: what every method is compared with; bicubic if empty.

    Returns:
        The files written.

    Raises:
        RequestError: there is nothing to show, or the files cannot be written.
    """
    from rich.console import Console

    from benchmark.store.cells import damaged
    from reports.writers.files import write_tables
    from reports.writers.terminal import show

    for why in damaged(results):
        print_line(f"left out of the tables: {why}; repeat its run to compute it again", err=True)
    paths = []
    for label in labels:
        made = write_tables(results, label, formats=formats, baseline=baseline)
        paths += [str(path) for path in made.paths]
        if not quiet:
            show(made, Console(file=results_stream()))
            print_line("written: " + ", ".join(str(path) for path in made.paths))
    return paths


def figures(
    dataset: Annotated[str, typer.Option(help="Data sets; figures for each.")] = "synthetic",
    scenes: Annotated[str, typer.Option(help="Test scenes to show; all if empty.")] = "",
    scale: Annotated[str, typer.Option(help="Factors; all of the protocol's if empty.")] = "3",
    band: Annotated[
        float,
        typer.Option(min=0, callback=finite, help="Wavelength in nm; the nearest band is shown."),
    ] = 550,
    methods: Annotated[str, typer.Option(help="Methods; all with results if empty.")] = "",
    pixels: Annotated[
        str, typer.Option(help="Pixels of the spectra: row,column;row,column; chosen if empty.")
    ] = "",
    formats: Annotated[str, typer.Option("--format", help="png, pdf or both.")] = "png,pdf",
    profile: Annotated[str, typer.Option(help="The results' profile.")] = "quick",
    protocol: Annotated[str, typer.Option(help="The results' protocol.")] = "wang2017",
    seeds: Annotated[str, typer.Option(help="Seeds, figures for each.")] = "0",
    train_on: Annotated[str, typer.Option(help="The --train-on of the run.")] = "",
    subset: Annotated[str, typer.Option(help="The --scenes of the run.")] = "",
    device: DeviceName = "auto",
    data: Data = DATA,
    results: Results = RESULTS,
    cache: Cache = CACHE,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Draw the paper's figures and more from stored results; trains nothing."""
    discover(plugin)
    from benchmark.engine.machine.device import choose
    from benchmark.execution.listeners import progress
    from benchmark.execution.planning.request import Request
    from benchmark.plugins.parameters import names_in
    from benchmark.store.cells import cells
    from benchmark.tools.images.gallery import galleries
    from reports.figures import require

    require()
    from reports.analysis.provenance.training import same_table, seconds_line
    from reports.figures.draw import FigureCells, figures_of, folder_of
    from reports.figures.drawing.save import FORMATS, write_figures
    from reports.figures.drawing.style import styles_of
    from reports.figures.pixels import read_pixels
    from reports.output import check_formats

    formats_asked = check_formats(names_in(formats, "--format"), FORMATS)
    asked_pixels, where = read_pixels(pixels), choose(device)
    request = Request(
        datasets=dataset,
        train_on=train_on,
        scenes=subset,
        protocol=protocol,
        profile=profile,
        scales=scale,
        methods=methods,
        seeds=seeds,
        device=device,
        data=data,
        results=results,
        cache=cache,
        plugins=tuple(plugin or ()),
    )
    paths: list[Path] = []
    labels: dict[str, None] = {}
    with progress.make() as shown:
        for one in galleries(request, shown, names_in(scenes, "--scenes")):
            labels[one.label] = None
            mine = [cell for cell in cells(results) if cell.address.dataset == one.label]
            limits = seconds_line([cell for cell in mine if same_table(cell, one.cells[0])])
            of = FigureCells(
                one.cells,
                one.left_out,
                one.seed,
                one.tested,
                styles_of(mine),
                f"{limits}." if limits else "",
            )
            views = one.views(results, where, partial(shown.preparing, what="estimates computed"))
            drawn = figures_of(of, views, band, asked_pixels)
            paths += write_figures(folder_of(results, of), drawn, formats_asked)
    paths += _rank_figures(results, labels, formats_asked, protocol, profile)
    if as_json:
        print_json({"figures": [str(path) for path in paths]})
    else:
        print_line("written: " + ", ".join(str(path) for path in paths))


def report(
    dataset: StoredDataSets = "",
    scenes: Annotated[
        str, typer.Option(help="Show images of these; as many as fit if empty.")
    ] = "",
    no_images: Annotated[
        bool, typer.Option("--no-images", help="Tables and provenance only; estimates nothing.")
    ] = False,
    preview_size: Annotated[
        int,
        typer.Option(min=16, help="Maximum rows and columns of a preview; the limit is 15 MB."),
    ] = 128,
    device: DeviceName = "auto",
    data: Data = DATA,
    results: Results = RESULTS,
    cache: Cache = CACHE,
    plugin: Plugins = None,
) -> None:
    """Write one page that opens offline: tables, cost, curves, tests, images, provenance."""
    discover(plugin)
    from benchmark.cli.stored import stored_labels
    from benchmark.dataset import DATASETS
    from benchmark.engine.machine.device import choose
    from benchmark.errors import RequestError, listed, meant
    from benchmark.execution.listeners import progress
    from benchmark.execution.planning.plan import Folders
    from benchmark.plugins.parameters import names_in
    from benchmark.store.cells import cells, damaged
    from benchmark.tools.images.previews import previews
    from reports.analysis.facts import as_list, get_nested
    from reports.page import write_page
    from reports.page.write import LIMIT, ROOM
    from reports.writers.files import no_results_of

    labels = stored_labels(dataset, "--dataset", DATASETS, results)
    names = names_in(scenes, "--scenes")
    found = list(cells(results))
    present = {cell.address.dataset for cell in found}
    if not found:
        raise RequestError(no_results(results))
    for label in labels:
        if label not in present:
            raise no_results_of(label, results, present)
    stored = [cell for cell in found if not labels or cell.address.dataset in labels]
    tested = {
        str(name)
        for one in stored
        for name in as_list(get_nested(one.facts, "configuration", "dataset", "test"))
    }
    if unknown := [name for name in names if name not in tested]:
        raise RequestError(
            f"--scenes: nothing here was tested on {listed(unknown)}; {meant(unknown[0], tested)}"
            f"the test scenes are {listed(sorted(tested))}"
        )
    folders, where = Folders(data, results, cache), choose(device)
    with progress.make() as shown:
        images = previews(stored, folders, where, shown, size=preview_size, scenes=names, room=ROOM)
        page = write_page(
            results,
            stored,
            () if no_images else images,
            damaged=damaged(results),
            without="left out with --no-images" if no_images else "",
            operations=_operations(stored, cache, shown.line),
        )
    print_line(f"written: {page.path} ({page.size / 1e6:.1f} MB)")
    if page.size > LIMIT:
        print_line("it is too large for an e-mail; name fewer --scenes", err=True)


def _operations(
    cells: Sequence["Cell"], cache: Path, report_line: Callable[[str], None]
) -> dict[tuple[str, int, int], float | None]:
    """Count the operations of every network of these cells."""
    from benchmark.tools.speed.operations import Counts
    from reports.page.cost import bands_of

    counts = Counts(cache, report_line)
    wanted = {
        (cell.address.method, cell.address.scale, bands)
        for cell in cells
        if (bands := bands_of(cell))
    }
    found = {one: counts.of(*one) for one in sorted(wanted)}
    counts.save()
    return found


def _rank_figures(
    results: Path, labels: Iterable[str], formats: Sequence[str], protocol: str, profile: str
) -> Iterator[Path]:
    """Draw the average ranks of some data sets under a protocol and profile."""
    from benchmark.protocol import PROTOCOLS
    from benchmark.store.address import place_name
    from benchmark.store.cells import cells
    from reports.figures.draw import rank_figures
    from reports.figures.drawing.save import write_figures
    from reports.figures.drawing.style import styles_of
    from reports.writers.files import compute_tables

    protocol = PROTOCOLS.label(PROTOCOLS.make(protocol))
    for label in labels:
        styles = styles_of([cell for cell in cells(results) if cell.address.dataset == label])
        folder = results.joinpath("figures", *map(place_name, (label, protocol, profile)))
        for section in compute_tables(results, label).sections:
            if (section.protocol, section.profile) == (protocol, profile):
                drawn = rank_figures(section.rankings, styles, f"{label}, {protocol}, {profile}")
                yield from write_figures(folder, drawn, formats)

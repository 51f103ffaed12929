"""Commands of `run_all.py` that read what is stored: tables, exports."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import RESULTS, Json, Results, print_json


def tables(
    dataset: Annotated[str, typer.Option(help="Data sets; all that have results if empty.")] = "",
    formats: Annotated[
        str, typer.Option("--format", help="Files to write: md, tex, csv; all if empty.")
    ] = "",
    baseline: Annotated[
        str, typer.Option(help="Method that every other is compared with; bicubic if empty.")
    ] = "",
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Write the tables again from what is stored; trains nothing."""
    from benchmark.errors import RequestError
    from benchmark.plugins.parameters import split_list
    from reports.tables import datasets_in, known_formats

    wanted = known_formats(split_list(formats))
    labels = split_list(dataset) or datasets_in(results)
    if not labels:
        raise RequestError(f"no results in {results}; make them with: python run_all.py")
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
        quiet: True prints nothing.
        formats: which files; all where empty.
        baseline: what every method is compared with; bicubic where empty.

    Returns:
        The files.

    Raises:
        RequestError: there is nothing to show, or no room to write.
    """
    from rich.console import Console

    from benchmark.store.cells import damaged
    from reports.tables import known_formats, write_tables
    from reports.terminal import show

    for why in damaged(results):
        typer.echo(f"left out of the tables: {why}; the run that made it makes it again", err=True)
    paths = []
    for label in labels:
        chosen = formats or known_formats(())
        made = write_tables(results, label, formats=chosen, baseline=baseline)
        paths += [str(path) for path in made.paths]
        if not quiet:
            show(made, Console())
            typer.echo("written: " + ", ".join(str(path) for path in made.paths))
    return paths


def published(
    protocol: Annotated[str, typer.Option(help="Only numbers under this protocol.")] = "",
    dataset: Annotated[str, typer.Option(help="Only numbers on this data set.")] = "",
    as_json: Json = False,
) -> None:
    """List the numbers that papers print, by protocol; never mixed."""
    from rich.console import Console

    from reports import listing

    rows = listing.chosen(protocol, dataset)
    if as_json:
        print_json(listing.as_json(rows))
    else:
        listing.show_published(rows, Console())

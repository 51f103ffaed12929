"""Commands of `run_all.py` that read what is stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmark.options import RESULTS, Json, Results, print_json


def tables(
    dataset: Annotated[str, typer.Option(help="Data sets; all that have results if empty.")] = "",
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Write the tables again from what is stored; trains nothing."""
    from benchmark.errors import RequestError
    from benchmark.parameters import split_list
    from reports.tables import datasets_in

    labels = split_list(dataset) or datasets_in(results)
    if not labels:
        raise RequestError(f"no results in {results}; make them with: python run_all.py")
    paths = tabulate(results, labels, quiet=as_json)
    if as_json:
        print_json({"tables": paths})


def tabulate(results: Path, labels: Sequence[str], *, quiet: bool) -> list[str]:
    """Write the tables of some data sets and, unless quiet, print them.

    Returns:
        The files.

    Raises:
        RequestError: there is nothing to show, or no room to write.
    """
    from rich.console import Console

    from benchmark.store import damaged
    from reports.tables import write_tables
    from reports.terminal import show

    for why in damaged(results):
        typer.echo(f"left out of the tables: {why}; the run that made it makes it again", err=True)
    paths = []
    for label in labels:
        made = write_tables(results, label)
        paths += [str(path) for path in made.paths]
        if not quiet:
            show(made, Console())
            typer.echo("written: " + ", ".join(str(path) for path in made.paths))
    return paths

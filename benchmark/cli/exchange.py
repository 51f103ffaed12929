"""Commands of `run_all.py` that hand cells on and take them in."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import RESULTS, Json, Results, print_json


def export(
    file: Annotated[Path, typer.Argument(help="The zip to write.")],
    dataset: Annotated[str, typer.Option(help="Data sets; all that have results if empty.")] = "",
    weights: Annotated[
        bool, typer.Option("--weights", help="Pack the trained weights too.")
    ] = False,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Pack cells into one zip, for a colleague; exit code 1 if a damaged one was left out."""
    from benchmark.execution.listeners import progress
    from benchmark.plugins.parameters import split_list
    from benchmark.tools.exchange import export as pack

    with progress.make() as shown:

        def report(done: int, total: int, cell: str) -> None:
            shown.preparing("export", done, total, cell, "cells packed")

        packed = pack(results, file, split_list(dataset), weights=weights, on_progress=report)
    if as_json:
        print_json({**asdict(packed), "file": str(packed.file)})
    else:
        typer.echo(packed.summary)
    for why in packed.left_out:
        typer.echo(f"left out: {why}", err=True)
    raise typer.Exit(int(bool(packed.left_out)))


def merge(
    file: Annotated[Path, typer.Argument(help="A zip that `export` wrote.")],
    results: Results = RESULTS,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Take a cell over another; that one is set aside."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Take in a colleague's cells; a conflict is refused with its reason, exit code 1."""
    from benchmark.execution.listeners import progress
    from benchmark.tools.exchange import merge as take_in

    with progress.make() as shown:

        def report(done: int, total: int, cell: str) -> None:
            shown.preparing("import", done, total, cell, "cells checked")

        merged = take_in(results, file, replace=replace, on_progress=report)
    if as_json:
        print_json(asdict(merged))
    else:
        typer.echo(merged.summary)
    for cell, why in merged.refused.items():
        typer.echo(f"refused: {cell}: {why}", err=True)
    raise typer.Exit(int(bool(merged.refused)))

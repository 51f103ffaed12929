"""Commands of `run_all.py` that export and import cells."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import RESULTS, Json, Results, print_result
from benchmark.console import print_line


def export(
    file: Annotated[Path, typer.Argument(help="The zip to write.")],
    dataset: Annotated[str, typer.Option(help="Data sets; all that have results if empty.")] = "",
    protocol: Annotated[str, typer.Option(help="Protocols; all with results if empty.")] = "",
    profile: Annotated[str, typer.Option(help="Profiles; all with results if empty.")] = "",
    methods: Annotated[
        str, typer.Option(help="Methods, as their folders are named; all if empty.")
    ] = "",
    weights: Annotated[
        bool, typer.Option("--weights", help="Include the trained weights.")
    ] = False,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Export cells to a zip; exit code 1 if a damaged one was left out."""
    from benchmark.execution.listeners import progress
    from benchmark.plugins.parameters import names_in
    from benchmark.tools import exchange

    with progress.make() as shown:
        report = partial(shown.preparing, what="cells packed")
        packed = exchange.export(
            results,
            file,
            names_in(dataset, "--dataset"),
            protocols=names_in(protocol, "--protocol"),
            profiles=names_in(profile, "--profile"),
            methods=names_in(methods, "--methods"),
            weights=weights,
            on_progress=report,
        )
    print_result({**asdict(packed), "file": str(packed.file)}, packed.summary, as_json)
    for why in packed.left_out:
        print_line(f"left out: {why}", err=True)
    raise typer.Exit(int(bool(packed.left_out)))


def merge(
    file: Annotated[Path, typer.Argument(help="A zip that `export` wrote.")],
    results: Results = RESULTS,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace conflicting cells; they move to .superseded."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Import cells from a zip; exit code 1 if one was refused, for example by a conflict."""
    from benchmark.execution.listeners import progress
    from benchmark.tools import exchange

    with progress.make() as shown:
        report = partial(shown.preparing, what="cells checked")
        merged = exchange.merge(results, file, replace=replace, on_progress=report)
    print_result(asdict(merged), merged.summary, as_json)
    for cell, why in merged.refused.items():
        print_line(f"refused: {cell}: {why}", err=True)
    raise typer.Exit(int(bool(merged.refused)))

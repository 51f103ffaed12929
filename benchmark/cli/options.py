"""What the commands of `run_all.py` share: options, finding plugins, answers in JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

# Heavy imports wait inside the commands, so that --help answers at once.

Data = Annotated[
    Path, typer.Option("--data", envvar="HSISR_DATA", help="Folder that holds cave/, harvard/.")
]
Results = Annotated[Path, typer.Option("--results", help="Folder for results and tables.")]
Cache = Annotated[
    Path, typer.Option("--cache", envvar="HSISR_CACHE", help="Folder for prepared scenes.")
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", help="A file with a method or data set of yours; it is run as code."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]

DATA = Path("data")
RESULTS = Path("results")
CACHE = Path(".cache")


def discover(plugins: Sequence[Path] | None) -> None:
    """Import the methods and data sets of the checkout, of packages, and of plugin files.

    Raises:
        RequestError: one of them cannot be imported.
    """
    from benchmark.dataset import DATASETS
    from benchmark.method import METHODS
    from benchmark.plugins import discovery

    discovery.discover((METHODS, DATASETS), plugins or ())


def print_json(value: Any) -> None:
    """Print a value for a program."""
    typer.echo(json.dumps(value, indent=2))


def print_list(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows that have a `name`, each with its other entries below it."""
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(row["name"])
        for title, value in row.items():
            for item in value if isinstance(value, list) else [value]:
                if item and title != "name":
                    typer.echo(f"    {title}: {item}")

"""Options, plugin discovery and output shared by the commands of `run_all.py`."""

import importlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark import CHECKOUT
from benchmark.commands import FOLDERS, VARIABLES
from benchmark.console import print_line, reserve

# Commands import heavy modules inside their functions, so that --help is fast.

Data = Annotated[
    Path,
    typer.Option("--data", envvar=VARIABLES["data"], help="Folder that holds cave/, harvard/."),
]
Results = Annotated[Path, typer.Option("--results", help="Folder for results and tables.")]
Cache = Annotated[
    Path, typer.Option("--cache", envvar=VARIABLES["cache"], help="Folder for prepared scenes.")
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin", help="A Python file with plugins: methods, data sets, protocols, metrics."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]

DATA, RESULTS, CACHE = (FOLDERS[name] for name in ("data", "results", "cache"))
# The results that are part of the checkout: README and docs are made from them.
STORED = CHECKOUT / "docs" / "results"


def discover(plugins: Sequence[Path] | None) -> None:
    """Import the plugins of the checkout, of packages, and of plugin files.

    What they print goes to standard error, now and later. A note there names what their import
    would have changed for others.

    Raises:
        RequestError: one of them cannot be imported.
    """
    from benchmark.errors import listed
    from benchmark.execution.registries import REGISTRIES
    from benchmark.plugins import discovery

    reserve()
    installed = entry_points()  # reads the files of every installed package
    if plugins or any(installed.select(group=kind.group) for kind in REGISTRIES):
        # Before them: what they replace in it is put back.
        importlib.import_module("benchmark.execution.computation.job")
    discovery.discover(REGISTRIES, plugins or ())
    for file, changed in discovery.all_changes(*REGISTRIES).items():
        print_line(
            f"note: {file} changes {listed(changed)} when it is imported; this is undone, as it "
            "would change other methods too",
            err=True,
        )


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print_line(json.dumps(value, indent=2))


def print_result(value: Any, text: str, as_json: bool) -> None:
    """Print a command's result: a value as JSON, or its text for a terminal."""
    print_line(json.dumps(value, indent=2) if as_json else text)


def print_list(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows: the `name` of each, with its other entries below."""
    lines = []
    for row in rows:
        lines.append(row["name"])
        for title, value in row.items():
            items = value if isinstance(value, list) else [value]
            lines += [f"    {title}: {item}" for item in items if item and title != "name"]
    print_result(rows, "\n".join(lines), as_json)

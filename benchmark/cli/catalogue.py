"""Commands of `run_all.py` that list and cite plugins, download data, and write templates."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark import CHECKOUT
from benchmark.cli.options import DATA, Data, Json, Plugins, discover, print_list
from benchmark.commands import command
from benchmark.console import print_line
from benchmark.errors import RequestError


def fetch(
    dataset: Annotated[str, typer.Argument(help="The data set; `datasets` lists them.")],
    data: Data = DATA,
    plugin: Plugins = None,
) -> None:
    """Download and verify a data set, and store it where runs look for it."""
    discover(plugin)
    from benchmark.dataset import DATASETS

    folder = DATASETS.make(dataset).fetch(data)
    again = command("--dataset", dataset, data=data, plugins=plugin)
    print_line(f"{dataset} is in {folder}; run: {again}")


def datasets(plugin: Plugins = None, as_json: Json = False) -> None:
    """List the data sets and their parameters."""
    discover(plugin)
    from benchmark.data.checks import check_names
    from benchmark.dataset import DATASETS
    from benchmark.plugins.parameters import explain

    rows = []
    for entry in DATASETS:
        made = DATASETS.make(entry.name)
        if made.required:
            scenes = f"as in --dataset '{entry.name}[{made.required}]'"
        else:
            check_names(made, entry.name)
            scenes = f"{len(made.scenes)}, of them {len(made.test)} for testing"
        rows.append(
            {
                "name": entry.name,
                "title": made.title + (", synthetic" if made.synthetic else ""),
                "scenes": scenes,
                "home": made.home,
                "parameters": explain(entry.cls),
            }
        )
    print_list(rows, as_json)


def metrics(plugin: Plugins = None, as_json: Json = False) -> None:
    """List the metrics and their parameters."""
    discover(plugin)
    from benchmark.metric import METRICS
    from benchmark.plugins.parameters import explain

    rows = [
        {
            "name": entry.name,
            "title": made.title + (f" in {made.unit}" if made.unit else ""),
            "meaning": f"{made.meaning}; {'higher' if made.higher else 'lower'} is better",
            "parameters": explain(entry.cls),
        }
        for entry in METRICS
        for made in [METRICS.make(entry.name)]
    ]
    print_list(rows, as_json)


def cite(
    methods: Annotated[str, typer.Option(help="Methods: a,b, all, or default.")] = "",
    dataset: Annotated[str, typer.Option(help="Data sets.")] = "",
    protocol: Annotated[str, typer.Option(help="Protocols.")] = "",
    metrics: Annotated[
        str, typer.Option(help="Metrics; those of the protocols with a paper if empty.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this .bib file instead.")
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Print BibTeX: of the suite, and of the data sets, protocols and methods that are named."""
    discover(plugin)
    from benchmark.plugins.parameters import names_in
    from benchmark.store.files import write_file
    from benchmark.tools.citations import bibliography, named

    if output is not None and output.suffix != ".bib":
        raise RequestError(f"--output {output}: expected a name that ends in .bib")
    cited = named(
        names_in(dataset, "--dataset"),
        names_in(protocol, "--protocol"),
        names_in(metrics, "--metrics"),
        names_in(methods, "--methods"),
    )
    text = bibliography(cited)
    if output is not None:
        write_file(output, f"{text}\n".encode(), "--output")
        print_line(f"written: {output}")
        return
    print_line(text)
    if not cited:
        print_line("note: this is the suite alone; name --dataset, --protocol, --methods", err=True)


def new(
    name: Annotated[str, typer.Argument(help="The plugin's name, like my_method.")],
    kind: Annotated[
        str, typer.Option(help="Kind of plugin: method, dataset, protocol or metric.")
    ] = "method",
    folder: Annotated[
        Path | None,
        typer.Option(help="Where to write it; by default methods/ of the checkout, and so on."),
    ] = None,
) -> None:
    """Write the template of a plugin; it works unchanged."""
    from benchmark.tools import scaffold

    home = CHECKOUT.joinpath(*scaffold.registry(kind).folder.split("."))
    if folder is None and name.startswith("_"):
        raise RequestError(
            f"'{name}' begins with _, as the helpers in {home}, which are no plugins; choose "
            "another name, or another place with --folder"
        )
    discover(None)  # their names are taken
    file = scaffold.write(name, folder or home, kind)
    tried = _TRIALS[kind].format(name).split()
    print_line(f"wrote {file}; try: {command(*tried, plugins=[file] if folder else ())}")


# The command that tries a new plugin, by its kind.
_TRIALS = {
    "method": "--methods bicubic,{}",
    "dataset": "--methods bicubic --dataset {}",
    "protocol": "--methods bicubic --protocol {}",
    "metric": "--methods bicubic --metrics {}",
}

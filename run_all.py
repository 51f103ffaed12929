"""The command line of HSI-SR Bench: options in, one call out.

`python run_all.py` trains and scores every method on the embedded synthetic scenes.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

# Heavy imports wait inside the commands, so that --help answers at once.

INTERRUPTED = 130
HERE = Path(__file__).resolve().parent

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Data = Annotated[
    Path, typer.Option("--data", envvar="HSISR_DATA", help="Folder that holds cave/, harvard/.")
]
Results = Annotated[Path, typer.Option("--results", help="Folder for results and tables.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", help="A file with a method or data set of yours; it is run as code."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="Data sets, a table each.")] = "synthetic",
    scales: Annotated[str, typer.Option(help="Factors; all of the protocol's if empty.")] = "",
    methods: Annotated[str, typer.Option(help="Methods: a,b[x=1]; all if empty.")] = "",
    profile: Annotated[
        str, typer.Option(help="How long is trained: quick, evening, standard or paper.")
    ] = "quick",
    protocol: Annotated[str, typer.Option(help="wang2017 or wang2017-float.")] = "wang2017",
    seeds: Annotated[str, typer.Option(help="Seeds: 0,1,2.")] = "0",
    train_on: Annotated[str, typer.Option(help="Train on these data sets together.")] = "",
    scenes: Annotated[str, typer.Option(help="Only these scenes; marked in tables.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    data: Data = Path("data"),
    results: Results = Path("results"),
    cache: Annotated[
        Path, typer.Option(envvar="HSISR_CACHE", help="Folder for prepared scenes.")
    ] = Path(".cache"),
    plugin: Plugins = None,
    retry_failed: Annotated[bool, typer.Option(help="Run failed cells again.")] = False,
    as_json: Json = False,
) -> None:
    """Train, score and tabulate methods for hyperspectral image super-resolution.

    Without a command: run every cell that is not stored yet, then print and write the tables.
    Lists are separated by commas. Exit codes: 0 all done, 1 some cell failed, 2 bad request.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    _discover(plugin)
    from benchmark import progress
    from benchmark.request import Request, execute

    request = Request(
        datasets=dataset,
        train_on=train_on,
        scenes=scenes,
        protocol=protocol,
        profile=profile,
        scales=scales,
        methods=methods,
        seeds=seeds,
        device=device,
        data=data,
        results=results,
        cache=cache,
        retry_failed=retry_failed,
    )
    with progress.make() as shown:
        ran = execute(request, shown)
    failed = {title: reason for one in ran for title, reason in one.outcome.failed.items()}
    paths = _tabulate(results, [one.label for one in ran], quiet=as_json)
    if as_json:
        done = [title for one in ran for title in one.outcome.done]
        found = [title for one in ran for title in one.outcome.found]
        _print_json({"done": done, "found": found, "failed": failed, "tables": paths})
    for title, reason in failed.items():
        typer.echo(f"failed: {title}: {reason} (run again with --retry-failed)", err=True)
    raise typer.Exit(1 if failed else 0)


@app.command()
def tables(
    dataset: Annotated[str, typer.Option(help="Data sets; all that have results if empty.")] = "",
    results: Results = Path("results"),
    as_json: Json = False,
) -> None:
    """Write the tables again from what is stored; trains nothing."""
    from benchmark.errors import RequestError
    from benchmark.parameters import split_list
    from reports.tables import datasets_in

    labels = split_list(dataset) or datasets_in(results)
    if not labels:
        raise RequestError(f"no results in {results}; make them with: python run_all.py")
    paths = _tabulate(results, labels, quiet=as_json)
    if as_json:
        _print_json({"tables": paths})


@app.command()
def fetch(
    dataset: Annotated[str, typer.Argument(help="cave or harvard.")],
    data: Data = Path("data"),
    plugin: Plugins = None,
) -> None:
    """Download a data set, check it and put it where a run looks for it."""
    _discover(plugin)
    from benchmark.dataset import DATASETS

    folder = DATASETS.make(dataset).fetch(data)
    again = f"python run_all.py --dataset {dataset} --data {data}"
    typer.echo(f"{dataset} is in {folder}; run: {again}")


@app.command()
def methods(plugin: Plugins = None, as_json: Json = False) -> None:
    """List the methods and their parameters."""
    _discover(plugin)
    from benchmark.method import METHODS, all_methods
    from benchmark.parameters import describe

    rows = [
        {
            "name": method.name,
            "paper": METHODS.entry(method.name).facts.get("paper", ""),
            "sees": method.sees + (", band by band" if method.bandwise else ""),
            "parameters": describe(type(method)),
        }
        for method in all_methods()
    ]
    _print_list(rows, as_json)


@app.command()
def datasets(plugin: Plugins = None, as_json: Json = False) -> None:
    """List the data sets and their parameters."""
    _discover(plugin)
    from benchmark.dataset import DATASETS
    from benchmark.parameters import describe

    rows = [
        {
            "name": entry.name,
            "title": made.title + (", synthetic" if made.synthetic else ""),
            "scenes": f"{len(made.scenes)}, of them {len(made.test)} for testing",
            "home": made.home,
            "parameters": describe(entry.cls),
        }
        for entry in DATASETS
        for made in [DATASETS.make(entry.name)]
    ]
    _print_list(rows, as_json)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The method's name, like my_method.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where to write it; the checkout's methods/ if empty.")
    ] = None,
) -> None:
    """Write a method to start from; it trains as it is."""
    from benchmark.scaffold import write

    file = write(name, folder or HERE / "methods")
    plugin = f" --plugin {file}" if folder else ""
    typer.echo(f"wrote {file}; try: python run_all.py --methods bicubic,{name}{plugin}")


def _discover(plugins: "Sequence[Path] | None") -> None:
    from benchmark.dataset import DATASETS
    from benchmark.method import METHODS
    from benchmark.registry import load

    METHODS.discover("methods")
    DATASETS.discover("datasets")
    for file in plugins or ():
        load(file, METHODS, DATASETS)


def _tabulate(results: Path, labels: "Sequence[str]", quiet: bool) -> list[str]:
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


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


def _print_list(rows: "list[dict[str, Any]]", as_json: bool) -> None:
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        typer.echo(row.pop("name"))
        for title, value in row.items():
            for item in value if isinstance(value, list) else [value]:
                if item:
                    typer.echo(f"    {title}: {item}")


def _refuse_options_before(context: typer.Context) -> None:
    from benchmark.errors import RequestError

    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--" + name.removeprefix("as_").replace("_", "-")
            raise RequestError(
                f"{option} stands before the command '{context.invoked_subcommand}'; options of a "
                "command stand after its name"
            )


def main() -> int:
    """Run the command line; every foreseen error is one line on standard error."""
    from benchmark.errors import RequestError

    try:
        code = int(app(standalone_mode=False) or 0)
    except RequestError as error:
        typer.echo(f"error: {error}", err=True)
        code = 2
    except typer.TyperException as error:
        typer.echo(f"error: {error.format_message()} (see --help)", err=True)
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except SystemExit as stop:
        # typer and rich turn a BrokenPipeError (a reader that went away) into exit code 1.
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        code = 0
    if code == INTERRUPTED:  # typer turns most KeyboardInterrupts into this code
        typer.echo("stopped; the same command goes on with the cells not done yet", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())

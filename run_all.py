"""The command line of HSI-SR Bench: options in, one call out.

`python run_all.py` trains and scores every method on the embedded synthetic scenes.
"""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark import console
from benchmark.cli import catalogue, cluster, diagnostics, exchange
from benchmark.cli.config import given_options, stored_options, written_config
from benchmark.cli.options import (
    CACHE,
    DATA,
    RESULTS,
    STORED,
    Cache,
    Data,
    Json,
    Plugins,
    Results,
    discover,
    print_json,
    print_result,
)
from benchmark.cli.pretrained import facts_of, report_pretrained
from benchmark.cli.run import check_pretrained, refuse_options_before, show_plan
from benchmark.cli.score import score
from benchmark.cli.upscale import upscale
from benchmark.cli.usage import CheckedCommand, CheckedGroup, finite
from reports import cli as reports
from reports import lists

# Heavy imports wait inside the commands, so that --help answers at once.

INTERRUPTED = 130

# Without markup, which would take the brackets of `a,b[x=1]` for its own.
app = typer.Typer(
    cls=CheckedGroup, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="Data sets, a table each.")] = "synthetic",
    scales: Annotated[str, typer.Option(help="Scales; all of the protocol's if empty.")] = "",
    methods: Annotated[str, typer.Option(help="Methods: a,b[x=1], all, or default.")] = "",
    profile: Annotated[
        str, typer.Option(help="Length of training: quick, evening, overnight, standard or paper.")
    ] = "quick",
    protocol: Annotated[
        str, typer.Option(help="The protocol; `protocols` lists them.")
    ] = "wang2017",
    metrics: Annotated[str, typer.Option(help="Metrics beside the protocol's: a,b[x=1].")] = "",
    seeds: Annotated[str, typer.Option(help="Seeds: 0,1,2.")] = "0",
    train_on: Annotated[str, typer.Option(help="Train on these data sets together.")] = "",
    scenes: Annotated[str, typer.Option(help="Only these scenes; marked in tables.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    data: Data = DATA,
    results: Results = RESULTS,
    cache: Cache = CACHE,
    plugin: Plugins = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run failed cells again.")
    ] = False,
    cell_timeout: Annotated[
        float,
        typer.Option(min=0, callback=finite, help="Seconds that a cell may take; 0 for no limit."),
    ] = 0,
    checkpoint_every: Annotated[
        float,
        typer.Option(
            min=0, callback=finite, help="Seconds from one checkpoint of a training to the next."
        ),
    ] = 60,
    jobs: Annotated[
        int,
        typer.Option("--jobs", min=1, help="Cells to compute at a time; they share the cores."),
    ] = 1,
    on: cluster.On = "",
    ray_address: cluster.RayAddress = "",
    workers: cluster.Workers = 0,
    gpus_per_cell: cluster.GpusPerCell = 1,
    scratch: cluster.Scratch = None,
    partition: cluster.Partition = "",
    gpus: cluster.Gpus = 0,
    cpus: cluster.Cpus = 1,
    mem: cluster.Memory = "",
    time: cluster.Time = "4:00:00",
    at_most: cluster.AtMost = 0,
    slurm: cluster.Further = "",
    submit: cluster.Submit = False,
    in_process: Annotated[
        bool,
        typer.Option(
            "--in-process",
            envvar="HSISR_IN_PROCESS",
            help="Run in this process, for a debugger; a crash then ends the run.",
        ),
    ] = False,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Write curves to results/tensorboard, for TensorBoard."),
    ] = False,
    pretrained: Annotated[
        bool,
        typer.Option("--pretrained", help="Score networks with stored weights; none is trained."),
    ] = False,
    weights_from: Annotated[
        Path, typer.Option(help="The results folder whose weights --pretrained takes.")
    ] = STORED,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print which cells are to run and why; start nothing.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="Take options from this TOML file, or from a cell.json."),
    ] = None,
    print_config: Annotated[
        bool,
        typer.Option("--print-config", help="Print the options as TOML; start nothing."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Train, score and tabulate methods for hyperspectral image super-resolution.

    Without a command: run every cell that is not stored yet, then print and write the tables.
    Lists are separated by commas. Exit codes: 0 all done, 1 some cell failed, 2 bad request.
    """
    if context.invoked_subcommand is not None:
        refuse_options_before(context)
        return
    discover(plugin)
    from benchmark.execution.listeners import progress
    from benchmark.execution.planning.request import Request, request_facts, resolve
    from benchmark.execution.runner import RunOptions, run_experiment

    request = Request(
        datasets=dataset,
        train_on=train_on,
        scenes=scenes,
        protocol=protocol,
        profile=profile,
        scales=scales,
        methods=methods,
        metrics=metrics,
        seeds=seeds,
        device=device,
        data=data,
        results=results,
        cache=cache,
        plugins=tuple(plugin or ()),
    )
    check_pretrained(context)
    elsewhere = cluster.cluster_options(on, context.params, context)
    if on == "slurm":
        context.with_resource(cluster.without_locks_where_refused())
    experiment = resolve(request)
    asked = request_facts(request, experiment)
    repeatable = {**asked, **{name: value for name, value in given_options(context).items()
                              if name not in asked}}  # fmt: skip
    if print_config:
        print_result(repeatable, written_config(repeatable), as_json)
        return
    stored = weights_from if pretrained else None
    if plan:
        show_plan(experiment, as_json, stored, jobs, retry_failed=retry_failed)
        return
    options = RunOptions(
        retry_failed=retry_failed,
        cell_timeout=cell_timeout,
        checkpoint_every=checkpoint_every,
        isolated=not in_process,
        jobs=jobs,
        cluster=elsewhere,
        tensorboard=tensorboard,
        pretrained=stored,
        request=stored_options(repeatable),
    )
    with progress.make() as shown:
        outcomes = run_experiment(experiment, options, shown)
    failed = {title: reason for one in outcomes for title, reason in one.failed.items()}
    left = {title: reason for one in outcomes for title, reason in one.open.items()}
    if submit:
        cluster.show_submitted(outcomes, results, as_json)
        raise typer.Exit(1 if failed else 0)
    paths = reports.tabulate(results, [one.label for one in outcomes], quiet=as_json)
    if as_json:
        done = [title for one in outcomes for title in one.done]
        found = [title for one in outcomes for title in one.found]
        print_json(
            {"done": done, "found": found, "failed": failed, "tables": paths}
            | ({"open": left} if elsewhere else {})
            | ({"pretrained": facts_of(outcomes)} if pretrained else {})
        )
    disagree = pretrained and report_pretrained(outcomes)
    for title, reason in failed.items():
        console.print_line(f"failed: {title}: {reason} (run again with --retry-failed)", err=True)
    for title, reason in left.items():
        console.print_line(f"not finished: {title}: {reason}", err=True)
    raise typer.Exit(1 if failed or left or disagree else 0)


for command in (
    reports.tables,
    reports.figures,
    reports.report,
    lists.published,
    lists.protocols,
    lists.verdicts,
    lists.claims,
    score,
    upscale,
    exchange.export,
    exchange.submit,
    exchange.verify,
    cluster.prepare,
    cluster.status,
    cluster.stop,
    catalogue.fetch,
    lists.methods,
    catalogue.datasets,
    catalogue.metrics,
    catalogue.cite,
    catalogue.new,
    diagnostics.check,
    diagnostics.speed,
    diagnostics.doctor,
):
    app.command(cls=CheckedCommand)(command)
app.command("import", cls=CheckedCommand)(exchange.merge)


def main() -> int:
    """Run the command line; every foreseen error is one line on standard error."""
    from benchmark.errors import RequestError

    try:
        code = int(app(standalone_mode=False) or 0)
    except RequestError as error:
        console.print_line(f"error: {error}", err=True)
        code = 2
    except typer.TyperException as error:
        console.print_line(f"error: {error.format_message()} (see --help)", err=True)
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except SystemExit as stop:
        # typer and rich turn a BrokenPipeError (a reader that went away) into exit code 1.
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        code = 0
    lost = console.finish()
    console.release()
    if lost:
        console.print_line(
            f"error: cannot write to standard output: {lost}; what was computed is stored, and the "
            "same command shows it again",
            err=True,
        )
        code = code or 2
    if code == INTERRUPTED:  # typer turns most KeyboardInterrupts into this code
        console.print_line(
            "stopped; what was finished is kept, and the same command does the rest", err=True
        )
    return code


if __name__ == "__main__":
    # Batch systems end a job by SIGTERM; it leaves a checkpoint, like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console.prepare()
    exit_code = main()
    console.reserve()  # a plugin may print when the interpreter ends
    sys.exit(exit_code)

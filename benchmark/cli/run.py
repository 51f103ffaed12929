"""What `run_all.py` does besides running: show the plan, refuse misplaced options."""

from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import print_json

if TYPE_CHECKING:
    from benchmark.execution.request import Experiment


def show_plan(experiment: "Experiment", as_json: bool) -> None:
    """Print the cells of an experiment, each with its state and the reason; start nothing."""
    from benchmark.execution.listeners.progress import Progress
    from benchmark.execution.plan import plan_tables
    from benchmark.execution.status import planned_status

    rows = []
    for table in plan_tables(experiment, Progress()):
        for plan in table.cells:
            status = planned_status(plan, experiment.results)
            rows.append({"cell": str(plan.address), "state": status.state, "why": status.reason})
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['state']:8}{row['cell']}" + f": {row['why']}" * bool(row["why"]))
    states = [row["state"] for row in rows]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    typer.echo(f"{len(rows)} cells: {counts}")


def refuse_options_before(context: typer.Context) -> None:
    """Refuse options of `run` that stand before the name of another command.

    Raises:
        RequestError: there is one.
    """
    from benchmark.errors import RequestError

    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--" + name.removeprefix("as_").replace("_", "-")
            raise RequestError(
                f"{option} stands before the command '{context.invoked_subcommand}'; options of a "
                "command stand after its name"
            )

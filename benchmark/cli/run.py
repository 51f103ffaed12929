"""Helpers of the main command: show the plan, reject misplaced options."""

from collections import Counter
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import print_result
from benchmark.errors import counted

if TYPE_CHECKING:
    from benchmark.execution.request import Experiment


def show_plan(experiment: "Experiment", as_json: bool) -> None:
    """Print the cells of an experiment with state, reason and length, without running any."""
    from benchmark.execution.forecast import forecast
    from benchmark.execution.listeners.progress import Progress
    from benchmark.execution.plan import plan_tables
    from benchmark.execution.status import planned_status

    rows, due = [], []
    for table in plan_tables(experiment, Progress()):
        for plan in table.cells:
            status = planned_status(plan, experiment.results)
            rows.append({"cell": str(plan.address), "state": status.state, "why": status.reason})
            if not status.is_current:
                due.append(plan)
    expected = str(forecast(due, experiment.results, experiment.device))
    lines = [
        f"{row['state']:8}{row['cell']}" + f": {row['why']}" * bool(row["why"]) for row in rows
    ]
    counts = Counter(row["state"] for row in rows)
    total = ", ".join(f"{count} {state}" for state, count in counts.items())
    if expected:
        total += f"; {expected} on this machine"
    print_result(rows, "\n".join([*lines, f"{counted(len(rows), 'cell')}: {total}"]), as_json)


def refuse_options_before(context: typer.Context) -> None:
    """Reject options of `run` placed before the name of another command.

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

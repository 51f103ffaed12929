"""Helpers of the main command: show the plan, reject misplaced and missing options."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import print_result
from benchmark.errors import counted, listed

if TYPE_CHECKING:
    from benchmark.execution.planning.request import Experiment


def show_plan(
    experiment: "Experiment",
    as_json: bool,
    stored: Path | None = None,
    jobs: int = 1,
    *,
    retry_failed: bool = False,
) -> None:
    """Print the cells of an experiment with state, reason and length, without running any.

    Args:
        experiment: the experiment.
        as_json: print JSON.
        stored: the results folder whose weights are to be scored; None for a run that trains.
        jobs: number of cells at a time.
        retry_failed: True if failed cells are to be run again.

    Raises:
        RequestError: scenes are missing, or there cannot be so many cells at a time.
    """
    from benchmark.engine.machine.device import choose
    from benchmark.errors import RequestError
    from benchmark.execution.computation.pretrained import why_untrained
    from benchmark.execution.listeners.progress import Progress
    from benchmark.execution.outcome import lacking_lines, lacking_metrics
    from benchmark.execution.planning.forecast import forecast
    from benchmark.execution.planning.plan import CellPlan, plan_tables
    from benchmark.execution.planning.status import planned_status
    from benchmark.execution.sharing import threads_shared

    rows, due, lacking = [], [], dict[tuple[str, bool], CellPlan]()
    for table in plan_tables(experiment, Progress()):
        for plan in table.cells:
            status = planned_status(plan, experiment.results)
            why, again = status.reason, retry_failed and status.state == "failed"
            to_run = again or not status.is_current
            if stored and to_run and (untrained := why_untrained(plan, stored)):
                why = f"{why}; it will be left out: {untrained}"
            elif again:
                why = f"{why}; it will be run again"
            elif status.state == "done" and (metrics := lacking_metrics(plan, status)):
                lacking |= dict.fromkeys(metrics.items(), plan)
                why = f"not scored by {listed(metrics)} as now"
            rows.append({"cell": str(plan.address), "state": status.state, "why": why})
            if not stored and to_run:
                due.append(plan)
    expected, device = "", None
    with suppress(RequestError):  # a device of other machines only
        device = choose(experiment.device)
    if device is not None:
        with threads_shared(jobs, device):
            expected = str(forecast(due, experiment.results, device, jobs))
    lines = [
        f"{row['state']:8}{row['cell']}" + f": {row['why']}" * bool(row["why"]) for row in rows
    ]
    lines += lacking_lines(lacking, experiment.results, experiment.plugins)
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


def check_pretrained(context: typer.Context) -> None:
    """Reject `--weights-from` where all networks would be trained.

    Raises:
        RequestError: it is given without `--pretrained`.
    """
    from benchmark.errors import RequestError

    source = context.get_parameter_source("weights_from")
    if source and source.name == "COMMANDLINE" and not context.params["pretrained"]:
        raise RequestError("--weights-from needs --pretrained; without it networks are trained")

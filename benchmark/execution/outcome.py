"""What became of the cells of a table in one run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmark.commands import command
from benchmark.execution.computation.job import Settings
from benchmark.execution.computation.pretrained import Agreement
from benchmark.execution.planning.plan import CellPlan
from benchmark.execution.planning.status import Status
from benchmark.metric import METRICS


@dataclass
class Outcome:
    """The outcome of one table; its cells are named by their addresses.

    Attributes:
        label: label of the table's data.
        done: cells that this run computed.
        found: cells that were stored already.
        failed: failed cells, and the reason of each.
        open: cells that the run has left unfinished without their fault, and the reason of each: a
            machine was lost, or a batch system is to compute them.
        left_out: cells that were to be scored without training, and why they cannot.
        agreements: of the scores with stored weights, with those stored beside them.
    """

    label: str = ""
    done: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    agreements: list[Agreement] = field(default_factory=list)


def lacking_metrics(plan: CellPlan, status: Status) -> list[str]:
    """Return the metrics of a plan that its stored cell does not have."""
    stored = status.cell.facts.get("metrics") if status.cell else None
    known = stored if isinstance(stored, list) else []
    names = [facts.get("name") for facts in known if isinstance(facts, dict)]
    return [label for label in map(METRICS.label, plan.metrics) if label not in names]


def command_adding(metrics: Mapping[str, CellPlan], settings: Settings) -> str:
    """Return the command that adds metrics to stored cells.

    Args:
        metrics: each with a cell that lacks it.
        settings: of the run.
    """
    data = next(iter(metrics.values())).split.request
    return command(
        *("score", "--metrics", ",".join(metrics)),
        data=data.root,
        results=settings.results,
        cache=data.cache,
        plugins=settings.plugins,
    )


def record(outcome: Outcome, plan: CellPlan, status: Status) -> None:
    """Record a cell that is stored already."""
    if status.state == "failed":
        outcome.failed[str(plan.address)] = status.reason
    else:
        outcome.found.append(str(plan.address))

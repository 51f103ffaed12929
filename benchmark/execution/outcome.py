"""What became of the cells of a table in one run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.commands import command
from benchmark.errors import listed
from benchmark.execution.computation.pretrained import Agreement
from benchmark.execution.planning.plan import CellPlan
from benchmark.execution.planning.status import Status
from benchmark.metric import METRICS, is_outdated


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


def lacking_metrics(plan: CellPlan, status: Status) -> dict[str, bool]:
    """Return the metrics of a plan that its stored cell does not have.

    Returns:
        Their names; True where the cell has the metric by other code.
    """
    stored = status.cell.facts.get("metrics") if status.cell else None
    listed_ones = stored if isinstance(stored, list) else []
    known = {facts.get("name"): facts for facts in listed_ones if isinstance(facts, dict)}
    outdated = {
        label: label in known and is_outdated(metric, known[label])
        for label, metric in zip(map(METRICS.label, plan.metrics), plan.metrics, strict=True)
    }
    return {label: other for label, other in outdated.items() if other or label not in known}


def lacking_lines(
    lacking: Mapping[tuple[str, bool], CellPlan], results: Path, plugins: Iterable[Path]
) -> Iterator[str]:
    """Say which metrics stored cells lack, and the command that adds them.

    Args:
        lacking: items of `lacking_metrics`, each with a cell that lacks the metric.
        results: the results folder.
        plugins: plugin files of the run.
    """
    for outdated in (False, True):
        plans = {label: plan for (label, other), plan in lacking.items() if other == outdated}
        if not plans:
            continue
        data = next(iter(plans.values())).split.request
        add = command(
            *("score", "--metrics", ",".join(plans)),
            data=data.root,
            results=results,
            cache=data.cache,
            plugins=plugins,
        )
        yield (
            f"stored cells have {listed(plans)} by other code than now; replace them with: {add}"
            if outdated
            else f"stored cells lack {listed(plans)}; add them with: {add}"
        )


def record(outcome: Outcome, plan: CellPlan, status: Status) -> None:
    """Record a cell that is stored already."""
    if status.state == "failed":
        outcome.failed[str(plan.address)] = status.reason
    else:
        outcome.found.append(str(plan.address))

"""Stored weights in the place of a training: which cells have some, and whether scores agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file

from benchmark.engine.machine.device import Device
from benchmark.engine.training.loop import Trained
from benchmark.errors import RequestError, counted, listed, plain
from benchmark.execution.computation.agreement import Difference, differences, rows_of
from benchmark.execution.planning.plan import CellPlan
from benchmark.execution.planning.status import status_of
from benchmark.method import NetworkMethod
from benchmark.metric import same_code
from benchmark.store.cells import WEIGHTS, Cell, cells, read


def why_untrained(plan: CellPlan, stored: Path) -> str:
    """Return why a cell cannot be scored without training; "" if it can.

    Args:
        plan: the cell; a method without a network is computed as always.
        stored: the results folder with the weights.
    """
    if not isinstance(plan.method, NetworkMethod):
        return ""
    status = status_of(plan, stored)
    if status.state == "missing":
        return f"no weights are stored in {stored}"
    if status.state == "stale":
        return f"the weights in {stored} are of another cell: {status.reason}"
    if status.cell is None or status.state != "done":
        how = "failed" if status.state == "failed" else "is damaged"
        return f"the cell in {stored} {how}: {status.reason}"
    if WEIGHTS not in status.cell.facts["sums"] or not (status.cell.folder / WEIGHTS).exists():
        return f"the cell in {stored} is stored without its weights"
    return ""


def require_weights(plans: Sequence[CellPlan], stored: Path) -> None:
    """Check that at least one network of a run can be scored without training.

    Args:
        plans: the cells of the run.
        stored: the results folder with the weights.

    Raises:
        RequestError: there are networks, and no weights of any of them.
    """
    networks = [plan for plan in plans if isinstance(plan.method, NetworkMethod)]
    reasons = [why_untrained(plan, stored) for plan in networks]
    if networks and all(reasons):
        there = "; ".join(available(stored))
        known = f"there are weights of {there}" if there else "there are none of any network"
        raise RequestError(
            f"--pretrained: {networks[0].address}: {reasons[0]}"
            + (
                f", nor can {counted(len(networks) - 1, 'other cell')} be scored"
                if reasons[1:]
                else ""
            )
            + f"; {known}; name other cells, or train without --pretrained"
        )


def cell_with_weights(plan: CellPlan, stored: Path | None) -> Cell | None:
    """Return the stored cell whose weights a cell takes; None if it is to be computed as always.

    Args:
        plan: the cell.
        stored: the results folder with the weights; None trains every network.

    Raises:
        RequestError: they were there when the run began, and no longer are.
    """
    if stored is None or not isinstance(plan.method, NetworkMethod):
        return None
    cell = read(plan.address.folder(stored))
    if cell is None or cell.facts["key"] != plan.key:
        raise RequestError(
            f"{plan.address}: its weights in {stored} were removed or changed during the run; "
            "repeat the command"
        )
    return cell


def trained_before(cell: Cell, device: Device) -> Trained:
    """Return the training of a stored cell, without its curve, the weights on a device."""
    facts, amount = cell.facts, cell.facts["training"] or {}
    machine = plain(facts["environment"].get("device") or "an unknown device")
    note = f"not trained here: weights of {str(facts['date'])[:10]}, trained on {machine}"
    file = cell.folder / WEIGHTS
    return Trained(
        state={name: one.to(device.torch) for name, one in load_file(file).items()},
        parameters=facts["parameters"],
        # Those of a cell that was not trained there either say so already.
        warnings=[*facts["warnings"], *([] if facts["times"]["fit_s"] is None else [note])],
        **amount,
    )


@dataclass(frozen=True)
class Agreement:
    """The scores of one cell with stored weights, compared with those stored beside them.

    Attributes:
        cell: the cell's address.
        differences: the scores that are not the same.
    """

    cell: str
    differences: tuple[Difference, ...]

    @property
    def beyond(self) -> tuple[Difference, ...]:
        """Return the differences larger than their tolerance."""
        return tuple(one for one in self.differences if not one.tolerated)


def agreement_of(plan: CellPlan, results: Path, stored: Path) -> Agreement | None:
    """Compare the scores of a cell with those stored with its weights.

    Args:
        plan: the cell.
        results: where its scores are.
        stored: the results folder with the weights.

    Returns:
        None where there are no two cells with the same weights.
    """
    mine, theirs = (read(plan.address.folder(folder)) for folder in (results, stored))
    if mine is None or theirs is None or not isinstance(plan.method, NetworkMethod):
        return None
    sums = [cell.facts["sums"].get(WEIGHTS) for cell in (mine, theirs)]
    if sums[0] is None or sums[0] != sums[1]:
        return None
    known = {facts["name"]: facts for facts in mine.facts["metrics"]}
    common = [
        facts
        for facts in theirs.facts["metrics"]
        if facts["name"] in known and same_code(facts, known[facts["name"]])
    ]
    found = differences(rows_of(theirs), rows_of(mine), common)
    return Agreement(str(plan.address), tuple(found))


def summary_of(agreements: Sequence[Agreement]) -> str:
    """Describe in one line how the scores with stored weights compare with the stored ones."""
    exact = sum(not one.differences for one in agreements)
    parts = [f"{exact} of {len(agreements)} in every digit"]
    largest: dict[str, float] = {}
    for one in (found for agreement in agreements for found in agreement.differences):
        largest[one.metric] = max(largest.get(one.metric, 0.0), one.size)
    if largest:
        parts.append(
            "the others up to " + listed(f"{name} {size:.2g}" for name, size in largest.items())
        )
    return "scores with stored weights, compared with the stored ones: " + ", ".join(parts)


def available(stored: Path) -> list[str]:
    """List the networks with weights in a results folder: "cave, wang2017, evening: srcnn"."""
    found: dict[str, dict[str, None]] = {}
    for cell in cells(stored):
        network = cell.facts["configuration"].get("recipe") is not None
        if network and cell.status == "done" and (cell.folder / WEIGHTS).exists():
            at = cell.address
            table = f"{at.dataset}, {at.protocol}, {at.profile}"
            found.setdefault(table, {})[at.method] = None
    return [plain(f"{table}: {listed(methods, 30)}") for table, methods in found.items()]

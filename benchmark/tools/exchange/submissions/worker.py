"""The process in which the code of a submission runs: it plans cells and estimates scenes.

It scores nothing. Estimates are handed to the parent process, which imports no code of the
submission, as .npy files; each is written when the parent has removed the one before.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.split import Split
from benchmark.engine.machine.device import Device, choose
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.errors import RequestError, listed, plain, reason_of
from benchmark.execution.backends.worker import Channel, end_with_parent
from benchmark.execution.computation.job import result_of
from benchmark.execution.computation.reestimation import missing_weights, reestimate
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import CellPlan, Folders, replan
from benchmark.execution.planning.status import why_stale
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS
from benchmark.plugins.discovery import discover
from benchmark.plugins.isolation import process_kept
from benchmark.store.cells import Cell, read
from benchmark.tools.exchange.submissions.code import Code, load

_POLL = 0.02  # seconds between two looks whether the parent has taken an estimate
# Sends ("refused", place, reason), ("estimate", place, scene, file, clips) or ("estimated", place).
Send = Callable[..., None]


def main() -> None:
    """Read a job from standard input, work, and exit."""
    channel = Channel()
    end_with_parent()
    line = channel.orders.readline()
    if not line:
        return
    job = json.loads(line)
    channel.token = job.pop("token")
    try:
        work(job, channel.send)
        channel.send("ended", "done", "", "")
    except Exception as error:  # noqa: BLE001 - code of others raises anything
        result = result_of(error)
        channel.send("ended", "failed", result.reason, result.trace)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # without waiting for threads and exit handlers of the method


def work(job: Mapping[str, Any], send: Send) -> None:
    """Plan the cells of a submission, and estimate their test scenes if `estimates` is given.

    Args:
        job: `folder` of the unpacked submission; `code`, its plugins and modules and the names of
            its files, null to use the methods of this checkout; `cells`, their places; folders
            `data` and `cache`; `device`; `estimates`, the folder for estimates, or null.
        send: called with each message.

    Raises:
        Exception: anything that the code raises when it is imported.
    """
    folder = Path(job["folder"])
    if job["code"] is None:
        discover(REGISTRIES)
    else:
        discover([one for one in REGISTRIES if one is not METHODS])
        names = dict.fromkeys(job["code"]["files"], b"")
        load(folder, Code(names, job["code"]["plugins"], job["code"]["modules"]), *REGISTRIES)
    device = choose(job["device"])
    folders = Folders(Path(job["data"]), folder / "cells", Path(job["cache"]))
    splits: dict[Any, Split] = {}
    with open(os.devnull, "w") as nothing:  # noqa: PTH123
        progress = Progress(nothing)
        for place in job["cells"]:
            try:
                cell, plan = _planned(folders, place, progress, splits)
                if job["estimates"] is not None:
                    _estimate(cell, plan, device, place, Path(job["estimates"]), send)
                    send("estimated", place)
            except Exception as error:  # noqa: BLE001 - code of others raises anything
                send("refused", place, plain(reason_of(error))[:500])


class _RefusedError(RequestError):
    """A cell cannot be estimated again; the message is the reason."""


def _planned(
    folders: Folders, place: str, progress: Progress, splits: dict[Any, Split]
) -> tuple[Cell, CellPlan]:
    """Plan a cell again, from the code of the submission and the data that are here.

    Raises:
        _RefusedError: it is another cell than the stored one, or has no weights.
        Exception: any exception of the method.
    """
    cell = read(folders.results / place)
    if cell is None:
        raise _RefusedError("it was changed while it was read")
    plan = replan(cell, folders, progress, splits)
    if plan.key != cell.facts["key"]:
        raise _RefusedError(f"{why_stale(plan, cell.facts)} since it was computed")
    if why := missing_weights(plan, cell):
        raise _RefusedError(why)
    return cell, plan


def _estimate(
    cell: Cell, plan: CellPlan, device: Device, place: str, estimates: Path, send: Send
) -> None:
    """Hand over the estimates of a cell's test scenes, one at a time.

    Raises:
        _RefusedError: the method replaced functions of the suite or of torch.
        Exception: any exception of the method.
    """
    with process_kept() as changed, numeric_state():
        for number, one in enumerate(reestimate(plan, cell, device)):
            file = estimates / f"{number}.npy"
            np.save(file, one.estimate.detach().float().cpu().numpy())
            clips = bool(plan.method.clips)
            send("estimate", place, one.scene.name, file.name, clips)
            while file.exists():
                time.sleep(_POLL)
    if changed.functions:
        raise _RefusedError(f"its method replaced {listed(changed.functions)}")

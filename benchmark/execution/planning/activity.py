"""What is running, queued or interrupted in a results folder, read from its `.work` folder."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmark.execution.listeners.recording import described, duration, read_record
from benchmark.store.lock import PROGRESS, QUEUED, WORK

# A cell that was not heard of for longer is not running, in seconds: it says so every ten seconds.
_SILENCE = 60.0


@dataclass(frozen=True)
class Activity:
    """A cell of a results folder that is not stored yet.

    Attributes:
        cell: its title, or its path where the title is unknown.
        state: "running", "queued" (a batch system has its job), or "interrupted".
        details: where it is, how far, and how long it will take.
        job: identifier of its job; "" outside a batch system.
        folder: its folder below `.work/`.
    """

    cell: str
    state: Literal["running", "queued", "interrupted"]
    details: str
    job: str
    folder: Path


def activities(results: Path) -> Iterator[Activity]:
    """Find the cells of a results folder that are running, queued or interrupted.

    A cell that is computed in the debugger's process (`--in-process`) may look interrupted while it
    gives no sign of life.
    """
    for folder in sorted((results / WORK).glob("*/*/*/x*/*/seed*/")):
        progress, queued = read_record(folder / PROGRESS), read_record(folder / QUEUED)
        path = folder.relative_to(results / WORK).as_posix()
        title = str(progress.get("cell") or queued.get("cell") or path)
        job = str(queued.get("job") or "")
        kept = ["a checkpoint of its training is kept"] * any(folder.glob("*.checkpoint*"))
        silent = time.time() - float(progress.get("updated") or 0)
        if progress and silent < _SILENCE:
            yield Activity(title, "running", described(progress), job, folder)
        elif job:
            yield Activity(title, "queued", "; ".join([f"job {job}", *kept]), job, folder)
        elif progress:
            heard = f"no sign of life for {duration(silent)} from {described(progress)}"
            yield Activity(title, "interrupted", "; ".join([heard, *kept]), "", folder)
        elif kept:
            yield Activity(title, "interrupted", "; ".join(kept), "", folder)

"""Score the weights of a submission again, scene by scene, and compare every score.

Estimates are computed in a process of their own, where the submission's code runs if it has any and
the user has asked for it; they are scored here, where none of it is imported.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.data.split import Split
from benchmark.engine.machine.device import choose
from benchmark.errors import RequestError, listed, plain
from benchmark.execution.backends.worker_process import StartedProcess, Worker
from benchmark.execution.computation.job import JobResult
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import Folders
from benchmark.store import origins
from benchmark.store.cells import Cell
from benchmark.tools.exchange.submissions.code import foreign
from benchmark.tools.exchange.submissions.reading import Submission
from benchmark.tools.exchange.submissions.scoring import Scoring, Verified
from benchmark.tools.exchange.submissions.worker import main

_POLL = 0.5  # seconds between two looks whether the worker is alive
_CODE = f"from {main.__module__} import main; main()"


def why_not(submission: Submission, *, run_code: bool) -> str:
    """Return why a submission cannot be scored again as asked; "" if it can."""
    files = foreign(submission.code)
    if files and not run_code:
        names = listed(name.rpartition("/")[2] for name in files)
        return (
            f"it needs the submission's own code ({names}), which runs with your rights and only "
            "if you ask for it: read it first, then add --run-code"
        )
    return ""


def plan(submission: Submission, folders: Folders, device: str = "auto") -> dict[str, str]:
    """Plan the cells of a submission again from its own code, in a process of its own.

    Returns:
        Why a cell cannot be planned, or has another key, by its place; empty if all is well.
    """
    places = {_place(cell): cell for cell in submission.cells}
    found = {}
    for kind, place, *rest in _working(submission, list(places), folders, device, None, 0):
        if kind == "refused":
            found[place] = str(rest[0])
    return found


def verify(
    submission: Submission,
    folders: Folders,
    progress: Progress,
    *,
    device: str = "auto",
    timeout: float = 0,
) -> list[Verified]:
    """Score the weights of a submission again; its code runs, if it is not this checkout's.

    What is found is recorded in the results folder, for the badges of these cells there.

    Args:
        submission: as opened; `why_not` has no objection.
        folders: data, results and cache.
        progress: receives cells and scenes.
        device: where the estimates are computed: auto, cpu or cuda.
        timeout: seconds that all of it may take; 0 for no limit.

    Raises:
        RequestError: the results folder cannot be written to.
    """
    found = {_place(cell): Scoring(cell) for cell in submission.cells}
    splits: dict[Any, Split] = {}
    for one in found.values():
        try:
            one.prepare(folders, progress, splits)
        except (RequestError, OSError) as error:
            one.result.reason = str(error)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            one.result.reason = f"its cell.json is not as expected ({plain(error)[:100]})"
    waiting = [place for place, one in found.items() if not one.result.reason]
    progress.begin(len(waiting), 0, "score again")
    if waiting:
        _score_all(submission, found, waiting, folders, progress, device, timeout)
    for one in found.values():
        _record(one, submission, folders.results, choose(device).title)
    return [one.result for one in found.values()]


def _score_all(
    submission: Submission,
    found: Mapping[str, Scoring],
    waiting: Sequence[str],
    folders: Folders,
    progress: Progress,
    device: str,
    timeout: float,
) -> None:
    with tempfile.TemporaryDirectory(prefix="hsisr-estimates-") as estimates:
        begun = ""
        for kind, place, *rest in _working(
            submission, waiting, folders, device, Path(estimates), timeout
        ):
            scoring = found.get(place)
            if scoring is None or scoring.closed:
                continue
            if kind == "estimate":
                scene, name, clips = rest
                if place != begun:
                    begun = place
                    progress.cell(waiting.index(place) + 1, scoring.result.cell)
                progress.scene(str(scene))
                scoring.take(Path(estimates) / Path(str(name)).name, str(scene), clip=bool(clips))
                continue
            scoring.close(str(rest[0]) if kind == "refused" else "")
            progress.cell_ended(scoring.result.reason or None, "not re-scored")
    for place in waiting:
        found[place].close("it was not estimated")


def _record(one: Scoring, submission: Submission, results: Path, device: str) -> None:
    """Record that a cell's scores came out again, or withdraw what was recorded before.

    Raises:
        RequestError: the results folder cannot be written to.
    """
    address = one.cell.address
    if one.result.equal:
        identity = origins.identity_of(one.cell, one.result.metrics)
        details = {
            "device": device,
            "agreement": one.result.agreement,
            "zip": submission.digest,
        }
        origins.note(results, address, "rescored", identity, details)
    elif not one.result.reason:
        origins.withdraw(results, address, "rescored")


def _place(cell: Cell) -> str:
    return cell.address.folder(Path()).as_posix()


def _working(
    submission: Submission,
    places: Sequence[str],
    folders: Folders,
    device: str,
    estimates: Path | None,
    timeout: float,
) -> Iterator[tuple[Any, ...]]:
    """Run the worker and yield its messages; every cell left at the end is refused.

    Raises:
        KeyboardInterrupt: the user stopped it.
    """
    code = submission.code
    job = {
        "folder": str(submission.folder),
        "code": {"files": list(code.files), "plugins": code.plugins, "modules": code.modules}
        if foreign(code)
        else None,
        "cells": list(places),
        "data": str(folders.data.absolute()),
        "cache": str(folders.cache.absolute()),
        "device": device,
        "estimates": estimates and str(estimates),
    }
    worker = Worker(StartedProcess(_CODE))
    try:
        for event in worker.work(job, timeout, _POLL):
            if event is None or event[0] == "printed":
                continue
            if event[0] == "ended":
                result: JobResult = event[1]
                if result.kind != "done":
                    why = result.reason.replace("--cell-timeout", "--timeout")
                    yield from (("refused", place, why) for place in places)
            elif len(event) >= 2 and isinstance(event[1], str):
                yield event
    finally:
        with suppress(OSError):
            worker.kill()

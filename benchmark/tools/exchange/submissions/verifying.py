"""Score the weights of a submission again, scene by scene, and compare every score.

Estimates are computed in a process of their own, where the submission's code runs if it has any and
the user has asked for it; they are scored here, where none of it is imported.
"""

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.data.split import Split, load_split, truth_of
from benchmark.dataset import DATASETS
from benchmark.engine.machine.device import choose
from benchmark.engine.scoring.scene import facts_of, score
from benchmark.errors import RequestError, counted, listed, plain
from benchmark.execution.agreement import Difference, differences, rows_of
from benchmark.execution.backends.process import StartedProcess, Worker
from benchmark.execution.job import JobResult
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.plan import NUMERICS, Folders, request_of
from benchmark.metric import METRICS
from benchmark.protocol import PROTOCOLS
from benchmark.store import origins
from benchmark.store.address import key_of
from benchmark.store.cells import Cell
from benchmark.tools.exchange.submissions.code import foreign
from benchmark.tools.exchange.submissions.reading import CELLS, Submission
from benchmark.tools.exchange.submissions.worker import main

_POLL = 0.5  # seconds between two looks whether the worker is alive
_CODE = f"from {main.__module__} import main; main()"
# What this process can check of a key without the method, in the words of the reason.
_PARTS = {
    "numerics": "the engine's numerics",
    "protocol": "the protocol",
    "test": "the test scenes",
}


@dataclass
class Verified:
    """What came of scoring one cell again.

    Attributes:
        cell: its address.
        table: data set, protocol and profile.
        reason: why it could not be scored; empty if it was.
        scenes: the test scenes that were scored.
        metrics: the metrics that were compared.
        differences: the scores that are not the same in every digit.
    """

    cell: str
    table: str
    reason: str = ""
    scenes: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Return whether every score came out again, up to its tolerance."""
        return not self.reason and all(one.tolerated for one in self.differences)

    @property
    def agreement(self) -> str:
        """Describe how well equal scores agree."""
        if not self.differences:
            return "equal in every digit"
        largest: dict[str, float] = {}
        for one in self.differences:
            largest[one.metric] = max(largest.get(one.metric, 0.0), one.size)
        sizes = listed(f"{name} {size:.1g}" for name, size in largest.items())
        return f"equal up to {sizes}, below a tenth of the last digit of a table"

    def lines(self) -> list[str]:
        """Describe the result: one line, and one for each score that differs."""
        if self.reason:
            return [f"not re-scored: {self.cell}: {self.reason}"]
        amount = f"{counted(len(self.scenes), 'scene')}, {counted(len(self.metrics), 'metric')}"
        if self.equal:
            return [f"re-scored: equal: {self.cell}: {amount}: {self.agreement}"]
        beyond = [one for one in self.differences if not one.tolerated]
        every = len(self.scenes) * len(self.metrics)
        return [
            f"re-scored: DIFFERS: {self.cell}: {len(beyond)} of {every} scores ({amount})",
            *(f"    {one}" for one in beyond),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        found = [{**asdict(one), "tolerated": one.tolerated} for one in self.differences]
        return {**asdict(self), "differences": found, "equal": self.equal}


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
    found = {_place(cell): _Scoring(cell) for cell in submission.cells}
    splits: dict[Any, Split] = {}
    for one in found.values():
        try:
            one.prepare(folders, progress, splits)
        except (RequestError, ValueError, KeyError, TypeError, OSError) as error:
            one.result.reason = plain(error) or type(error).__name__
    waiting = [place for place, one in found.items() if not one.result.reason]
    progress.begin(len(waiting), 0, "score again")
    if waiting:
        _score_all(submission, found, waiting, folders, progress, device, timeout)
    for one in found.values():
        _record(one, submission, folders.results, choose(device).title)
    return [one.result for one in found.values()]


def _score_all(
    submission: Submission,
    found: Mapping[str, "_Scoring"],
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


class _Scoring:
    """A cell whose estimates are scored as they arrive."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.closed = False
        at = cell.address
        self.result = Verified(str(at), f"{at.dataset}, {at.protocol}, {at.profile}")
        self._rows: list[dict[str, Any]] = []

    def prepare(self, folders: Folders, progress: Progress, splits: dict[Any, Split]) -> None:
        """Look up what the cell needs, none of which may come from the submission.

        Raises:
            RequestError: something is unknown here, or is not what the cell was made with.
        """
        facts, address = self.cell.facts, self.cell.address
        request = request_of(self.cell, folders)
        DATASETS.make(request.reference)
        self._protocol = PROTOCOLS.make(address.protocol)
        if (request, self._protocol) not in splits:
            splits[request, self._protocol] = load_split(
                request, self._protocol, progress.preparing
            )
        self._split = splits[request, self._protocol]
        names = self._split.test.names
        parts = {
            "numerics": NUMERICS,
            "protocol": self._protocol.numeric_facts(),
            "test": list(zip(names, self._split.test.digests, strict=True)),
        }
        depends = facts["depends"]
        if key_of(depends) != facts["key"]:
            raise RequestError("its key does not follow from what it depends on")
        if other := [_PARTS[part] for part in parts if depends.get(part) != key_of(parts[part])]:
            raise RequestError(f"it was made with other {listed(other)} than those here")
        self._metrics = [METRICS.make(str(one["name"])) for one in facts["metrics"]]
        self._facts = facts_of(self._protocol, self._metrics)
        for stored, own in zip(facts["metrics"], self._facts, strict=True):
            if any(stored.get(name) != own[name] for name in ("digits", "higher", "unit")):
                raise RequestError(f"it describes the metric {own['name']} otherwise than it is")
        self._stored = rows_of(self.cell)
        if [row["scene"] for row in self._stored] != list(names):
            raise RequestError("its scores are of other scenes than its test scenes")
        self.result.metrics = [str(one["name"]) for one in self._facts]
        for row in self._stored:
            for name in self.result.metrics:
                float(row[name])

    def take(self, file: Path, scene: str, *, clip: bool) -> None:
        """Score the estimate in a file, and remove the file."""
        try:
            if len(self._rows) < len(self._stored) and not self.result.reason:
                expected = self._stored[len(self._rows)]["scene"]
                if scene != expected:
                    raise ValueError(f"the estimate of '{plain(scene)}' came for '{expected}'")
                self._rows.append({"scene": scene, **self._scores(file, scene, clip=clip)})
                self.result.scenes.append(scene)
        except (ValueError, OSError, EOFError, RequestError) as error:
            self.result.reason = f"{plain(scene)}: {plain(error)}"
        finally:
            file.unlink(missing_ok=True)

    def _scores(self, file: Path, scene: str, *, clip: bool) -> dict[str, float]:
        degradation = self._protocol.degradation(self.cell.address.scale)
        prepared = next(one for one, name in self._split.test.entries if name == scene)
        truth = degradation.crop(truth_of(prepared.read(scene)))
        estimate = torch.from_numpy(np.load(file, allow_pickle=False))
        scale = self.cell.address.scale
        return score(estimate, truth, scale, self._protocol, self._metrics, clip=clip)

    def close(self, reason: str) -> None:
        """Compare what was scored, once; a reason says why it is not complete."""
        if self.closed:
            return
        self.closed = True
        complete = len(self._rows) == len(self._stored)
        if not self.result.reason and (reason or not complete):
            self.result.reason = reason or "not every test scene was estimated"
        if not self.result.reason:
            self.result.differences = list(differences(self._stored, self._rows, self._facts))


def _record(one: _Scoring, submission: Submission, results: Path, device: str) -> None:
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
        for event in worker.work(job, timeout or math.inf, _POLL):
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

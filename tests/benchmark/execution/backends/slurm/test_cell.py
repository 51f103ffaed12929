"""A cell that SLURM computes: its node's lines are shown, a former failure is not its end."""

from pathlib import Path
from typing import ClassVar

import pytest

from benchmark.data.split import Split
from benchmark.execution.backends.slurm import cell as slurm_cell
from benchmark.execution.backends.slurm.cell import SubmittedCell
from benchmark.execution.backends.slurm.queue import QueuedJob
from benchmark.execution.computation.job import JobResult
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.recording import RecordedProgress, read_record
from tests.benchmark.execution.test_node import job


def test_lines_of_the_node_are_shown_once(tiny: Split, tmp_path: Path) -> None:
    class Shown(CellListener):
        lines: ClassVar[list[str]] = []

        def line(self, text: str) -> None:
            self.lines.append(text)

    one = job(tiny, tmp_path, "srcnn")
    cell = SubmittedCell(one, Shown())
    cell.note("hsisr-1", 0)
    for again in (False, True):  # the node writes its file anew when the job is started again
        node = RecordedProgress(CellListener(), one.lock.progress, "srcnn x2", "CPU, 1 thread")
        assert cell.look() is None
        assert Shown.lines == ["first", "second"] * again
        node.line("first")
        node.line("second")
        cell.look()
        cell.look()
    assert Shown.lines == ["first", "second"] * 2


def test_a_failure_that_is_tried_again(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = job(tiny, tmp_path, "srcnn")
    one.store_failure(JobResult("failed", "old"))
    cell = SubmittedCell(one, CellListener())
    cell.note("hsisr-1", 0)
    cell.submitted("17_0")
    # It is noted for the next run, which finds the job, and for `stop`.
    assert read_record(one.lock.queued)["job"] == "17_0"
    queue = [QueuedJob("17_0", "hsisr-1", 0, "RUNNING", "g12", "")]
    assert SubmittedCell(one, CellListener()).adopt(queue)
    assert cell.look() is None
    # The job is lost.
    monkeypatch.setattr(slurm_cell, "_PATIENCE", -1.0)
    cell.match([])
    result = cell.look()
    assert result is not None
    assert (result.kind, "ended without it" in result.reason) == ("lost", True)
    # The job fails again, and tidies up.
    cell.note("hsisr-2", 0)
    one.store_failure(JobResult("failed", "new"))
    cell.submitted("18_0")
    assert cell.look() == JobResult("failed", "new")

"""A job near its time limit: what gained a step goes on, what gained none has failed."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.data.split import Split
from benchmark.execution.backends.slurm import node as slurm_node
from benchmark.execution.backends.slurm.node import CellTask
from benchmark.execution.backends.worker_process import GRACE_PERIOD
from benchmark.execution.computation.job import JobResult
from benchmark.execution.node import Terms, order
from benchmark.store.cells import cells
from tests.benchmark.execution.test_node import job

MINUTES, WARNING = 60, 90


class StoppedNode:
    """A node that computes one cell and leaves a checkpoint when it is told to stop."""

    def __init__(self, one: Any, content: bytes) -> None:
        self.jobs = [one]
        self._content = content

    def current(self) -> list[Any]:
        return self.jobs

    def stop(self) -> None:
        self.jobs[0].lock.checkpoint.write_bytes(self._content)


@pytest.fixture(autouse=True)
def submitit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for submitit, which wraps what is to be called after the restart."""
    helpers = SimpleNamespace(DelayedSubmission=lambda task: task)
    monkeypatch.setitem(sys.modules, "submitit", SimpleNamespace(helpers=helpers))


@pytest.mark.parametrize(
    ("ran", "before", "after", "failed"),
    [
        (MINUTES * 60 - WARNING, b"step 100", b"step 100", True),
        (MINUTES * 60 - WARNING - 59, b"step 100", b"step 100", True),
        (MINUTES * 60 - WARNING, b"step 100", b"step 200", False),
        # It was preempted soon after its start: nobody's fault.
        (MINUTES * 60 / 2, b"step 100", b"step 100", False),
    ],
)
def test_no_step_in_a_whole_job_is_a_failure(
    tiny: Split,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ran: float,
    before: bytes,
    after: bytes,
    failed: bool,
) -> None:
    one = job(tiny, tmp_path, "srcnn")
    checkpoint = one.lock.checkpoint
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(before)
    task = CellTask([order(one, Terms())], MINUTES, WARNING)
    task._node = StoppedNode(one, after)  # type: ignore[assignment]
    task._before = {one.plan.key: slurm_node._state(one)}
    began = task._began
    monkeypatch.setattr(
        "benchmark.execution.backends.slurm.node.time.monotonic", lambda: began + ran
    )
    again = task.checkpoint()
    assert again._orders == task._orders
    found = [(cell.status, cell.facts["reason"]) for cell in cells(tmp_path)]
    assert len(found) == failed
    if failed:
        assert found[0][0] == "failed"
        assert found[0][1].startswith("it gained no step in a whole job of 60 minutes; give it")
    assert checkpoint.read_bytes() == after


def test_half_the_time_before_the_limit_is_for_the_checkpoint(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    class Node:
        jobs: tuple[()] = ()

        def __init__(self, _orders: Any, _progress: Any, *, grace: float) -> None:
            given.append(grace)

        def run(self) -> list[JobResult]:
            return [JobResult("done")]

    monkeypatch.setattr(slurm_node, "Node", Node)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    for warning in (WARNING, 10):
        CellTask([order(job(tiny, tmp_path), Terms())], MINUTES, warning)()
    assert given == [WARNING / 2, GRACE_PERIOD]

"""What a run makes of cells that other machines compute: stored, failed, lost or left to them."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from benchmark.data.split import Split
from benchmark.errors import RequestError
from benchmark.execution.backends.base import Backend, Ended
from benchmark.execution.computation.job import Job, JobResult, Settings
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import CellPlan, TablePlan
from benchmark.execution.runner import Runner
from benchmark.store.cells import cells
from tests.benchmark.execution.test_runner import planned, run
from tests.benchmark.support import CPU

Node = Callable[[Job, CellListener], JobResult]


class Elsewhere(Backend):
    """Starts everything that it is given, and ends it in the opposite order.

    Args:
        node: computes a cell, or loses it.
    """

    remote = True

    def __init__(self, node: Node) -> None:
        self._node = node
        self._started: list[tuple[Job, CellListener]] = []
        self.said: list[str] = []

    @property
    def has_room(self) -> bool:
        return True

    def start(self, job: Job, listener: CellListener, *, following: Job | None = None) -> None:
        self._started.append((job, listener))

    def wait(self) -> list[Ended]:
        job, listener = self._started.pop()
        listener.began("g12")
        return [(job, self._node(job, listener))]

    def stop(self) -> None:
        self.said.append("stop")

    def close(self) -> None:
        self.said.append("close")


def remote(results: Path, node: Node, stream: StringIO | None = None) -> Runner:
    """Make a runner for machines that are elsewhere; this one is no part of it."""
    settings = Settings(results, CPU, {"device": "a login node"})
    return Runner(settings, Progress(stream or StringIO()), Elsewhere(node))


def computed(job: Job, listener: CellListener) -> JobResult:
    """Compute a cell as a node does."""
    run(job.settings.results, [job.plan])
    return JobResult("done")


def lost(job: Job, listener: CellListener) -> JobResult:
    """Lose the machine."""
    return JobResult("lost", "its machine was lost 4 times; run it again")


def test_cells_of_several_tables_run_together(tiny: Split, tmp_path: Path) -> None:
    stream = StringIO()
    first, second = (planned(tiny, "bicubic", "wiener", scales=[scale]) for scale in (2, 3))
    run(tmp_path, first[:1])
    tables = [TablePlan("one", first), TablePlan("other", second)]
    one, other = remote(tmp_path, computed, stream).run_together(tables)
    assert (one.found, one.done) == ([str(first[0].address)], [str(first[1].address)])
    assert other.done == [str(plan.address) for plan in reversed(second)]
    assert (one.failed, one.open, other.open) == ({}, {}, {})
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["3 cells to run, 1 found done", f"[3/3] {second[1].address}: g12"]
    assert lines[2].startswith("[3] done in ")
    # The nodes have described themselves.
    assert all(cell.facts["environment"]["device"] != "a login node" for cell in cells(tmp_path))


@pytest.mark.parametrize("kind", ["lost", "queued", "stopped"])
def test_what_is_not_there_is_open_and_has_not_failed(
    tiny: Split, tmp_path: Path, kind: str
) -> None:
    (plan,) = planned(tiny, "bicubic")
    stream = StringIO()

    def node(job: Job, listener: CellListener) -> JobResult:
        return JobResult(kind, "job 7")  # type: ignore[arg-type]

    outcome = remote(tmp_path, node, stream).run([plan])
    assert (outcome.done, outcome.failed) == ([], {})
    assert outcome.open == {str(plan.address): "job 7"}
    assert "[1] not finished: job 7" in stream.getvalue()
    assert "failed" not in stream.getvalue()
    assert list(cells(tmp_path)) == []


@pytest.mark.parametrize("kind", ["lost", "queued"])
def test_a_failure_that_is_tried_again_is_no_end(tiny: Split, tmp_path: Path, kind: str) -> None:
    (plan,) = planned(tiny, "bicubic")
    settings = Settings(tmp_path, CPU, {"device": "a login node"})
    Job(plan, settings).store_failure(JobResult("failed", "ValueError: old"))

    def node(job: Job, listener: CellListener) -> JobResult:
        return JobResult(kind, "job 7")  # type: ignore[arg-type]

    progress = Progress(StringIO())
    outcome = Runner(settings, progress, Elsewhere(node), retry_failed=True).run([plan])
    assert (outcome.failed, outcome.open) == ({}, {str(plan.address): "job 7"})

    def fails(job: Job, listener: CellListener) -> JobResult:
        job.store_failure(JobResult("failed", "ValueError: new"))
        return lost(job, listener)

    outcome = Runner(settings, progress, Elsewhere(fails), retry_failed=True).run([plan])
    assert outcome.failed == {str(plan.address): "ValueError: new"}


def test_a_cell_that_was_stored_before_its_machine_was_lost_is_done(
    tiny: Split, tmp_path: Path
) -> None:
    (plan,) = planned(tiny, "bicubic")

    def node(job: Job, listener: CellListener) -> JobResult:
        computed(job, listener)
        return lost(job, listener)

    assert remote(tmp_path, node).run([plan]).done == [str(plan.address)]


def test_a_failure_is_what_the_node_has_stored(tiny: Split, tmp_path: Path) -> None:
    (plan,) = planned(tiny, "bicubic")

    def node(job: Job, listener: CellListener) -> JobResult:
        job.store_failure(JobResult("failed", "ValueError: no"))
        return JobResult("failed", "ValueError: no")

    assert remote(tmp_path, node).run([plan]).failed == {str(plan.address): "ValueError: no"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RequestError("full")], ids=repr)
def test_the_backend_is_told_when_a_run_ends(
    tiny: Split, tmp_path: Path, error: BaseException
) -> None:
    plans: list[CellPlan] = planned(tiny, "bicubic", "wiener")

    def node(job: Job, listener: CellListener) -> JobResult:
        if isinstance(error, KeyboardInterrupt):
            raise error
        return JobResult("refused", str(error))

    runner = remote(tmp_path, node)
    with pytest.raises(type(error)):
        runner.run(plans)
    assert isinstance(runner.backend, Elsewhere)
    stopped = ["stop"] if isinstance(error, KeyboardInterrupt) else []
    assert runner.backend.said == [*stopped, "close"]
    assert not (tmp_path / ".work").exists()

"""A node runs the cells of another machine: with its own device, described by itself."""

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from benchmark.data.split import Split
from benchmark.engine.training.profiles import PROFILES
from benchmark.execution import node
from benchmark.execution.backends.inline import InlineBackend
from benchmark.execution.computation.job import Job, JobResult, Settings
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.node import Node, Order, Terms, order
from benchmark.execution.planning.plan import plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS
from benchmark.protocol import PROTOCOLS
from benchmark.store import parcel
from benchmark.store.cells import Cell, cells, read
from tests.benchmark.support import CPU
from tests.robustness.test_two_runs import numbers

# As a login node would describe itself.
ELSEWHERE = {"device": "the machine that sent the cell", "torch": "0"}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute cells in this process, which has imported everything."""
    monkeypatch.setattr(node, "ProcessBackend", lambda *_, **_more: InlineBackend())
    monkeypatch.setenv("SLURMD_NODENAME", "g12")


def job(tiny: Split, results: Path, method: str = "bicubic") -> Job:
    """Plan a cell on a machine that is not this one."""
    protocol = PROTOCOLS.make("wang2017")
    experiment = Experiment(protocol, PROFILES["quick"], (3,), (METHODS.make(method),))
    (plan,) = plan_cells(tiny, experiment)
    return Job(plan, Settings(results, CPU, ELSEWHERE))


def run(one: Order, scratch: Path | None = None) -> JobResult:
    """Run one cell as a node does."""
    (result,) = Node([one], Progress(StringIO()), scratch).run()
    return result


def stored(one: Job, results: Path) -> Cell:
    """Return the stored cell of a job."""
    cell = read(one.plan.address.folder(results))
    assert cell is not None
    return cell


def test_the_node_describes_itself(tiny: Split, tmp_path: Path) -> None:
    one = job(tiny, tmp_path)
    terms = Terms("auto", threads=1, command="run_all.py --on slurm")
    assert run(order(one, terms)) == JobResult("done")
    environment = stored(one, tmp_path).facts["environment"]
    assert environment["device"].startswith("CPU, 1 thread")
    assert environment["threads"] == 1
    assert environment["command"] == "run_all.py --on slurm"
    assert environment["torch"] != ELSEWHERE["torch"]
    assert not (tmp_path / ".work").exists()


def test_a_node_without_the_folder_sends_the_cell_back(tiny: Split, tmp_path: Path) -> None:
    one, scratch = job(tiny, tmp_path / "results", "wiener"), tmp_path / "scratch"
    assert run(order(one, Terms(threads=1)), scratch).kind == "done"
    assert list(cells(tmp_path / "results")) == []
    sent = parcel.pack(scratch / "results", one.plan.address)
    assert sent is not None
    cell = parcel.unpack(tmp_path / "results", one.plan.address, sent)
    assert stored(one, tmp_path / "results").facts == stored(one, scratch / "results").facts
    assert cell.folder == one.plan.address.folder(tmp_path / "results")
    assert numbers(tmp_path / "results") == numbers(scratch / "results")
    assert not (tmp_path / "results" / ".work").exists()


def test_a_cell_that_was_changed_on_its_way_is_not_stored(tiny: Split, tmp_path: Path) -> None:
    one = job(tiny, tmp_path / "there")
    run(order(one, Terms(threads=1)))
    sent = parcel.pack(tmp_path / "there", one.plan.address)
    assert sent is not None
    damaged = replace(sent, files={**sent.files, "scores.csv": b"scene\n"})
    other = replace(one.plan.address, seed=1)
    for address, content, why in (
        (one.plan.address, damaged, "checksums"),
        (other, sent, "expected bicubic x3 seed 1"),
    ):
        with pytest.raises(ValueError, match=why):
            parcel.unpack(tmp_path / "here", address, content)
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key": "0" * 64}, "g12 has other sources or data than the machine that sent the cell: "),
        ({"terms": {"device": "abacus"}}, "on g12: unknown device 'abacus'"),
        ({"method": "gone"}, "g12 has other sources .*unknown method 'gone'"),
    ],
)
def test_a_node_that_cannot_compute_a_cell_says_its_name(
    tiny: Split, tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    one = order(job(tiny, tmp_path), Terms(threads=1))
    result = run({**one, **change, "terms": {**one["terms"], **change.get("terms", {})}})
    assert result.kind == "refused"
    assert re.match(why, result.reason)
    assert list(cells(tmp_path)) == []


def test_a_failed_cell_is_run_again_only_if_it_had_failed_before_the_order(
    tiny: Split, tmp_path: Path
) -> None:
    one = job(tiny, tmp_path)
    before = order(one, Terms(threads=1))
    one.store_failure(JobResult("failed", "it broke"))
    # It failed on this cluster, and its job was queued again.
    assert run(before) == JobResult("failed", "it broke")
    after = order(one, Terms(threads=1))
    assert run(after) == JobResult("done")


@pytest.mark.parametrize(
    ("asked", "method", "given"),
    [
        ("auto", "bicubic", "cpu"),
        ("auto", "srcnn", "auto"),
        ("auto", "deep_image_prior", "auto"),
        ("cuda", "bicubic", "cuda"),
        ("cpu", "srcnn", "cpu"),
    ],
)
def test_what_trains_nothing_needs_no_gpu(
    tiny: Split, tmp_path: Path, asked: str, method: str, given: str
) -> None:
    assert order(job(tiny, tmp_path, method), Terms(asked))["terms"]["device"] == given

"""Runs on a real Ray cluster whose nodes share no folder, and on Ray on this machine alone."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.execution.listeners.recording import read_record
from tests.clusters import mini_ray
from tests.clusters.mini_ray import LOOPBACK, RayCluster
from tests.clusters.support import (
    LIMIT,
    WORDS,
    Alone,
    cells,
    prepared,
    release,
    require,
    wait_for,
    wait_for_checkpoints,
)
from tests.faults import finished, running

pytestmark = pytest.mark.ray
ENVIRONMENT = {**LOOPBACK, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.fixture
def folder(alone: Alone, tmp_path: Path) -> Path:
    """Return a folder to run in."""
    return prepared(tmp_path / "run", alone.folder / ".cache")


@pytest.fixture(scope="module")
def cluster(alone: Alone) -> Iterator[RayCluster]:
    """Start a cluster."""
    require(mini_ray.missing())
    cluster = RayCluster()
    yield cluster
    cluster.stop()


def test_a_lost_node_is_no_failure_and_cells_come_back_from_folders_that_are_not_shared(
    cluster: RayCluster, folder: Path, alone: Alone, tmp_path: Path
) -> None:
    on = ("--on", "ray", "--ray-address", cluster.address, "--scratch", str(tmp_path / "scratch"))
    words = (*WORDS, *on, "--methods", "bicubic,slow", "--seeds", "0,1")
    with running(folder, *words, namespace=None, **ENVIRONMENT) as run:
        scratch = tmp_path / "scratch"
        wait_for(lambda: any(scratch.rglob("*/slow/seed0/*.checkpoint")), "no checkpoint")
        assert run.heard(r"\] slow x3 seed 0 .*: \S+/\w+ \(GPU \d\)", limit=LIMIT)
        assert run.heard(r"\] slow x3 seed 1 .*: \S+/\w+ \(GPU \d\)", limit=LIMIT)
        said = "\n".join(run.lines)
        places = dict(re.findall(r"\] slow x3 seed (\d) .*: \S+/(\w+ \(GPU \d\))", said))
        assert len(set(places.values())) == 2, places  # each has a GPU of its own
        node = places["0"].partition(" ")[0]
        # `status` reads it where the run was started.
        record = read_record(next((folder / "results").rglob("slow/seed0/progress.json")))
        assert record["machine"].split(" ")[0].endswith(f"/{node}")
        cluster.kill_node(node)
        assert run.heard(rf"its process on \S+/{node} .*was lost", limit=LIMIT)
        release(folder)
        answer = run.ended(LIMIT)
    assert answer.code == 0, answer.err
    assert "raylet" not in answer.err
    alone.check(folder)
    nodes = re.findall(r"\] slow x3 seed 0 .*: \S+/(\w+) \(GPU \d\)", answer.err)
    assert (len(nodes), len(set(nodes))) == (2, 2)
    cluster.add_node()


def test_a_gpu_is_asked_for_where_there_is_none(folder: Path, cluster: RayCluster) -> None:
    on = ("--on", "ray", "--ray-address", cluster.address, "--gpus-per-cell", "3")
    answer = finished(folder, *WORDS, *on, "--methods", "watched", namespace=None, **ENVIRONMENT)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1] == (
        "error: --gpus-per-cell 3: the machines have at most 2 GPUs"
    )


def test_ctrl_c_on_one_machine_keeps_checkpoints_and_a_cluster_goes_on(
    folder: Path, alone: Alone, cluster: RayCluster
) -> None:
    words = (*WORDS, "--on", "ray", "--methods", "watched,slow", "--device", "cpu")
    with running(folder, *words, "--workers", "2", namespace=None, **ENVIRONMENT) as run:
        wait_for(lambda: "watched 0" in cells(folder), "the quick cell was not done")
        wait_for_checkpoints(folder)
        run.process.send_signal(signal.SIGINT)
        answer = run.ended(LIMIT)
    assert answer.code == 130
    assert "checkpoint kept: " in answer.err
    assert cells(folder).keys() == {"watched 0"}
    release(folder)
    # Its nodes reach the folder, and work in it.
    on = ("--ray-address", cluster.address, "--workers", "4")  # one core for each cell, again
    with running(folder, *words, *on, namespace=None, **ENVIRONMENT) as run:
        answer = run.ended(LIMIT)
    assert answer.code == 0, answer.err
    assert cells(folder)["slow 0"]["resumed"] == 1
    alone.check(folder)

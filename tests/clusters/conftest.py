"""Fixtures of the tests on clusters: a run on one machine to compare with, and SLURM."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters import mini_slurm
from tests.clusters.mini_slurm import Slurm
from tests.clusters.support import Alone, prepared, require


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """Run everything on this machine, without a cluster."""
    require("")
    return Alone.run(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """Start SLURM for all tests of this file."""
    require(mini_slurm.missing())
    known = importlib.util.find_spec("submitit") is not None
    require("" if known else "the package submitit is not installed (pip install submitit)")
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def shared_folder(slurm: Slurm, alone: Alone, tmp_path: Path) -> Iterator[Path]:
    """Return a folder that the nodes of SLURM share; no job of it is left."""
    yield prepared(tmp_path / "run", alone.folder / ".cache")
    slurm.asked("scancel", "--user=root")
    slurm.wait_for(lambda: not slurm.asked("squeue", "-h"))

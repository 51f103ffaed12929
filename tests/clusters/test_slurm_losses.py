"""Jobs that are lost with their node or their processes, on a real cluster: nothing is lost."""

from pathlib import Path

import pytest

from tests.clusters.mini_slurm import Slurm
from tests.clusters.slurm_runs import SLURM, check_done, jobs, start_now, submitting
from tests.clusters.support import LIMIT, WORDS, Alone, release, wait_for_checkpoints

pytestmark = pytest.mark.slurm


def test_a_lost_node_is_no_failure(slurm: Slurm, shared_folder: Path, alone: Alone) -> None:
    words = (*WORDS, *SLURM, "--methods", "slow")
    with submitting(slurm, shared_folder, *words) as run:
        wait_for_checkpoints(shared_folder)
        (node,) = slurm.asked("squeue", "-h", "-o", "%N").split()
        slurm.kill_node(node)
        try:
            release(shared_folder)
            start_now(slurm)
            # A node that comes back ends what it was running before, under the same number.
            slurm.wait_for(lambda: any("RUNNING" in job for job in jobs(slurm)))
        finally:
            slurm.start_node(node)
        check_done(run, shared_folder, alone, resumed=1)


def test_a_job_whose_processes_were_ended_is_submitted_again(
    slurm: Slurm, shared_folder: Path, alone: Alone
) -> None:
    """As a node's clean-up does it, or the kernel where memory runs out: SLURM starts nothing."""
    words = (*WORDS, *SLURM, "--methods", "slow")
    with submitting(slurm, shared_folder, *words) as run:
        wait_for_checkpoints(shared_folder)
        (before,) = jobs(slurm)
        slurm.kill_tasks()
        assert run.heard(r"job \d+\S* ended without it; submitted again", limit=LIMIT)
        assert run.heard("submitted 1 cell as 1 job", times=2, limit=LIMIT)
        (after,) = jobs(slurm)
        assert after.split()[0] != before.split()[0]
        release(shared_folder)
        check_done(run, shared_folder, alone, resumed=1, logs=True)

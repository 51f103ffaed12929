"""Jobs that SLURM ends and queues again, on a real cluster of two nodes: nothing is lost."""

from pathlib import Path

import pytest

from tests.clusters.mini_slurm import Slurm
from tests.clusters.slurm_runs import SLURM, check_done, queued_again, start_now, submitting
from tests.clusters.support import LIMIT, WORDS, Alone, release, wait_for, wait_for_checkpoints

pytestmark = pytest.mark.slurm


def test_a_preempted_job_goes_on_from_its_checkpoint(
    slurm: Slurm, shared_folder: Path, alone: Alone
) -> None:
    words = (*WORDS[:-2], *SLURM, "--methods", "slow", "--checkpoint-every", "600")
    with submitting(slurm, shared_folder, *words) as run:
        assert run.heard(r"\[1/1\] slow", limit=LIMIT)
        wait_for(lambda: '"step"' in progress(shared_folder), "no step was seen")
        # It takes all cores of both nodes.
        urgent = ("-p", "urgent", "-N", "2", "-n", "4", "--exclusive", "-t", "1", "-o", "/dev/null")
        slurm.asked("sbatch", *urgent, "--wrap", "sleep 1")
        # No checkpoint was due: it is written because SLURM announced the end.
        wait_for_checkpoints(shared_folder)
        release(shared_folder)
        start_now(slurm)
        check_done(run, shared_folder, alone, resumed=1)


def progress(folder: Path) -> str:
    """Return what the node has written down about the only cell."""
    files = list((folder / "results").glob(".work/*/*/*/*/*/*/progress.json"))
    return files[0].read_text() if files else ""


def test_the_warning_before_the_time_limit_is_no_failure(
    slurm: Slurm, shared_folder: Path, alone: Alone
) -> None:
    words = (*WORDS, *SLURM, "--methods", "slow")
    with submitting(slurm, shared_folder, *words) as run:
        wait_for_checkpoints(shared_folder)
        slurm.asked("scancel", "--signal=USR2", "--user=root")
        wait_for(lambda: queued_again(slurm), "the job did not queue itself again")
        release(shared_folder)
        start_now(slurm)
        check_done(run, shared_folder, alone, resumed=1)

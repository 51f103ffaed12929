"""Arrays on a real SLURM of two nodes: submitted once, watched, left alone and stopped."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.clusters.mini_slurm import Slurm
from tests.clusters.slurm_runs import SLURM, asked, check_done, jobs, submitting
from tests.clusters.support import (
    LIMIT,
    WORDS,
    Alone,
    cells,
    release,
    wait_for_checkpoints,
)

pytestmark = pytest.mark.slurm


def test_an_array_on_two_nodes_gives_the_numbers_of_one_machine(
    slurm: Slurm, shared_folder: Path, alone: Alone
) -> None:
    words = (*WORDS, *SLURM, "--gpus", "1", "--methods", "bicubic,watched", "--seeds", "0,1")
    with submitting(slurm, shared_folder, *words, PLACES=str(shared_folder / "places.txt")) as run:
        check_done(run, shared_folder, alone, resumed=0)
        lines = "\n".join(run.lines)
    assert re.search(r"submitted 2 cells as 2 jobs \d+ \(1 GPU, 1 core each\)", lines)
    assert re.search(r"submitted 1 cell as 1 job \d+ \(1 core each\)", lines)
    places = set((shared_folder / "places.txt").read_text().splitlines())
    assert len(places) == 2, places  # two trainings, each on a GPU of its own
    # Every cell describes the job that computed it, not the machine that submitted it.
    assert {cell["environment"]["threads"] for cell in cells(shared_folder).values()} == {1}
    assert all(
        "--on slurm" in cell["environment"]["command"] for cell in cells(shared_folder).values()
    )


def test_what_was_submitted_goes_on_without_the_run_and_is_not_submitted_twice(
    slurm: Slurm, shared_folder: Path, alone: Alone
) -> None:
    words = (*WORDS, *SLURM, "--methods", "slow", "--seeds", "0,1")
    submitted = asked(slurm, shared_folder, *words, "--submit")
    assert submitted.code == 0, submitted.err
    assert submitted.out.startswith("2 cells left to SLURM, 0 found done, 0 found failed")
    assert len(jobs(slurm)) == 2
    assert re.search(
        r"2 queued|1 running, 1 queued|2 running", asked(slurm, shared_folder, "status").out
    )
    with submitting(slurm, shared_folder, *words) as first:
        assert first.heard("SLURM has 2 jobs of this run already", limit=LIMIT)
        wait_for_checkpoints(shared_folder, 2)
        shown = asked(slurm, shared_folder, "status").out
        assert re.search(r"running +slow x3 seed 0 .*: job \d+_0 on n[12] \(CPU, 1 thread", shown)
        first.kill_alone(0)
    release(shared_folder)
    assert len(jobs(slurm)) == 2
    with submitting(slurm, shared_folder, *words) as second:
        check_done(second, shared_folder, alone, resumed=0)
        assert not any("submitted" in line for line in second.lines)


def test_stop_keeps_checkpoints_and_the_same_command_goes_on(
    slurm: Slurm, shared_folder: Path, alone: Alone
) -> None:
    words = (*WORDS, *SLURM, "--methods", "slow")
    with submitting(slurm, shared_folder, *words) as run:
        wait_for_checkpoints(shared_folder)
        run.process.send_signal(signal.SIGINT)
        answer = run.ended(LIMIT)
    assert answer.code == 130
    assert (
        "SLURM goes on with 1 job; look: python run_all.py status, end: python run_all"
        in answer.err
    )
    assert len(jobs(slurm)) == 1
    stopped = asked(slurm, shared_folder, "stop")
    assert (stopped.code, stopped.out.split(";")[0]) == (0, "1 job ended")
    assert jobs(slurm) == []
    assert cells(shared_folder) == {}
    assert "1 interrupted" in asked(slurm, shared_folder, "status").out
    release(shared_folder)
    with submitting(slurm, shared_folder, *words) as again:
        check_done(again, shared_folder, alone, resumed=1)


def test_a_busy_controller_is_asked_again(slurm: Slurm, shared_folder: Path, alone: Alone) -> None:
    stub, tries = shared_folder / "bin" / "sbatch", shared_folder / "tries"
    stub.parent.mkdir()
    # Twice it fails as it does when the controller does not answer in time.
    stub.write_text(
        "#!/bin/sh\n"
        f'if [ "$(cat {tries} 2>/dev/null)" != 11 ]; then printf 1 >> {tries}\n'
        'echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv" >&2\n'
        "exit 1; fi\n"
        f'exec {slurm_command("sbatch")} "$@"\n'
    )
    stub.chmod(0o755)
    path = f"{stub.parent}{os.pathsep}{os.environ['PATH']}"
    words = (*WORDS, *SLURM, "--methods", "bicubic")
    with submitting(slurm, shared_folder, *words, PATH=path) as run:
        check_done(run, shared_folder, alone, resumed=0)
        assert sum("SLURM did not answer" in line for line in run.lines) == 2


def slurm_command(name: str) -> str:
    """Return the path of a command."""
    found = shutil.which(name)
    assert found
    return found

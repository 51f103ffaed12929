"""Runs on a real SLURM of two nodes: nothing is lost, whatever happens to nodes, jobs and runs."""

import importlib.util
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.clusters import mini_slurm
from tests.clusters.mini_slurm import Slurm
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
from tests.command_line import Answer
from tests.faults import Run, running

pytestmark = pytest.mark.slurm
SLURM = ("--on", "slurm", "--cpus", "1", "--mem", "500M", "--time", "20")
# What a node's Python needs, too.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


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
def folder(slurm: Slurm, alone: Alone, tmp_path: Path) -> Iterator[Path]:
    """Return a folder to run in; no job of it is left."""
    yield prepared(tmp_path / "run", alone.folder / ".cache")
    slurm.asked("scancel", "--user=root")
    slurm.wait_for(lambda: not slurm.asked("squeue", "-h"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """Run everything on this machine, without a cluster."""
    return Alone.run(tmp_path_factory.mktemp("alone"))


def submitting(slurm: Slurm, folder: Path, *words: str, **more: str) -> AbstractContextManager[Run]:
    """Start a run that can reach SLURM."""
    environment = {**slurm.environment, **ONE_THREAD, **more}
    return running(folder, *words, namespace=None, **environment)


def asked(slurm: Slurm, folder: Path, *words: str) -> Answer:
    """Run a command that can reach SLURM to its end."""
    with submitting(slurm, folder, *words) as run:
        return run.ended(LIMIT)


def jobs(slurm: Slurm) -> list[str]:
    """Return the jobs that SLURM has, each with its state."""
    return slurm.asked("squeue", "-h", "-r", "-o", "%i %T").splitlines()


def queued_again(slurm: Slurm) -> list[str]:
    """Return the jobs that wait for their second start: SLURM makes them wait for minutes."""
    shown = slurm.asked("squeue", "-h", "-r", "-o", "%i %r").splitlines()
    return [line.split()[0] for line in shown if line.endswith("BeginTime")]


def start_now(slurm: Slurm) -> None:
    """Let jobs start that are queued again."""
    slurm.wait_for(lambda: queued_again(slurm))
    for job in queued_again(slurm):
        slurm.asked("scontrol", "update", f"jobid={job}", "StartTime=now")


def check_done(run: Run, folder: Path, alone: Alone, resumed: int) -> None:
    """Check that a run ends well, with the numbers of a run on one machine."""
    answer = run.ended(LIMIT)
    assert answer.code == 0, answer.err
    alone.check(folder)
    assert sum(cell["resumed"] for cell in cells(folder).values()) >= resumed


def test_an_array_on_two_nodes_gives_the_numbers_of_one_machine(
    slurm: Slurm, folder: Path, alone: Alone
) -> None:
    words = (*WORDS, *SLURM, "--gpus", "1", "--methods", "bicubic,watched", "--seeds", "0,1")
    with submitting(slurm, folder, *words, PLACES=str(folder / "places.txt")) as run:
        check_done(run, folder, alone, resumed=0)
        lines = "\n".join(run.lines)
    assert re.search(r"submitted 2 cells as 2 jobs \d+ \(1 GPU, 1 core each\)", lines)
    assert re.search(r"submitted 1 cell as 1 job \d+ \(1 core each\)", lines)
    places = set((folder / "places.txt").read_text().splitlines())
    assert len(places) == 2, places  # two trainings, each on a GPU of its own
    # Every cell describes the job that computed it, not the machine that submitted it.
    assert {cell["environment"]["threads"] for cell in cells(folder).values()} == {1}
    assert all("--on slurm" in cell["environment"]["command"] for cell in cells(folder).values())


def test_what_was_submitted_goes_on_without_the_run_and_is_not_submitted_twice(
    slurm: Slurm, folder: Path, alone: Alone
) -> None:
    words = (*WORDS, *SLURM, "--methods", "slow", "--seeds", "0,1")
    submitted = asked(slurm, folder, *words, "--submit")
    assert submitted.code == 0, submitted.err
    assert submitted.out.startswith("2 cells left to SLURM, 0 found done, 0 found failed")
    assert len(jobs(slurm)) == 2
    assert re.search(r"2 queued|1 running, 1 queued|2 running", asked(slurm, folder, "status").out)
    with submitting(slurm, folder, *words) as first:
        assert first.heard("SLURM has 2 jobs of this run already", limit=LIMIT)
        wait_for_checkpoints(folder, 2)
        shown = asked(slurm, folder, "status").out
        assert re.search(r"running +slow x3 seed 0 .*: job \d+_0 on n[12] \(CPU, 1 thread", shown)
        first.kill_alone(0)
    release(folder)
    assert len(jobs(slurm)) == 2
    with submitting(slurm, folder, *words) as second:
        check_done(second, folder, alone, resumed=0)
        assert not any("submitted" in line for line in second.lines)


def test_a_lost_node_is_no_failure(slurm: Slurm, folder: Path, alone: Alone) -> None:
    words = (*WORDS, *SLURM, "--methods", "slow")
    with submitting(slurm, folder, *words) as run:
        wait_for_checkpoints(folder)
        (node,) = slurm.asked("squeue", "-h", "-o", "%N").split()
        slurm.kill_node(node)
        try:
            release(folder)
            start_now(slurm)
            # A node that comes back ends what it was running before, under the same number.
            slurm.wait_for(lambda: any("RUNNING" in job for job in jobs(slurm)))
        finally:
            slurm.start_node(node)
        check_done(run, folder, alone, resumed=1)


def test_a_job_whose_processes_were_ended_is_submitted_again(
    slurm: Slurm, folder: Path, alone: Alone
) -> None:
    """As a node's clean-up does it, or the kernel where memory runs out: SLURM starts nothing."""
    words = (*WORDS, *SLURM, "--methods", "slow")
    with submitting(slurm, folder, *words) as run:
        wait_for_checkpoints(folder)
        (before,) = jobs(slurm)
        slurm.kill_tasks()
        assert run.heard(r"job \d+\S* ended without it; submitted again", limit=LIMIT)
        assert run.heard("submitted 1 cell as 1 job", times=2, limit=LIMIT)
        (after,) = jobs(slurm)
        assert after.split()[0] != before.split()[0]
        release(folder)
        check_done(run, folder, alone, resumed=1)


def test_a_preempted_job_goes_on_from_its_checkpoint(
    slurm: Slurm, folder: Path, alone: Alone
) -> None:
    words = (*WORDS[:-2], *SLURM, "--methods", "slow", "--checkpoint-every", "600")
    with submitting(slurm, folder, *words) as run:
        assert run.heard(r"\[1/1\] slow", limit=LIMIT)
        wait_for(lambda: '"step"' in progress(folder), "no step was seen")
        # It takes all cores of both nodes.
        urgent = ("-p", "urgent", "-N", "2", "-n", "4", "--exclusive", "-t", "1", "-o", "/dev/null")
        slurm.asked("sbatch", *urgent, "--wrap", "sleep 1")
        # No checkpoint was due: it is written because SLURM announced the end.
        wait_for_checkpoints(folder)
        release(folder)
        start_now(slurm)
        check_done(run, folder, alone, resumed=1)


def progress(folder: Path) -> str:
    """Return what the node has written down about the only cell."""
    files = list((folder / "results").glob(".work/*/*/*/*/*/*/progress.json"))
    return files[0].read_text() if files else ""


def test_the_warning_before_the_time_limit_is_no_failure(
    slurm: Slurm, folder: Path, alone: Alone
) -> None:
    words = (*WORDS, *SLURM, "--methods", "slow")
    with submitting(slurm, folder, *words) as run:
        wait_for_checkpoints(folder)
        slurm.asked("scancel", "--signal=USR2", "--user=root")
        wait_for(lambda: queued_again(slurm), "the job did not queue itself again")
        release(folder)
        start_now(slurm)
        check_done(run, folder, alone, resumed=1)


def test_stop_keeps_checkpoints_and_the_same_command_goes_on(
    slurm: Slurm, folder: Path, alone: Alone
) -> None:
    words = (*WORDS, *SLURM, "--methods", "slow")
    with submitting(slurm, folder, *words) as run:
        wait_for_checkpoints(folder)
        run.process.send_signal(signal.SIGINT)
        answer = run.ended(LIMIT)
    assert answer.code == 130
    assert (
        "SLURM goes on with 1 job; look: python run_all.py status, end: python run_all"
        in answer.err
    )
    assert len(jobs(slurm)) == 1
    stopped = asked(slurm, folder, "stop")
    assert (stopped.code, stopped.out.split(";")[0]) == (0, "1 job ended")
    assert jobs(slurm) == []
    assert cells(folder) == {}
    assert "1 interrupted" in asked(slurm, folder, "status").out
    release(folder)
    with submitting(slurm, folder, *words) as again:
        check_done(again, folder, alone, resumed=1)


def test_a_busy_controller_is_asked_again(slurm: Slurm, folder: Path, alone: Alone) -> None:
    stub = folder / "bin" / "sbatch"
    stub.parent.mkdir()
    # Twice it fails as it does when the controller does not answer in time.
    stub.write_text(
        "#!/bin/sh\n"
        f'if [ "$(cat {folder}/tries 2>/dev/null)" != 11 ]; then printf 1 >> {folder}/tries\n'
        'echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv" >&2\n'
        "exit 1; fi\n"
        f'exec {slurm_command("sbatch")} "$@"\n'
    )
    stub.chmod(0o755)
    path = f"{stub.parent}{os.pathsep}{os.environ['PATH']}"
    words = (*WORDS, *SLURM, "--methods", "bicubic")
    with submitting(slurm, folder, *words, PATH=path) as run:
        check_done(run, folder, alone, resumed=0)
        assert sum("SLURM did not answer" in line for line in run.lines) == 2


def slurm_command(name: str) -> str:
    """Return the path of a command."""
    found = shutil.which(name)
    assert found
    return found

"""Runs that can reach SLURM, and what SLURM has of them."""

from contextlib import AbstractContextManager
from pathlib import Path

from tests.clusters.mini_slurm import Slurm
from tests.clusters.support import LIMIT, Alone, cells
from tests.command_line import Answer
from tests.faults import Run, running

SLURM = ("--on", "slurm", "--cpus", "1", "--mem", "500M", "--time", "20")
# What a node's Python needs, too.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


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


def check_done(run: Run, folder: Path, alone: Alone, resumed: int, *, logs: bool = False) -> None:
    """Check that a run ends well, with the numbers of a run on one machine."""
    answer = run.ended(LIMIT)
    assert answer.code == 0, answer.err
    alone.check(folder, logs=logs)
    assert sum(cell["resumed"] for cell in cells(folder).values()) >= resumed, answer.err

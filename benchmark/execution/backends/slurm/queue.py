"""Ask SLURM about jobs, and end them, by its own commands."""

import getpass
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from benchmark.errors import RequestError, plain

# Seconds that a command of SLURM may take, and the first pause while its controller is busy; each
# further one is twice as long.
_TIMEOUT, _PAUSE = 60.0, 2.0
_ATTEMPTS = 5
_NAME = re.compile(r"(\d+)(?:_(\d+))?")
Result = TypeVar("Result")


@dataclass(frozen=True)
class QueuedJob:
    """A job of this user, or one task of an array.

    Attributes:
        job: its identifier, such as "71_3".
        name: the name that it was submitted with.
        task: its number in the array; 0 outside one.
        state: in SLURM's words, such as "RUNNING".
        node: where it runs; "" while it waits.
        why: why it waits, in SLURM's words.
    """

    job: str
    name: str
    task: int
    state: str
    node: str
    why: str


def require(*commands: str) -> None:
    """Check that commands of SLURM can be found.

    Raises:
        RequestError: one cannot.
    """
    for command in commands:
        if shutil.which(command) is None:
            raise RequestError(
                f"--on slurm: the command {command} is not found; run this where SLURM's commands "
                "are, on a login node"
            )


def command(*words: str) -> str:
    """Run a command of SLURM and return what it prints.

    Raises:
        BusyError: it failed; SLURM's controller may be busy.
    """
    try:
        done = subprocess.run(  # noqa: S603 - fixed names
            words, capture_output=True, encoding="utf-8", timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BusyError(f"{words[0]}: {error}") from error
    if done.returncode:
        raise BusyError(f"{words[0]}: {plain(done.stderr) or f'exit code {done.returncode}'}")
    return done.stdout


class BusyError(Exception):
    """SLURM did not answer; nothing is known about the jobs."""


def persistently(ask: Callable[[], Result], report: Callable[[str], None]) -> Result:
    """Call a function until SLURM answers, a few times.

    Raises:
        RequestError: it never did.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return ask()
        except BusyError as error:
            if attempt == _ATTEMPTS:
                raise RequestError(
                    f"SLURM did not answer {_ATTEMPTS} times ({error}); nothing is lost, run the "
                    "same command again later"
                ) from error
            report(f"SLURM did not answer ({error}); trying again")
            time.sleep(_PAUSE * 2 ** (attempt - 1))
    raise AssertionError


def queue() -> list[QueuedJob]:
    """Return the jobs of this user that SLURM has not finished with.

    Raises:
        BusyError: SLURM did not answer.
    """
    who = f"--user={getpass.getuser()}"
    shown = command("squeue", who, "--noheader", "--array", "--format=%i|%j|%T|%N|%r")
    jobs = []
    for line in shown.splitlines():
        job, name, state, node, why = line.strip().split("|", 4)
        if found := _NAME.fullmatch(job):
            jobs.append(QueuedJob(job, name, int(found[2] or 0), state, node, why))
    return jobs


def cancel(jobs: Iterable[str]) -> None:
    """End jobs by SIGTERM; trainings keep their checkpoints.

    Raises:
        BusyError: SLURM did not answer.
    """
    if named := list(jobs):
        command("scancel", *named)


def cancel_named(name: str) -> None:
    """End all jobs of a name.

    Raises:
        BusyError: SLURM did not answer.
    """
    command("scancel", f"--user={getpass.getuser()}", f"--name={name}")


def was_cancelled(job: str) -> bool:
    """Return True if somebody ended a job on purpose, as far as SLURM still knows it.

    Raises:
        BusyError: SLURM did not answer, or has forgotten the job.
    """
    return "JobState=CANCELLED" in command("scontrol", "show", "job", job, "--oneliner")

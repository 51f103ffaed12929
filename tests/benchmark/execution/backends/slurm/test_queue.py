"""What SLURM's commands print is read; a controller that does not answer is asked again."""

import os
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.execution.backends.slurm import queue as slurm_queue
from benchmark.execution.backends.slurm.queue import BusyError, QueuedJob, persistently, queue

SHOWN = """\
71_3|hsisr-0a|RUNNING|g12|None
71_12|hsisr-0a|PENDING||Resources
80|other job|with a bar|PENDING||(Priority)
81|mine|COMPLETING|g12|None
strange line|x|y|z|w
"""


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose programs come before all others."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(slurm_queue, "_PAUSE", 0.0)
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    """Write a program for the shell."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_the_queue_is_read(commands: Path) -> None:
    (commands / "shown").write_text(SHOWN)
    program(commands, "squeue", f"cat {commands}/shown")
    jobs = queue()
    assert jobs[:2] == [
        QueuedJob("71_3", "hsisr-0a", 3, "RUNNING", "g12", "None"),
        QueuedJob("71_12", "hsisr-0a", 12, "PENDING", "", "Resources"),
    ]
    assert [one.job for one in jobs] == ["71_3", "71_12", "80", "81"]
    assert jobs[-1].task == 0


def test_an_empty_queue_is_no_failure(commands: Path) -> None:
    program(commands, "squeue", "exit 0")
    assert queue() == []


def test_a_busy_controller_is_asked_five_times(commands: Path) -> None:
    program(commands, "squeue", "echo Socket timed out >&2; exit 1")
    told: list[str] = []
    with pytest.raises(BusyError, match="squeue: Socket timed out"):
        queue()
    with pytest.raises(RequestError, match=r"5 times \(squeue: Socket timed out\); nothing is"):
        persistently(queue, told.append)
    assert told == ["SLURM did not answer (squeue: Socket timed out); trying again"] * 4


def test_a_missing_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RequestError, match="the command squeue is not found; run this where"):
        slurm_queue.require("squeue")
    with pytest.raises(BusyError):
        queue()


@pytest.mark.parametrize(("state", "expected"), [("CANCELLED", True), ("NODE_FAIL", False)])
def test_a_cancelled_job_is_told_from_a_lost_one(
    commands: Path, state: str, expected: bool
) -> None:
    program(commands, "scontrol", f"echo JobId=71 JobState={state} Reason=None")
    assert slurm_queue.was_cancelled("71") is expected

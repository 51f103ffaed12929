"""Workers that are told to stop: they have a grace period for their checkpoints, and no longer."""

import time
from pathlib import Path

import pytest

from benchmark.execution.backends.worker_process import StartedProcess, Worker, stop_all

# Says that it runs; a second after the request to stop it writes a file, as a checkpoint.
SLOW = """
import sys, time
open({begun!r}, "w").close()
sys.stdin.readline()
time.sleep(1)
open({checkpoint!r}, "w").close()
"""


@pytest.mark.parametrize(("grace", "written"), [(30.0, True), (0.2, False)])
def test_a_worker_has_so_long_for_its_checkpoint(
    tmp_path: Path, grace: float, written: bool
) -> None:
    begun, checkpoint = tmp_path / "begun", tmp_path / "checkpoint"
    worker = Worker(StartedProcess(SLOW.format(begun=str(begun), checkpoint=str(checkpoint))))
    while not begun.exists():
        time.sleep(0.05)
    before = time.monotonic()
    stop_all([worker], grace)
    assert time.monotonic() - before < 25  # it does not wait longer than needed
    assert not worker.alive
    time.sleep(1.2 if not written else 0)  # one that was left alone would write it now
    assert checkpoint.exists() is written

"""What is running, queued or interrupted is read from the results folder."""

import time
from pathlib import Path

from benchmark.execution.listeners.recording import write_record
from benchmark.execution.planning.activity import activities
from benchmark.store.address import Address
from benchmark.store.lock import CellLock

KEY = "0123456789abcdef" * 4


def lock_of(results: Path, method: str) -> CellLock:
    """Return the lock of a cell whose folder is there."""
    address = Address("scenes", "wang2017", "quick", 2, method, 0)
    address.folder(results / ".work").mkdir(parents=True)
    return CellLock(results, address, KEY)


def test_cells_are_running_queued_or_interrupted(tmp_path: Path) -> None:
    now = time.time()
    known = {"cell": "a x2", "machine": "g12", "job": "7_0", "device": "CPU"}
    write_record(lock_of(tmp_path, "a").progress, {**known, "updated": now})
    write_record(lock_of(tmp_path, "b").queued, {"cell": "b x2", "job": "7_1"})
    again = lock_of(tmp_path, "c")
    write_record(again.queued, {"cell": "c x2", "job": "7_2"})
    again.checkpoint.touch()
    lock_of(tmp_path, "d").checkpoint.touch()
    silent = {**known, "cell": "e x2", "job": "", "updated": now - 300}
    write_record(lock_of(tmp_path, "e").progress, silent)
    crashed = lock_of(tmp_path, "f")
    write_record(crashed.progress, {**silent, "cell": "f x2"})
    crashed.checkpoint.touch()
    lock_of(tmp_path, "g")
    assert [(one.cell, one.state, one.details, one.job) for one in activities(tmp_path)] == [
        ("a x2", "running", "job 7_0 on g12 (CPU)", ""),
        ("b x2", "queued", "job 7_1", "7_1"),
        ("c x2", "queued", "job 7_2; a checkpoint of its training is kept", "7_2"),
        (
            "scenes/wang2017/quick/x2/d/seed0",
            "interrupted",
            "a checkpoint of its training is kept",
            "",
        ),
        ("e x2", "interrupted", "no sign of life for 5 min from g12 (CPU)", ""),
        (
            "f x2",
            "interrupted",
            "no sign of life for 5 min from g12 (CPU); a checkpoint of its training is kept",
            "",
        ),
    ]


def test_a_folder_without_work_has_none(tmp_path: Path) -> None:
    assert list(activities(tmp_path)) == []
    assert list(activities(tmp_path / "none")) == []

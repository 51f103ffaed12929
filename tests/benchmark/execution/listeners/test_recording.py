"""A running cell says on disk where it is computed, and how far it is."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmark.execution.listeners import recording
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.recording import (
    RecordedProgress,
    described,
    duration,
    read_record,
    write_record,
)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


class Heard(CellListener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        self.calls.append(("stepped", step, steps, loss, lr))

    def validated(self, psnr: float) -> None:
        self.calls.append(("validated", psnr))

    def scene(self, name: str) -> None:
        self.calls.append(("scene", name))

    def line(self, text: str) -> None:
        self.calls.append(("line", text))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the recorder a clock that stands still."""
    clock = Clock()
    monkeypatch.setattr(recording, "time", clock)
    return clock


def test_it_says_where_and_how_far(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURMD_NODENAME", "g12")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "71")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    file = tmp_path / "progress.json"
    progress = RecordedProgress(CellListener(), file, "srcnn x2", "CPU, 2 threads")
    assert described(read_record(file)) == "job 71_3 on g12 (CPU, 2 threads)"
    clock.now += 5
    progress.stepped(100, 600, 0.5, 0.1)
    clock.now += 10
    progress.stepped(200, 600, 0.5, 0.1)
    # A hundred steps took ten seconds: four hundred are left.
    assert read_record(file)["left_s"] == pytest.approx(40)
    expected = "job 71_3 on g12 (CPU, 2 threads), step 200/600, 40 s left"
    assert described(read_record(file)) == expected
    clock.now += 1
    progress.scene("balloons")
    assert described(read_record(file)).endswith("step 200/600, scene balloons")
    assert [one.name for one in tmp_path.iterdir()] == ["progress.json"]


def test_it_writes_once_a_second_and_shows_signs_of_life(clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    progress = RecordedProgress(CellListener(), file, "srcnn", "CPU")
    clock.now += 0.4
    progress.stepped(1, 9, 0.5, 0.1)
    assert "step" not in read_record(file)
    clock.now += 0.7
    progress.stepped(2, 9, 0.5, 0.1)
    assert read_record(file)["step"] == 2
    clock.now += 5
    progress.alive()
    assert read_record(file)["updated"] == clock.now - 5
    clock.now += 5
    progress.alive()
    assert read_record(file)["updated"] == clock.now


def test_everything_is_passed_on(tmp_path: Path) -> None:
    heard = Heard()
    progress = RecordedProgress(heard, tmp_path / "progress.json", "srcnn", "CPU")
    progress.stepped(1, 9, 0.5, 0.1)
    progress.validated(30.0)
    progress.scene("balloons")
    progress.line("a line")
    assert heard.calls == [
        ("stepped", 1, 9, 0.5, 0.1),
        ("validated", 30.0),
        ("scene", "balloons"),
        ("line", "a line"),
    ]


def test_a_folder_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    RecordedProgress(CellListener(), tmp_path / "gone" / "progress.json", "srcnn", "CPU")
    write_record(tmp_path / "gone" / "file.json", {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": 1', "\x00"])
def test_a_damaged_record_is_empty(tmp_path: Path, content: str) -> None:
    file = tmp_path / "progress.json"
    file.write_text(content)
    assert read_record(file) == {}
    assert read_record(tmp_path / "none.json") == {}
    file.write_text(json.dumps({"cell": "x"}))
    assert read_record(file) == {"cell": "x"}


def test_time_spans_are_short() -> None:
    spans = [duration(seconds) for seconds in (0.4, 45, 99, 100, 720, 5999, 6000, 12600)]
    assert spans == ["0 s", "45 s", "99 s", "2 min", "12 min", "100 min", "1.7 h", "3.5 h"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    file = tmp_path / "progress.json"
    write_record(file, {"step": 1})

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Path, "replace", fail)
    with nullcontext() if error is OSError else pytest.raises(error):
        write_record(file, {"step": 2})
    assert [one.name for one in tmp_path.iterdir()] == ["progress.json"]
    assert read_record(file) == {"step": 1}

"""Progress of a run: plain lines, and bars on a terminal."""

import sys
import time
from io import StringIO

import pytest

from benchmark.execution.listeners.progress import Bars, Progress, make


class Clock:
    """A clock that tests set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_run_is_reported_in_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = Clock(monkeypatch), StringIO()
    with Progress(stream) as progress:
        progress.preparing("cave", 0, 32, "balloons")
        progress.preparing("cave", 7, 32, "clay")
        progress.preparing("cave", 32, 32, "")
        progress.begin(2, 5)
        progress.cell(1, "srcnn x2 seed 0 on cave")
        clock.now += 5
        progress.stepped(25, 100, 0.5, 0.01)
        progress.validated(31.239)
        clock.now += 15
        progress.stepped(50, 100, 0.012345, 0.01)
        clock.now += 19
        progress.stepped(75, 100, 0.01, 0.01)
        progress.scene("balloons")
        clock.now += 1
        progress.cell_ended(None)
        progress.cell(2, "vdsr x2 seed 0 on cave")
        clock.now += 3
        progress.cell_ended("ValueError: no")
    assert stream.getvalue().splitlines() == [
        "cave: 0 of 32 scenes prepared",
        "cave: 32 of 32 scenes prepared",
        "2 cells to run, 5 found done",
        "[1/2] srcnn x2 seed 0 on cave",
        "    step 50/100, 2.5 steps/s, 20 s left, loss 0.0123, validation 31.24 dB",
        "    done in 40 s, validation 31.24 dB",
        "[2/2] vdsr x2 seed 0 on cave",
        "    failed: ValueError: no",
    ]


def test_one_scene_is_in_the_singular() -> None:
    stream = StringIO()
    Progress(stream).preparing("cave", 1, 1, "face")
    Progress(stream).preparing("import", 0, 1, "", what="cells checked")
    assert stream.getvalue() == "cave: 1 of 1 scene prepared\nimport: 0 of 1 cell checked\n"


def test_plain_lines_have_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = Clock(monkeypatch), StringIO()
    progress = Progress(stream)
    progress.begin(1, 0)
    progress.cell(1, "x")
    clock.now += 60
    progress.stepped(1, 2, 1.0, 0.01)
    progress.cell_ended(None)
    assert all(character == "\n" or character.isprintable() for character in stream.getvalue())


def test_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Progress().line("hello")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_plain_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", StringIO())
    assert type(make()) is Progress
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert type(make()) is Bars


def test_bars_run_through_a_whole_run() -> None:
    stream = StringIO()
    with Bars(stream) as progress:
        progress.preparing("cave", 0, 2, "balloons")
        progress.preparing("cave", 2, 2, "")
        progress.begin(1, 0)
        progress.cell(1, "srcnn [x2]")
        progress.stepped(25, 100, 0.5, 0.01)
        progress.validated(30.0)
        progress.scene("balloons")
        progress.cell_ended(None)
    lines = [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]
    assert lines[:3] == [
        "1 cell to run, 0 found done",
        "[1/1] srcnn [x2]",
        "    done in 0 s, validation 30.00 dB",
    ]


def test_a_coarse_clock_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    progress = Bars(StringIO())
    progress.begin(1, 0)
    progress.cell(1, "srcnn")
    progress.stepped(1, 2, 0.5, 0.01)


def test_a_missing_validation_is_not_reported() -> None:
    stream = StringIO()
    progress = Progress(stream)
    progress.cell(1, "srcnn")
    progress.validated(float("nan"))
    progress.cell_ended(None)
    assert "nan" not in stream.getvalue()


def test_brackets_in_names_are_shown_on_bars() -> None:
    stream = Terminal()
    with Bars(stream) as bars:
        bars.preparing("synthetic[rows=48]", 0, 2, "[old] tree")
        bars._bars.refresh()
        bars.preparing("synthetic[rows=48]", 2, 2, "")
        bars.begin(1, 0)
        bars.cell(1, "wiener[joint=true] x2")
        bars.scene("leaf [red]")
        bars.line("kept: /data/[old]/x")
    shown = stream.getvalue()
    for text in ("synthetic[rows=48]", "[old] tree", "wiener[joint=true] x2", "leaf [red]",
                 "/data/[old]/x"):  # fmt: skip
        assert text in shown
